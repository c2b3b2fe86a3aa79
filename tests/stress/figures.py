"""What each part counts, and the one table that is printed of it."""

import shutil
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

MEMORY_LIMIT = 2 << 30
"""Bytes that no process may hold."""
TOLD = 2
"""The most findings of one kind that are printed one by one."""

_COLUMNS = (
    *("part", "seed", "kills", "bytes different", "inputs", "tracebacks", "good clips lost"),
    *("other faults", "peak memory", "seconds"),
)


@dataclass
class Figures:
    """The figures of one part.

    Attributes
    ----------
    part : str
        Its name.
    seed : int
        By which its chances are drawn again.
    folder : pathlib.Path
        Where what reproduces a finding is saved.
    kills, inputs : int
        How many were tried.
    different : int
        Bytes that differ from those of an undisturbed run; a file that is missing or too many
        counts with all of its bytes, and with one at least.
    tracebacks : int
        Errors that were not one line.
    lost : int
        Good recordings that were set aside or are missing.
    faults : int
        Anything else: a stage that hangs, crashes or does not go on.
    peak : int
        Bytes of the largest process.
    told : collections.Counter
        How often a kind of finding came.
    findings : list of str
        Those that were printed.
    """

    part: str
    seed: int
    folder: Path
    kills: int = 0
    different: int = 0
    inputs: int = 0
    tracebacks: int = 0
    lost: int = 0
    faults: int = 0
    peak: int = 0
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)
    told: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found."""
        found = self.different + self.tracebacks + self.lost + self.faults
        return not found and self.peak <= MEMORY_LIMIT

    def tell(self, kind: str, what: str, saved: bytes | Path | None = None, name: str = "") -> None:
        """Print a finding, the first few of each kind, and save what reproduces it.

        It is printed again below the table, where who reads the end of a long log finds it.

        Parameters
        ----------
        kind : str
            What findings of one cause have in common.
        what : str
            What was done and what came out, with seed, stage and moment.
        saved : bytes or pathlib.Path, optional
            An input, or a file or folder to copy.
        name : str
            Under which it is saved.
        """
        self.told[kind] += 1
        if self.told[kind] > TOLD:
            return
        if saved is not None:
            place = self.folder / self.part / name
            place.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(saved, bytes):
                place.write_bytes(saved)
            elif saved.is_dir():
                shutil.copytree(saved, place, dirs_exist_ok=True)
            else:
                shutil.copyfile(saved, place)
            what = f"{what}\n    saved: {place}"
        self.findings.append(what)
        print(f"[{self.part}] {what}", flush=True)

    def note(self, what: str) -> None:
        """Print what is no finding, and print it again below the table."""
        self.notes.append(what)
        print(f"[{self.part}] {what}", flush=True)


def render_table(parts: Iterable[Figures]) -> str:
    """Return the figures of all parts as a table, with a row of all."""
    rows = [_row(one) for one in parts]
    numbers = list(zip(*rows, strict=True))[2:]
    total = [max(column) if n == 6 else sum(column) for n, column in enumerate(numbers)]
    rows.append(["all", "", *total])
    texts = [list(_COLUMNS), *([*map(str, row[:2]), *_shown(row[2:])] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(w) if n == 0 else cell.rjust(w) for n, (cell, w) in enumerate(cells))
        for cells in (zip(row, widths, strict=True) for row in texts)
    )


def _row(one: Figures) -> list:
    counted = (one.kills, one.different, one.inputs, one.tracebacks, one.lost, one.faults)
    return [one.part, one.seed, *counted, one.peak, one.seconds]


def _shown(numbers: list) -> list[str]:
    *counted, peak, seconds = numbers
    return [
        *(f"{number:,}" for number in counted),
        f"{peak / (1 << 20):,.0f} MiB",
        f"{seconds:.0f}",
    ]


def verdict(parts: Iterable[Figures]) -> int:
    """Return the exit status: 1 when any part found something."""
    sys.stdout.flush()
    return int(not all(one.is_sound for one in parts))

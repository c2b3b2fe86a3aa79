"""How fast a long protocol is read, against pandas and against splitting its lines alone.

Run as `python benchmarks/protocols.py [--lines=600000]`. On a made-up protocol of ASVspoof 5:

- ours: the layout's reader, which counts the columns of every line, translates labels and
  genders, and looks for names listed twice;
- the alternative: `pandas.read_csv(sep=" ")` with the same checks on the whole table (a line
  that lacks columns shows by its empty last one);
- the limit: the same file's lines, split and dropped.

Seconds are the best of the rounds, taken by turns in one process. Memory is the growth of the
resident set at its highest, measured in a process of its own for each. What the listing of a
whole data set takes, with a walk over as many recordings and both tables written, is told too.
"""

import argparse
import multiprocessing
import random
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import src  # noqa: F401 - threads wait as those of the tasks do

# isort: split

import pandas as pd

from src.utils.dataset.generate import generate_tables
from src.utils.dataset.layouts.asvspoof5 import FORMATS
from src.utils.dataset.layouts.protocol import read_protocol

PROTOCOL = "ASVspoof5.eval.track_1.tsv"
NAMES = [name or f"other{place}" for place, name in enumerate(FORMATS[0])]
LABELS = {"bonafide": "bona-fide", "spoof": "spoof"}
GENDERS = {"F": "F", "M": "M", "-": ""}


def write_protocol(path: Path, n_lines: int) -> None:
    """Write lines as those of the evaluation part: a third of them coded, a fifth bona-fide."""
    chance = random.Random(7)
    with path.open("w", encoding="utf-8") as stream:
        for number in range(n_lines):
            coded = chance.random() < 1 / 3
            codec = f"C{chance.randrange(1, 11):02d} {chance.randrange(1, 6)}" if coded else "- -"
            seed = f"E_{chance.randrange(n_lines):010d}" if coded else "-"
            real = chance.random() < 1 / 5
            attack = "bonafide bonafide" if real else f"A{chance.randrange(17, 33)} spoof"
            speaker = chance.randrange(800)
            stream.write(
                f"E_{speaker:04d} E_{number:010d} {'FM'[speaker % 2]} {codec} "
                f"{seed} AC{chance.randrange(1, 4)} {attack} -\n"
            )


def ours(path: Path) -> None:
    """Read and check, as the layout does."""
    read_protocol(path, *FORMATS)


def by_pandas(path: Path) -> None:
    """Read and check, as one would without it."""
    table = pd.read_csv(
        path, sep=" ", header=None, names=NAMES, dtype=str, keep_default_na=False, na_values=[""]
    )
    table["label"] = table["label"].map(LABELS)
    table["gender"] = table["gender"].map(GENDERS)
    table["attack"] = table["attack"].where(table["label"] == "spoof", "")
    broken = table.isna().any(axis=1) | table["file"].duplicated()
    if broken.any():
        raise ValueError(f"{broken.sum()} broken lines")


def limit(path: Path) -> None:
    """Split every line and no more."""
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            line.split()


CONTESTANTS: dict[str, Callable[[Path], None]] = {
    "limit": limit,
    "pandas": by_pandas,
    "ours": ours,
}


def seconds_for(path: Path, rounds: int) -> dict[str, float]:
    """Return the best time of each, taken by turns, after one round to warm up."""
    best = dict.fromkeys(CONTESTANTS, float("inf"))
    for number in range(rounds + 1):
        for name, function in CONTESTANTS.items():
            start = time.perf_counter()
            function(path)
            if number:
                best[name] = min(best[name], time.perf_counter() - start)
    return best


def peak_memory() -> float:
    """Return the most memory that this process has held, in MB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def growth(name: str, path: Path, small: Path) -> float:
    """Return by how many MB the process grows at most, once everything is loaded."""
    CONTESTANTS[name](small)
    before = peak_memory()
    CONTESTANTS[name](path)
    return peak_memory() - before


def list_dataset(folder: Path, n_lines: int) -> float:
    """Return the seconds from a folder with all its recordings, empty files, to the tables."""
    audio = folder / "flac_E_eval"
    audio.mkdir()
    for number in range(n_lines):
        (audio / f"E_{number:010d}.flac").touch()
    start = time.perf_counter()
    generate_tables(folder)
    return time.perf_counter() - start


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=600_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        path, small = Path(temporary, "corpus", PROTOCOL), Path(temporary, "small.tsv")
        path.parent.mkdir()
        write_protocol(path, options.lines)
        write_protocol(small, 100)
        size = path.stat().st_size / 1e6
        print(f"{options.lines:,} lines, {size:.0f} MB, best of {options.rounds} rounds")
        taken = seconds_for(path, options.rounds)
        spawn = multiprocessing.get_context("spawn")
        for name, seconds in taken.items():
            with spawn.Pool(1) as pool:
                memory = pool.apply(partial(growth, name, path, small))
            print(
                f"{name:7} {seconds:6.2f} s, {options.lines / seconds:12,.0f} lines/s, "
                f"{memory:6.0f} MB, {taken['pandas'] / seconds:5.2f}x pandas, "
                f"{taken['limit'] / seconds:4.0%} of the limit"
            )
        seconds = list_dataset(path.parent, options.lines)
        print(f"GenerateDatasetCSV as a whole: {seconds:.1f} s")


if __name__ == "__main__":
    main()

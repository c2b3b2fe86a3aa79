"""Comparing what two runs of a stage have left, byte by byte.

What two undisturbed runs differ in is left out, and nothing else:

- the numbers and times of runs, in the names of their folders and in what their pages say;
- the commit of AUDIOS, where work goes on meanwhile;
- of a `manifest.json` the `TIMES` of the run;
- the times of recordings that a stage writes, in `measurements.csv`;
- the names that Optuna and its workers give to processes, in a study's journal;
- the order of rows in caches and of lines in journals, whose workers end in any order, and lines
  that were torn or that later ones take the place of;
- a `rejected.csv` without rows, of what is well again;
- runs that did not end, whose number nobody gets again, and what a killed writer has left: under a
  name with `.partial`, and the empty file of a lock that the system has freed, both of which
  `Clean` may remove;
- the page of a run that had ended when its process was killed, as long as another run has it.
"""

import json
import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from src.utils.dataset.dataset import MEASUREMENTS, REJECTED_TABLE
from src.utils.dataset.derive import JOURNAL
from src.utils.dataset.prepare.names import WORK
from src.utils.files import PARTIAL, is_locked
from src.utils.runs import CLAIMS, MANIFEST, parse_folder_name

TIMES = ("number", "started", "finished", "seconds", "tested", "pid", "host")
"""Entries of a run's manifest that tell when it was, not what."""

_FOLDER = re.compile(
    rb"\b(run|audit|projection|probe|comparison|pretraining|[a-z][a-z0-9_]*_study)\d+_\d{8}-\d{6}"
)
_STAMP = re.compile(r"(\brun\d+)_\d{8}-\d{6}")
_WORKER = re.compile(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}-\d+|(?<=\"worker\":\")[^\"]+")
_COMMIT = re.compile(rb"\b[0-9a-f]{40}\b")
_WRITTEN = re.compile(rb"\b\d{19}\b")
_NUMBER = re.compile(
    rb"\b([Rr]uns?|[Aa]udit|[Pp]rojection|[Pp]robe|[Cc]omparison|[Pp]retraining|[Ss]tudy|"
    rb"run-number=|study-number=)( ?)\d+\b"
)
_TIME = re.compile(rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(\+00:00|Z| UTC)?")
_SECONDS = re.compile(rb"(\"seconds\": |complete after )[\d.]+( s| min)?")
_TEXTS = {".json", ".html", ".md", ".csv", ".jsonl", ".txt", ".log"}


@dataclass(frozen=True)
class Tree:
    """What lies below a folder.

    Attributes
    ----------
    files : dict of str to bytes
        Every file outside of runs, by its path.
    runs : dict of str to list
        By the kind of finished runs, the files of each.
    """

    files: dict[str, bytes]
    runs: dict[str, list[dict[str, bytes]]]


_KEPT: dict[bytes, bytes] = {}
"""What is held of the trees to compare with, once where many of them hold it."""


def read_tree(folder: Path, keep: bool = False) -> Tree:
    """Read what lies below a folder, without what two equal runs differ in.

    Parameters
    ----------
    folder : pathlib.Path
        What is read.
    keep : bool
        Whether others will be compared with it.
    """

    def read(path: Path) -> bytes:
        content = _content(path)
        return _KEPT.setdefault(content, content) if keep else content

    files, runs = {}, defaultdict(list)
    for path in _files(folder, folder):
        if isinstance(path, tuple):
            kind, run = path
            # Trials keep the numbers that they have in their study.
            named = {_STAMP.sub(r"\1", str(p.relative_to(run))): p for p in _flat(run)}
            runs[kind].append({name: read(p) for name, p in named.items()})
        elif path.name != REJECTED_TABLE or path.read_bytes().count(b"\n") > 1:
            files[path.relative_to(folder).as_posix()] = read(path)
    return Tree(files, dict(runs))


def _files(folder: Path, root: Path) -> Iterator[Path | tuple[str, Path]]:
    for path in sorted(folder.iterdir()):
        if PARTIAL in path.name or path.name == CLAIMS or _is_freed_lock(path):
            continue
        if path.is_dir():
            if parse_folder_name(path.name) is not None and (path / MANIFEST).is_file():
                about = json.loads((path / MANIFEST).read_text())
                # A tested training has more files than one that is not.
                if about.get("status") == "complete":
                    yield f"{about['kind']} {about.get('settings', {})}", path
            elif parse_folder_name(path.name) is None:
                yield from _files(path, root)
        else:
            yield path


def _flat(run: Path) -> Iterator[Path]:
    """Yield the files of a run; of the trials of a study as well, which have no other names."""
    for path in sorted(run.rglob("*")):
        is_left = PARTIAL in path.name or CLAIMS in path.parts or _is_freed_lock(path)
        if path.is_file() and not is_left:
            yield path


def _is_freed_lock(path: Path) -> bool:
    """Say whether a file is all that is left of a lock (see `files.locked`)."""
    is_empty_file = path.name.endswith(".lock") and path.is_file() and not path.stat().st_size
    return is_empty_file and not is_locked(path)


def _content(path: Path) -> bytes:
    content = path.read_bytes()
    if content.startswith(b"SQLite format 3"):
        return _rows(path)
    if path.name == MANIFEST and parse_folder_name(path.parent.name) is not None:
        about = {key: v for key, v in json.loads(content).items() if key not in TIMES}
        content = json.dumps(about, indent=1, sort_keys=True).encode()
    if path.name == MEASUREMENTS:
        content = _WRITTEN.sub(b"TIME", content)
    if path.name == "optuna-journal.log":
        content = _WORKER.sub(b"WORKER", content)
    if path.name == JOURNAL:
        content = _last_lines(content)
    if path.suffix in _TEXTS:
        content = _COMMIT.sub(b"COMMIT", _FOLDER.sub(rb"\1N_TIME", content))
        content = _SECONDS.sub(rb"\1", _TIME.sub(b"TIME", _NUMBER.sub(rb"\1\2N", content)))
    return content


def _last_lines(content: bytes) -> bytes:
    """Return the line of a journal that holds of each recording, in the order of their names."""
    lines = {}
    for line in content.splitlines():
        with suppress(ValueError):
            lines[json.loads(line)["file"]] = line
    return b"\n".join(line for _, line in sorted(lines.items()))


def _rows(path: Path) -> bytes:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(clips)")]
        names = ", ".join(f'"{name}"' for name in columns)
        return repr(sorted(map(repr, database.execute(f"SELECT {names} FROM clips")))).encode()


GROWING = (JOURNAL, ".sqlite", ".sqlite-journal")
MISSING = "is missing"
PAGES = ("report.html", "audit.html", "comparison.html", "model_card.md")
"""What is written last, of what a run holds already."""


@dataclass(frozen=True)
class Difference:
    """A file that is not as it should be.

    Attributes
    ----------
    file : str
        Its path.
    why : str
        In what it differs.
    size : int
        In how many bytes, one at least.
    """

    file: str
    why: str
    size: int


def torn(before: Tree, wanted: Tree, found: Tree) -> list[Difference]:
    """Return the files that a kill has left half-written under their final name.

    Parameters
    ----------
    before, wanted, found : Tree
        What the stage found, what it leaves undisturbed, and what there is now. Files that grow
        line by line or row by row are no such files, nor are those that an archive is unpacked to
        before they are moved to their final names.
    """
    halves = []
    for name, content in found.files.items():
        whole = (before.files.get(name), wanted.files.get(name))
        is_at_work = name.endswith(GROWING) or WORK in Path(name).parts
        if content not in whole and not is_at_work:
            halves.append(Difference(name, f"is neither old nor new: {content[-60:]!r}", 1))
    return halves


def differences(wanted: Tree, found: Tree) -> list[Difference]:
    """Return in what one tree differs from another.

    Parameters
    ----------
    wanted, found : Tree
        What an undisturbed run has left, and what was left in its place.
    """
    all_of = _between(wanted.files, found.files)
    for kind in wanted.runs.keys() | found.runs.keys():
        there, here = wanted.runs.get(kind, []), found.runs.get(kind, [])
        if len(here) < len(there):
            all_of.append(Difference(f"runs: {kind[:60]}", MISSING, 1))
        if not there:
            all_of.append(Difference(f"runs: {kind[:60]}", "is too many", 1))
            continue
        # Of each run, the one that it is nearest to: a table may hold several alike.
        of_each = [min((_between(one, run) for one in there), key=_size) for run in here]
        of_each.sort(key=_size)
        for number, unlike in enumerate(of_each):
            is_left = number >= len(there)
            all_of += [
                Difference(f"{kind[:60]}: {one.file}", one.why, one.size)
                for one in unlike
                if not (is_left and one.why == MISSING and one.file.endswith(PAGES))
            ]
    return all_of


def _size(unlike: list[Difference]) -> int:
    return sum(one.size for one in unlike)


def _between(wanted: dict[str, bytes], found: dict[str, bytes]) -> list[Difference]:
    all_of = []
    for name in sorted(wanted.keys() | found.keys()):
        one, other = wanted.get(name), found.get(name)
        if one is None or other is None:
            why = MISSING if other is None else "is too many"
            all_of.append(Difference(name, why, max(1, len(one or other or b""))))
        elif one != other:
            at = next(
                (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
                min(len(one), len(other)),
            )
            size = sum(a != b for a, b in zip(one, other, strict=False))
            size += abs(len(one) - len(other))
            there, here = one[max(0, at - 40) : at + 40], other[max(0, at - 40) : at + 40]
            all_of.append(Difference(name, f"differs: {there!r} became {here!r}", size))
    return all_of

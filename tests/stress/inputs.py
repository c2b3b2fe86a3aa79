"""Part 4: every parser on thousands of changed files, in processes that may crash or hang."""

import json
import random
import resource
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from src.utils.config import ROOT
from src.utils.errors import AudiosError
from tests.stress import coverage, generated
from tests.stress.bench import Bench
from tests.stress.figures import MEMORY_LIMIT, Figures
from tests.stress.forks import Fork, SharedNumber, apart
from tests.stress.mutators import mutate, read_all
from tests.stress.parsers import PARSERS, Parser, make_workplace

HANGS = 10.0
"""Seconds within which every input must be read or refused."""
ALLOWED = (AudiosError, OSError)
"""What a task tells in one line."""

SOURCES = ROOT / "src"
_TRACEBACKS = "tracebacks"

_COVERAGE, _PROJECT = 0.25, 0.15
"""The shares of the time for atheris, and for the tasks on damaged files of a project."""


@dataclass
class Progress:
    """What a process that reads inputs tells the one that watches it, in shared memory.

    Attributes
    ----------
    number : SharedNumber
        Which input is read, from 1.
    since : SharedNumber
        The clock's milliseconds when it was begun.
    """

    number: SharedNumber
    since: SharedNumber

    def begin(self, number: int) -> None:
        """Say that an input is read now.

        Parameters
        ----------
        number : int
            Which.
        """
        self.number.value, self.since.value = number, time.monotonic_ns() // 1_000_000


def run(bench: Bench, figures: Figures, deadline: float, only: str = "") -> None:
    """Read changed files until the time is over.

    Parameters
    ----------
    bench : Bench
        Prepared, all stages of it.
    figures : Figures
        Of this part.
    deadline : float
        On the clock of `time.monotonic`.
    only : str
        What the names of the parsers hold that are tried.
    """
    place = bench.folder / "workplace"
    apart(lambda: make_workplace(list(bench.places.values())[-1].before, place))
    parsers = [one for one in PARSERS if only in one.name and one.found(place)]
    absent = [one.name for one in PARSERS if only in one.name and not one.found(place)]
    if absent:
        figures.faults += 1
        figures.tell("absent", f"no file of these parsers was made: {', '.join(absent)}")
    left = deadline - time.monotonic()
    coverage.run([one for one in parsers if one.is_pure], place, figures, _COVERAGE * left)
    if not only:
        _damage_project(bench.folder, figures, time.monotonic() + _PROJECT * left)
    # Apart, so that the number of an input tells what it was whatever the time allowed.
    mutated, made = Counter[Parser](), Counter[Parser]()
    rounds = 0
    while parsers and time.monotonic() < deadline:
        # Short at first, so that even a small budget tries every parser.
        slice_ = min(5.0, max(0.4, (deadline - time.monotonic()) / (3 * len(parsers))))
        for parser in parsers:
            if time.monotonic() > deadline:
                break
            end = min(deadline, time.monotonic() + slice_)
            if rounds % 3 == 1 and generated.suits(parser, place):
                made[parser] += _generate(parser, place, figures, end, made[parser])
            else:
                mutated[parser] += _mutate(parser, place, figures, end, mutated[parser])
        rounds += 1
    told = ", ".join(f"{one.name} {mutated[one] + made[one]:,}" for one in parsers)
    figures.note(f"mutated and generated: {told}")


def _mutate(parser: Parser, place: Path, figures: Figures, end: float, first: int) -> int:
    files = parser.found(place)
    contents = read_all(files)

    def body(progress: Progress) -> None:
        number = first
        while time.monotonic() < end:
            number += 1
            chance = random.Random(f"{figures.seed} {parser.name} {number}")
            path = chance.choice(files)
            original = contents[files.index(path)]
            path.write_bytes(mutate(original, contents, path.suffix, chance))
            progress.begin(number)
            try:
                attempt(parser, path, place, figures, number)
            finally:
                path.write_bytes(original)

    return _count(watch(body, parser, figures, files), first, figures, files, contents)


def _generate(parser: Parser, place: Path, figures: Figures, end: float, first: int) -> int:
    files = parser.found(place)
    contents = read_all(files)

    def body(progress: Progress) -> None:
        def failed(path: Path, content: bytes, number: int, error: Exception) -> None:
            tell(parser, path, content, figures, f"generated {number}", error)

        def begin(number: int) -> None:
            progress.begin(first + number)

        generated.search(parser, place, figures.seed + first, end, begin, failed)

    return _count(watch(body, parser, figures, files), first, figures, files, contents)


def _count(
    last: int, first: int, figures: Figures, files: list[Path], contents: list[bytes]
) -> int:
    """Add to the inputs, put the files back, and return how many inputs there were."""
    for path, content in zip(files, contents, strict=True):
        path.write_bytes(content)
    count = max(0, last - first)
    figures.inputs += count
    return count


def attempt(parser: Parser, path: Path, place: Path, figures: Figures, number: int) -> None:
    """Read one input; save and print one that gives a traceback.

    Parameters
    ----------
    parser : Parser
        What reads it.
    path : pathlib.Path
        The input.
    place : pathlib.Path
        The workplace.
    figures : Figures
        Of this part, in this process (see `watch`).
    number : int
        Of the input, by which it is made again.
    """
    content = path.read_bytes()
    try:
        parser.read(path, place)
    except ALLOWED:
        return
    except Exception as error:
        tell(parser, path, content, figures, str(number), error)


def tell(
    parser: Parser, path: Path, content: bytes, figures: Figures, number: str, error: Exception
) -> None:
    """Save and print an input that gave a traceback.

    Parameters
    ----------
    parser, path, figures
        See `attempt`.
    content : bytes
        The input.
    number : str
        By which it is made again.
    error : Exception
        What was raised.
    """
    frames = traceback.extract_tb(error.__traceback__)
    inside = [one for one in frames if str(SOURCES) in one.filename]
    last = (inside or list(frames))[-1]
    kind = f"{parser.name} {type(error).__name__} {Path(last.filename).name}:{last.lineno}"
    first = (str(error).splitlines() or [""])[0][:200]
    with (figures.folder / _TRACEBACKS).open("a") as stream:
        stream.write(f"{kind}\n")
    figures.tell(
        kind,
        f"{parser.name}: seed {figures.seed}, input {number}: {kind}: {first}",
        content,
        f"{parser.name}-{number}{path.suffix}".replace(" ", "-"),
    )


def watch(
    body: Callable[[Progress], None], parser: Parser, figures: Figures, files: list[Path]
) -> int:
    """Run a loop over inputs in a fork, and return the number of the last one.

    Parameters
    ----------
    body : callable
        The loop; it tells each input that it begins.
    parser : Parser
        What reads them.
    figures : Figures
        To which inputs, tracebacks, hangs and crashes are added.
    files : list of pathlib.Path
        One of which is the input that is read.
    """
    figures.folder.mkdir(exist_ok=True)
    tracebacks = figures.folder / _TRACEBACKS
    tracebacks.unlink(missing_ok=True)
    progress = Progress(SharedNumber(), SharedNumber())
    before = {path: path.stat().st_mtime_ns for path in files}

    def loop() -> int:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        body(progress)
        return 0

    fork = Fork(loop, loud=True)
    reason = ""
    while fork.poll(0.1) is None:
        waited = time.monotonic() - progress.since.value / 1000 if progress.since.value else 0
        if waited > HANGS:
            reason = f"takes more than {HANGS:.0f} s"
        elif _resident(fork.pid) > MEMORY_LIMIT:
            reason = "takes more than 2 GiB"
        if reason:
            fork.kill()
    ended = fork.ended
    figures.peak = max(figures.peak, ended.peak)
    number = progress.number.value
    if ended.code and not reason:
        reason = f"ends the process with {ended.code}: {ended.last_line[:200]}"
    if reason:
        figures.faults += 1
        changed = [path for path in files if path.stat().st_mtime_ns != before[path]]
        newest = max(changed or files, key=lambda path: path.stat().st_mtime_ns)
        name = f"{parser.name.replace(' ', '-')}-{number}{newest.suffix}"
        what = f"{parser.name}: seed {figures.seed}, input {number}: {reason}"
        figures.tell(f"{parser.name} {reason[:20]}", what, newest, name)
    if tracebacks.exists():
        found = tracebacks.read_text().splitlines()
        figures.tracebacks += len(found)
        # So that the next process does not tell of them again.
        figures.told.update(found)
        tracebacks.unlink()
    return number


def _resident(pid: int) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
    return pages * resource.getpagesize()


def _damage_project(folder: Path, figures: Figures, end: float) -> None:
    """Call tasks on damaged files of a project, as the tests of the command line do."""
    try:
        from tests.mutations import KINDS, Project, build
        from tests.mutations import mutate as damage
    except ImportError:
        figures.note("tests/mutations.py is absent: no project was damaged")
        return
    project, noted = Project(folder / "project"), folder / "project.json"
    apart(lambda: build(project.folder))
    kinds = list(KINDS)
    random.Random(figures.seed).shuffle(kinds)
    # Some of the damages of each kind, other ones by each seed.
    every = 11 + figures.seed % 7
    for kind in kinds:
        if time.monotonic() > end:
            return

        def body(kind: str = kind) -> None:
            found = damage(project, lambda name: name == kind, every)
            noted.write_text(json.dumps([found.n_calls, found.faults]))

        figures.peak = max(figures.peak, apart(body).peak)
        n_calls, faults = json.loads(noted.read_text())
        figures.inputs += n_calls
        figures.tracebacks += len(faults)
        for fault in faults:
            figures.tell(f"project {kind}", f"project: {fault}")

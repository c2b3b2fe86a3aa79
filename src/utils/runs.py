"""Run and study folders: claimed once, described by a manifest, found by number."""

import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from src.utils.config import ROOT
from src.utils.errors import AudiosError, RunError, StorageError, shorten
from src.utils.faults import cannot
from src.utils.files import is_locked, locked, make_folder, write_json, writing
from src.utils.shown_text import without_password
from src.utils.version import VERSION

MANIFEST = "manifest.json"
REPORT = "report.html"
MODEL_CARD = "model_card.md"
LOCK = ".lock"
"""In a run's folder while a process is at it, which the system frees when the process ends."""
LOCK_SECONDS = 60.0
"""How long a test waits for another one to write what it has found."""
CLAIMS = ".claimed"
"""One empty file per number ever given out, so that a deleted run's is not given again."""

RUNNING = "running"
"""The status in the manifest of a run that has not ended, or not by itself (see `Run.status`)."""

STOPPED = "stopped"
"""What became of a run whose process is gone and could not say so."""

LIBRARIES = (
    *("numpy", "pandas", "scikit-learn", "scikit-learn-intelex"),
    *("torch", "torchaudio", "transformers", "optuna"),
)
"""Whose versions a manifest names, those that are not installed left out."""


class Kind(StrEnum):
    """What a run is of, as its manifest says it."""

    TRAINING = "train"
    """A training, on its own or as a trial of a study."""
    STUDY = "study"
    """A hyperparameter search, whose trials are runs in its folder."""
    PROJECTION = "visualize"
    """A drawing of embeddings in two dimensions."""
    LAYER_PROBE = "probe"
    """A measurement of how well each layer tells the classes apart."""
    AUDIT = "audit"
    """An audit of a data set's shortcuts and leaks."""
    EVALUATION = "evaluate"
    """An evaluation of scores that another system gave."""
    COMPARISON = "compare"
    """A comparison of tested runs."""
    PRETRAINING = "pretrain"
    """A self-supervised pretraining, whose folder holds a checkpoint."""


RUN = "run"
"""What the folders are called of what can be tested and compared: trainings and evaluations."""

PREFIXES: dict[str, str] = {
    Kind.AUDIT: "audit",
    Kind.PROJECTION: "projection",
    Kind.LAYER_PROBE: "probe",
    Kind.COMPARISON: "comparison",
    Kind.PRETRAINING: "pretraining",
}
"""By kind, what the folders of all others are called, each of which is counted by itself."""

_PREFIX = "|".join((RUN, *PREFIXES.values()))
_FOLDER_NAME = re.compile(
    rf"(?:(?P<prefix>{_PREFIX})|(?P<classifier>[a-z][a-z0-9_]*)_study)(?P<number>\d+)_\d{{8}}-\d{{6}}"
)
_CLAIM = re.compile(rf"(?:{_PREFIX}|[a-z][a-z0-9_]*_study)\d+")


@dataclass(frozen=True)
class FolderName:
    """What the name of a run's or a study's folder says.

    Attributes
    ----------
    number : int
        Of the run among those of its prefix, or of the study among those of its classifier.
    study_of : str or None
        The classifier whose hyperparameters a study searches; None for a run.
    prefix : str
        `RUN`, or one of `PREFIXES`.
    """

    number: int
    study_of: str | None = None
    prefix: str = RUN


def folder_name(number: int, study_of: str | None = None, prefix: str = RUN) -> str:
    """Return the name of a new folder: `run3_20200131-235959`, `svm_study0_20200131-235959`.

    Parameters
    ----------
    number : int
        Of the run among those of its prefix, or of the study among those of its classifier; the
        time is now.
    study_of : str, optional
        The classifier whose study it is; by default it is a run.
    prefix : str
        Of a run's name, see `FolderName`.

    Raises
    ------
    ValueError
        When the classifier's name is not of lower-case letters, digits and underscores alone, so
        that its studies would not be found again.
    """
    start = prefix if study_of is None else f"{study_of}_study"
    name = f"{start}{number}_{datetime.now():%Y%m%d-%H%M%S}"
    if parse_folder_name(name) != FolderName(number, study_of, prefix):
        raise ValueError(f"{name} could not be told from the name of another folder")
    return name


def parse_folder_name(name: str) -> FolderName | None:
    """Return what the name of a run's or a study's folder says, None for any other name.

    Parameters
    ----------
    name : str
        Without the folders above it.

    Examples
    --------
    >>> parse_folder_name("run3_20200131-235959")
    FolderName(number=3, study_of=None, prefix='run')
    >>> parse_folder_name("audit0_20200131-235959")
    FolderName(number=0, study_of=None, prefix='audit')
    >>> parse_folder_name("log_reg_study0_20200131-235959")
    FolderName(number=0, study_of='log_reg', prefix='run')
    >>> parse_folder_name("notes")
    """
    found = _FOLDER_NAME.fullmatch(name)
    if found is None:
        return None
    return FolderName(int(found["number"]), found["classifier"], found["prefix"] or RUN)


def is_claim(name: str) -> bool:
    """Say whether a file in `CLAIMS` is of a number that was given out.

    Parameters
    ----------
    name : str
        Of the file.
    """
    return _CLAIM.fullmatch(name) is not None


@dataclass(frozen=True)
class Run:
    """One run's folder and what its manifest says.

    Attributes
    ----------
    number : int
        By which it is found, among those of its prefix; a trial's is among those of its study.
    folder : pathlib.Path
        Where everything that belongs to it lies.
    manifest : dict
        As stored; changes go through `update`.
    """

    number: int
    folder: Path
    manifest: dict[str, Any] = field(default_factory=dict)

    def update(self, **changes: Any) -> None:
        """Change entries of the manifest, on disk too.

        Parameters
        ----------
        **changes
            JSON values by entry.
        """
        self.manifest.update(changes)
        write_json(self.folder / MANIFEST, self.manifest)

    @contextmanager
    def changing(self, wait: float = LOCK_SECONDS) -> Iterator[None]:
        """Hold the folder of a finished run for oneself, with its manifest as it is now.

        Several tests of one run may end at once: each waits for its turn to write, which is short.

        Parameters
        ----------
        wait : float
            Seconds to wait for another process that holds it.

        Raises
        ------
        AudiosError
            On entering, when another process holds it for longer, or the manifest is damaged.
        """
        with locked(self.folder / LOCK, str(self.folder), wait):
            self.manifest.update(_read_manifest(self.folder))
            yield

    @property
    def kind(self) -> str:
        """What it is of, a value of `Kind`; empty where the manifest does not say."""
        return str(self.manifest.get("kind", ""))

    @property
    def prefix(self) -> str:
        """What its folder's name begins with: `RUN`, or one of `PREFIXES`."""
        name = parse_folder_name(self.folder.name)
        return RUN if name is None else name.prefix

    @property
    def name(self) -> str:
        """Such as `run 3` or `audit 0`; of a trial, that among those of its study."""
        return f"{self.prefix} {self.number}"

    @property
    def study(self) -> FolderName | None:
        """The study that it is a trial of, if it is one."""
        above = parse_folder_name(self.folder.resolve().parent.name)
        return above if above is not None and above.study_of is not None else None

    @property
    def status(self) -> str:
        """How it ended, or whether it is still at work, in a word or few.

        What its manifest says, but `stopped` where that is `running` and its process is gone. Of a
        process on another machine nothing is known: `running on` and the machine's name.
        """
        recorded = str(self.manifest.get("status", "unknown"))
        if recorded != RUNNING or is_locked(self.folder / LOCK):
            return recorded
        host = self.manifest.get("host", platform.node())
        return STOPPED if host == platform.node() else f"{RUNNING} on {host}"

    @property
    def is_complete(self) -> bool:
        """Whether it ended well."""
        return self.manifest.get("status") == "complete"

    @property
    def report(self) -> Path:
        """The page that tells of it."""
        return self.folder / REPORT

    @property
    def settings(self) -> dict[str, Any]:
        """What it was asked to do."""
        return dict(self.manifest.get("settings", {}))

    @property
    def inputs(self) -> dict[str, Any]:
        """Hashes of what it read, by name."""
        return dict(self.manifest.get("inputs", {}))


@contextmanager
def new_run(
    parent: Path,
    kind: str,
    settings: dict[str, Any],
    inputs: dict[str, Any] | None = None,
    study_of: str | None = None,
) -> Iterator[Run]:
    """Claim the next number of its kind in `parent`, make the folder, and keep its status true.

    The status is `running` inside the block and `complete`, `interrupted` or `failed`
    after it.

    Parameters
    ----------
    parent : pathlib.Path
        The runs folder, or a study's folder for one of its trials.
    kind : str
        A value of `Kind`.
    settings, inputs : dict
        What the run is asked to do and hashes of what it reads; JSON values.
    study_of : str, optional
        The classifier whose study it is; by default it is a run.

    Yields
    ------
    Run

    Raises
    ------
    AudiosError
        When the folder cannot be made.
    """
    prefix = PREFIXES.get(kind, RUN) if study_of is None else RUN
    number = _claim_number(parent, prefix if study_of is None else f"{study_of}_study")
    folder = make_folder(parent / folder_name(number, study_of, prefix))
    # Written by the block itself: a manifest without a lock would tell of a run that was stopped.
    about = _describe(kind, number, settings, inputs or {})
    with keeping_status(Run(number, folder, about)) as run:
        yield run


def adopt_study(
    parent: Path, name: str, settings: dict[str, Any], inputs: dict[str, Any], **entries: Any
) -> Run:
    """Make the folder of a study that another machine has begun, of the same name and number.

    Parameters
    ----------
    parent : pathlib.Path
        The runs folder.
    name : str
        Of the study's folder there (see `folder_name`).
    settings, inputs : dict
        As `new_run` was given them there.
    **entries
        Further ones of its manifest.

    Returns
    -------
    Run
        Nobody is at it yet.

    Raises
    ------
    AudiosError
        When the folder cannot be made.
    """
    found = parse_folder_name(name)
    if found is None or found.study_of is None:
        raise ValueError(f"{name} is no study's")
    claims, folder = make_folder(parent / CLAIMS), parent / name
    # Of several processes that join at once, the others find what the first one has made.
    with locked(claims / ".adopting.lock", str(parent), LOCK_SECONDS):
        if (folder / MANIFEST).is_file():
            return Run(found.number, folder, _read_manifest(folder))
        with writing(claims):
            (claims / f"{found.study_of}_study{found.number}").touch()
        make_folder(folder)
        about = _describe(Kind.STUDY, found.number, settings, inputs)
        run = Run(found.number, folder, about)
        run.update(**entries)
        return run


def _describe(
    kind: str, number: int, settings: dict[str, Any], inputs: dict[str, Any]
) -> dict[str, Any]:
    return {
        "kind": str(kind),
        "number": number,
        "status": RUNNING,
        "started": _now(),
        "command": [without_password(word) for word in sys.argv[1:]],
        "settings": settings,
        "inputs": inputs,
        "environment": describe_environment(),
    }


@contextmanager
def resumed_run(
    parent: Path, kind: str, settings: dict[str, Any], inputs: dict[str, Any]
) -> Iterator[Run]:
    """Go on with the newest run of this kind, settings and inputs that did not end, or make one.

    Parameters
    ----------
    parent, kind, settings, inputs
        See `new_run`.

    Yields
    ------
    Run

    Raises
    ------
    AudiosError
        As `new_run` and `keeping_status` do.
    """
    wanted = (kind, settings, inputs)
    found = [
        run
        for run in list_runs(parent)
        if (run.kind, run.settings, run.inputs) == wanted and not run.is_complete
    ]
    going_on = keeping_status(found[-1]) if found else new_run(parent, kind, settings, inputs)
    with going_on as run:
        yield run


@contextmanager
def keeping_status(run: Run) -> Iterator[Run]:
    """Lock a run, write into its manifest that it is running, and then how the block ended.

    Parameters
    ----------
    run : Run
        A new one, or one that goes on.

    Yields
    ------
    Run

    Raises
    ------
    AudiosError
        When another process is at this run, which is left as it is.
    StorageError
        When the folder was taken away meanwhile, or cannot be written to.
    """
    with locked(run.folder / LOCK, str(run.folder)):
        run.update(status=RUNNING, host=platform.node())
        start = time.monotonic()
        try:
            yield run
        except BaseException as error:
            status = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
            # Where not even this can be written, the manifest still says that it is running, and
            # the lock that it is not.
            with suppress(StorageError):
                _end(run, status, start)
            raise
        if not _end(run, "complete", start):
            raise StorageError(f"the folder {run.folder} was taken away while it was written to")


def _end(run: Run, status: str, start: float) -> bool:
    """Write how a run ended, unless it was taken away; return whether it was there."""
    is_there = (run.folder / MANIFEST).is_file()
    if is_there:
        seconds = round(time.monotonic() - start, 3)
        run.update(status=status, finished=_now(), seconds=seconds)
    return is_there


def list_runs(parent: Path, study_of: str | None = None) -> list[Run]:
    """Return every run of any kind, or every study of a classifier, those of a kind by number.

    What an AUDIOS of before there were `PREFIXES` made stands before what has one.

    Parameters
    ----------
    parent : pathlib.Path
        The runs folder, or a study's folder for its trials.
    study_of : str, optional
        The classifier whose studies are listed; by default runs are.

    Raises
    ------
    AudiosError
        When a manifest is damaged.
    """
    return [
        Run(number, folder, _read_manifest(folder)) for number, folder in _find(parent, study_of)
    ]


def list_sound(parent: Path, study_of: str | None = None) -> tuple[list[Run], list[str]]:
    """Return what `list_runs` does, without runs whose manifest is damaged, and what is wrong.

    Parameters
    ----------
    parent, study_of
        See `list_runs`.
    """
    runs, faults = [], []
    for number, folder in _find(parent, study_of):
        try:
            manifest = _read_manifest(folder)
        except AudiosError as error:
            faults.append(str(error))
        else:
            runs.append(Run(number, folder, manifest))
    return runs, faults


def _read_manifest(folder: Path) -> dict[str, Any]:
    # Here, since the command line loads this module before it knows what it is asked.
    from src.utils.run_manifest import read_manifest

    return read_manifest(folder / MANIFEST)


def studied_classifiers(parent: Path) -> list[str]:
    """Return the classifiers that there are studies of, in alphabetical order.

    Parameters
    ----------
    parent : pathlib.Path
        The runs folder.
    """
    return sorted({name.study_of for name, _ in _named(parent) if name.study_of is not None})


def _named(parent: Path) -> Iterator[tuple[FolderName, Path]]:
    """Yield the folder of every run and study, and what its name says."""
    for folder in parent.iterdir() if parent.is_dir() else ():
        name = parse_folder_name(folder.name)
        if name is not None and (folder / MANIFEST).is_file():
            yield name, folder


def _find(parent: Path, study_of: str | None) -> list[tuple[int, Path]]:
    there = [(name, folder) for name, folder in _named(parent) if name.study_of == study_of]
    there.sort(key=lambda one: (one[0].prefix != RUN, one[0].prefix, one[0].number, one[1]))
    return [(name.number, folder) for name, folder in there]


def find_run(parent: Path, number: int, study_of: str | None = None) -> Run:
    """Return the training or evaluation, or the study of a classifier, with this number.

    What else an AUDIOS of before there were `PREFIXES` called a run is found as well.

    Parameters
    ----------
    parent : pathlib.Path
        The runs folder, or a study's folder for one of its trials.
    number : int
        As its folder's name says.
    study_of : str, optional
        The classifier whose study is meant; by default a run is.

    Raises
    ------
    RunError
        When there is none; names those there are.
    """
    there, others = [], []
    for name, folder in _named(parent):
        if name.study_of == study_of and name.prefix == RUN:
            there.append((name.number, folder))
        elif name.study_of is None and name.number == number:
            others.append(f"{name.prefix} {number}")
    for found_number, folder in sorted(there):
        # No other is read: a damaged one is in the way of those alone that look for it.
        if found_number == number:
            return Run(number, folder, _read_manifest(folder))
    what = "run" if study_of is None else f"{study_of} study"
    found = f"found {shorten((known for known, _ in sorted(there)), 20)}" if there else "found none"
    others = [] if study_of else sorted(set(others))
    is_another = f" ({shorten(others)} is no training)" if others else ""
    raise RunError(f"no {what} {number} in {parent}/{is_another}; {found}")


def find_complete(
    runs: Iterable[Run], kind: str, settings: dict[str, Any], inputs: dict[str, Any]
) -> Run | None:
    """Return the newest complete run of this kind with these very settings and inputs.

    Parameters
    ----------
    runs : iterable of Run
        By rising number.
    kind : str
        A value of `Kind`.
    settings, inputs : dict
        As `new_run` is given them.
    """
    for run in reversed(list(runs)):
        same = run.settings == settings and run.inputs == inputs
        if run.kind == kind and run.is_complete and same:
            return run
    return None


def describe_environment() -> dict[str, Any]:
    """Return the version and git commit of AUDIOS, the Python, the machine and the libraries."""
    libraries = {}
    for name in LIBRARIES:
        try:
            libraries[name] = version(name)
        except PackageNotFoundError:
            continue
    return {
        "audios": VERSION,
        "git_commit": _git_commit(),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "system": platform.system(),
        "libraries": libraries,
    }


def _claim_number(parent: Path, prefix: str) -> int:
    claims = make_folder(parent / CLAIMS)
    pattern = re.compile(rf"{re.escape(prefix)}(\d+)(?:_.*)?")
    names = [path.name for folder in (claims, parent) for path in folder.iterdir()]
    taken = [int(match[1]) for match in map(pattern.fullmatch, names) if match]
    number = max(taken, default=-1) + 1
    while True:
        try:
            # Exclusive creation is the one step two processes cannot both succeed in.
            flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY
            os.close(os.open(claims / f"{prefix}{number}", flags, 0o666))
            return number
        except FileExistsError:
            number += 1
        except OSError as error:
            raise cannot("write into", parent, error) from error


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@cache
def _git_commit() -> str | None:
    # Asked once: of this process, which has the code of when it began.
    try:
        answer = subprocess.run(
            ["git", "-C", str(ROOT), "rev-parse", "HEAD"],
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() or None if answer.returncode == 0 else None

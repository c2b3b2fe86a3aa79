"""Run and study folders: claimed once, described by a manifest, found by number."""

import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from src.utils.config import ROOT
from src.utils.errors import AudiosError, RunError, shorten
from src.utils.files import make_folder, read_json, write_json

MANIFEST = "manifest.json"
REPORT = "report.html"
MODEL_CARD = "model_card.md"
CLAIMS = ".claimed"
"""One empty file per number ever given out, so that a deleted run's is not given again."""

LIBRARIES = ("numpy", "pandas", "scikit-learn", "torch", "torchaudio", "transformers", "optuna")


@dataclass(frozen=True)
class Run:
    """One run's folder and what its manifest says.

    Attributes
    ----------
    number : int
    folder : pathlib.Path
    manifest : dict
        As stored; changes go through `update`.
    """

    number: int
    folder: Path
    manifest: dict[str, Any] = field(default_factory=dict)

    def update(self, **changes: Any) -> None:
        """Change entries of the manifest, on disk too."""
        self.manifest.update(changes)
        write_json(self.folder / MANIFEST, self.manifest)

    @property
    def kind(self) -> str:
        """What made it: `train`, `visualize`, `probe` or `study`."""
        return str(self.manifest.get("kind", ""))

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
    prefix: str = "run",
) -> Iterator[Run]:
    """Claim the next number in `parent`, make the folder, and keep its status true.

    The status is `running` inside the block and `complete`, `interrupted` or `failed`
    after it.

    Parameters
    ----------
    parent : pathlib.Path
        The runs folder, or a study's folder for one of its trials.
    kind : str
        `train`, `visualize`, `probe` or `study`.
    settings, inputs : dict
        What the run is asked to do and hashes of what it reads; JSON values.
    prefix : str
        `run`, or `mlp_study` for a study of that classifier.

    Yields
    ------
    Run

    Raises
    ------
    AudiosError
        When the folder cannot be made.
    """
    number = _claim_number(parent, prefix)
    folder = make_folder(parent / f"{prefix}{number}_{datetime.now():%Y%m%d-%H%M%S}")
    run = Run(number, folder)
    run.update(
        kind=kind,
        number=number,
        status="running",
        started=_now(),
        command=sys.argv[1:],
        settings=settings,
        inputs=inputs or {},
        environment=describe_environment(),
    )
    with keeping_status(run):
        yield run


@contextmanager
def keeping_status(run: Run) -> Iterator[Run]:
    """Write into the run's manifest that it is running, and then how the block ended."""
    run.update(status="running")
    start = time.monotonic()
    status = "failed"
    try:
        yield run
        status = "complete"
    except KeyboardInterrupt:
        status = "interrupted"
        raise
    finally:
        if run.folder.is_dir():
            seconds = round(time.monotonic() - start, 3)
            run.update(status=status, finished=_now(), seconds=seconds)


def list_runs(parent: Path, prefix: str = "run") -> list[Run]:
    """Return every run (or study, by its prefix) in `parent`, by rising number.

    Raises
    ------
    AudiosError
        When a manifest is damaged.
    """
    return [
        Run(number, folder, read_json(folder / MANIFEST))
        for number, folder in _find(parent, prefix)
    ]


def list_sound(parent: Path, prefix: str = "run") -> tuple[list[Run], list[str]]:
    """Return what `list_runs` does, without runs whose manifest is damaged, and what is wrong."""
    runs, faults = [], []
    for number, folder in _find(parent, prefix):
        try:
            manifest = read_json(folder / MANIFEST)
            if not isinstance(manifest, dict):
                raise RunError(f"{folder / MANIFEST} holds no manifest")
        except AudiosError as error:
            faults.append(str(error))
        else:
            runs.append(Run(number, folder, manifest))
    return runs, faults


def _find(parent: Path, prefix: str) -> list[tuple[int, Path]]:
    pattern = re.compile(rf"{re.escape(prefix)}(\d+)_\d{{8}}-\d{{6}}")
    found = []
    for folder in parent.iterdir() if parent.is_dir() else ():
        match = pattern.fullmatch(folder.name)
        if match and (folder / MANIFEST).is_file():
            found.append((int(match[1]), folder))
    return sorted(found)


def find_run(parent: Path, number: int, prefix: str = "run") -> Run:
    """Return the run (or study) with this number.

    Raises
    ------
    RunError
        When there is none; names those there are.
    """
    runs = list_runs(parent, prefix)
    for run in runs:
        if run.number == number:
            return run
    what = "run" if prefix == "run" else f"{prefix.replace('_', ' ')}"
    found = f"found {shorten((run.number for run in runs), 20)}" if runs else "found none"
    raise RunError(f"no {what} {number} in {parent}/; {found}")


def find_complete(
    runs: Iterable[Run], kind: str, settings: dict[str, Any], inputs: dict[str, Any]
) -> Run | None:
    """Return the newest complete run of this kind with these very settings and inputs."""
    for run in reversed(list(runs)):
        same = run.settings == settings and run.inputs == inputs
        if run.kind == kind and run.is_complete and same:
            return run
    return None


def describe_environment() -> dict[str, Any]:
    """Return the git commit of AUDIOS, the Python, the machine and the libraries."""
    libraries = {}
    for name in LIBRARIES:
        try:
            libraries[name] = version(name)
        except PackageNotFoundError:
            continue
    return {
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
            os.close(os.open(claims / f"{prefix}{number}", os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            return number
        except FileExistsError:
            number += 1
        except OSError as error:
            raise AudiosError(f"cannot write into {parent}: {error.strerror}") from error


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _git_commit() -> str | None:
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

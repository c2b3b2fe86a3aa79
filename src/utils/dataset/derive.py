"""Writing a new data set beside an old one, file by file, never touching the old."""

import json
import os
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd
from pydantic import ConfigDict, Field, NonNegativeFloat, PositiveInt

from src.utils.audio.writing import WRITTEN_SUFFIXES
from src.utils.dataset.dataset import Dataset, require_some
from src.utils.dataset.presence import Presence, require_present
from src.utils.errors import AudioError, DatasetError, StorageError
from src.utils.faults import NAMES
from src.utils.files import (
    PARTIAL,
    file_identity,
    is_locked,
    locked,
    make_folder,
    remove_partials,
    require_unchanged,
    write_json,
    write_text,
    writing,
)
from src.utils.parallel import for_each_file
from src.utils.shapes import Shape, fault_of, read_shaped
from src.utils.strict_json import parse_json
from src.utils.tables import write_csv

LOCK = ".derived.lock"
"""There while a stage writes a derived data set."""
RECIPE = "derived-from.json"
JOURNAL = "derived.jsonl"
AUGMENTATIONS_TABLE = "augmentations.csv"
"""What AddNoise has done to each recording."""

QUIETER = "they are quieter"
"""What became of recordings whose gain was lowered, where nothing more is to be said."""


@dataclass(frozen=True)
class Change:
    """What a transform did to one recording.

    Attributes
    ----------
    amplitude : float
        The new peak.
    limited : bool
        Whether the gain had to be lowered so that nothing clips.
    duration : float or None
        The new length in seconds, None where it is the old one.
    sample_rate : int or None
        The new rate in Hz, None where it is the old one.
    told : dict of str to (str or float)
        What else is to be known of it, by the column of a table of such.
    """

    amplitude: float
    limited: bool = False
    duration: float | None = None
    sample_rate: int | None = None
    told: dict[str, str | float] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """What a derived data set consists of.

    Attributes
    ----------
    files : pandas.DataFrame
        Its files table, before anything is measured.
    origins : mapping of str to str
        By its file, the recording of the source that it is made from.
    """

    files: pd.DataFrame
    origins: Mapping[str, str]


@dataclass(frozen=True)
class Derived:
    """A derived data set and how its making went.

    Attributes
    ----------
    dataset : Dataset
        The copy.
    files : pandas.DataFrame
        The new files table: without the rejected, with new amplitudes.
    limited : int
        How many recordings had their gain lowered.
    kept : int
        How many were already there.
    rejected : dict of str to str
        The reason by file of what is not in the copy.
    limit : str
        What became of those whose gain was lowered.
    told_in : str
        The name of the table that holds what `Change.told` says of each, empty for none.
    """

    dataset: Dataset
    files: pd.DataFrame
    limited: int
    kept: int
    rejected: dict[str, str]
    limit: str = QUIETER
    told_in: str = ""


def derive_dataset(
    source: Dataset,
    output: Path,
    stage: str,
    recipe: dict[str, Any],
    transform: Callable[[str, Path, Path], Change],
    suffix: str | None = None,
    limit: str = QUIETER,
    told_in: str = "",
    plan: Plan | None = None,
) -> Derived:
    """Apply `transform` to every recording and write a data set with its own tables.

    Repeating it continues: a recording whose source has not changed since is kept.

    Parameters
    ----------
    source : Dataset
        The data set to copy, which is only read.
    output : pathlib.Path
        The new data set's folder, which may not touch the source's folders.
    stage : str
        The task's name, for messages and `rejected.csv`.
    recipe : dict
        Settings that make the result what it is; kept in the folder, JSON values.
    transform : callable
        Of (file, path to read, path to write), returning a `Change`.
    suffix : str, optional
        What the new files end in, such as `.wav`; by default what the old ones do, or `.wav` where
        their format is read only.
    limit : str
        What becomes of recordings whose gain is lowered so that nothing clips.
    told_in : str
        The name of a table in the new folder for what `Change.told` says, a row a recording.
    plan : Plan, optional
        What the copy consists of, where that is not one recording for each.

    Returns
    -------
    Derived

    Raises
    ------
    DatasetError
        When `output` lies in or around the source, holds something else, or was made by
        another recipe; or when no recording can be used.
    StorageError
        When nothing more can be written, or the source's disk is gone; no recording is set aside
        for it, and the same call goes on.
    AudiosError
        When another process is writing the copy.
    """
    require_output(source, output)
    files = source.read_files()
    require_present(source, files["file"].tolist())
    make_folder(output)
    with locked(output / LOCK, str(output)):
        plan = plan or Plan(files, {file: file for file in files["file"]})
        return _derive(source, plan, output, stage, recipe, transform, suffix, limit, told_in)


def _derive(
    source: Dataset,
    plan: Plan,
    output: Path,
    stage: str,
    recipe: dict[str, Any],
    transform: Callable[[str, Path, Path], Change],
    suffix: str | None,
    limit: str,
    told_in: str,
) -> Derived:
    """Do what `derive_dataset` says, alone in the folder."""
    _claim(output, {"stage": stage, "source": str(source.audio.resolve()), **recipe})
    remove_partials(output)
    journal = _Journal(output / JOURNAL)
    files, origins = plan.files, plan.origins
    names = _renamed(files["file"].tolist(), suffix)
    place, presence = output.stat(), Presence(source)

    def require_output_there() -> None:
        # Writing would make the folder anew, with half of the recordings.
        with writing(output):
            if not os.path.samestat(place, output.stat()):
                raise StorageError(f"the folder {output} was taken away while it was written to")

    def make(file: str) -> Change:
        old, new = source.path(origins[file]), output / names[file]
        identity = file_identity(old)
        change = journal.find(file, identity) if new.is_file() else None
        if change is None:
            require_output_there()
            try:
                change = transform(file, old, new)
            except StorageError as error:
                if getattr(error.__cause__, "errno", None) in NAMES:
                    raise AudioError(f"has no possible name there: {error}") from error
                raise
            try:
                require_unchanged(old, identity)
            except AudioError:
                new.unlink(missing_ok=True)
                raise
            journal.add(file, identity, change)
        return change

    outcome = for_each_file(
        make, files["file"].tolist(), stage, lambda file, bad: presence.note(origins[file], bad)
    )
    require_output_there()
    done = {
        file: change
        for file, change in zip(files["file"], outcome.results, strict=True)
        if change is not None
    }
    derived = Dataset.open(output)
    derived.write_rejected(stage, outcome.rejected)
    require_some(len(done), outcome.rejected)
    table = files[files["file"].isin(list(done))].reset_index(drop=True)
    changes = [done[file] for file in table["file"]]
    table["amplitude"] = [change.amplitude for change in changes]
    for column in ("duration", "sample_rate"):
        new = pd.Series([getattr(change, column) for change in changes], dtype="float64")
        table[column] = new.fillna(table[column])
    table["file"] = table["file"].map(names)
    if told_in:
        told = pd.DataFrame([change.told for change in changes])
        write_csv(output / told_in, pd.concat([table["file"], told], axis=1))
    derived.write_tables(table)
    derived.write_measurements(table)
    return Derived(
        dataset=derived,
        files=table,
        limited=sum(change.limited for change in done.values()),
        kept=len(done) - journal.n_added,
        rejected=outcome.rejected,
        limit=limit,
        told_in=told_in,
    )


def require_output(source: Dataset, output: Path) -> None:
    """Refuse a folder that no recipe could write to, before anything is measured.

    Parameters
    ----------
    source : Dataset
        The data set to copy.
    output : pathlib.Path
        The folder of the copy.

    Raises
    ------
    DatasetError
        When `output` lies in or around the source, or holds what no stage has derived.
    """
    _refuse_overlap(source, output)
    if not output.exists():
        return
    is_free = output.is_dir() and all(map(_is_of_a_beginning, output.iterdir()))
    # In this order: one who begins meanwhile has the lock first, and leaves the recipe.
    if not is_free and not is_locked(output / LOCK) and not (output / RECIPE).is_file():
        raise DatasetError(f"{output} is there already and was not made by this stage")


def _is_of_a_beginning(path: Path) -> bool:
    """Say whether a file is all there is where one was killed before the recipe was written."""
    return path.name == LOCK or (path.name.startswith(".") and PARTIAL in path.name)


def _renamed(files: list[str], suffix: str | None) -> dict[str, str]:
    """Return the new name of every file, no two the same.

    Without a suffix for all, a file keeps its own where such files are written, else it is WAV.
    """
    kept = WRITTEN_SUFFIXES if suffix is None else ()
    new = suffix or ".wav"
    changed = [file for file in files if PurePosixPath(file).suffix.lower() not in kept]
    same = {file: file for file in files}
    plain = same | {file: str(PurePosixPath(file).with_suffix(new)) for file in changed}
    counts = Counter(plain.values())
    # Where a.wav and a.flac stand side by side, both keep their suffix before the new one.
    longer = same | {file: f"{file}{new}" for file in changed}
    names = {file: name if counts[name] == 1 else longer[file] for file, name in plain.items()}
    # With a.wav.wav beside them as well, all do.
    return names if len(set(names.values())) == len(names) else longer


def _refuse_overlap(source: Dataset, output: Path) -> None:
    new = output.resolve()
    for folder in {folder.resolve() for folder in (source.root, *source.folders)}:
        if new == folder or new.is_relative_to(folder) or folder.is_relative_to(new):
            raise DatasetError(
                f"--output={output} would write into the source {folder}; name a folder beside it"
            )


def _claim(output: Path, recipe: dict[str, Any]) -> None:
    """Mark `output` as made by this recipe, or refuse it."""
    path = output / RECIPE
    if path.is_file():
        found = read_shaped(path, Shape, f"remove {output}, and derive it anew", DatasetError)
        if found != recipe:
            differs = sorted(k for k in found | recipe if found.get(k) != recipe.get(k))
            raise DatasetError(
                f"{output} was made with another {', '.join(differs)}; remove it or name another "
                f"--output"
            )
        return
    make_folder(output)
    write_json(path, recipe)


class _Entry(Shape):
    model_config = ConfigDict(extra="forbid")

    file: str
    bytes: str
    mtime_ns: str
    amplitude: NonNegativeFloat
    limited: bool = False
    duration: NonNegativeFloat | None = None
    sample_rate: PositiveInt | None = None
    told: dict[str, str | float] = Field(default_factory=dict)


class _Journal:
    """Which recordings are done, from which state of their source; one line each.

    Safe to use from threads; a line torn by a kill counts as never written.

    Parameters
    ----------
    path : pathlib.Path
        The file of lines.
    """

    # No `RecordingCache`: it holds nothing to look up in place of the work, but tells that a
    # recording of the copy is whole, by a line as soon as it is. It goes with the copy, as a text
    # that tells how each recording came about, and is not safe to delete.

    def __init__(self, path: Path) -> None:
        self.n_added = 0
        self._path = path
        self._lock = threading.Lock()
        self._done: dict[str, tuple[tuple[str, str], Change]] = {}
        if not path.is_file():
            return
        sound = []
        for line in path.read_bytes().splitlines():
            try:
                entry = parse_json(line)
            except ValueError:
                continue
            # What is not as it was written says nothing: its recording is made again.
            if fault_of(entry, _Entry) is None:
                sound.append(line + b"\n")
                file, *identity = (entry.pop(key) for key in ("file", "bytes", "mtime_ns"))
                self._done[file] = tuple(identity), Change(**entry)
        write_text(path, b"".join(sound).decode())

    def find(self, file: str, identity: tuple[str, str]) -> Change | None:
        """Return what was done to a file, if its source is still the same."""
        known, change = self._done.get(file, (None, None))
        return change if known == identity else None

    def add(self, file: str, identity: tuple[str, str], change: Change) -> None:
        """Note that a file is done."""
        entry = {"file": file, "bytes": identity[0], "mtime_ns": identity[1], **asdict(change)}
        with self._lock, writing(self._path), self._path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(entry) + "\n")
            self.n_added += 1

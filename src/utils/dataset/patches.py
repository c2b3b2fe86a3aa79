"""Recordings as patches of log-mel frames, each computed once and kept on disk.

Beside a data set's tables lie `log-mel.f16`, the blocks of all recordings one after the other, and
`log-mel.sqlite`, which says where those of each recording begin. Both may be deleted: they are made
anew.
"""

import os
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from tqdm import tqdm

from src.utils.audio.io import read_waveform
from src.utils.audio.log_mel import BANDS, BLOCK_FRAMES, PATCH_FRAMES, VERSION, compute_blocks
from src.utils.config import LABEL_VALUE
from src.utils.dataset.dataset import Dataset, require_some
from src.utils.dataset.labelled import LabelledClips
from src.utils.dataset.split import read_recipe, read_split, read_units
from src.utils.errors import AudioError, DatasetError
from src.utils.files import file_identity, locked, sha256_text
from src.utils.parallel import attempt, map_ahead, n_workers

BLOCKS = "log-mel.f16"
INDEX = "log-mel.sqlite"

DTYPE = np.dtype("<f2")
"""Half the bytes; what it rounds off a logarithm, 0.004 at the most, is 0.4 % of a magnitude."""

_BLOCK_BYTES = BLOCK_FRAMES * BANDS * DTYPE.itemsize

_AT_ONCE = 500
_SECONDS = 5.0
"""Recordings, and time, between two transactions: a kill loses no more than these."""


@dataclass(frozen=True, kw_only=True)
class PatchSet(LabelledClips):
    """Clips as patches, which are read from disk when asked for.

    The patches of all clips are counted through, those of the first clip first.

    Attributes
    ----------
    path : pathlib.Path
        The file of blocks.
    first : numpy.ndarray
        int64, shape (clips,): the number of each clip's first block in the file.
    counts : numpy.ndarray
        int64, shape (clips,): how many patches each clip has.
    """

    path: Path
    first: np.ndarray
    counts: np.ndarray

    per_clip: ClassVar[tuple[str, ...]] = (*LabelledClips.per_clip, "first", "counts")

    @cached_property
    def clip_of(self) -> np.ndarray:
        """The clip of each patch, int64 of shape (patches,)."""
        return np.repeat(np.arange(len(self)), self.counts)

    @cached_property
    def starts(self) -> np.ndarray:
        """The number of each clip's first patch, int64 of shape (clips,)."""
        return np.cumsum(self.counts) - self.counts

    @property
    def n_patches(self) -> int:
        """How many there are of all clips."""
        return int(self.counts.sum())

    def read(self, patches: np.ndarray) -> np.ndarray:
        """Return patches, float32 of shape (len(patches), 96, 64).

        Parameters
        ----------
        patches : numpy.ndarray
            int64, their numbers.

        Raises
        ------
        DatasetError
            When the file is gone or cut short.
        """
        clips = self.clip_of[patches]
        within = patches - self.starts[clips]
        found = np.empty((len(patches), PATCH_FRAMES, BANDS), DTYPE)
        try:
            with self.path.open("rb", buffering=0) as stream:
                # Not mapped into memory: pages that were touched would count as this process's.
                for block, patch in zip((self.first[clips] + within).tolist(), found, strict=True):
                    stream.seek(block * _BLOCK_BYTES)
                    if stream.readinto(patch.data) != patch.nbytes:
                        raise DatasetError(f"{self.path} is cut short; remove it, and run again")
        except OSError as error:
            raise DatasetError(f"cannot read {self.path}: {error.strerror}") from error
        return found.astype(np.float32)

    def means(self, values: np.ndarray) -> np.ndarray:
        """Return the mean of a value over the patches of each clip.

        Parameters
        ----------
        values : numpy.ndarray
            float64, shape (patches,).

        Returns
        -------
        numpy.ndarray
            float64, shape (clips,).
        """
        return np.add.reduceat(values, self.starts) / self.counts


def join_blocks(blocks: np.ndarray) -> np.ndarray:
    """Return the patches of one clip, float32 of shape (patches, 96, 64), from its blocks."""
    return np.concatenate([blocks[:-1], blocks[1:]], axis=1).astype(np.float32)


@dataclass(frozen=True)
class SplitPatches:
    """The patches of one split, and where they are from.

    Attributes
    ----------
    source : Dataset
    clips : PatchSet
    fingerprint : str
        A hash of the clips and their labels.
    """

    source: Dataset
    clips: PatchSet
    fingerprint: str

    @property
    def dataset(self) -> str:
        """The folder that the recordings lie in."""
        return str(self.source.audio.resolve())

    @property
    def dataset_name(self) -> str:
        """The name of the data set's own folder."""
        return self.root.name

    @property
    def root(self) -> Path:
        """The data set's own folder."""
        return self.source.root.resolve()

    @property
    def split_recipe(self) -> dict[str, Any] | None:
        """How the data set is split."""
        return read_recipe(self.root)


def load_patches(dataset: Dataset, splits: Sequence[str], stage: str) -> dict[str, SplitPatches]:
    """Return the patches of splits, computing those that are not there yet.

    What is computed is kept as it comes, so that a stage that was killed goes on. Recordings that
    cannot be used are left out and listed in `rejected.csv`.

    Parameters
    ----------
    dataset : Dataset
    splits : sequence of str
    stage : str
        The task's name, for the progress bar and `rejected.csv`.

    Raises
    ------
    DatasetError
        When a split is absent or holds no recording that can be used.
    AudiosError
        When another process is computing them, or they cannot be written.
    """
    tables = {split: read_split(dataset, split) for split in splits}
    files = pd.concat([table["file"] for table in tables.values()]).drop_duplicates()
    identities = {file: file_identity(dataset.path(file)) for file in files}
    places = _read_index(dataset, identities)
    rejected: dict[str, str] = {}
    if len(places) < len(identities):
        rejected = _compute(dataset, identities, stage)
        places = _read_index(dataset, identities)
    dataset.write_rejected(stage, rejected)
    found = {}
    for split, table in tables.items():
        left_out = {file: rejected[file] for file in table["file"] if file in rejected}
        kept = table[~table["file"].isin(left_out)].reset_index(drop=True)
        require_some(len(kept), left_out)
        clips = _clips(dataset, kept, places, read_units(dataset, split))
        found[split] = SplitPatches(dataset, clips, _fingerprint(kept, identities))
    return found


def _clips(
    dataset: Dataset, table: pd.DataFrame, places: Mapping[str, tuple[int, int]], units: str
) -> PatchSet:
    rows = np.array([places[file] for file in table["file"]], np.int64)
    text = {name: table[name].to_numpy(dtype=str) for name in ("gender", "speaker", "attack")}
    return PatchSet(
        files=table["file"].to_numpy(dtype=str),
        y=table["label"].map(LABEL_VALUE).to_numpy(np.int8),
        **text,
        units=units,
        path=dataset.root / BLOCKS,
        first=rows[:, 0],
        counts=rows[:, 1],
    )


def _fingerprint(table: pd.DataFrame, identities: Mapping[str, tuple[str, str]]) -> str:
    """Hash what a detector learns from; the time of a file changes when it is copied."""
    about = table[["file", "speaker", "label"]].copy()
    about["bytes"] = [identities[file][0] for file in table["file"]]
    return sha256_text(f"log-mel {VERSION}\n{about.to_csv(index=False)}")


def _compute(dataset: Dataset, identities: Mapping[str, tuple[str, str]], stage: str) -> dict:
    """Compute what is not there yet, and return the reasons of what cannot be used."""
    rejected = {}
    lock = locked(dataset.root / f".{INDEX}.lock", f"the log-mel spectra of {dataset.root}")
    with lock, _opened(dataset) as index:
        # Another process may have been at it until now.
        known = _read_index(dataset, identities)
        if not known:
            _empty_if_unsound(dataset, index)
        todo = [file for file in identities if file not in known]
        read = partial(attempt, partial(_read_blocks, dataset))
        # No more at once than can be in work: recordings may be long.
        results = map_ahead(read, todo, ahead=n_workers() + 1)
        with _Appending(dataset.root / BLOCKS, index) as blocks:
            for file, found in zip(
                todo, tqdm(results, stage, len(todo), unit="clip", leave=False), strict=True
            ):
                if isinstance(found, AudioError):
                    rejected[file] = str(found)
                else:
                    blocks.add(file, identities[file], found)
    return rejected


def _read_blocks(dataset: Dataset, file: str) -> np.ndarray:
    return compute_blocks(read_waveform(dataset.path(file))).astype(DTYPE)


class _Appending:
    """Writes blocks behind those there are, and into the index once they are on the disk."""

    def __init__(self, path: Path, index: sqlite3.Connection) -> None:
        self._path, self._index = path, index
        self._waiting: list[tuple] = []
        self._written = time.monotonic()

    def __enter__(self) -> "_Appending":
        try:
            self._path.touch()
            self._stream = self._path.open("r+b")
        except OSError as error:
            raise DatasetError(f"cannot write {self._path}: {error.strerror}") from error
        self._next = _end(self._index)
        self._stream.seek(self._next * _BLOCK_BYTES)
        return self

    def add(self, file: str, identity: tuple[str, str], blocks: np.ndarray) -> None:
        """Add the blocks of a recording, DTYPE of shape (patches + 1, 48, 64)."""
        try:
            self._stream.write(np.ascontiguousarray(blocks).data)
        except OSError as error:
            raise DatasetError(f"cannot write {self._path}: {error.strerror}") from error
        self._waiting.append((file, *identity, self._next, len(blocks) - 1))
        self._next += len(blocks)
        if len(self._waiting) >= _AT_ONCE or time.monotonic() > self._written + _SECONDS:
            self._commit()

    def _commit(self) -> None:
        self._stream.flush()
        # The index must not name what a power cut could still lose.
        os.fsync(self._stream.fileno())
        with self._index:
            self._index.executemany(
                "INSERT OR REPLACE INTO clips VALUES (?, ?, ?, ?, ?)", self._waiting
            )
        self._waiting.clear()
        self._written = time.monotonic()

    def __exit__(self, *raised: object) -> None:
        with self._stream:
            # Ctrl-C loses nothing, a kill what was not yet written.
            self._commit()


@contextmanager
def _opened(dataset: Dataset) -> Iterator[sqlite3.Connection]:
    """Open the index; one of another version is begun anew."""
    path = dataset.root / INDEX
    try:
        with closing(sqlite3.connect(path, timeout=30)) as index:
            version = index.execute("PRAGMA user_version").fetchone()[0]
            if version != VERSION:
                with index:
                    index.execute("DROP TABLE IF EXISTS clips")
                    index.execute(
                        "CREATE TABLE clips "
                        "(file TEXT PRIMARY KEY, bytes TEXT, mtime_ns TEXT, first, patches)"
                    )
                    index.execute(f"PRAGMA user_version = {VERSION}")
            yield index
    except sqlite3.Error as error:
        raise DatasetError(
            f"cannot use {path}: {error}; remove it, and everything is computed anew"
        ) from error


def _read_index(
    dataset: Dataset, identities: Mapping[str, tuple[str, str]]
) -> dict[str, tuple[int, int]]:
    """Return first block and number of patches of each recording that has not changed since."""
    if not (dataset.root / INDEX).is_file():
        return {}
    with _opened(dataset) as index:
        if _size(dataset.root / BLOCKS) < _end(index) * _BLOCK_BYTES:
            return {}
        rows = index.execute("SELECT file, bytes, mtime_ns, first, patches FROM clips")
        return {
            file: (first, patches)
            for file, size, when, first, patches in rows
            if identities.get(file, ("", "")) == (size, when) != ("", "")
        }


def _empty_if_unsound(dataset: Dataset, index: sqlite3.Connection) -> None:
    """Forget everything where the file of blocks is gone or shorter than the index says."""
    if _size(dataset.root / BLOCKS) < _end(index) * _BLOCK_BYTES:
        with index:
            index.execute("DELETE FROM clips")


def _end(index: sqlite3.Connection) -> int:
    """Return the number of the block behind the last one."""
    return int(index.execute("SELECT max(first + patches + 1) FROM clips").fetchone()[0] or 0)


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0

"""Recordings as patches of log-mel frames, each computed once and kept on disk.

Beside a data set's tables lie `log-mel.f16`, the blocks of all recordings one after the other, and
`log-mel.sqlite`, which says where those of each recording begin. Both may be deleted: they are made
anew.
"""

import os
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
from tqdm import tqdm

from src.utils.audio.io import read_waveform
from src.utils.audio.log_mel import BANDS, BLOCK_FRAMES, PATCH_FRAMES, VERSION, compute_blocks
from src.utils.config import LABEL_VALUE
from src.utils.dataset.dataset import Dataset, require_some
from src.utils.dataset.labelled import LabelledClips
from src.utils.dataset.presence import Presence, require_present
from src.utils.dataset.recording_cache import RecordingCache, open_cache
from src.utils.dataset.split import read_split, read_units
from src.utils.dataset.split_source import SplitSource
from src.utils.errors import AudioError, DatasetError
from src.utils.files import file_identity, locked, require_unchanged, sha256_text, writing
from src.utils.parallel import attempt, map_ahead, n_workers

BLOCKS = "log-mel.f16"
INDEX = "log-mel.sqlite"

DTYPE = np.dtype("<f2")
"""Half the bytes; what it rounds off a logarithm, 0.004 at the most, is 0.4 % of a magnitude."""

BLOCK_BYTES = BLOCK_FRAMES * BANDS * DTYPE.itemsize

_COLUMNS = ("first", "patches")
"""Of the index: the number of a recording's first block, and how many patches it has."""


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
                    stream.seek(block * BLOCK_BYTES)
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
    """Return the patches of one clip, float32 of shape (patches, 96, 64), from its blocks.

    Parameters
    ----------
    blocks : numpy.ndarray
        float32 or `DTYPE`, shape (patches + 1, 48, 64), see `compute_blocks`.
    """
    return np.concatenate([blocks[:-1], blocks[1:]], axis=1).astype(np.float32)


@dataclass(frozen=True)
class SplitPatches(SplitSource):
    """The patches of one split, and where they are from.

    Attributes
    ----------
    source
        See `SplitSource`.
    clips : PatchSet
        The clips, with the patches of each.
    fingerprint : str
        A hash of the clips and their labels.
    """

    clips: PatchSet
    fingerprint: str


def read_clip_blocks(path: Path) -> np.ndarray:
    """Return the log-mel blocks of a recording as they are kept.

    Parameters
    ----------
    path : pathlib.Path
        The recording.

    Returns
    -------
    numpy.ndarray
        `DTYPE`, shape (patches + 1, 48, 64).

    Raises
    ------
    AudioError
        As `read_waveform` does.
    """
    return compute_blocks(read_waveform(path)).astype(DTYPE)


def load_patches(
    dataset: Dataset,
    splits: Sequence[str],
    stage: str,
    read: Callable[[Path], np.ndarray] = read_clip_blocks,
) -> dict[str, SplitPatches]:
    """Return the patches of splits, computing those that are not there yet.

    What is computed is kept as it comes, so that a stage that was killed goes on. Recordings that
    cannot be used are left out and listed in `rejected.csv`.

    Parameters
    ----------
    dataset : Dataset
        Whose recordings.
    splits : sequence of str
        Names of its splits.
    stage : str
        The task's name, for the progress bar and `rejected.csv`.
    read : callable
        What gives the blocks of the recording at a path, as `read_clip_blocks` does.

    Returns
    -------
    dict of str to SplitPatches
        By split.

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
    require_present(dataset, files.tolist())
    places = _read_places(dataset, identities)
    rejected: dict[str, str] = {}
    if len(places) < len(identities):
        places, rejected = _compute(dataset, identities, stage, read)
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


def _read_as(
    path: Path, identity: tuple[str, str], read: Callable[[Path], np.ndarray]
) -> np.ndarray:
    """Read a recording that must be the one that its patches are kept for."""
    found = read(path)
    require_unchanged(path, identity)
    return found


def _compute(
    dataset: Dataset,
    identities: Mapping[str, tuple[str, str]],
    stage: str,
    read: Callable[[Path], np.ndarray],
) -> tuple[dict[str, tuple], dict[str, str]]:
    """Compute what is not there yet; return all places, and the reasons of what cannot be used."""
    rejected = {}
    with (
        locked(dataset.root / f".{INDEX}.lock", f"the log-mel spectra of {dataset.root}"),
        _BlockFile(dataset.root / BLOCKS) as blocks,
        _opened(dataset, blocks.sync) as index,
    ):
        if _is_sound(dataset, index):
            # Blocks of another version make way: the file holds one version only.
            index.clear_other_versions()
        else:
            index.clear()
        blocks.go_to(_end(index))
        # Another process may have been at it until now.
        known = index.read(identities)
        todo = [file for file in identities if file not in known]
        read_file = partial(
            attempt, lambda file: _read_as(dataset.path(file), identities[file], read)
        )
        # No more at once than can be in work: recordings may be long.
        results = map_ahead(read_file, todo, ahead=n_workers() + 1)
        presence = Presence(dataset)
        for file, found in zip(
            todo, tqdm(results, stage, len(todo), unit="clip", leave=False), strict=True
        ):
            presence.note(file, isinstance(found, AudioError))
            if isinstance(found, AudioError):
                rejected[file] = str(found)
            else:
                index.add(file, identities[file], (blocks.append(found), len(found) - 1))
        return index.read(identities), rejected


class _BlockFile:
    """The file of blocks while it is written: new ones go behind those that the index names."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._next = 0

    def __enter__(self) -> "_BlockFile":
        with writing(self._path):
            self._path.touch()
            self._stream = self._path.open("r+b")
        return self

    def go_to(self, block: int) -> None:
        """Write the next blocks from the one of this number on."""
        self._next = block
        self._stream.seek(block * BLOCK_BYTES)

    def append(self, blocks: np.ndarray) -> int:
        """Write blocks, DTYPE of shape (patches + 1, 48, 64); return the number of the first."""
        with writing(self._path):
            self._stream.write(np.ascontiguousarray(blocks).data)
        first = self._next
        self._next += len(blocks)
        return first

    def sync(self) -> None:
        """Put on the disk what was written: the index must not name what a power cut could lose."""
        with writing(self._path):
            self._stream.flush()
            os.fsync(self._stream.fileno())

    def __exit__(self, *raised: object) -> None:
        with writing(self._path):
            self._stream.close()


@contextmanager
def _opened(
    dataset: Dataset, before_write: Callable[[], None] | None = None
) -> Generator[RecordingCache]:
    path = dataset.root / INDEX
    with open_cache(path, _COLUMNS, VERSION, "computed", before_write, is_sound=_is_place) as index:
        yield index


def _is_place(values: tuple) -> bool:
    """Say whether values that were kept can be a first block and a number of patches."""
    first, count = values
    return isinstance(first, int) and isinstance(count, int) and first >= 0 < count


def _read_places(
    dataset: Dataset, identities: Mapping[str, tuple[str, str]]
) -> dict[str, tuple[int, int]]:
    """Return first block and number of patches of each recording that has not changed since."""
    if not (dataset.root / INDEX).is_file():
        return {}
    with _opened(dataset) as index:
        return index.read(identities) if _is_sound(dataset, index) else {}


def _is_sound(dataset: Dataset, index: RecordingCache) -> bool:
    """Say whether the file of blocks is as long as the index says."""
    path = dataset.root / BLOCKS
    if not isinstance(index.largest_sum(_COLUMNS), int | None):
        return False
    return _end(index) * BLOCK_BYTES <= (path.stat().st_size if path.is_file() else 0)


def _end(index: RecordingCache) -> int:
    """Return the number of the block behind the last one, over recordings of any state."""
    last = index.largest_sum(_COLUMNS)
    return 0 if last is None else last + 1

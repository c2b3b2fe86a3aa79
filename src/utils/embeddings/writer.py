"""A resumable writer of embedding stores, which can be killed at any moment.

Work happens in `<split>.partial` beside the final folder: the array is written in place and
`progress.jsonl` says, one line a batch, which of its rows are committed. `plan.jsonl` says which
clips share a batch. Only a complete store gets the final name.
"""

import json
import os
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from src.utils.config import BY_SPEAKER, FULL
from src.utils.embeddings.array_file import ArrayFile
from src.utils.embeddings.differences import backbone_differences
from src.utils.embeddings.plan import Batch, read_plan, write_plan
from src.utils.embeddings.store import (
    ARRAY,
    CLIPS,
    MANIFEST,
    REJECTED,
    EmbeddingStore,
    read_store_manifest,
    read_store_table,
    refuse_renamed,
)
from src.utils.errors import EmbeddingError
from src.utils.files import (
    CHANGED,
    PARTIAL,
    locked,
    make_folder,
    remove_partials,
    replacing,
    sha256_text,
    sync_folder,
    write_json,
    write_text,
    writing,
)
from src.utils.strict_json import parse_json
from src.utils.tables import read_csv, write_csv

PROGRESS = "progress.jsonl"
PLAN = "plan.jsonl"
IDENTITY = ["file", "bytes", "mtime_ns"]
"""Columns that identify a recording, so that its embedding can be copied from another store."""

PARAMETERS = "parameters"
"""The column of what was done to each clip of a store of augmented copies."""

COMMIT_ROWS = 1024
COPY_ROWS = 64
"""Rows that are committed at once, and that are copied in memory at once: 5 MB of a layer."""


@dataclass(frozen=True)
class Origin:
    """The provenance of a store, as its manifest keeps it.

    Attributes
    ----------
    dataset : str
        Folder of the recordings.
    root : str
        Folder of the data set's tables and splits.
    split_fingerprint : str or None
        Fingerprint of the split (see `split_fingerprint`), None for the whole table.
    """

    dataset: str
    root: str
    split_fingerprint: str | None = None


class StoreWriter:
    """The store of one split while it is being filled.

    Parameters
    ----------
    embeddings : pathlib.Path
        The folder of all stores.
    split : str
        Name of the split, and of the store's folder.
    backbone : dict
        The result of `Backbone.describe`; a store of another backbone is refused, not mixed.
    origin : Origin
        Where the clips come from.
    clips : pandas.DataFrame
        All clips wanted: `file, speaker, gender, label, attack, bytes, mtime_ns`, as text.
    units : {'speaker', 'utterance', 'clip'}
        The unit that the split keeps whole.
    augmentation : dict, optional
        How the clips are augmented (see `Copy.describe`), where they are; a store of another
        recipe is refused. The table then has the columns `chain` and `parameters`, too.

    Raises
    ------
    EmbeddingError
        When the store was made by another backbone or recipe, or a neighbour from another data
        set.
    """

    def __init__(
        self,
        embeddings: Path,
        split: str,
        backbone: dict[str, Any],
        origin: Origin,
        clips: pd.DataFrame,
        units: str = BY_SPEAKER,
        augmentation: dict[str, Any] | None = None,
    ) -> None:
        self.parent = embeddings / str(backbone["name"])
        self.final = self.parent / split
        self.partial = self.parent / f"{split}{PARTIAL}"
        self.split = split
        self.backbone = backbone
        self.origin = origin
        self.units = units
        self.augmentation = augmentation
        # Copies of one recording are told apart by what was done to each.
        self._identity = IDENTITY if augmentation is None else [*IDENTITY, PARAMETERS]
        self.clips = clips.reset_index(drop=True)
        self._progress = _Progress(np.zeros(len(clips), dtype=bool))
        self._changed: dict[int, str] = {}
        self._array: ArrayFile
        neighbours = sorted(self.parent.iterdir()) if self.parent.is_dir() else []
        for folder in neighbours:
            self._refuse_renamed(folder)
        for folder in (self.final, self.partial):
            self._refuse_other_backbone(folder)
            self._refuse_other_recipe(folder)
        # Train and test of one folder must come from one data set.
        for folder in neighbours:
            self._refuse_other_dataset(folder)

    def locked(self) -> AbstractContextManager[None]:
        """Lock the store against a second writing process (see `files.locked`)."""
        return locked(self.parent / f".{self.split}.lock", str(self.final))

    @property
    def rejected(self) -> dict[str, str]:
        """The reason of each rejected clip by file, in the order of the table."""
        reasons = self._reasons
        return {self.clips["file"].iloc[row]: reasons[row] for row in sorted(reasons)}

    @property
    def _reasons(self) -> dict[int, str]:
        return self._progress.rejected | self._changed

    def is_up_to_date(self) -> bool:
        """Return whether the finished store holds these very clips; labels are not compared."""
        if not (self.final / MANIFEST).is_file():
            return False
        tables = (self.final / CLIPS, self.final / REJECTED)
        there = pd.concat([read_store_table(path, self._identity) for path in tables])
        return set(self._identities(there)) == set(self._identities(self.clips))

    def refresh_table(self) -> EmbeddingStore:
        """Update labels and speakers of a finished store, and return it."""
        there = read_store_table(self.final / CLIPS, IDENTITY)["file"]
        wanted = self.clips.set_index("file", drop=False).loc[there].reset_index(drop=True)
        remove_partials(self.final)
        write_csv(self.final / CLIPS, wanted)
        write_json(self.final / MANIFEST, self._manifest(wanted))
        self._remove_leftovers()
        return self._open()

    def start(self) -> int:
        """Create or resume the partial folder, copying embeddings that exist already.

        Embeddings come from earlier work on this split and from finished stores of the same
        backbone and recordings: after a `full` extraction a split costs no computing.

        Returns
        -------
        int
            Number of clips that are embedded or rejected already.
        """
        shape = (len(self.clips), *(self.backbone[k] for k in ("layers", "stats_count", "dim")))
        if self.partial.is_dir() and not self._is_same_work():
            # Its finished rows are copied into the new work, so it is renamed, not removed.
            self._rename(self.partial, self._superseded())
        if not self.partial.is_dir():
            building = self.parent / f".{self.split}.building{PARTIAL}"
            shutil.rmtree(building, ignore_errors=True)
            make_folder(building)
            ArrayFile.create(building / ARRAY, shape).close()
            write_csv(building / CLIPS, self.clips)
            # Before the manifest: a folder with a manifest and no progress counts as whole.
            write_text(building / PROGRESS, "")
            write_json(building / MANIFEST, self._manifest(self.clips))
            self._rename(building, self.partial)
        self._array = ArrayFile(self.partial / ARRAY, writable=True)
        self._progress = _read_progress(self.partial, len(self.clips))
        # A line torn by a kill, and any behind it, was never committed.
        with writing(self.partial / PROGRESS):
            os.truncate(self.partial / PROGRESS, self._progress.sound_bytes)
        # Also on resuming: a kill may have interrupted the copying.
        self._copy_existing()
        return int(self._progress.done.sum())

    def remaining(self, make: Callable[[], list[Batch]]) -> list[Batch]:
        """Return the batches that are not complete, by the plan this work was begun with.

        A batch of which only some rows were copied is computed whole, as planned.

        Parameters
        ----------
        make : callable
            Makes the plan; called if there is none yet.
        """
        done = self._progress.done
        if done.all():
            return []
        path = self.partial / PLAN
        if not path.is_file():
            write_plan(path, make())
        try:
            plan = read_plan(path, len(self.clips))
        except ValueError as error:
            raise EmbeddingError(
                f"{path} is damaged: {error}; remove {self.partial} and run "
                f"GenerateEmbeddings again"
            ) from error
        return [batch for batch in plan if not done[batch.rows].all()]

    def write(
        self,
        rows: Sequence[int],
        vectors: np.ndarray,
        rejected: Mapping[int, str],
        changed: Collection[int] = (),
    ) -> None:
        """Write the embeddings of `rows` and the reasons of rejected clips, then commit them.

        Nothing that was read of a changed clip is committed: this store lacks it, and the next
        extraction reads it again, whatever state it has then.

        Parameters
        ----------
        rows : sequence of int
            Positions in `clips`.
        vectors : numpy.ndarray
            float32, shape (len(rows), layers, stats, dim).
        rejected : mapping of int to str
            The reason of each rejected clip by row.
        changed : collection of int
            Those of all these clips that have another state now than in `clips`.
        """
        if len(rows):
            self._array.write(rows, vectors)
        self._changed |= {row: rejected.get(row, CHANGED) for row in changed}
        kept = [row for row in rows if row not in changed]
        self._commit(kept, {row: why for row, why in rejected.items() if row not in changed})

    def finish(self) -> EmbeddingStore:
        """Drop the rejected rows, give the store its final name, and return it.

        Raises
        ------
        EmbeddingError
            When every clip was rejected.
        """
        reasons = self._reasons
        accepted = np.ones(len(self.clips), dtype=bool)
        accepted[list(reasons)] = False
        clips = self.clips[accepted].reset_index(drop=True)
        rejected = self.clips.loc[~accepted, self._identity]
        # In no state that it could be found in again.
        rejected.loc[list(self._changed), IDENTITY[1:]] = ""
        rejected = rejected.assign(reason=[reasons[row] for row in rejected.index])
        if not len(clips):
            first = rejected.iloc[0]
            raise EmbeddingError(
                f"not one of {len(self.clips):,} clips of {self.split} can be used: "
                f"{first['file']} {first['reason']}"
            )
        # Built apart from the partial folder: a kill half-way must not leave its rows and its
        # progress telling different things.
        finishing = self.parent / f".{self.split}.finishing{PARTIAL}"
        shutil.rmtree(finishing, ignore_errors=True)
        make_folder(finishing)
        self._place_array(finishing / ARRAY, accepted)
        self._array.close()
        write_csv(finishing / CLIPS, clips)
        write_csv(finishing / REJECTED, rejected)
        write_json(finishing / MANIFEST, self._manifest(clips))
        if self.final.is_dir():
            self._rename(self.final, self._superseded())
        self._rename(finishing, self.final)
        self._remove_leftovers()
        return self._open()

    def _commit(self, rows: Sequence[int], rejected: Mapping[int, str]) -> None:
        """Record on disk that rows are done; their embeddings must be written before."""
        if len(rows):
            self._array.flush()
        finished = sorted([*map(int, rows), *map(int, rejected)])
        self._progress.add(finished, rejected)
        path = self.partial / PROGRESS
        with writing(path), path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps({"rows": finished, "rejected": dict(rejected)}) + "\n")
            stream.flush()
            os.fsync(stream.fileno())

    def _rename(self, old: Path, new: Path) -> None:
        """Give a folder another name, which is on the disk before anything rests on it."""
        with writing(new):
            old.rename(new)
        sync_folder(self.parent)

    def _remove_leftovers(self) -> None:
        for folder in (self.partial, *self.parent.glob(f"{self.split}.superseded*{PARTIAL}")):
            shutil.rmtree(folder, ignore_errors=True)

    def _superseded(self) -> Path:
        """Return an unused name for a folder whose embeddings can still be copied."""
        number = 0
        while (path := self.parent / f"{self.split}.superseded{number}{PARTIAL}").exists():
            number += 1
        return path

    def _open(self) -> EmbeddingStore:
        return EmbeddingStore.open(self.parent.parent, self.parent.name, self.split)

    def _manifest(self, clips: pd.DataFrame) -> dict[str, Any]:
        # Where a checkpoint lies does not matter; which files the clips were read from does.
        settings = {key: value for key, value in self.backbone.items() if key != "checkpoint"}
        described = json.dumps(settings, sort_keys=True)
        return {
            "split": self.split,
            "units": self.units,
            **asdict(self.origin),
            "backbone": self.backbone,
            **({} if self.augmentation is None else {"augmentation": self.augmentation}),
            "clips": len(clips),
            "fingerprint": sha256_text(described + clips.to_csv(index=False)),
        }

    def _refuse_renamed(self, folder: Path) -> None:
        if (folder / MANIFEST).is_file():
            refuse_renamed(folder, self.split, read_store_manifest(folder)["backbone"])

    def _refuse_other_dataset(self, folder: Path) -> None:
        if not (folder / MANIFEST).is_file():
            return
        there = read_store_manifest(folder)["dataset"]
        # A data set that was moved is the same one; two that exist are not.
        if there != self.origin.dataset and Path(there).is_dir():
            raise EmbeddingError(
                f"{folder} holds the recordings of {there}; name another --embeddings for "
                f"{self.origin.dataset}"
            )

    def _refuse_other_backbone(self, folder: Path) -> None:
        if not (folder / MANIFEST).is_file():
            return
        found = read_store_manifest(folder)["backbone"]
        differs = backbone_differences(found, self.backbone)
        if differs:
            changes = _changes(found, self.backbone, differs[:3])
            remedy = "name another --embeddings, or remove it with: fab Clean --what=embeddings"
            if differs == ["precision"]:
                remedy = f"go on with --precision={found['precision']}, or {remedy}"
            raise EmbeddingError(f"{folder} was made otherwise ({changes}); {remedy}")

    def _refuse_other_recipe(self, folder: Path) -> None:
        if self.augmentation is None or not (folder / MANIFEST).is_file():
            return
        found = read_store_manifest(folder).get("augmentation") or {}
        wanted = self.augmentation
        differs = [key for key in wanted if found.get(key) != wanted[key]]
        if differs:
            changes = _changes(found, wanted, differs)
            raise EmbeddingError(
                f"{folder} was augmented otherwise ({changes}); remove it and the other copies "
                f"beside it, or name another --embeddings"
            )

    def _identities(self, clips: pd.DataFrame) -> list[tuple[str, ...]]:
        return list(clips[self._identity].itertuples(index=False, name=None))

    def _is_same_work(self) -> bool:
        return (self.partial / PROGRESS).is_file() and read_csv(self.partial / CLIPS).equals(
            self.clips
        )

    def _copy_existing(self) -> None:
        """Copy the embeddings of recordings that another folder of this backbone holds."""
        row_of = {identity: row for row, identity in enumerate(self._identities(self.clips))}
        folders = sorted(path for path in self.parent.iterdir() if (path / MANIFEST).is_file())
        # The whole table first: it most likely holds everything.
        for folder in sorted(folders, key=lambda path: path.name != FULL):
            manifest = read_store_manifest(folder)
            other = backbone_differences(manifest["backbone"], self.backbone)
            # Of one recipe, or both as they were recorded.
            if manifest.get("augmentation") != self.augmentation:
                continue
            if folder == self.partial or other:
                continue
            theirs = self._identities(read_store_table(folder / CLIPS, self._identity))
            ready = np.ones(len(theirs), dtype=bool)
            if (folder / PROGRESS).is_file():
                progress = _read_progress(folder, len(theirs))
                ready = progress.done
                ready[list(progress.rejected)] = False
            pairs = [
                (row_of[identity], row)
                for row, identity in enumerate(theirs)
                if ready[row] and identity in row_of and not self._progress.done[row_of[identity]]
            ]
            with ArrayFile(folder / ARRAY) as array:
                self._copy(array, pairs)

    def _copy(self, array: ArrayFile, pairs: list[tuple[int, int]]) -> None:
        """Copy rows of another array, given as (row here, row there)."""
        for block in _blocks(pairs, COMMIT_ROWS):
            for part in _blocks(block, COPY_ROWS):
                here, there = zip(*part, strict=True)
                self._array.write(here, array.read(there))
            self._commit([here for here, _ in block], {})

    def _place_array(self, path: Path, accepted: np.ndarray) -> None:
        """Put the accepted rows at `path`; all of them cost no copy where links are possible."""
        if accepted.all():
            try:
                os.link(self.partial / ARRAY, path)
            except OSError:
                with replacing(path) as temporary:
                    shutil.copyfile(self.partial / ARRAY, temporary)
            return
        kept = np.flatnonzero(accepted)
        with ArrayFile.create(path, (len(kept), *self._array.shape[1:])) as smaller:
            for rows in _blocks(np.arange(len(kept)), COPY_ROWS):
                smaller.write(rows, self._array.read(kept[rows]))
            smaller.flush()


@dataclass
class _Progress:
    """The committed rows of a partial folder.

    Attributes
    ----------
    done : numpy.ndarray
        Whether each row is committed, bool of shape (clips,).
    rejected : dict of int to str
        The reason of each rejected clip by row; these are done too.
    sound_bytes : int
        Offset of the first torn line.
    """

    done: np.ndarray
    rejected: dict[int, str] = field(default_factory=dict)
    sound_bytes: int = 0

    def add(self, rows: Sequence[int], rejected: Mapping[int, str]) -> None:
        """Add one line: the rows that are finished, and the reasons of those rejected."""
        self.rejected |= rejected
        self.done[rows] = True


def _read_progress(folder: Path, n_clips: int) -> _Progress:
    """Read line by line up to the first one torn by a kill."""
    progress = _Progress(np.zeros(n_clips, dtype=bool))
    with (folder / PROGRESS).open("rb") as stream:
        for line in stream:
            try:
                entry = parse_json(line)
                rows = [int(row) for row in entry["rows"]]
                rejected = {int(row): str(why) for row, why in entry["rejected"].items()}
            except (ValueError, TypeError, KeyError, AttributeError):
                break
            known = range(n_clips)
            if not line.endswith(b"\n") or not all(row in known for row in [*rows, *rejected]):
                break
            progress.add(rows, rejected)
            progress.sound_bytes += len(line)
    return progress


def _changes(there: Mapping[str, Any], now: Mapping[str, Any], names: Sequence[str]) -> str:
    return ", ".join(f"{name} {there.get(name)} there, {now.get(name)} now" for name in names)


def _blocks(items: Sequence | np.ndarray, size: int) -> Iterator[Any]:
    for start in range(0, len(items), size):
        yield items[start : start + size]

"""Filling an embedding store so that it can be killed at any moment and continued.

Work happens in `<split>.partial` beside the final folder: the array is written in place and
`progress.jsonl` says, one line a batch, which of its rows are true. Only a whole store gets
the final name.
"""

import json
import os
import shutil
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from src.utils.config import FULL
from src.utils.embeddings.store import (
    ARRAY,
    CLIPS,
    MANIFEST,
    REJECTED,
    EmbeddingStore,
    backbone_differences,
)
from src.utils.errors import EmbeddingError
from src.utils.files import PARTIAL, locked, make_folder, read_json, sha256_text, write_json
from src.utils.tables import read_csv, write_csv

PROGRESS = "progress.jsonl"
IDENTITY = ["file", "bytes", "mtime_ns"]
"""What makes a row of another store the vector of this very recording."""


class StoreWriter:
    """The store of one split while it is being filled.

    Parameters
    ----------
    embeddings : pathlib.Path
    split : str
    backbone : dict
        What `Backbone.describe` says; a store of anything else is refused, not mixed.
    dataset : str
        Where the recordings lie.
    clips : pandas.DataFrame
        All clips wanted: `file, speaker, gender, label, attack, bytes, mtime_ns`, as text.

    Raises
    ------
    EmbeddingError
        When the store was made by another backbone, or a neighbour from another data set.
    """

    def __init__(
        self,
        embeddings: Path,
        split: str,
        backbone: dict[str, Any],
        dataset: str,
        clips: pd.DataFrame,
    ) -> None:
        self.parent = embeddings / str(backbone["name"])
        self.final = self.parent / split
        self.partial = self.parent / f"{split}{PARTIAL}"
        self.split = split
        self.backbone = backbone
        self.dataset = dataset
        self.clips = clips.reset_index(drop=True)
        self.done = np.zeros(len(clips), dtype=bool)
        self.rejected: dict[str, str] = {}
        for folder in (self.final, self.partial):
            self._refuse_other_backbone(folder)
        # Train and test of one folder must come from one data set.
        for folder in sorted(self.parent.iterdir()) if self.parent.is_dir() else ():
            self._refuse_other_dataset(folder)

    def locked(self) -> AbstractContextManager[None]:
        """Keep a second process from filling the same store (see `files.locked`)."""
        return locked(self.parent / f".{self.split}.lock", str(self.final))

    def is_up_to_date(self) -> bool:
        """Say whether the final store holds these very clips; their labels are not compared."""
        if not (self.final / MANIFEST).is_file():
            return False
        there = pd.concat([read_csv(self.final / CLIPS), read_csv(self.final / REJECTED)])
        return set(_identities(there)) == set(_identities(self.clips))

    def refresh_table(self) -> EmbeddingStore:
        """Give an up-to-date store the labels and speakers as they are now."""
        there = read_csv(self.final / CLIPS)["file"]
        wanted = self.clips.set_index("file", drop=False).loc[there].reset_index(drop=True)
        write_csv(self.final / CLIPS, wanted)
        write_json(self.final / MANIFEST, self._manifest(wanted))
        self._remove_leftovers()
        return self._open()

    def start(self) -> int:
        """Make or continue the partial folder, taking over vectors that exist already.

        Vectors come from earlier work on this split and from finished stores of the same
        backbone and recordings: after a `full` extraction a split costs no computing.

        Returns
        -------
        int
            How many clips need no work any more.
        """
        shape = (len(self.clips), *(self.backbone[k] for k in ("layers", "stats_count", "dim")))
        if self.partial.is_dir() and not self._is_same_plan():
            # Its finished rows serve the new plan, so it makes way but is not thrown away.
            self.partial.rename(self._superseded())
        if not self.partial.is_dir():
            building = make_folder(self.parent / f".{self.split}.building{PARTIAL}")
            np.lib.format.open_memmap(building / ARRAY, "w+", np.float32, shape).flush()
            write_csv(building / CLIPS, self.clips)
            # Before the manifest: a folder with a manifest and no progress counts as whole.
            (building / PROGRESS).write_text("")
            write_json(building / MANIFEST, self._manifest(self.clips))
            building.rename(self.partial)
        self.array = np.lib.format.open_memmap(self.partial / ARRAY, "r+")
        done, self.rejected = _read_progress(self.partial)
        self.done[done] = True
        _cut_torn_line(self.partial / PROGRESS)
        # Also when going on: a kill may have come in the midst of it.
        self._take_over()
        return int(self.done.sum())

    def write(self, rows: Sequence[int], vectors: np.ndarray, rejected: dict[str, str]) -> None:
        """Store the vectors of `rows` and the reasons of the rejected, then say so on disk.

        Parameters
        ----------
        rows : sequence of int
            Positions in `clips`.
        vectors : numpy.ndarray
            float32, shape (len(rows), layers, stats, dim).
        rejected : dict of str to str
        """
        if len(rows):
            self.array[list(rows)] = vectors
            self.array.flush()
        self.rejected |= rejected
        refused = np.flatnonzero(self.clips["file"].isin(list(rejected)))
        finished = sorted([*map(int, rows), *map(int, refused)])
        self.done[finished] = True
        with (self.partial / PROGRESS).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps({"rows": finished, "rejected": rejected}) + "\n")
            stream.flush()
            os.fsync(stream.fileno())

    def finish(self) -> EmbeddingStore:
        """Drop the rejected rows and give the store its final name.

        Raises
        ------
        EmbeddingError
            When every clip was rejected.
        """
        accepted = ~self.clips["file"].isin(list(self.rejected)).to_numpy()
        clips = self.clips[accepted].reset_index(drop=True)
        rejected = self.clips.loc[~accepted, IDENTITY]
        rejected = rejected.assign(reason=rejected["file"].map(self.rejected))
        if not len(clips):
            first = next(iter(self.rejected.items()))
            raise EmbeddingError(
                f"not one of {len(self.clips):,} clips of {self.split} can be used: "
                f"{first[0]} {first[1]}"
            )
        # Built apart from the partial folder: a kill half-way must not leave its rows and its
        # progress telling different things.
        finishing = self.parent / f".{self.split}.finishing{PARTIAL}"
        shutil.rmtree(finishing, ignore_errors=True)
        make_folder(finishing)
        self._place_array(finishing / ARRAY, accepted)
        write_csv(finishing / CLIPS, clips)
        write_csv(finishing / REJECTED, rejected)
        write_json(finishing / MANIFEST, self._manifest(clips))
        if self.final.is_dir():
            self.final.rename(self._superseded())
        finishing.rename(self.final)
        self._remove_leftovers()
        return self._open()

    def _remove_leftovers(self) -> None:
        for folder in (self.partial, *self.parent.glob(f"{self.split}.superseded*{PARTIAL}")):
            shutil.rmtree(folder, ignore_errors=True)

    def _superseded(self) -> Path:
        """Return a name for a folder whose vectors may still serve; none is given twice."""
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
            "dataset": self.dataset,
            "backbone": self.backbone,
            "clips": len(clips),
            "fingerprint": sha256_text(described + clips.to_csv(index=False)),
        }

    def _refuse_other_dataset(self, folder: Path) -> None:
        if not (folder / MANIFEST).is_file():
            return
        there = read_json(folder / MANIFEST)["dataset"]
        # A data set that was moved is the same one; two that exist are not.
        if there != self.dataset and Path(there).is_dir():
            raise EmbeddingError(
                f"{folder} holds the recordings of {there}; name another --embeddings for "
                f"{self.dataset}"
            )

    def _refuse_other_backbone(self, folder: Path) -> None:
        if not (folder / MANIFEST).is_file():
            return
        found = read_json(folder / MANIFEST)["backbone"]
        differs = backbone_differences(found, self.backbone)
        if differs:
            changes = ", ".join(
                f"{key} {found.get(key)} there, {self.backbone.get(key)} now" for key in differs[:3]
            )
            raise EmbeddingError(
                f"{folder} was made otherwise ({changes}); name another --embeddings, or remove it "
                f"with: fab Clean --what=embeddings"
            )

    def _is_same_plan(self) -> bool:
        return (self.partial / PROGRESS).is_file() and read_csv(self.partial / CLIPS).equals(
            self.clips
        )

    def _take_over(self) -> None:
        """Copy the vectors of recordings that another folder of this backbone holds."""
        row_of = {identity: row for row, identity in enumerate(_identities(self.clips))}
        folders = sorted(path for path in self.parent.iterdir() if (path / MANIFEST).is_file())
        # The whole table first: it most likely holds everything.
        for folder in sorted(folders, key=lambda path: path.name != FULL):
            manifest = read_json(folder / MANIFEST)
            other = backbone_differences(manifest["backbone"], self.backbone)
            if folder == self.partial or other:
                continue
            theirs = _identities(read_csv(folder / CLIPS))
            ready = list(range(len(theirs)))
            if (folder / PROGRESS).is_file():
                rows, refused = _read_progress(folder)
                ready = [row for row in rows if theirs[row][0] not in refused]
            pairs = [(row_of[theirs[row]], row) for row in ready if theirs[row] in row_of]
            pairs = [(mine_, row) for mine_, row in pairs if not self.done[mine_]]
            array = np.load(folder / ARRAY, mmap_mode="r", allow_pickle=False)
            for start in range(0, len(pairs), 1024):
                ours, others = zip(*pairs[start : start + 1024], strict=True)
                self.write(ours, array[list(others)], {})

    def _place_array(self, path: Path, accepted: np.ndarray) -> None:
        """Put the accepted rows at `path`; all of them cost no copy where links are possible."""
        if accepted.all():
            try:
                os.link(self.partial / ARRAY, path)
            except OSError:
                shutil.copyfile(self.partial / ARRAY, path)
            return
        kept = np.flatnonzero(accepted)
        smaller = np.lib.format.open_memmap(
            path, "w+", np.float32, (len(kept), *self.array.shape[1:])
        )
        for start in range(0, len(kept), 1024):
            smaller[start : start + 1024] = self.array[kept[start : start + 1024]]
        smaller.flush()


def _identities(clips: pd.DataFrame) -> list[tuple[str, ...]]:
    return list(clips[IDENTITY].itertuples(index=False, name=None))


def _read_progress(folder: Path) -> tuple[list[int], dict[str, str]]:
    """Return the finished rows and the rejected; a torn last line is as if never written."""
    rows: list[int] = []
    rejected: dict[str, str] = {}
    for line in (folder / PROGRESS).read_text(encoding="utf-8").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            break
        rows += entry["rows"]
        rejected |= entry["rejected"]
    return rows, rejected


def _cut_torn_line(path: Path) -> None:
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        os.truncate(path, whole)

"""The embedding store: every layer's pooled statistics of one split, on disk.

A store is a folder of `embeddings.npy`, float32 of shape (clips, layers, stats, dim) and
read as a memory map; `clips.csv`, one row per row of the array; `rejected.csv`; and
`manifest.json`. It is written by `writer.StoreWriter` and read here.
"""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from src.utils.config import BY_SPEAKER, DOWNSTREAM_SPLITS, LABEL_VALUE, WEIGHTED, SplitUnit
from src.utils.dataset.split import read_recipe, split_fingerprint
from src.utils.embeddings.array_file import ArrayFile
from src.utils.embeddings.embedding_set import EmbeddingSet
from src.utils.embeddings.presets import BACKBONES
from src.utils.embeddings.selection import Selection
from src.utils.errors import ArgumentError, EmbeddingError
from src.utils.renamed import backbone_of, is_renamed
from src.utils.run_manifest import Augmentation, BackboneSettings
from src.utils.shapes import Shape, read_shaped
from src.utils.tables import read_csv

ARRAY = "embeddings.npy"
CLIPS = "clips.csv"
REJECTED = "rejected.csv"
MANIFEST = "manifest.json"


def refuse_renamed(folder: Path, split: str, about: Any) -> None:
    """Refuse a store of the descriptor `acoustic` of when it was called `lfcc`.

    Parameters
    ----------
    folder : pathlib.Path
        Of the store.
    split : str
        What is to be embedded again.
    about : dict or None
        What the store's manifest says of its backbone.

    Raises
    ------
    EmbeddingError
        Naming the command that makes it anew.
    """
    if is_renamed(about):
        name, now = about["name"], str(backbone_of(about))
        remedy = _command(folder.parent.parent, now, split)
        raise EmbeddingError(
            f"{folder} holds the descriptor that was called {name} and is called {now} now; remove "
            f"{folder.parent} and run: {remedy} (or the same with --backbone={name} for LFCC)"
        )


def _command(embeddings: Path, backbone: str, split: str) -> str:
    """Return the command that fills a store."""
    splits = "downstream" if split in DOWNSTREAM_SPLITS else split
    preset = BACKBONES.get(backbone)
    has_no_default = preset is not None and preset.is_pretrained and preset.checkpoint is None
    checkpoint = "--checkpoint=ID_OR_FOLDER " if has_no_default else ""
    return (
        f"fab GenerateEmbeddings --backbone={backbone} {checkpoint}--splits={splits} "
        f"--embeddings={shlex.quote(str(embeddings))}"
    )


class _StoreBackbone(BackboneSettings):
    layers: Annotated[int, Field(ge=1, le=10_000)]
    stats: Annotated[list[str], Field(min_length=1)]
    dim: Annotated[int, Field(ge=1, le=10_000_000)]


class _StoreManifest(Shape):
    backbone: _StoreBackbone
    dataset: str
    fingerprint: str
    root: str | None = None
    split: str = ""
    units: SplitUnit = "speaker"
    split_fingerprint: str | None = None
    augmentation: Augmentation | None = None


def read_store_manifest(folder: Path) -> dict[str, Any]:
    """Return what the manifest of a store, finished or not, holds.

    Parameters
    ----------
    folder : pathlib.Path
        Of the store.

    Raises
    ------
    AudiosError
        When it is absent or damaged.
    """
    return read_shaped(folder / MANIFEST, _StoreManifest, _remedy(folder), EmbeddingError)


def _remedy(folder: Path) -> str:
    return f"remove {folder} and run GenerateEmbeddings again"


_CLIP_COLUMNS = ("file", "speaker", "gender", "label", "attack")


def read_store_table(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Read a table of a store, as text.

    Parameters
    ----------
    path : pathlib.Path
        The CSV file.
    columns : sequence of str
        What it must have.

    Raises
    ------
    AudiosError
        When it is absent or damaged.
    """
    table = read_csv(path)
    missing = [name for name in columns if name not in table]
    if missing:
        raise EmbeddingError(
            f"{path} is damaged: it lacks the column {', '.join(missing)}; {_remedy(path.parent)}"
        )
    return table


@dataclass(frozen=True)
class EmbeddingStore:
    """A finished store.

    Attributes
    ----------
    folder : pathlib.Path
        `embeddings/<backbone>/<split>`.
    manifest : dict
        `backbone` (what computed the vectors), `split`, `units`, where the clips come from (see
        `writer.Origin`), `fingerprint`; of augmented copies `augmentation`, how they were made.
    """

    folder: Path
    manifest: dict[str, Any]

    @classmethod
    def open(cls, embeddings: Path, backbone: str, split: str) -> "EmbeddingStore":
        """Open `embeddings/<backbone>/<split>`.

        Parameters
        ----------
        embeddings : pathlib.Path
            The embeddings' folder.
        backbone : str
            A key of `presets.BACKBONES`.
        split : str
            A split's name, or `full`.

        Raises
        ------
        EmbeddingError
            When it is not there, or of before the backbone had its name; naming the command that
            makes it.
        """
        folder = embeddings / backbone / split
        if not (folder / MANIFEST).is_file():
            raise EmbeddingError(
                f"no {backbone} embeddings of {split} in {embeddings}; run first: "
                f"{_command(embeddings, backbone, split)}"
            )
        store = cls(folder, read_store_manifest(folder))
        refuse_renamed(folder, split, store.manifest.get("backbone"))
        return store

    @property
    def backbone(self) -> dict[str, Any]:
        """What computed the vectors: name, revision, shape, audio settings."""
        return dict(self.manifest["backbone"])

    @property
    def layers(self) -> range:
        """The layers that were kept, by the model's own numbers."""
        first = int(self.backbone.get("first_layer", 0))
        return range(first, first + int(self.backbone["layers"]))

    @property
    def stats(self) -> list[str]:
        """What was pooled over a clip's frames, in the order of the array."""
        return list(self.backbone["stats"])

    @property
    def units(self) -> str:
        """What the split keeps on one side, a name of `config.SPLIT_UNITS`."""
        return str(self.manifest.get("units", BY_SPEAKER))

    @property
    def dataset(self) -> str:
        """The folder that the recordings lie in."""
        return str(self.manifest["dataset"])

    @property
    def dataset_name(self) -> str:
        """The name of the data set's own folder, which its recordings may lie apart from."""
        return (self.root or Path(self.dataset)).name

    @property
    def root(self) -> Path | None:
        """The data set's own folder, None for a store of before it was kept."""
        root = self.manifest.get("root")
        return Path(root) if root else None

    @property
    def embeddings(self) -> Path:
        """The embeddings' folder that it lies in."""
        return self.folder.parent.parent

    @property
    def split_recipe(self) -> dict[str, Any] | None:
        """How the data set is split, None where that is not known or not so any more."""
        if self.is_stale or not self.manifest.get("split_fingerprint") or self.root is None:
            return None
        return read_recipe(self.root)

    @property
    def is_stale(self) -> bool:
        """Whether the data set was split anew since; no where that cannot be told."""
        then = self.manifest.get("split_fingerprint")
        now = split_fingerprint(self.root) if then and self.root else None
        return now is not None and now != then

    @property
    def augmentation(self) -> dict[str, Any] | None:
        """How its clips were augmented (see `Copy.describe`), None where they were not."""
        found = self.manifest.get("augmentation")
        return dict(found) if found else None

    def copies(self) -> list["EmbeddingStore"]:
        """Return the finished stores of augmented copies of its clips, the first copy first.

        Raises
        ------
        EmbeddingError
            When the manifest of one is damaged.
        """
        pattern = re.compile(rf"{re.escape(self.folder.name)}\.copy([1-9]\d*)")
        found = {
            int(match[1]): folder
            for folder in self.folder.parent.iterdir()
            if (match := pattern.fullmatch(folder.name)) and (folder / MANIFEST).is_file()
        }
        return [EmbeddingStore(found[n], read_store_manifest(found[n])) for n in sorted(found)]

    @property
    def fingerprint(self) -> str:
        """A hash of the backbone and of the clips with their labels."""
        return str(self.manifest["fingerprint"])

    def clips(self) -> pd.DataFrame:
        """Return the table of clips, one row per row of the array."""
        return read_store_table(self.folder / CLIPS, _CLIP_COLUMNS)

    def rejected(self) -> dict[str, str]:
        """Return the reason by file of every clip that could not be used."""
        table = read_store_table(self.folder / REJECTED, ("file", "reason"))
        return dict(zip(table["file"], table["reason"], strict=True))

    def array(self) -> np.ndarray:
        """Return the memory map, float32 of shape (clips, layers, stats, dim)."""
        path = self.folder / ARRAY
        # Measured first: numpy's own reader believes the header, and pickles are of its kinds.
        with ArrayFile(path) as file:
            shape = file.shape
        about = self.backbone
        expected = (about["layers"], len(about["stats"]), about["dim"])
        if shape[1:] != expected:
            raise EmbeddingError(
                f"{path} is damaged: it holds vectors of shape {shape[1:]}, not {expected}; "
                f"{_remedy(self.folder)}"
            )
        return np.load(path, mmap_mode="r", allow_pickle=False)

    def check_layer(self, layer: int | Literal["weighted"]) -> int | Literal["weighted"]:
        """Return the model's own number of `layer`, a negative one counted from the last kept.

        Parameters
        ----------
        layer : int or 'weighted'
            Weighted ones must be several.

        Raises
        ------
        ArgumentError
            When the store does not have it.
        """
        held = self.layers
        if layer == WEIGHTED and len(held) > 1:
            return layer
        if isinstance(layer, int) and layer in held:
            return layer
        if isinstance(layer, int) and -len(held) <= layer < 0:
            return held[layer]
        has = f"only layer {held[0]}"
        if len(held) > 1:
            has = f"the layers {held[0]} to {held[-1]}"
        raise ArgumentError(f"--layer={layer}: {self.backbone['name']} has {has} here")

    def load(self, layer: int | Literal["weighted"], pooling: str | None = None) -> EmbeddingSet:
        """Return one layer's vectors, its statistics side by side, or those of all layers.

        They are a view of the memory map where they can be, which several processes share.

        Parameters
        ----------
        layer : int or 'weighted'
            The model's own number, or negative from the last kept; `weighted` for all layers.
        pooling : str, optional
            The one statistic that is wanted (see `selection.pooling_columns`); by default all.

        Raises
        ------
        ArgumentError
            When there is no such layer or pooling.
        EmbeddingError
            When array and table do not fit.
        """
        layer = self.check_layer(layer)
        selection = Selection(layer, pooling)
        array, clips = self.array(), self.clips()
        if len(array) != len(clips):
            raise EmbeddingError(
                f"{self.folder} is damaged: {len(array)} vectors for {len(clips)} clips; "
                f"{_remedy(self.folder)}"
            )
        if not clips["label"].isin(list(LABEL_VALUE)).all():
            raise EmbeddingError(
                f"{self.folder / CLIPS} is damaged: it holds labels that are none; "
                f"{_remedy(self.folder)}"
            )
        text = {name: clips[name].to_numpy(dtype=str) for name in ("gender", "speaker", "attack")}
        return EmbeddingSet(
            files=clips["file"].to_numpy(dtype=str),
            x=selection.take(np.asarray(array), self.layers[0], self.stats),
            y=clips["label"].map(LABEL_VALUE).to_numpy(np.int8),
            **text,
            backbone=str(self.backbone["name"]),
            layer=layer,
            n_layers=len(self.layers) if layer == WEIGHTED else 1,
            units=self.units,
            copy=np.full(len(clips), (self.augmentation or {}).get("copy", 0)),
        )

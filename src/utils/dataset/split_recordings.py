"""The recordings of a split, with their labels and states."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np

from src.utils.audio.augmentations.augmentation import Material
from src.utils.config import LABEL_VALUE
from src.utils.dataset.babble_voices import voices_of
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.labelled import LabelledClips
from src.utils.dataset.presence import require_present
from src.utils.dataset.split import read_split, read_units
from src.utils.dataset.split_source import SplitSource
from src.utils.files import file_identity, sha256_text


@dataclass(frozen=True)
class SplitRecordings(SplitSource):
    """The recordings of a split (a `ClipSource`).

    Attributes
    ----------
    source
        See `SplitSource`.
    split : str
        The name of the split.
    clips : LabelledClips
        The clips with their labels.
    identities : tuple of (str, str)
        The state of each clip's recording (see `file_identity`).
    """

    split: str
    clips: LabelledClips
    identities: tuple[tuple[str, str], ...]

    @classmethod
    def read(cls, dataset: Dataset, split: str) -> Self:
        """Read a split of a data set.

        Parameters
        ----------
        dataset : Dataset
            The data set.
        split : str
            The name of the split.

        Raises
        ------
        DatasetError
            When there is no split, or it is empty.
        StorageError
            When not one recording is there.
        """
        table = read_split(dataset, split)
        files = table["file"].tolist()
        require_present(dataset, files)
        text = {name: table[name].to_numpy(dtype=str) for name in ("gender", "speaker", "attack")}
        clips = LabelledClips(
            files=table["file"].to_numpy(dtype=str),
            y=table["label"].map(LABEL_VALUE).to_numpy("int8"),
            **text,
            units=read_units(dataset, split),
        )
        return cls(dataset, split, clips, tuple(file_identity(dataset.path(f)) for f in files))

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the clips, their labels and the states of their recordings."""
        clips = self.clips
        rows = zip(clips.files, clips.y, clips.speaker, self.identities, strict=True)
        return sha256_text("".join(f"{list(map(str, row))}\n" for row in rows))

    def __len__(self) -> int:
        return len(self.clips)

    def path(self, row: int) -> Path:
        """Return where the recording of a clip lies.

        Parameters
        ----------
        row : int
            The clip's.
        """
        return self.source.path(str(self.clips.files[row]))

    def where(self, mask: np.ndarray) -> Self:
        """Return some of the recordings.

        Parameters
        ----------
        mask : numpy.ndarray
            bool, shape (clips,): true for those wanted.
        """
        kept = tuple(self.identities[row] for row in np.flatnonzero(mask))
        return type(self)(self.source, self.split, self.clips.where(mask), kept)

    def material(self, noises: Path | None) -> Material:
        """Return what augmentations are made with: simulated rooms, babble of the split's voices.

        Parameters
        ----------
        noises : pathlib.Path or None
            A folder of noise recordings.
        """
        voices = voices_of(self.source, read_split(self.source, self.split))
        return Material(noises=noises, voices=voices)

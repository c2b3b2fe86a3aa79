"""The vectors of clips, as they are and as they come through a condition."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from src.build_detector.conditions import TRAINED, Condition
from src.utils.audio.io import read_waveform
from src.utils.embeddings.backbones import Backbone
from src.utils.embeddings.embedding_set import EmbeddingSet
from src.utils.parallel import map_ahead
from src.utils.seeding import file_generator


@dataclass(frozen=True)
class Vectors:
    """The vectors of all clips, and of a copy of each.

    Attributes
    ----------
    plain, copies : numpy.ndarray
        float32, shape (clips, dim): of the clips as they are, and of the copies.
    conditions : numpy.ndarray
        What each copy has come through, str of shape (clips,).
    """

    plain: np.ndarray
    copies: np.ndarray
    conditions: np.ndarray

    def where(self, mask: np.ndarray) -> "Vectors":
        """Return those of some of the clips.

        Parameters
        ----------
        mask : numpy.ndarray
            bool, shape (clips,): true for those wanted.
        """
        return Vectors(self.plain[mask], self.copies[mask], self.conditions[mask])


def embed_all(backbone: Backbone, clips: pd.DataFrame, seed: int) -> Vectors:
    """Embed every clip and a copy of it, each through one of the conditions of training.

    Parameters
    ----------
    backbone : Backbone
        Computes the vectors.
    clips : pandas.DataFrame
        With `clip` and `path`.
    seed : int
        Of what conditions draw, and of which one a clip comes through.
    """
    drawn = [file_generator(seed, clip).integers(len(TRAINED)) for clip in clips["clip"]]
    chosen: list[Condition] = [TRAINED[number] for number in drawn]
    plain = embed(backbone, clips, [None] * len(clips), seed, "as they are")
    copies = embed(backbone, clips, chosen, seed, "copies")
    return Vectors(plain, copies, np.array([one.name for one in chosen]))


def embed(
    backbone: Backbone,
    clips: pd.DataFrame,
    conditions: Sequence[Condition | None],
    seed: int,
    what: str,
) -> np.ndarray:
    """Embed clips that have come through conditions.

    Parameters
    ----------
    backbone : Backbone
        Computes the vectors.
    clips : pandas.DataFrame
        With `clip` and `path`.
    conditions : sequence of Condition or None
        One a clip; None leaves it as it is.
    seed : int
        Of what conditions draw.
    what : str
        Named by the progress bar.

    Returns
    -------
    numpy.ndarray
        float32, shape (clips, dim).

    Raises
    ------
    AudioError
        When a clip cannot be read.
    """

    def prepare(item: tuple[str, str, Condition | None]) -> np.ndarray:
        clip, path, condition = item
        waveform = read_waveform(Path(path), backbone.sample_rate)
        if condition is not None:
            random = file_generator(seed, f"{condition.name}/{clip}")
            waveform = condition.change(waveform, random)
        return backbone.embed([backbone.prepare(waveform)]).reshape(-1)

    items = list(zip(clips["clip"], clips["path"], conditions, strict=True))
    found = map_ahead(prepare, items)
    # As when stores are made (see `LocalEngine`): a thread on each core prepares already.
    with threadpool_limits(1, "blas"):
        return np.stack(list(tqdm(found, what, len(items), unit="clip", leave=False)))


def as_set(clips: pd.DataFrame, x: np.ndarray, backbone: str, suffix: str = "") -> EmbeddingSet:
    """Return clips with their vectors as what a classifier is given.

    Parameters
    ----------
    clips : pandas.DataFrame
        Of the corpora.
    x : numpy.ndarray
        float32, shape (clips, dim).
    backbone : str
        Its name.
    suffix : str
        Behind the names of the clips, which tells copies from what they are of.
    """
    return EmbeddingSet(
        files=np.array([f"{clip}{suffix}" for clip in clips["clip"]]),
        y=clips["y"].to_numpy(np.int8),
        gender=np.full(len(clips), ""),
        speaker=clips["speaker"].to_numpy(str),
        attack=clips["attack"].to_numpy(str),
        x=x,
        backbone=backbone,
        layer=0,
    )

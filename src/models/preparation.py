"""What every classifier does to vectors before it learns from them, and how much each clip counts.

Vectors may be divided by their length, are standardised, and may be reduced to principal
components; all of it is fitted on training clips alone. A clip of weight 2 is one that is there
twice, but for the principal components, which are those of the clips whatever they weigh.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import Normalizer, StandardScaler

from src.models.classifier import Choice, Hyperparameters, Range
from src.utils.embeddings.embedding_set import EmbeddingSet
from src.utils.errors import RunError

STANDARD, L2 = "standard", "l2"
BALANCED, UNWEIGHTED = "balanced", "none"

DEFAULTS: Hyperparameters = {"scaling": STANDARD, "pca": 0, "class_weight": BALANCED}
"""Hyperparameters that every classifier has.

`scaling`: `standard`, every dimension to mean 0 and deviation 1; `l2`, every vector divided by its
length (L2 norm) before. `pca`: the number of principal components that are kept of it, 0 for none
of that; where vectors are shorter or clips are fewer, as many as there are. `class_weight`:
`balanced`, both classes count the same however many clips each has; `none`, every clip counts the
same.
"""

LIMITS: dict[str, Range | Choice] = {
    "scaling": Choice((STANDARD, L2)),
    "pca": Range(0, 1_000_000),
    "class_weight": Choice((BALANCED, UNWEIGHTED)),
}

SEARCH_SPACE: dict[str, Range | Choice] = {
    "scaling": Choice((STANDARD, L2)),
    "pca": Choice((0, 32, 64, 128, 256)),
    "class_weight": Choice((BALANCED, UNWEIGHTED)),
}


def make_steps(
    hyperparameters: Hyperparameters, seed: int, n_clips: int, dim: int
) -> list[Normalizer | StandardScaler | PCA]:
    """Make the steps before a classifier, in their order, not yet fitted.

    Parameters
    ----------
    hyperparameters : dict
        With those of `DEFAULTS`.
    seed : int
        Of the search for principal components in large sets, which begins at random.
    n_clips, dim : int
        Shape of the training vectors.
    """
    steps: list[Normalizer | StandardScaler | PCA] = []
    if hyperparameters["scaling"] == L2:
        steps.append(Normalizer())
    steps.append(StandardScaler())
    if hyperparameters["pca"]:
        # Of n clips around their mean, n - 1 directions tell something: one more would be any, in
        # which training clips do not differ and others do.
        kept = max(1, min(hyperparameters["pca"], n_clips - 1, dim))
        steps.append(PCA(kept, random_state=seed))
    return steps


def clip_weights(clips: EmbeddingSet, class_weight: str) -> np.ndarray:
    """Return how much each clip counts in a training.

    Parameters
    ----------
    clips : EmbeddingSet
        The training clips, which may weigh more or less each.
    class_weight : {'balanced', 'none'}
        See `DEFAULTS`.

    Returns
    -------
    numpy.ndarray
        float64, shape (clips,); balanced, each class has half of the sum.
    """
    weights = clips.weight.astype(np.float64)
    if class_weight == BALANCED:
        total = weights.sum()
        for value in (0, 1):
            rows = clips.y == value
            weights[rows] *= total / (2 * weights[rows].sum())
    return weights


def scaling_weights(clips: EmbeddingSet) -> np.ndarray | None:
    """Return how much each clip counts where vectors are standardised; None where all are the same.

    Parameters
    ----------
    clips : EmbeddingSet
        The training clips.

    Returns
    -------
    numpy.ndarray or None
        float64, shape (clips,); classes are not balanced, since a scale is of all clips.
    """
    return None if np.ptp(clips.weight) == 0 else clips.weight


def check_steps(path: Path, pipeline: Pipeline, dim: int) -> None:
    """Fail when what a file holds before its classifier are not the steps of `make_steps`.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    pipeline : sklearn.pipeline.Pipeline
        As it was read from the file.
    dim : int
        The length of vectors that the classifier takes.

    Raises
    ------
    RunError
        Naming the file.
    """
    try:
        if not _is_sound(list(pipeline[:-1]), dim):
            raise RunError(f"{path} is damaged: its scaling does not fit its classifier")
    except (AttributeError, TypeError) as error:  # one is not there, or holds no numbers
        raise RunError(f"{path} is damaged: a part of its scaling is missing") from error


def _is_sound(steps: Sequence[Any], dim: int) -> bool:
    if steps and isinstance(steps[0], Normalizer):
        if steps[0].norm != "l2":
            return False
        steps = steps[1:]
    if not steps or not isinstance(steps[0], StandardScaler):
        return False
    scaler, *rest = steps
    shapes = {}
    if rest:
        if len(rest) > 1 or not isinstance(rest[0], PCA) or rest[0].whiten:
            return False
        reduced = rest[0]
        shapes = {"components_": (dim, reduced.n_features_in_), "mean_": (reduced.n_features_in_,)}
        if not all(_is_array(getattr(reduced, key), shape) for key, shape in shapes.items()):
            return False
        dim = reduced.n_features_in_
    is_whole = scaler.with_mean is True and scaler.with_std is True
    return is_whole and _is_array(scaler.mean_, (dim,)) and _is_array(scaler.scale_, (dim,))


def _is_array(values: Any, shape: tuple[int, ...]) -> bool:
    return np.shape(values) == shape and bool(np.isfinite(values).all())

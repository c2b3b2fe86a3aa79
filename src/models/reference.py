"""Out-of-distribution detection: the distance of an embedding from the training data.

A classifier answers with the same confidence on noise or music as on speech. The distance is
Mahalanobis' (Lee et al. 2018, "A simple unified framework for detecting out-of-distribution
samples"), from the mean of both classes together.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from src.utils.errors import RunError
from src.utils.files import replacing
from src.utils.tensor_file import first_line, load_tensors

REFERENCE = "reference.safetensors"

DIRECTIONS = 128
"""Principal directions that are kept; the variance in all others is one number."""

MOST_CLIPS = 5_000
"""The most clips that the covariance is estimated from; more would not change it."""

_RARE = 2.33
"""The 99th percentile of the standard normal distribution."""

_FOLDS = 5

_VARIANCE_FLOOR = 1e-6

_NOTHING = 1e-9
"""Of the largest eigenvalue: what is below is rounding."""


@dataclass(frozen=True)
class Reference:
    """A Gaussian fitted on the training embeddings, with the limit of their distances.

    Attributes
    ----------
    mean, scale : numpy.ndarray
        Mean and standard deviation of each dimension, float32 of shape (dim,); the deviation is 1
        where a dimension is constant.
    directions : numpy.ndarray
        The principal directions of the standardised embeddings, orthonormal, float32 of shape
        (directions, dim).
    variances : numpy.ndarray
        The variance along each, float32 of shape (directions,).
    rest : float
        The variance in every other direction.
    limit : float
        The distance above which an embedding is out of distribution.
    """

    mean: np.ndarray
    scale: np.ndarray
    directions: np.ndarray
    variances: np.ndarray
    rest: float
    limit: float

    def distances(self, x: np.ndarray) -> np.ndarray:
        """Return the Mahalanobis distances of `x`, shape (clips, dim): float64 (clips,)."""
        z = (np.asarray(x, np.float64) - self.mean) / self.scale
        along = z @ self.directions.T.astype(np.float64)
        outside = np.maximum(np.square(z).sum(axis=1) - np.square(along).sum(axis=1), 0.0)
        return np.sqrt((np.square(along) / self.variances).sum(axis=1) + outside / self.rest)

    def write(self, folder: Path) -> None:
        """Write `reference.safetensors` into a run's folder."""
        tensors = {name: np.ascontiguousarray(getattr(self, name), np.float32) for name in _ARRAYS}
        tensors |= {name: np.array([getattr(self, name)], np.float32) for name in _NUMBERS}
        with replacing(folder / REFERENCE) as temporary:
            save_file(tensors, temporary)

    @classmethod
    def read(cls, folder: Path) -> "Reference | None":
        """Read the reference of a run, None for an older run without one.

        Raises
        ------
        RunError
            When the file is damaged.
        """
        path = folder / REFERENCE
        if not path.is_file():
            return None
        try:
            tensors = load_tensors(path, "np")
            mean, scale, directions, variances = (tensors[name] for name in _ARRAYS)
            rest, limit = (float(tensors[name].item()) for name in _NUMBERS)
            _check_parts(mean, scale, directions, variances, rest, limit)
        except (KeyError, TypeError, ValueError) as error:
            raise RunError(
                f"{path} is damaged: {first_line(error)}; remove it, and no clip is called "
                f"unfamiliar, or train again"
            ) from error
        return cls(mean, scale, directions, variances, rest, limit)


def _check_parts(
    mean: np.ndarray,
    scale: np.ndarray,
    directions: np.ndarray,
    variances: np.ndarray,
    rest: float,
    limit: float,
) -> None:
    fits = directions.shape == (*variances.shape, *mean.shape) and scale.shape == mean.shape
    if mean.ndim != 1 or not fits:
        raise ValueError("its parts do not fit together")
    parts = (mean, scale, directions, variances, np.array([rest, limit]))
    if not all(part.dtype.kind == "f" and np.isfinite(part).all() for part in parts):
        raise ValueError("it holds what are no finite numbers")
    if min(scale.min(initial=1), variances.min(initial=1), rest, limit) < 0:
        raise ValueError("it holds a negative variance")


_ARRAYS = ("mean", "scale", "directions", "variances")
_NUMBERS = ("rest", "limit")


def fit_reference(train: np.ndarray, validation: np.ndarray) -> Reference:
    """Fit a reference on the embeddings of training, and its limit on those of validation.

    The covariance is shrunk towards a multiple of the identity (Ledoit & Wolf 2004, "A
    well-conditioned estimator for large-dimensional covariance matrices"). Its largest `DIRECTIONS`
    eigenvalues are kept, and the mean of the others stands for each of them (as in Tipping & Bishop
    1999, "Probabilistic principal component analysis"), so that a deviation in a direction of low
    variance weighs the more. The limit is the 99th percentile of the distances of validation, by a
    log-normal fit, since few sets have enough clips for an empirical one.

    Measured with `acoustic` on a development set of 1,279 clips (819 to train on, 127 to validate):
    beyond the limit lie 2 % of the 333 test clips of unseen speakers, all of white and pink noise,
    tones, sweeps, chords with drums and clicks, 64 % of the test clips through a telephone (300 to
    3,400 Hz, mu-law), 34 % in a reverberant room and 87 % with noise 10 dB below the voice. Of a
    source of recordings that training was not given, 0 to 18 % do, and 52 % of the one in
    Portuguese. Statistics of the layers of a recurrent speaker encoder gave the same picture: 1 to
    3 % of the test clips, all of noise, tones and chords, 44 to 90 % through a telephone.

    Parameters
    ----------
    train, validation : numpy.ndarray
        Embeddings, shape (clips, dim).
    """
    rows = np.unique(np.linspace(0, len(train) - 1, MOST_CLIPS).astype(int))
    x = np.asarray(train[rows], np.float64)
    mean, scale = x.mean(axis=0), x.std(axis=0)
    scale[scale == 0] = 1.0
    values, directions = _principal((x - mean) / scale)
    values = np.maximum(values, _VARIANCE_FLOOR)
    kept = min(DIRECTIONS, len(directions))
    found = Reference(
        mean=mean.astype(np.float32),
        scale=scale.astype(np.float32),
        directions=directions[:kept].astype(np.float32),
        variances=values[:kept].astype(np.float32),
        rest=float(values[kept:].mean()) if kept < len(values) else 1.0,
        limit=1.0,
    )
    return replace(found, limit=_limit(_logs(found.distances(validation))))


def fit_reference_alone(x: np.ndarray) -> Reference:
    """Fit a reference on embeddings that stand for training and validation both.

    The limit is that of distances from references fitted without the clips whose distances they
    are, a fifth of them at a time: from their own they are nearer.

    Parameters
    ----------
    x : numpy.ndarray
        Embeddings, shape (clips, dim), of at least two clips.
    """
    folds = np.arange(len(x)) % min(_FOLDS, len(x))
    logs = np.concatenate(
        [
            _logs(fit_reference(x[folds != fold], x[folds == fold]).distances(x[folds == fold]))
            for fold in np.unique(folds)
        ]
    )
    return replace(fit_reference(x, x), limit=_limit(logs))


def _logs(distances: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(distances, np.finfo(np.float32).tiny))


def _limit(logs: np.ndarray) -> float:
    return float(np.exp(logs.mean() + _RARE * logs.std()))


def enough_clips(n_clips: int) -> np.ndarray:
    """Return a mask of as many clips as a reference uses, or of all if there are fewer.

    Parameters
    ----------
    n_clips : int
        How many there are, of which vectors would have to be computed.
    """
    mask = np.zeros(n_clips, bool)
    mask[np.linspace(0, n_clips - 1, MOST_CLIPS).astype(int)] = True
    return mask


def shrunk_covariance(z: np.ndarray) -> np.ndarray:
    """Return the Ledoit-Wolf covariance of `z`, centred vectors of shape (clips, dim).

    scikit-learn's gives the same but goes twice over products of all dimensions, which takes
    seconds at those of a large backbone.
    """
    count, dim = z.shape
    covariance = z.T @ z / count
    level = np.trace(covariance) / dim
    shrinkage = _shrinkage(z, level, np.square(covariance).sum())
    covariance *= 1 - shrinkage
    covariance[np.diag_indices(dim)] += shrinkage * level
    return covariance


def _shrinkage(z: np.ndarray, level: float, squares: float) -> float:
    """Return the share of the identity, of the covariance's mean variance and sum of squares."""
    count, dim = z.shape
    spread = squares / dim - level**2
    norms = np.square(z).sum(axis=1)
    doubt = (np.square(norms).mean() - squares) / (count * dim)
    return float(min(max(doubt, 0.0) / spread, 1.0)) if spread > 0 else 0.0


def _principal(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the eigenvalues of the shrunk covariance (dim,) and eigenvectors, the largest first.

    Where clips are fewer than dimensions, it is of products of clips, which have the same
    eigenvalues but for zeros: the covariance of all layers of a backbone would fill the memory.
    Eigenvectors are then of those alone that are above zero before the shrinkage.
    """
    count, dim = z.shape
    if dim <= count:
        values, vectors = np.linalg.eigh(shrunk_covariance(z))
        return values[::-1], vectors.T[::-1]
    products = z @ z.T / count
    level = np.trace(products) / dim
    shrinkage = _shrinkage(z, level, np.square(products).sum())
    found, weights = np.linalg.eigh(products)
    found, weights = np.maximum(found[::-1], 0.0), weights.T[::-1]
    kept = min(DIRECTIONS, int((found > _NOTHING * found[0]).sum()))
    directions = weights[:kept] @ z / np.sqrt(count * found[:kept])[:, None]
    values = np.r_[found, np.zeros(dim - count)]
    return (1 - shrinkage) * values + shrinkage * level, directions

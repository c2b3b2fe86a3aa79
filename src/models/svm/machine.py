"""Fitting a support vector machine, and what it scores, by products of whole matrices.

libsvm computes its kernel pair by pair, which takes nearly all of its time. Here the kernel of all
pairs is one product of matrices, from which libsvm finds the machine as ever.
"""

import numpy as np
from sklearn.svm import SVC

from src.utils.accelerated import accelerated

_MOST_PAIRS = 2**30 // 8
"""The most whose kernel is held at once, in 1 GiB: of 11,585 clips."""

_SCORED_PAIRS = 2**22
"""Of clips and support vectors at a time, in 32 MiB."""


def fit_machine(
    machine: SVC, x: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None = None
) -> None:
    """Fit a machine with a radial kernel, which then is what its own `fit` would make of it.

    Where the kernel of all pairs does not fit into 1 GiB, oneDAL finds the machine, if it is there;
    its scores differ from scikit-learn's as far as the tolerance of either lets them.

    Parameters
    ----------
    machine : sklearn.svm.SVC
        Not yet fitted.
    x : numpy.ndarray
        Scaled vectors, shape (clips, dim).
    y : numpy.ndarray
        1 for bona-fide, 0 for spoof; shape (clips,).
    sample_weight : numpy.ndarray, optional
        How much each clip weighs besides its class, shape (clips,).
    """
    fast = accelerated("SVC") if len(x) ** 2 > _MOST_PAIRS else None
    if len(x) ** 2 <= _MOST_PAIRS:
        _fit_by_products(machine, np.asarray(x, np.float64), y, sample_weight)
    elif fast is None:
        machine.fit(x, y, sample_weight)
    else:
        found = fast(**machine.get_params())
        _take_over(machine, found.fit(np.asarray(x, np.float32), y, sample_weight), x, y)


def decide(machine: SVC, x: np.ndarray) -> np.ndarray:
    """Return what `decision_function` does, float64 of shape (clips,), many times as fast.

    Parameters
    ----------
    machine : sklearn.svm.SVC
        Fitted, with a radial kernel.
    x : numpy.ndarray
        Scaled vectors, shape (clips, dim).
    """
    vectors = np.asarray(machine.support_vectors_, np.float64)
    x = np.asarray(x, np.float64)
    step = max(1, _SCORED_PAIRS // max(1, len(vectors)))
    # As libsvm keeps them, which tells the classes from each other the other way round.
    weights, offset = machine._dual_coef_[0], machine._intercept_[0]
    parts = [
        -(_radial(x[start : start + step], vectors, machine._gamma) @ weights + offset)
        for start in range(0, len(x), step)
    ]
    return np.concatenate([np.empty(0), *parts])


def _radial(x: np.ndarray, other: np.ndarray, gamma: float) -> np.ndarray:
    """Return the radial kernel of all pairs, made in place of their products."""
    kernel = x @ other.T
    kernel *= 2 * gamma
    kernel -= gamma * np.einsum("ij,ij->i", x, x)[:, None]
    kernel -= gamma * np.einsum("ij,ij->i", other, other)
    # A vector's distance from itself is rounded to either side of 0.
    np.minimum(kernel, 0, out=kernel)
    return np.exp(kernel, out=kernel)


def _gamma(machine: SVC, x: np.ndarray) -> float:
    """Return the number that `gamma` stands for, as scikit-learn defines its words."""
    if machine.gamma == "auto":
        return 1.0 / x.shape[1]
    if machine.gamma == "scale":
        variance = x.var()
        return float(1.0 / (x.shape[1] * variance)) if variance else 1.0
    return float(machine.gamma)


def _fit_by_products(
    machine: SVC, x: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None
) -> None:
    gamma = _gamma(machine, x)
    kernel = machine.kernel
    machine.set_params(kernel="precomputed").fit(_radial(x, x, gamma), y, sample_weight)
    machine.set_params(kernel=kernel)
    _complete(machine, x, gamma)


def _complete(machine: SVC, x: np.ndarray, gamma: float) -> None:
    """Give a machine what it does not know where it was fitted without its vectors."""
    machine._gamma = gamma
    machine.support_vectors_ = np.array(x[machine.support_], np.float64)
    machine.n_features_in_ = x.shape[1]
    machine.shape_fit_ = x.shape


def _take_over(machine: SVC, found: SVC, x: np.ndarray, y: np.ndarray) -> None:
    """Make of a machine what another class has found on the same vectors."""
    # The attributes that there are, whatever the version, are those of any fit.
    first = [int(np.flatnonzero(y == label)[0]) for label in found.classes_]
    machine.fit(x[first], y[first])
    # libsvm expects the support vectors of one class after those of the other.
    order = np.argsort(y[found.support_], kind="stable")
    machine.support_ = np.asarray(found.support_, np.int32)[order]
    machine._n_support = np.bincount(y[machine.support_], minlength=2).astype(np.int32)
    machine.dual_coef_ = np.array(found.dual_coef_, np.float64)[:, order]
    machine.intercept_ = np.array(found.intercept_, np.float64)
    machine._dual_coef_, machine._intercept_ = -machine.dual_coef_, -machine.intercept_
    machine.class_weight_ = found.class_weight_
    machine.n_iter_ = machine._num_iter = np.asarray(found.n_iter_, np.int32)
    _complete(machine, x, float(found._gamma))

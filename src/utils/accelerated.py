"""Estimators of scikit-learn computed by oneDAL (scikit-learn-intelex), where it is installed.

It is an optional requirement (`requirements-fast.txt`), and nothing that is kept depends on it:
what fits a model by it hands on a plain one of scikit-learn.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import threadpoolctl

from src.utils.parallel import n_workers

PACKAGE = "scikit-learn-intelex"

_MODULES = {
    "RandomForestClassifier": "sklearnex.ensemble",
    "SVC": "sklearnex.svm",
    "TSNE": "sklearnex.manifold",
}

_limits: list[int] = []
"""Holds one number once threads are limited."""

log = logging.getLogger(__name__)


@cache
def accelerated(name: str) -> type[Any] | None:
    """Return the accelerated class of an estimator, None where there is none on this machine.

    It takes what scikit-learn's class of this name takes, and falls back to it without a word
    where it cannot compute what it is asked for; after a fit by oneDAL it has `_onedal_estimator`.
    Classes that others import are left as they are.

    Parameters
    ----------
    name : str
        `RandomForestClassifier`, `SVC` or `TSNE`.
    """
    if find_spec("sklearnex") is None:
        return None
    try:
        found: type[Any] = getattr(import_module(_MODULES[name]), name)
        _limit_onedal()
    except Exception as error:  # of a library, or of a version of scikit-learn, that does not fit
        log.warning(
            "%s cannot be used here (%s); scikit-learn computes instead", PACKAGE, repr(error)
        )
        return None
    return found


def n_threads() -> int:
    """Return how many threads an estimator may use: one a core, if they are not limited."""
    return min([n_workers(), *_limits])


def limit_threads(n: int) -> None:
    """Let estimators and products of matrices in this process use so many threads, from now on.

    Threads of oneDAL are counted by itself, those of BLAS and OpenMP by threadpoolctl, which
    knows the libraries that are loaded already.

    Parameters
    ----------
    n : int
        At least 1.
    """
    _limits[:] = [n]
    threadpoolctl.threadpool_limits(n)
    _limit_onedal()


@contextmanager
def one_thread() -> Iterator[None]:
    """Let oneDAL compute in one thread, where sums in whatever order would change a result."""
    daal4py: Any = sys.modules.get("daal4py")
    if daal4py is None:
        yield
        return
    before = daal4py.num_threads()
    daal4py.daalinit(1)
    try:
        yield
    finally:
        daal4py.daalinit(before)


def _limit_onedal() -> None:
    daal4py: Any = sys.modules.get("daal4py")
    if _limits and daal4py is not None:
        daal4py.daalinit(_limits[0])

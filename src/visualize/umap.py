"""UMAP: McInnes, Healy & Melville (2018), "Uniform manifold approximation and projection"."""

import logging
import sys
import warnings
from functools import cache
from typing import Any

import numpy as np

log = logging.getLogger(__name__)


def project_umap(x: np.ndarray, seed: int) -> np.ndarray:
    """Project vectors to two dimensions by UMAP; for the parameters see `project_tsne`."""
    # Here, since importing it takes seconds, and the first time of all it compiles itself.
    if "umap" not in sys.modules:
        log.info("loading UMAP, which compiles itself the first time: about 10 s")
    from umap import UMAP

    _keep_compiled()
    n_neighbors = min(15, len(x) - 1)
    # The spectral start needs more points than dimensions to solve for.
    init = "spectral" if len(x) > 10 else "random"
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="n_jobs value")
        reducer = UMAP(n_neighbors=n_neighbors, init=init, random_state=seed)
        return np.asarray(reducer.fit_transform(x))


@cache
def _keep_compiled() -> None:
    """Let numba keep what UMAP compiles, as it keeps other parts of it, for the next process.

    It lies where numba has such files, beside Python's own of the package's modules, and is of
    this very version and processor. Without it every process compiles for 10 s.
    """
    from numba.core.caching import FunctionCache
    from umap import layouts, umap_

    class Kept(FunctionCache):
        """A cache that is done without where it cannot be read or written, as on a full disk."""

        def load_overload(self, sig: Any, target_context: Any) -> Any:
            try:
                return super().load_overload(sig, target_context)
            except Exception:  # a damaged file may raise anything; it is written anew
                return None

        def save_overload(self, sig: Any, data: Any) -> None:
            try:
                super().save_overload(sig, data)
            except Exception:  # no disk, no right to write: the next process compiles again
                log.debug("numba keeps nothing of %s", self, exc_info=True)

    for function in (
        umap_.fast_knn_indices,
        umap_.smooth_knn_dist,
        umap_.compute_membership_strengths,
        layouts._nb_optimize_layout_euclidean_single_epoch,
    ):
        try:
            function._cache = Kept(function.py_func)
        except RuntimeError:  # there is no folder that numba may write into
            return

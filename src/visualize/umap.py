"""UMAP: McInnes, Healy & Melville (2018), "Uniform manifold approximation and projection"."""

import logging
import sys
import warnings

import numpy as np

log = logging.getLogger(__name__)


def project_umap(x: np.ndarray, seed: int) -> np.ndarray:
    """Project vectors to two dimensions by UMAP; for the parameters see `project_tsne`."""
    # Here, since importing it compiles for seconds.
    if "umap" not in sys.modules:
        log.info("loading UMAP, which compiles itself: about 10 s")
    from umap import UMAP

    n_neighbors = min(15, len(x) - 1)
    # The spectral start needs more points than dimensions to solve for.
    init = "spectral" if len(x) > 10 else "random"
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="n_jobs value")
        reducer = UMAP(n_neighbors=n_neighbors, init=init, random_state=seed)
        return np.asarray(reducer.fit_transform(x))

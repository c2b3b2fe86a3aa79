"""t-SNE: van der Maaten & Hinton (2008), "Visualizing data using t-SNE"."""

import numpy as np
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from src.utils.accelerated import accelerated, one_thread

PCA_DIMENSIONS = 50

_CLOSER = {"angle": 0.2, "early_exaggeration": 8.0}
"""By which oneDAL, whose steps are coarser, comes as near to the distances as scikit-learn does."""


def project_tsne(x: np.ndarray, seed: int) -> np.ndarray:
    """Project vectors to two dimensions by t-SNE, after PCA to 50 dimensions as its authors did.

    Parameters
    ----------
    x : numpy.ndarray
        Standardised vectors (mean 0, variance 1), shape (clips, dim).
    seed : int
        Seed of the PCA and of the layout.

    Returns
    -------
    numpy.ndarray
        Coordinates, shape (clips, 2).
    """
    reduced = PCA(min(PCA_DIMENSIONS, *x.shape), random_state=seed).fit_transform(x)
    # A perplexity of a third of the clips is the largest the method can use.
    perplexity = min(30.0, (len(x) - 1) / 3)
    asked = {"perplexity": perplexity, "random_state": seed}
    fast = accelerated("TSNE")
    method = TSNE(**asked) if fast is None else fast(**asked | _CLOSER)
    with one_thread():
        return np.asarray(method.fit_transform(reduced))

"""Choosing a layer: how well a linear classifier separates the classes at each."""

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tqdm import tqdm

from src.models.data import TrainingStores
from src.utils.eer import compute_eer
from src.utils.errors import ArgumentError

PROBE = "probe"

_C = 0.01
"""Strong regularisation: layers have more dimensions than a small set has clips."""


def probe_layers(stores: TrainingStores, seed: int = 7) -> pd.DataFrame:
    """Fit a logistic regression on every layer and measure it on validation.

    Returns
    -------
    pandas.DataFrame
        Columns `layer` and `validation_eer`, by layer.
    """
    rows = []
    for layer in tqdm(range(stores.train.n_layers), "layer probe", unit="layer", leave=False):
        train, validation = stores.load(layer)
        regression = LogisticRegression(
            C=_C, class_weight="balanced", max_iter=1000, random_state=seed
        )
        model = make_pipeline(StandardScaler(), regression).fit(train.x, train.y)
        eer, _ = compute_eer(model.decision_function(validation.x), validation.y)
        rows.append((layer, eer))
    return pd.DataFrame(rows, columns=["layer", "validation_eer"])


def choose_layer(
    stores: TrainingStores, layer: str, seed: int = 7
) -> tuple[int, pd.DataFrame | None]:
    """Turn `--layer` into a number.

    Parameters
    ----------
    stores : TrainingStores
    layer : str
        A whole number, negative from the end, or `probe` for the layer whose logistic
        regression has the lowest validation EER (the lowest such layer on a tie).
    seed : int

    Returns
    -------
    layer : int
    probe : pandas.DataFrame or None
        What the choice was made by; None where nothing was to choose.

    Raises
    ------
    ArgumentError
        When it is neither, or there is no such layer.
    """
    if layer == PROBE:
        if stores.train.n_layers == 1:
            return 0, None
        probe = probe_layers(stores, seed)
        return int(probe["layer"][int(np.argmin(probe["validation_eer"]))]), probe
    try:
        number = int(layer)
    except ValueError:
        raise ArgumentError(f"--layer={layer} is neither a whole number nor {PROBE}") from None
    return stores.train.check_layer(number), None

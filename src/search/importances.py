"""The importance of hyperparameters: how much of what trials differ in each of them explains."""

from collections.abc import Sequence

import numpy as np
import optuna
import pandas as pd
from optuna.importance import FanovaImportanceEvaluator, get_param_importances
from optuna.trial import TrialState

from src.search.choice import count_tied
from src.utils.config import VALIDATION_CLLR, VALIDATION_EER

IMPORTANCES = "importances.csv"

ENOUGH_TRIALS = 20
"""Finished trials that an importance takes: of ten, drawn at random, it is drawn at random too."""


def importances_of(eers: Sequence[float], cllrs: Sequence[float]) -> tuple[str | None, str]:
    """Return the column that importances explain, and why there are none where it is None.

    The EER, or the Cllr where half the trials or more share the lowest EER: an EER that hardly any
    trials differ in cannot be explained by what they do differ in.

    Parameters
    ----------
    eers, cllrs : sequence of float
        Of validation, NaN for a trial that failed.
    """
    known = np.asarray(eers, float)
    is_known = ~np.isnan(known)
    n_trials = int(is_known.sum())
    if n_trials < ENOUGH_TRIALS:
        return None, f"{n_trials} finished trials are too few: it takes {ENOUGH_TRIALS}"
    if 2 * count_tied(known.tolist()) < n_trials:
        return VALIDATION_EER, ""
    values = np.asarray(cllrs, float)[is_known]
    if np.isnan(values).any() or np.ptp(values) == 0:
        return None, "most trials have one validation EER, and nothing else tells them apart"
    return VALIDATION_CLLR, ""


def measure_importances(
    study: optuna.Study, eers: Sequence[float], cllrs: Sequence[float], seed: int
) -> pd.DataFrame | None:
    """Return the importance of each hyperparameter, the largest first, None where none can be told.

    The share of the variance between trials that a hyperparameter explains alone, by a random
    forest (Hutter, Hoos & Leyton-Brown 2014, "An efficient approach for assessing hyperparameter
    importance": functional ANOVA), the shares of all adding up to 1.

    Parameters
    ----------
    study : optuna.Study
        Whose finished trials are explained.
    eers, cllrs : sequence of float
        Of its finished trials, in their order.
    seed : int
        Of the forest.

    Returns
    -------
    pandas.DataFrame or None
        `hyperparameter, importance, of`, the last being the column that is explained.
    """
    column, _ = importances_of(eers, cllrs)
    if column is None:
        return None
    trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    values = dict(
        zip(
            (trial.number for trial in trials),
            eers if column == VALIDATION_EER else cllrs,
            strict=True,
        )
    )
    found = get_param_importances(
        study,
        evaluator=FanovaImportanceEvaluator(seed=seed),
        # What has one value only explains nothing.
        params=[name for name in trials[0].params if len({t.params[name] for t in trials}) > 1],
        target=lambda trial: float(values[trial.number]),
    )
    names = list(found)
    shares = [round(float(found[name]), 6) for name in names]
    return pd.DataFrame({"hyperparameter": names, "importance": shares, "of": column})

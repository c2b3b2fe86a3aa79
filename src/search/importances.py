"""The importance of hyperparameters: how much of what trials differ in each of them explains."""

from collections.abc import Sequence

import numpy as np
import optuna
import pandas as pd
from optuna.importance import FanovaImportanceEvaluator, get_param_importances
from optuna.trial import FrozenTrial, TrialState, create_trial

from src.search.choice import count_tied
from src.utils.config import VALIDATION_CLLR, VALIDATION_EER

_LAYERS = "one_or_weighted_layers"
"""What is drawn where a classifier may weigh all layers, as it is told."""

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
    study: optuna.Study,
    eers: Sequence[float],
    cllrs: Sequence[float],
    seed: int,
    classifier: str | None = None,
) -> pd.DataFrame | None:
    """Return the importance of each hyperparameter, the largest first, None where none can be told.

    The share of the variance between trials that a hyperparameter explains alone, by a random
    forest (Hutter, Hoos & Leyton-Brown 2014, "An efficient approach for assessing hyperparameter
    importance": functional ANOVA), the shares of all adding up to 1. Only what every trial has
    drawn can be compared: of a search across classifiers that is the classifier and the vectors,
    and then, among the trials of the classifier that won, its own hyperparameters.

    Parameters
    ----------
    study : optuna.Study
        Whose finished trials are explained.
    eers, cllrs : sequence of float
        Of its finished trials, in their order.
    seed : int
        Of the forest.
    classifier : str, optional
        Of a search across classifiers: the one that won.

    Returns
    -------
    pandas.DataFrame or None
        `hyperparameter, importance, of, among`: `of` is the column that is explained, `among` the
        classifier whose trials are explained, empty for all trials.
    """
    trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    measured = list(zip(trials, eers, cllrs, strict=False))
    parts = [_explain(measured, "", seed)]
    if classifier is not None:
        # A share of all for the classifier says nothing where it is all that is compared.
        parts = [part for part in parts if part is not None and len(part) > 1]
        own = [one for one in measured if one[0].params.get("classifier") == classifier]
        parts.append(_explain(own, classifier, seed))
    known = [part for part in parts if part is not None]
    return pd.concat(known, ignore_index=True) if known else None


def _explain(
    measured: list[tuple[FrozenTrial, float, float]], among: str, seed: int
) -> pd.DataFrame | None:
    """Explain trials with their EERs and Cllrs by what all of them have drawn."""
    column, _ = importances_of([eer for _, eer, _ in measured], [cllr for *_, cllr in measured])
    if column is None:
        return None
    first = measured[0][0]
    # What has one value only explains nothing.
    names = [
        name
        for name in first.params
        if all(name in trial.params for trial, *_ in measured)
        and len({trial.params[name] for trial, *_ in measured}) > 1
    ]
    if not names:
        return None
    part = optuna.create_study()
    for trial, eer, cllr in measured:
        part.add_trial(
            create_trial(
                params={name: trial.params[name] for name in names},
                distributions={name: trial.distributions[name] for name in names},
                value=float(eer if column == VALIDATION_EER else cllr),
            )
        )
    found = get_param_importances(part, evaluator=FanovaImportanceEvaluator(seed=seed))
    shares = [round(float(found[name]), 6) for name in found]
    told = [name.removeprefix(f"{among}.") for name in found]
    told = [_LAYERS if name == "layers" else name for name in told]
    return pd.DataFrame(
        {"hyperparameter": told, "importance": shares, "of": column, "among": among}
    )

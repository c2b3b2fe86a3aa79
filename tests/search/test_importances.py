"""How much of what trials differ in each hyperparameter explains."""

from collections.abc import Callable

import numpy as np
import optuna
import pytest

from src.search.importances import ENOUGH_TRIALS, importances_of, measure_importances

NAN = float("nan")


def study_of(values: Callable[[dict], float], n_trials: int = 30) -> tuple[optuna.Study, list]:
    """Trials of three hyperparameters, one of which has one value only."""
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    found = []
    for _ in range(n_trials):
        trial = study.ask()
        trial.suggest_float("C", 1e-3, 1e3, log=True)
        trial.suggest_int("epochs", 1, 50)
        trial.suggest_int("layer", 0, 0)
        found.append(values(trial.params))
        study.tell(trial, found[-1])
    failed = study.ask()
    study.tell(failed, state=optuna.trial.TrialState.FAIL)
    return study, found


def distance(params: dict) -> float:
    return abs(np.log10(params["C"])) / 10


def test_what_decides_has_nearly_all_of_it() -> None:
    study, eers = study_of(distance)
    found = measure_importances(study, eers, [0.5] * len(eers), 7)
    assert found is not None
    assert list(found) == ["hyperparameter", "importance", "of", "among"]
    assert found["hyperparameter"].tolist() == ["C", "epochs"]
    assert found["importance"][0] > 0.8
    assert found["importance"].sum() == pytest.approx(1, abs=1e-5)
    assert set(found["of"]) == {"validation_eer"}
    again = measure_importances(study, eers, [0.5] * len(eers), 7)
    assert again is not None
    assert again.equals(found)


def test_where_eers_tie_the_cllr_is_explained() -> None:
    study, cllrs = study_of(lambda params: params["epochs"] / 50)
    found = measure_importances(study, [0.0] * len(cllrs), cllrs, 7)
    assert found is not None
    assert found["hyperparameter"][0] == "epochs"
    assert found["importance"][0] > 0.8
    assert set(found["of"]) == {"validation_cllr"}


@pytest.mark.parametrize(
    ("eers", "cllrs", "why"),
    [
        ([0.1, 0.2, NAN], [0.1, 0.2, NAN], "2 finished trials are too few"),
        ([0.0] * ENOUGH_TRIALS, [0.3] * ENOUGH_TRIALS, "most trials have one validation EER"),
        ([0.0] * ENOUGH_TRIALS, [NAN, *[0.3] * (ENOUGH_TRIALS - 1)], "most trials have one"),
    ],
)
def test_nothing_to_tell(eers: list, cllrs: list, why: str) -> None:
    column, reason = importances_of(eers, cllrs)
    assert column is None
    assert why in reason
    study, _ = study_of(distance, 1)
    assert measure_importances(study, eers, cllrs, 7) is None


def test_across_classifiers_only_what_all_have_is_compared() -> None:
    """What one classifier has drawn is told among its own trials, where those are enough."""
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    eers = []
    for _ in range(60):
        trial = study.ask()
        name = trial.suggest_categorical("classifier", ("lr", "rf"))
        layer = trial.suggest_int("layer", 0, 9)
        own = trial.suggest_float(f"{name}.C", 0, 1)
        eers.append(0.05 * layer + (0.3 * own if name == "lr" else 0.4))
        study.tell(trial, eers[-1])
    found = measure_importances(study, eers, [0.5] * len(eers), 7, "lr")
    assert found is not None
    among = dict(tuple(found.groupby("among")["hyperparameter"]))
    assert {name: set(values) for name, values in among.items()} == {
        "": {"classifier", "layer"},
        "lr": {"layer", "C"},
    }
    assert found.groupby("among")["importance"].sum().tolist() == pytest.approx([1, 1], abs=1e-5)
    # Of too few trials of the best classifier, nothing is said.
    few = measure_importances(study, eers, [0.5] * len(eers), 7, "svm")
    assert few is not None
    assert set(few["among"]) == {""}

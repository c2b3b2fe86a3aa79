"""The random forest's history, and what is said while it is fitted."""

import warnings
from collections.abc import Callable

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import log_loss
from sklearn.utils.parallel import delayed

from src.models.random_forest.model import RandomForest


def test_the_losses_are_those_of_scikit_learn_after_each_tree(make_set: Callable) -> None:
    train, validation = make_set(gap=1.0), make_set(21, 16, gap=1.0, seed=1)
    forest = RandomForest({"n_estimators": 6, "max_depth": 3}, seed=7)
    history = forest.fit(train, validation)
    for clips, told in ((train, history.train_losses), (validation, history.val_losses)):
        growth = forest._growth(clips.x)
        assert told.tolist() == [log_loss(clips.y, y_proba=after) for after in growth]
    np.testing.assert_allclose(
        forest._growth(validation.x)[-1], 1 / (1 + np.exp(-forest.score(validation.x)))
    )


def test_only_a_warning_that_threads_give_by_mistake_is_dropped(
    make_set: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit = RandomForestClassifier.fit

    def fit_with_warnings(self, *arguments, **weights):
        # As a thread that finds no filters.
        call, given, named = delayed(len)("")
        call(*given, **named)
        warnings.warn("something true", RuntimeWarning, stacklevel=1)
        return fit(self, *arguments, **weights)

    monkeypatch.setattr(RandomForestClassifier, "fit", fit_with_warnings)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        RandomForest({"n_estimators": 2}).fit(make_set(), make_set(seed=1))
    assert [str(one.message) for one in caught] == ["something true"]

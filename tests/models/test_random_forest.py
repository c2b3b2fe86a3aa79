"""The random forest's history."""

from collections.abc import Callable

import numpy as np
from sklearn.metrics import log_loss

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

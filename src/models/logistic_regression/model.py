"""The logistic regression: its hyperparameters, fit and scores."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from sklearn.linear_model import LogisticRegression

from src.models import preparation
from src.models.classifier import Choice, Hyperparameters, Range
from src.models.logistic_regression.pipeline import MAX_ITERATIONS, STRONG
from src.models.sklearn_classifier import SklearnClassifier
from src.utils.embeddings.embedding_set import EmbeddingSet
from src.utils.errors import RunError


def _check_regression(path: Path, estimator: Any) -> None:
    """Fail when the weights are not those of one model with two classes."""
    if not isinstance(estimator, LogisticRegression):
        raise RunError(f"{path} holds no logistic regression")
    try:
        dim = estimator.n_features_in_
        shapes = {
            (1, dim): [estimator.coef_],
            (1,): [estimator.intercept_],
        }
        sound = np.array_equal(estimator.classes_, [0, 1]) and all(
            np.shape(values) == shape and np.isfinite(values).all()
            for shape, arrays in shapes.items()
            for values in arrays
        )
    except (AttributeError, TypeError):  # one is not there, or holds no numbers
        sound = False
    if not sound:
        raise RunError(f"{path} is damaged: its weights do not fit its vectors")


class LogisticRegressionClassifier(SklearnClassifier):
    """Scores are log-odds of bona-fide (`decision_function`) where both classes are as frequent.

    Parameters
    ----------
    hyperparameters, seed
        See `Configured`; the solver draws nothing, so that the seed changes nothing.
    """

    name = "lr"
    description = "a logistic regression"
    defaults: ClassVar[Hyperparameters] = preparation.DEFAULTS | {
        "C": STRONG,
        "max_iter": MAX_ITERATIONS,
    }
    limits: ClassVar[dict[str, Range | Choice]] = preparation.LIMITS | {
        "C": Range(1e-9, 1e9),
        "max_iter": Range(1, 1_000_000),
    }
    search_space: ClassVar[dict[str, Range | Choice]] = preparation.SEARCH_SPACE | {
        "C": Range(1e-5, 10.0, log=True)
    }
    trusted = ("sklearn.linear_model._logistic.LogisticRegression",)
    check_estimator = staticmethod(_check_regression)
    is_random = False
    default_trials = 20

    def fit(self, train: EmbeddingSet, validation: EmbeddingSet) -> None:
        """Fit scaler and regression on `train`.

        Parameters
        ----------
        train, validation : EmbeddingSet
            See `Classifier.fit`; validation is not used.
        """
        self._fit(LogisticRegression(**self.own_hyperparameters), train, LogisticRegression.fit)

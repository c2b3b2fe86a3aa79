"""The SVM: its hyperparameters, fit and scores."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from sklearn.svm import SVC

from src.models import preparation
from src.models.classifier import Choice, Hyperparameters, Range, require_dim
from src.models.sklearn_classifier import SklearnClassifier
from src.models.svm.machine import decide, fit_machine
from src.utils.embeddings.embedding_set import EmbeddingSet
from src.utils.errors import RunError


def _check_machine(path: Path, estimator: Any) -> None:
    """Fail when the counts that libsvm walks by do not fit the vectors that are there."""
    if not isinstance(estimator, SVC):
        raise RunError(f"{path} holds no support vector machine")
    vectors = np.asarray(estimator.support_vectors_)
    n_vectors = len(vectors)
    counts = np.asarray(estimator._n_support)
    sound = (
        estimator.kernel == "rbf"
        and vectors.ndim == 2
        and vectors.shape[1] == estimator.n_features_in_
        and len(counts) == 2
        and (counts >= 0).all()
        and counts.sum() == n_vectors
        and len(estimator.support_) == n_vectors
        and np.shape(estimator._dual_coef_) == (1, n_vectors)
        and np.shape(estimator._intercept_) == (1,)
    )
    if not sound:
        raise RunError(f"{path} is damaged: its support vectors do not fit their counts")


class SvmClassifier(SklearnClassifier):
    """Scores are signed distances from the separating surface (`decision_function`)."""

    name = "svm"
    description = "a support vector machine with a radial kernel"
    defaults: ClassVar[Hyperparameters] = preparation.DEFAULTS | {"C": 1.0, "gamma": "scale"}
    limits: ClassVar[dict[str, Range | Choice]] = preparation.LIMITS | {
        "C": Range(1e-9, 1e9),
        "gamma": Choice(("scale", "auto")),
    }
    search_space: ClassVar[dict[str, Range | Choice]] = preparation.SEARCH_SPACE | {
        "C": Range(0.01, 100.0, log=True),
        "gamma": Choice(("scale", "auto")),
    }
    check_estimator = staticmethod(_check_machine)
    is_random = False
    default_trials = 30
    trusted = ("sklearn.svm._classes.SVC",)

    def fit(self, train: EmbeddingSet, validation: EmbeddingSet) -> None:
        """Fit scaler and machine on `train`.

        Parameters
        ----------
        train, validation : EmbeddingSet
            See `Classifier.fit`; validation is not used.
        """
        self._fit(SVC(**self.own_hyperparameters, cache_size=1000), train, fit_machine)

    def score(self, x: np.ndarray) -> np.ndarray:
        """Return signed distances, float64 of shape (clips,), positive for bona-fide.

        Parameters
        ----------
        x : numpy.ndarray
            Vectors, float32 of shape (clips, dim).
        """
        require_dim(x, self._pipeline.n_features_in_)
        return decide(self._pipeline[-1], self._pipeline[:-1].transform(x))

    def round_vectors(self) -> None:
        """Round the support vectors to half precision, so that a packed file is a quarter as large.

        Scores change in the third decimal.
        """
        machine = self._pipeline[-1]
        machine.support_vectors_ = machine.support_vectors_.astype(np.float16).astype(np.float64)

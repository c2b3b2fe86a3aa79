"""What classifiers made of scikit-learn's estimators share: one file, which holds no code."""

from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.pipeline import Pipeline, make_pipeline

from src.models import preparation
from src.models.classifier import Classifier, Hyperparameters, require_dim
from src.models.sklearn_file import NAME, load_pipeline, save_pipeline
from src.utils.embeddings.embedding_set import EmbeddingSet
from src.utils.errors import RunError
from src.utils.tensor_file import first_line

Fit = Callable[[Any, np.ndarray, np.ndarray, np.ndarray], object]
"""Fits an estimator on vectors (clips, dim), labels and weights (clips,)."""


class SklearnClassifier(Classifier):
    """Scaling and an estimator in one pipeline, kept as `model.skops`.

    Parameters
    ----------
    hyperparameters, seed
        See `Configured`.
    """

    trusted: ClassVar[tuple[str, ...]]
    """Full names of types that its file may hold: the estimator, and what it is made of."""

    certain: ClassVar[float | None] = None
    """Where scores are log-odds of probabilities: how far from 0 and 1 these are kept."""

    _pipeline: Pipeline

    @property
    def pipeline(self) -> Pipeline:
        """The fitted steps of `preparation.make_steps`, and the estimator behind them."""
        return self._pipeline

    @property
    def own_hyperparameters(self) -> Hyperparameters:
        """Those of its estimator."""
        return {k: v for k, v in self.hyperparameters.items() if k not in preparation.DEFAULTS}

    @staticmethod
    @abstractmethod
    def check_estimator(path: Path, estimator: Any) -> None:
        """Fail when what a file holds is no sound model of this kind.

        Parameters
        ----------
        path : pathlib.Path
            The file.
        estimator : object
            The last step of the pipeline that was read from it.

        Raises
        ------
        RunError
            Naming the file and the fault.
        """

    def _fit(self, estimator: ClassifierMixin, train: EmbeddingSet, fit: Fit) -> None:
        """Fit scaling and estimator on training clips, each of which counts as much as it weighs.

        Parameters
        ----------
        estimator : sklearn.base.ClassifierMixin
            Not yet fitted; takes `sample_weight`.
        train : EmbeddingSet
            The clips.
        fit : callable
            Fits the estimator on scaled vectors, labels and weights.
        """
        steps = preparation.make_steps(self.hyperparameters, self.seed, *train.x.shape)
        pipeline = make_pipeline(*steps, estimator)
        weights = preparation.clip_weights(train, self.hyperparameters["class_weight"])
        scaling = {"standardscaler__sample_weight": preparation.scaling_weights(train)}
        scaled = pipeline[:-1].fit_transform(train.x, **scaling)
        fit(estimator, scaled, train.y, weights)
        self._pipeline = pipeline

    def score(self, x: np.ndarray) -> np.ndarray:
        """Return the estimator's `decision_function`, positive for bona-fide.

        Parameters
        ----------
        x : numpy.ndarray
            Vectors, float32 of shape (clips, dim).

        Returns
        -------
        numpy.ndarray
            float64, shape (clips,).
        """
        require_dim(x, self._pipeline.n_features_in_)
        return np.asarray(self._pipeline.decision_function(x), dtype=np.float64)

    def save(self, folder: Path) -> None:
        """Write `model.skops`."""
        save_pipeline(folder, self._pipeline)

    def load(self, folder: Path) -> None:
        """Read `model.skops` (see `Classifier.load`)."""
        pipeline, path = load_pipeline(folder, self.trusted), folder / NAME
        try:
            self.check_estimator(path, pipeline[-1])
            preparation.check_steps(path, pipeline, pipeline[-1].n_features_in_)
            # What is missing in a part that no check names comes to light in its first use.
            self._pipeline = pipeline
            self.score(np.zeros((1, pipeline.n_features_in_), np.float32))
        except RunError:
            raise
        except Exception as error:  # a part may lack anything, and hold anything in its place
            raise RunError(f"{path} is damaged: {first_line(error)}; train it again") from error

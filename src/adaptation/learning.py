"""Training on the clips of a training and on a few others that weigh more."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from tqdm import tqdm

from src.models.classifier import Classifier
from src.models.data import TrainingStores
from src.models.probe import Fold
from src.models.registry import CLASSIFIERS
from src.utils.embeddings.embedding_set import EmbeddingSet, concatenate_sets
from src.utils.embeddings.selection import Selection
from src.utils.history import History
from src.utils.metrics.calibration import fit_calibration
from src.utils.metrics.cllr import cllr
from src.utils.metrics.eer import compute_eer
from src.utils.runs import Run

SHARES = (0.05, 0.1, 0.2, 0.35, 0.5, 0.7)
"""Of the weight of a training that the clips may have that it is adapted with, all together."""


@dataclass(frozen=True)
class Before:
    """A training with the vectors that it was made of.

    Attributes
    ----------
    run : Run
        The training.
    stores : TrainingStores
        The stores of its training and validation clips.
    """

    run: Run
    stores: TrainingStores

    @property
    def selection(self) -> Selection:
        """What of the backbone's output its vectors are."""
        return Selection.of(self.run.settings)

    def load(self) -> tuple[EmbeddingSet, EmbeddingSet]:
        """Return what it was trained and validated on."""
        return self.stores.load(self.selection)

    def make_model(self) -> Classifier:
        """Return its classifier with its hyperparameters and its seed, not yet fitted."""
        settings = self.run.settings
        kind = CLASSIFIERS.load(settings["classifier"])
        return kind(settings["hyperparameters"], settings["seed"])

    def fit(self, clips: EmbeddingSet, share: float) -> tuple[Classifier, History | None]:
        """Train as it was trained, on a few clips besides.

        Where a classifier stops or chooses by validation, it is by that of the training alone:
        neither a clip that is learnt from nor one that is held out has a say there.

        Parameters
        ----------
        clips : EmbeddingSet
            The clips besides.
        share : float
            Of the whole weight that they have.
        """
        train, validation = self.load()
        model = self.make_model()
        return model, model.fit(weigh(train, clips, share), validation)


def weigh(train: EmbeddingSet, clips: EmbeddingSet, share: float) -> EmbeddingSet:
    """Join the clips of a training and others that have a share of the weight in each class.

    Parameters
    ----------
    train : EmbeddingSet
        Of the training, which may weigh more or less each.
    clips : EmbeddingSet
        The others.
    share : float
        Between 0 and 1, both left out.
    """
    weight = np.ones(len(clips))
    for value in (0, 1):
        rows = clips.y == value
        whole = train.weight[train.y == value].sum() * share / (1 - share)
        weight[rows] = whole / max(rows.sum(), 1)
    # Another data set may have files of the same names.
    files = np.char.add("adapting:", clips.files)
    return concatenate_sets(train, replace(clips, weight=weight, files=files, units=train.units))


@dataclass(frozen=True)
class Tried:
    """The clips that are learnt from, each scored by trainings on clips of other speakers.

    Attributes
    ----------
    folds : list of (numpy.ndarray, numpy.ndarray)
        Rows that were learnt from, and rows that were scored.
    scores : dict of float to numpy.ndarray
        By share, the score of each clip, float64 of shape (clips,).
    labels : numpy.ndarray
        Their classes.
    """

    folds: Sequence[Fold]
    scores: dict[float, np.ndarray]
    labels: np.ndarray

    @property
    def share(self) -> float:
        """The share of the lowest Cllr; of equal ones that of the lowest EER, then the smallest.

        The EER of a few dozen clips moves in steps of a clip. Measured with 36 draws of 20 and 50
        clips a class and three classifiers: in 10 it would choose another share, by which the EER
        of clips kept apart was 0.8 points higher on average.
        """
        return self._best(np.ones(len(self.labels), bool))

    @property
    def chosen(self) -> np.ndarray:
        """The scores at that share, float64 of shape (clips,)."""
        return self.scores[self.share]

    @property
    def honest(self) -> np.ndarray:
        """The score of each clip at the share that clips of other folds speak for.

        At the share that all of them together speak for, scores flatter: it was chosen by them.
        """
        found = np.full(len(self.labels), np.nan)
        for rest, held_out in self.folds:
            mask = np.isin(np.arange(len(self.labels)), rest)
            found[held_out] = self.scores[self._best(mask)][held_out]
        return found

    def measure(self, share: float) -> tuple[float, float]:
        """Return EER and Cllr, calibrated on the same clips, at a share.

        Parameters
        ----------
        share : float
            One of `scores`.
        """
        return _measure(self.scores[share], self.labels)

    def _best(self, mask: np.ndarray) -> float:
        def rank(share: float) -> tuple[float, float, float]:
            eer, cost = _measure(self.scores[share][mask], self.labels[mask])
            return round(cost, 9), round(eer, 9), share

        return min(self.scores, key=rank)


def try_shares(
    before: Before, clips: EmbeddingSet, folds: Sequence[Fold], shares: Sequence[float] = SHARES
) -> Tried:
    """Score clips by trainings on the others, at each share of the weight.

    Parameters
    ----------
    before : Before
        The training.
    clips : EmbeddingSet
        The clips that are learnt from.
    folds : sequence of (numpy.ndarray, numpy.ndarray)
        Rows to learn from, and rows of other speakers, which are scored.
    shares : sequence of float
        See `weigh`.
    """
    scores = {share: np.full(len(clips), np.nan) for share in shares}
    rounds = [(share, fold) for share in shares for fold in folds]
    for share, (rest, held_out) in tqdm(rounds, "folds", unit="training", leave=False):
        model, _ = before.fit(clips.where(rest), share)
        scores[share][held_out] = model.score(clips.x[held_out])
    return Tried(folds, scores, clips.y)


def _measure(scores: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    llrs = fit_calibration(scores, labels).llrs(scores)
    return compute_eer(scores, labels)[0], cllr(llrs, labels)

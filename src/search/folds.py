"""Speaker-grouped folds over training and validation, by which search trials are compared."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from src.evaluation.trials import Trials
from src.models.classifier import Classifier
from src.models.data import TrainingStores
from src.models.probe import Fold, group_folds, speakers_of
from src.models.trials import conditions_of
from src.utils.config import FOLDS_BY_SOURCE, FOLDS_BY_SPEAKER
from src.utils.embeddings.embedding_set import EmbeddingSet, concatenate_sets
from src.utils.embeddings.selection import Selection
from src.utils.errors import ArgumentError
from src.utils.metrics.calibration import fit_calibration
from src.utils.metrics.cllr import cllr
from src.utils.metrics.eer import compute_eer


@dataclass(frozen=True)
class FoldSettings:
    """How trials are compared.

    Attributes
    ----------
    n_folds : int
        How many folds; 0: none, the split's own validation alone.
    by : str
        A name of `config.FOLDS_BY`.

    Raises
    ------
    ArgumentError
        For one fold.
    """

    n_folds: int = 0
    by: str = FOLDS_BY_SPEAKER

    def __post_init__(self) -> None:
        if self.n_folds == 1:
            raise ArgumentError("--folds=1: it takes two at least, or 0 for none")

    @property
    def settings(self) -> dict[str, object]:
        """As a study's manifest keeps it: nothing where there are no folds."""
        return {"folds": {"n": self.n_folds, "by": self.by}} if self.n_folds else {}


def make_folds(stores: TrainingStores, settings: FoldSettings, seed: int) -> list[Fold]:
    """Divide the clips of training and validation together.

    Parameters
    ----------
    stores : TrainingStores
        The embeddings of both.
    settings : FoldSettings
        How many folds, and what they keep whole.
    seed : int
        Of the shuffling.

    Returns
    -------
    list of (numpy.ndarray, numpy.ndarray)
        Rows of `load_together` to train and to validate on; empty without folds.

    Raises
    ------
    EmbeddingError
        When there are too few speakers or sources.
    ArgumentError
        When the clips' sources are not known.
    """
    if not settings.n_folds:
        return []
    clips = stores.load_together(Selection(stores.train.layers[0]))
    groups = speakers_of(clips)
    if settings.by == FOLDS_BY_SOURCE:
        groups = _joined(groups, _sources(stores, clips))
    return group_folds(clips.y, groups, settings.n_folds, seed, settings.by)


def _sources(stores: TrainingStores, clips: EmbeddingSet) -> np.ndarray:
    known = conditions_of(clips, stores.train)
    if "source" not in known or (known["source"] == "").any():
        raise ArgumentError(
            f"--folds-by={FOLDS_BY_SOURCE}: not every clip of {stores.train.dataset_name} has a "
            f"source in its files table; use --folds-by={FOLDS_BY_SPEAKER}"
        )
    return known["source"].to_numpy(str)


def _joined(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the groups of clips that share either of two, directly or by others' sharing."""
    parent: dict[str, str] = {}

    def find(name: str) -> str:
        while parent.setdefault(name, name) != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for one, other in zip(first.tolist(), second.tolist(), strict=True):
        parent[find(f"1{one}")] = find(f"2{other}")
    return np.array([find(f"1{one}") for one in first.tolist()])


@dataclass(frozen=True)
class FoldResult:
    """How a classifier did on a fold.

    Attributes
    ----------
    rows : numpy.ndarray
        The held-out clips, as rows of `load_together`.
    llrs : numpy.ndarray
        Their scores, calibrated on the same clips, so that folds have one scale.
    eer, cllr : float
        Of them.
    one_clip : float
        How far one clip on the wrong side moves the EER.
    """

    rows: np.ndarray
    llrs: np.ndarray
    eer: float
    cllr: float
    one_clip: float


def score_folds(
    models: Sequence[Classifier],
    stores: TrainingStores,
    selection: Selection,
    folds: Sequence[Fold],
) -> list[FoldResult]:
    """Train on each fold's clips, with their augmented copies, and measure on those held out.

    Parameters
    ----------
    models : sequence of Classifier
        Not yet fitted, of equal settings; one a fold.
    stores : TrainingStores
        The embeddings.
    selection : Selection
        Which vectors they are given.
    folds : sequence of (numpy.ndarray, numpy.ndarray)
        Some of `make_folds`.
    """
    clips, copies = _together(stores, selection)
    sets = []
    for fold in folds:
        train, held_out = (clips.where(rows) for rows in fold)
        if copies is not None:
            train = concatenate_sets(train, copies.where(np.isin(copies.files, train.files)))
        sets.append((train, held_out))
    type(models[0]).fit_together(models, sets)
    return [
        _measure(model, held_out, fold[1])
        for model, (_, held_out), fold in zip(models, sets, folds, strict=True)
    ]


def _measure(model: Classifier, held_out: EmbeddingSet, rows: np.ndarray) -> FoldResult:
    scores = model.score(held_out.x)
    llrs = fit_calibration(scores, held_out.y).llrs(scores)
    n_fewest = min(held_out.y.sum(), (held_out.y == 0).sum())
    eer = compute_eer(scores, held_out.y)[0]
    return FoldResult(rows, llrs, eer, cllr(llrs, held_out.y), 0.5 / int(n_fewest))


def scored_together(
    results: Sequence[FoldResult], stores: TrainingStores, selection: Selection
) -> Trials:
    """Return the clips that were held out, each as its fold's classifier has scored it.

    Parameters
    ----------
    results : sequence of FoldResult
        Of all folds.
    stores : TrainingStores
        The embeddings.
    selection : Selection
        Which vectors were given.
    """
    clips, _ = _together(stores, selection)
    rows = np.concatenate([one.rows for one in results])
    llrs = np.concatenate([one.llrs for one in results])[np.argsort(rows)]
    return Trials(
        files=clips.files,
        scores=llrs,
        labels=clips.y,
        llrs=llrs,
        speakers=clips.speaker,
        conditions=conditions_of(clips, stores.train),
    )


@lru_cache(maxsize=2)
def _together(
    stores: TrainingStores, selection: Selection
) -> tuple[EmbeddingSet, EmbeddingSet | None]:
    clips = stores.load_together(selection)
    copies = [store.load(*selection) for store in stores.copies]
    return clips, concatenate_sets(*copies) if copies else None

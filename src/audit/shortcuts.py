"""Shortcuts: how well confounders alone, without the voice, tell the classes apart."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import StratifiedGroupKFold
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from src.audit.catalogue import MATCH, NUISANCES, Nuisance
from src.audit.groups import voice_groups
from src.utils.config import LABEL_VALUE
from src.utils.metrics.bootstrap import interval, resample_eer
from src.utils.metrics.eer import compute_eer

FLAGGED_BELOW = 0.35
"""EER below which a nuisance is flagged: a detector could learn it in place of the voice."""

ENOUGH_GROUPS = 6
"""Speakers that each class must have for a flag: with two or three on either side, one nuisance in
sixteen separates the classes by chance, and a bootstrap would not show it."""

SHIFTS = (0.0, 0.25, 0.5, 0.75)
"""Of the grids that a number is rounded to, in steps: one of them has no edge between values that
lie three quarters of a step apart or less."""

FOLDS = 5
TOGETHER = "all together"
_MOST_CATEGORIES = 200
_MANY_CLIPS = 100_000


@dataclass(frozen=True)
class Shortcut:
    """The EER of telling the classes apart by one nuisance, or by all of them together.

    Attributes
    ----------
    name, label : str
        The nuisance, as a column and for people (see `Nuisance`).
    eer : float
        0.5 is chance, 0 a perfect giveaway. For a number the better direction counts.
    low, high : float
        Ends of its 95 % bootstrap interval over speakers; NaN where it cannot be computed.
    bona_fide, spoof : str
        The typical value of each class: the median, or the mode and its share.
    remedy : str
        The stage that removes the difference.
    n_groups : int
        Number of groups (speakers) of the class that has fewer (see `voice_groups`).
    """

    name: str
    label: str
    eer: float
    low: float
    high: float
    bona_fide: str
    spoof: str
    remedy: str
    n_groups: int

    @property
    def is_flagged(self) -> bool:
        """Whether the EER is under 35 % and significantly below chance."""
        return self.eer < FLAGGED_BELOW and self.is_above_chance

    @property
    def is_above_chance(self) -> bool:
        """Whether the EER is significantly below chance: the interval ends before 50 %."""
        return self.high < 0.5 and self.n_groups >= ENOUGH_GROUPS

    @property
    def is_unsure(self) -> bool:
        """Whether the EER is under 35 %, but not significantly below chance."""
        return self.eer < FLAGGED_BELOW and not self.is_flagged


def find_shortcuts(files: pd.DataFrame, n_resamples: int = 1000, seed: int = 7) -> list[Shortcut]:
    """Measure the EER of each nuisance alone, and of all together by gradient boosting.

    A numeric nuisance, rounded to its resolution, is a score as it is, in the better direction. Of
    the grids of that resolution (`SHIFTS`) the one counts on which the EER is highest: a difference
    that is smaller than the resolution must not count because an edge runs through it. A category
    is scored by its log-odds in the other folds, and gradient boosting is cross-validated too (five
    folds, by speaker): no clip is scored by what was fitted on it.

    Parameters
    ----------
    files : pandas.DataFrame
        A files table with `label`, `speaker` and the columns of `Nuisances`.
    n_resamples : int
        Number of bootstrap resamples of each interval.
    seed : int
        Seed of the cross-validation folds, of gradient boosting and of the bootstrap.

    Returns
    -------
    list of Shortcut
        In the order of `NUISANCES`, all together last; empty where a class is absent.
    """
    y = files["label"].map(LABEL_VALUE).to_numpy()
    if len(set(y)) < 2:
        return []
    groups = voice_groups(files)
    folds = _folds(y, groups, seed)
    n_groups = _fewest_groups(y, groups)

    def measure(name: str, label: str, scores: np.ndarray, *about: str) -> Shortcut:
        eer, _ = compute_eer(scores, y)
        low, high = interval(resample_eer(scores, y, groups, n_resamples, seed))
        bona_fide, spoof, remedy = about
        return Shortcut(name, label, eer, low, high, bona_fide, spoof, remedy, n_groups)

    found = []
    coarse = {}
    for one in tqdm(NUISANCES, "shortcuts", unit="nuisance", leave=False):
        values = files[one.name]
        if one.is_category:
            scores = _category_scores(values.to_numpy(), y, folds)
        else:
            scores = _coarse_scores(one, values.to_numpy(), y)
            coarse[one.name] = scores
        typical = [_typical(values[y == value], one) for value in (1, 0)]
        found.append(measure(one.name, one.label, scores, *typical, one.remedy))
    if folds:
        # On fewer clips threads wait for each other longer than they work.
        threads = 1 if len(y) < _MANY_CLIPS else None
        with threadpool_limits(threads, "openmp"):
            scores = _boosted_scores(_features(files, coarse), y, folds, seed)
        found.append(measure(TOGETHER, TOGETHER, scores, "", "", MATCH))
    return found


def category_eer(values: Sequence[str], files: pd.DataFrame, seed: int = 7) -> float:
    """Return the EER of telling the classes apart by a categorical column, cross-validated.

    Parameters
    ----------
    values : sequence of str
        The column.
    files : pandas.DataFrame
        The rows of a files table that it belongs to; folds are by speaker.
    seed : int
        Seed of the folds.
    """
    y = files["label"].map(LABEL_VALUE).to_numpy()
    folds = _folds(y, voice_groups(files), seed)
    return compute_eer(_category_scores(np.asarray(values), y, folds), y)[0]


Fold = tuple[np.ndarray, np.ndarray]


def _fewest_groups(y: np.ndarray, groups: np.ndarray) -> int:
    return min(len(set(groups[y == value])) for value in (0, 1))


def _folds(y: np.ndarray, groups: np.ndarray, seed: int) -> list[Fold]:
    """Make stratified folds by group; none where a class has a single group."""
    fewest = _fewest_groups(y, groups)
    if fewest < 2:
        return []
    splitter = StratifiedGroupKFold(min(FOLDS, fewest), shuffle=True, random_state=seed)
    folds = splitter.split(y, y, groups)
    return [(train, test) for train, test in folds if len(set(y[train])) == 2]


def _coarse_scores(nuisance: Nuisance, values: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Round values to the grid that parts the classes least, negated where the EER is lower so."""

    def eer(scores: np.ndarray) -> float:
        return compute_eer(scores, y)[0]

    grids = (nuisance.coarsen(values, shift) for shift in SHIFTS)
    return max((min((grid, -grid), key=eer) for grid in grids), key=eer)


def _category_scores(values: np.ndarray, y: np.ndarray, folds: list[Fold]) -> np.ndarray:
    """Score each clip by the log-odds of its category in the other folds; 0 is undecided."""
    codes, names = pd.factorize(values)
    scores = np.zeros(len(y))
    for train, test in folds:
        counts = [
            np.bincount(codes[train][y[train] == value], minlength=len(names)) for value in (1, 0)
        ]
        # Add-one (Laplace) smoothing, so that an unseen category is undecided.
        odds = [np.log((count + 1) / (count.sum() + len(names))) for count in counts]
        scores[test] = (odds[0] - odds[1])[codes[test]].round(9)
    return scores


def _features(files: pd.DataFrame, coarse: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Return what gradient boosting is given: codes of categories, and rounded numbers."""
    columns = {}
    for nuisance in NUISANCES:
        values = files[nuisance.name]
        if nuisance.is_category:
            # The rarest names share one, since a tree takes no more than 255.
            codes = values.map({v: i for i, v in enumerate(values.value_counts().index)})
            columns[nuisance.name] = codes.clip(upper=_MOST_CATEGORIES).astype("category")
        else:
            columns[nuisance.name] = coarse[nuisance.name]
    return pd.DataFrame(columns)


def _boosted_scores(x: pd.DataFrame, y: np.ndarray, folds: list[Fold], seed: int) -> np.ndarray:
    scores = np.zeros(len(y))
    for train, test in _with_progress(folds):
        model = HistGradientBoostingClassifier(
            max_iter=100,
            max_leaf_nodes=15,
            learning_rate=0.1,
            min_samples_leaf=min(20, max(2, len(train) // 20)),
            l2_regularization=1.0,
            categorical_features="from_dtype",
            # Its own validation set would share speakers with the training.
            early_stopping=False,
            class_weight="balanced",
            random_state=seed,
        )
        model.fit(x.iloc[train], y[train])
        scores[test] = model.decision_function(x.iloc[test])
    return scores


def _with_progress(folds: list[Fold]) -> Iterator[Fold]:
    return iter(tqdm(folds, "gradient boosting", unit="fold", leave=False))


def _typical(values: pd.Series, nuisance: Nuisance) -> str:
    if not nuisance.is_category:
        return nuisance.describe(values.median())
    counts = values.value_counts()
    name = nuisance.describe(counts.index[0])
    share = counts.iloc[0] / len(values)
    return name if share == 1 else f"{name} ({share:.0%})"

"""What changes on clips when a detector takes another's place, by pairs of the same speakers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from src.adaptation.results import METRICS_TOLD, Change, Measurement
from src.evaluation.paired import compare_all
from src.evaluation.trials import Trials
from src.models.classifier import Scorer
from src.models.probe import Fold, speakers_of
from src.utils.dataset.labelled import LabelledClips
from src.utils.embeddings.embedding_set import EmbeddingSet
from src.utils.metrics.calibration import Calibration, fit_calibration


@dataclass(frozen=True)
class Judge:
    """A model and the calibration of its scores.

    Attributes
    ----------
    model : Scorer
        Scores vectors.
    calibration : Calibration
        Of its scores, with the threshold.
    """

    model: Scorer
    calibration: Calibration


def measure_clips(clips: EmbeddingSet, before: Judge, after: Judge, seed: int) -> Measurement:
    """Compare two detectors on clips, each with its calibration and at its threshold.

    Parameters
    ----------
    clips : EmbeddingSet
        Of speakers that neither has learnt from.
    before, after : Judge
        The detectors.
    seed : int
        Of the bootstrap over speakers.
    """
    first, second = (
        _trials(clips, scores, one.calibration.llrs(scores))
        for one, scores in ((one, one.model.score(clips.x)) for one in (before, after))
    )
    thresholds = before.calibration.threshold, after.calibration.threshold
    return _compare(clips, first, second, thresholds, METRICS_TOLD, seed)


def measure_folds(
    clips: LabelledClips,
    before: np.ndarray,
    after: np.ndarray,
    folds: Sequence[Fold],
    seed: int,
) -> Measurement:
    """Compare scores of clips that one of two detectors has learnt from, by folds.

    Both are calibrated alike, each clip by the others' folds: what is compared is how well classes
    are told apart, not which detector happens to be calibrated for these clips.

    Parameters
    ----------
    clips : LabelledClips
        The clips.
    before, after : numpy.ndarray
        Their scores, shape (clips,), those after by trainings on other folds.
    folds : sequence of (numpy.ndarray, numpy.ndarray)
        Rows that were learnt from, and rows that were scored.
    seed : int
        Of the bootstrap over speakers.
    """
    first, second = (
        _trials(clips, scores, _calibrate(scores, clips.y, folds)) for scores in (before, after)
    )
    return _compare(clips, first, second, (0.0, 0.0), ("eer", "cllr"), seed)


def _calibrate(scores: np.ndarray, labels: np.ndarray, folds: Sequence[Fold]) -> np.ndarray:
    llrs = np.full(len(scores), np.nan)
    for rest, held_out in folds:
        llrs[held_out] = fit_calibration(scores[rest], labels[rest]).llrs(scores[held_out])
    return llrs


def _trials(clips: LabelledClips, scores: np.ndarray, llrs: np.ndarray) -> Trials:
    return Trials(clips.files, scores, clips.y, llrs, clips.speaker)


def _compare(
    clips: LabelledClips,
    first: Trials,
    second: Trials,
    thresholds: tuple[float, float],
    metrics: Iterable[str],
    seed: int,
) -> Measurement:
    others = [(second, thresholds[1])]
    [found] = compare_all(first, thresholds[0], others, seed=seed, metrics=metrics)
    columns = ["first", "second", "difference", "low", "high", "p_value"]
    rows = found.set_index("metric")[columns].itertuples(name=None)
    n_bona_fide = int(clips.y.sum())
    return Measurement(
        n_bona_fide,
        len(clips) - n_bona_fide,
        len(np.unique(speakers_of(clips))),
        {name: Change(*map(float, values)) for name, *values in rows},
    )

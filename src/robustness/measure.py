"""The metrics of each condition with intervals, and how they differ from those of clean clips."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from src.evaluation.paired import Measured, SameDraws
from src.evaluation.trials import Trials
from src.robustness.results import (
    BONA_FIDE_SHIFT,
    MEASURED,
    SPOOF_SHIFT,
    ConditionResult,
    Estimate,
)
from src.scoring.kept import KeptScores
from src.utils.audio.augmentations.conditions import CLEAN, Condition
from src.utils.metrics.calibration import Calibration
from src.utils.parallel import map_ahead

NO_CLASS = "no clip of a class can be scored under it"


def trials_of_scores(
    clips: pd.DataFrame, scores: np.ndarray, calibration: Calibration, usable: np.ndarray
) -> Trials | None:
    """Return scored clips as trials, None where they are not of both classes.

    Parameters
    ----------
    clips : pandas.DataFrame
        As `kept.read_clips` gives them.
    scores : numpy.ndarray
        Of each clip, shape (clips,).
    calibration : Calibration
        Of the run.
    usable : numpy.ndarray
        Which clips are taken, bool of shape (clips,).
    """
    labels = clips["y"].to_numpy(np.int64)[usable]
    if len(np.unique(labels)) < 2:
        return None
    return Trials(
        files=clips["file"].to_numpy(dtype=str)[usable],
        scores=scores[usable],
        labels=labels,
        llrs=calibration.llrs(scores[usable]),
        speakers=clips["speaker"].to_numpy(dtype=str)[usable],
    )


class _Pairing:
    """Clean clips and the same clips under conditions, the draws made once for all of them."""

    def __init__(self, clean: Trials, threshold: float, seed: int) -> None:
        self.clean = clean
        self._threshold = threshold
        self._same = SameDraws(clean, seed=seed, metrics=MEASURED)
        self._measured = self._same.measure(clean.scores, clean.llrs, threshold)

    def result(self, condition: Condition, trials: Trials, kept: KeptScores) -> ConditionResult:
        measured = self._measured
        if condition is not CLEAN:
            measured = self._same.measure(trials.scores, trials.llrs, self._threshold)
        compared = self._same.compare(self._measured, measured)
        shifts = self._same.means(trials.scores - self.clean.scores)
        n_bona_fide = int(trials.labels.sum())
        failed = [kept.failed[row] for row in sorted(kept.failed)]
        return ConditionResult(
            name=condition.name,
            group=condition.group,
            strength=condition.strength,
            is_track=condition.is_track,
            steps=[{"kind": step.kind, **step.parameters} for step in condition.steps],
            fingerprint=kept.fingerprint,
            n_bona_fide=n_bona_fide,
            n_spoof=len(trials) - n_bona_fide,
            n_failed=len(failed),
            failure=failed[0] if failed else "",
            metrics=self._metrics(measured),
            changes={
                row.metric: Estimate(float(row.difference), float(row.low), float(row.high))
                for row in compared.itertuples()
            },
            shifts=dict(
                zip((BONA_FIDE_SHIFT, SPOOF_SHIFT), (Estimate(*one) for one in shifts), strict=True)
            ),
        )

    def _metrics(self, measured: Measured) -> dict[str, Estimate]:
        spans = self._same.intervals(measured)
        return {name: Estimate(measured.points[name], *spans[name]) for name in MEASURED}


def measure_conditions(
    clips: pd.DataFrame,
    kept: Mapping[Condition, KeptScores],
    calibration: Calibration,
    seed: int,
) -> tuple[list[ConditionResult], dict[str, str]]:
    """Measure scores under conditions, each against those of the same clips as they are.

    Parameters
    ----------
    clips : pandas.DataFrame
        As `kept.read_clips` gives them.
    kept : mapping of Condition to KeptScores
        The scores, those of `CLEAN` among them.
    calibration : Calibration
        Of the run, with its threshold.
    seed : int
        Of the bootstrap.

    Returns
    -------
    results : list of ConditionResult
        In the order of the mapping.
    left_out : dict of str to str
        By name of a condition that cannot be measured, why.
    """
    clean = kept[CLEAN]
    pairings: dict[bytes, _Pairing] = {}
    work: list[tuple[Condition, _Pairing, Trials]] = []
    left_out: dict[str, str] = {}
    for condition, one in kept.items():
        usable = clean.is_scored & one.is_scored
        trials = trials_of_scores(clips, one.scores, calibration, usable)
        if trials is None:
            left_out[condition.name] = NO_CLASS
            continue
        # Clips that cannot be changed leave as they are, too: the pair is of the same clips.
        key = usable.tobytes()
        if key not in pairings:
            those = trials_of_scores(clips, clean.scores, calibration, usable)
            assert those is not None
            pairings[key] = _Pairing(those, calibration.threshold, seed)
        work.append((condition, pairings[key], trials))

    def measure(item: tuple[Condition, _Pairing, Trials]) -> ConditionResult:
        condition, pairing, trials = item
        return pairing.result(condition, trials, kept[condition])

    return [*map_ahead(measure, work)], left_out

"""The results of a test: metrics with intervals, breakdowns and warnings, and their file."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from src.evaluation.breakdown import ENOUGH_SPEAKERS, Group, break_down
from src.evaluation.results_file import REMEDY, missing_from, read_values
from src.evaluation.trials import Trials
from src.utils.errors import RunError
from src.utils.files import number_or_nan, without_nan, write_json
from src.utils.metrics.bootstrap import interval, intervals, resample
from src.utils.metrics.calibration import CONFIDENCE, Decided, decide
from src.utils.metrics.clusters import Clusters
from src.utils.metrics.detection import DetectionMetrics, costs_much, evaluate_scores
from src.utils.metrics.table import METRICS, TANDEM

Intervals = dict[str, tuple[float, float]]

RESAMPLES = 1000
"""Draws of the bootstrap."""

_UNKNOWN_CLUSTERS = "unknown speakers"
"""What the intervals are over in a file of before there were any."""

_APART = 0.1
"""How far the two error rates at the threshold must lie apart for a warning."""
_MOST_UNKNOWN = 0.05
"""Share of clips whose speakers may be unknown without a warning."""


@dataclass(frozen=True)
class Results:
    """The results of a test.

    Attributes
    ----------
    detection : DetectionMetrics
        The metrics, thresholds and counts.
    ci95 : dict of str to (float, float)
        By metric of `METRICS`, the 95 % interval over speakers (or what `ci95_over` names); NaN
        where it cannot be told.
    ci95_over : str
        What was resampled, with its number.
    ci95_attacks, ci95_attacks_over : dict and str
        The same over speakers and attacks; empty where there are not two attacks.
    decided : Decided
        How clips are divided by verdicts that may abstain.
    warnings : list of str
        What a reader must know, a sentence each.
    breakdowns : dict of str to list of Group
        By condition, such as the attack, the metrics of every group.
    tandem : dict of str to float
        The metrics of `TANDEM` where the scores of a speaker verifier were given.
    missing : list of str
        Metrics of `METRICS` that were not measured when the file was written; they are NaN.
    missing_intervals : list of str
        Metrics that were, but whose intervals were not.
    """

    detection: DetectionMetrics
    ci95: Intervals
    ci95_over: str
    ci95_attacks: Intervals
    ci95_attacks_over: str
    decided: Decided
    warnings: list[str]
    breakdowns: dict[str, list[Group]]
    tandem: dict[str, float] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    missing_intervals: list[str] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Whether everything is there that a test measures today."""
        return not self.missing and not self.missing_intervals and self.decided.is_known

    def write(self, path: Path, about: Mapping[str, Any]) -> None:
        """Write the metrics flat; what cannot be told is null.

        Parameters
        ----------
        path : pathlib.Path
            The JSON file.
        about : mapping
            What is written beside them, such as the data set.
        """
        values = self.detection.as_dict() | self.tandem | asdict(self.decided)
        values |= {
            "ci95": self.ci95,
            "ci95_over": self.ci95_over,
            "ci95_attacks": self.ci95_attacks,
            "ci95_attacks_over": self.ci95_attacks_over,
            "warnings": self.warnings,
            "breakdowns": {
                name: [asdict(group) for group in groups]
                for name, groups in self.breakdowns.items()
            },
        }
        write_json(path, without_nan(values | dict(about)))

    @classmethod
    def read(cls, path: Path) -> "Results":
        """Read what `write` wrote, today or before some metric or any interval was measured.

        What is not there is NaN, and named by `missing` and `missing_intervals`.

        Parameters
        ----------
        path : pathlib.Path
            The JSON file.

        Raises
        ------
        AudiosError
            When it is absent or damaged.
        """
        values = read_values(path)
        try:
            missing, missing_intervals = missing_from(values)
            # Intervals came with all that follows them here.
            parts = values if "ci95" in values else _BEFORE_INTERVALS | values
            attacks = parts["ci95_attacks"]
            return cls(
                detection=DetectionMetrics.from_dict(values),
                ci95=_intervals_from(parts["ci95"]),
                ci95_over=parts["ci95_over"],
                ci95_attacks={} if attacks == {} else _intervals_from(attacks),
                ci95_attacks_over=parts["ci95_attacks_over"],
                decided=Decided.from_dict(values),
                warnings=list(parts["warnings"]),
                breakdowns={
                    name: [Group(**{k: number_or_nan(v) for k, v in one.items()}) for one in groups]
                    for name, groups in parts["breakdowns"].items()
                },
                tandem={name: values[name] for name in TANDEM if name in values},
                missing=missing,
                missing_intervals=missing_intervals,
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise RunError(f"{path} is damaged: {error!r}; {REMEDY}") from error


_BEFORE_INTERVALS: dict[str, Any] = {
    "ci95": {},
    "ci95_over": _UNKNOWN_CLUSTERS,
    "ci95_attacks": {},
    "ci95_attacks_over": "",
    "warnings": [],
    "breakdowns": {},
}


def evaluate_trials(
    trials: Trials,
    threshold: float,
    confidence: float = CONFIDENCE,
    tandem: Mapping[str, float] | None = None,
    is_calibrated: bool = True,
    seed: int = 7,
) -> Results:
    """Compute the results of a test.

    Parameters
    ----------
    trials : Trials
        The trials of the test.
    threshold : float
        Fixed beforehand; a clip is taken for bona-fide when its score is at or above it.
    confidence : float
        What a probability must reach for a verdict (see `Calibration`).
    tandem : mapping, optional
        See `Results`.
    is_calibrated : bool
        Whether ratios and threshold are from validation, or the scores were taken as they are.
    seed : int
        Of the bootstrap.
    """
    scores, labels = trials.scores, trials.labels
    detection = evaluate_scores(scores, labels, threshold, trials.llrs)
    clusters, both = trials.clusters, trials.clusters_with_attacks

    def drawn(of: Clusters) -> dict[str, np.ndarray]:
        return resample(scores, labels, of, threshold, trials.llrs, RESAMPLES, seed)

    def spans(found: dict[str, np.ndarray], of: Clusters) -> Intervals:
        ratio = detection.n_spoof / detection.n_bona_fide
        points = detection.values
        return intervals(found, of.count(labels), spoofs_per_bona_fide=ratio, points=points)

    resampled = drawn(clusters)
    ci95 = spans(resampled, clusters)
    return Results(
        detection=detection,
        ci95=ci95,
        ci95_over=number_of_clusters(trials),
        ci95_attacks={} if both is None else spans(drawn(both), both),
        ci95_attacks_over="" if both is None else _number_of_both(trials, both),
        decided=decide(trials.llrs, labels, confidence),
        warnings=_warnings(detection, resampled, ci95["eer"], trials, is_calibrated),
        breakdowns=break_down(trials, threshold, RESAMPLES, seed),
        tandem=dict(tandem or {}),
    )


def number_of_clusters(trials: Trials) -> str:
    """Say what intervals are over, such as `12 speakers`.

    Parameters
    ----------
    trials : Trials
        Of the test.
    """
    if not trials.has_speakers:
        return f"{len(trials):,} clips"
    is_known = trials.speakers != ""
    known = f"{len(np.unique(trials.speakers[is_known])):,} speakers"
    n_unknown = int((~is_known).sum())
    return f"{known} and {n_unknown:,} clips of unknown ones" if n_unknown else known


def _number_of_both(trials: Trials, both: Clusters) -> str:
    attacks = set(np.asarray(both.attacks)[trials.labels == 0].tolist())
    unknown = ", those unknown taken for one" if "" in attacks else ""
    return f"{number_of_clusters(trials)} and {len(attacks):,} attacks{unknown}"


def _warnings(
    detection: DetectionMetrics,
    resampled: Mapping[str, np.ndarray],
    eer_span: tuple[float, float],
    trials: Trials,
    is_calibrated: bool,
) -> list[str]:
    found = [*_warn_of_chance(detection.eer, *eer_span)]
    n_clusters = trials.clusters.count(trials.labels)
    found += _warn_of_threshold(detection, resampled, n_clusters, is_calibrated)
    if detection.cllr > 1:
        what = "the probabilities mislead here" if is_calibrated else "the scores are no ratios"
        found.append(
            f"{what} (Cllr {detection.cllr:.2f}; above 1 it would be better to say nothing)"
        )
    unknown = np.mean(trials.speakers == "")
    if not trials.has_speakers:
        found.append(
            "speakers are not known, or a class has a single one: intervals are over clips, and "
            "narrower than they would be for other voices"
        )
    elif unknown > _MOST_UNKNOWN:
        found.append(
            f"the speakers of {unknown:.0%} of the clips are not known, and each of these is taken "
            f"for a speaker: intervals are narrower than they would be for other voices"
        )
    elif trials.fewest_speakers < ENOUGH_SPEAKERS:
        found.append(
            f"a class has {trials.fewest_speakers} speakers only, too few to say much of other "
            f"voices"
        )
    return found


def _warn_of_chance(eer: float, low: float, high: float) -> list[str]:
    reversed_ = (
        "higher scores speak for spoof here; is their polarity reversed, or are the labels swapped?"
    )
    if eer > 0.5 and not low <= 0.5:
        return [f"the EER of {eer:.1%} is worse than chance: {reversed_}"]
    if low <= 0.5 <= high:
        worse = f" If it is none: {reversed_}" if eer > 0.5 else ""
        return [f"the EER of {eer:.1%} cannot be told from guessing.{worse}"]
    return []


def _warn_of_threshold(
    detection: DetectionMetrics,
    resampled: Mapping[str, np.ndarray],
    n_clusters: int,
    is_calibrated: bool,
) -> list[str]:
    """Warn where the threshold costs much, and the error rates differ by more than chance."""
    apart = detection.far - detection.frr
    low, high = interval(resampled["far"] - resampled["frr"], n_clusters=n_clusters)
    is_costly = costs_much(detection.eer, detection.hter)
    if not (abs(apart) > _APART or is_costly) or not (low > 0 or high < 0):
        return []
    what = "lets too many spoofs pass" if apart > 0 else "rejects too many bona-fide clips"
    start = "the thresholds of validation and test disagree: "
    if not is_calibrated:
        start = "the threshold does not suit these scores: "
    return [
        f"{start}{detection.threshold:.3g}, fixed beforehand, {what} ({detection.far:.1%} of "
        f"spoofs accepted, {detection.frr:.1%} of bona-fide clips rejected); "
        f"{detection.eer_threshold:.3g} would err alike on both"
    ]


def _intervals_from(values: Mapping[str, Any]) -> Intervals:
    """Return the interval of every metric, NaN for one that is not there."""
    known = {
        name: (number_or_nan(low), number_or_nan(high)) for name, (low, high) in values.items()
    }
    for name, ends in known.items():
        if not all(isinstance(end, int | float) for end in ends):
            raise ValueError(f"the interval of {name} is {ends!r}")
    return {name: known.get(name, (np.nan, np.nan)) for name in METRICS}

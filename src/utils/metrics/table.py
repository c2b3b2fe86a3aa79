"""The table of all metrics, a row each.

From a row follow the value on a test, every draw of the bootstrap, the interval, the comparison of
systems, and what the terminal, the pages and the model card say. The names are the keys of
`test_results.json`, in this order.
"""

from collections import ChainMap
from collections.abc import Callable, Mapping
from typing import Any

from src.utils.errors import AudiosError
from src.utils.metrics.auc import auc
from src.utils.metrics.cllr import cllr_of, cost_in_bits
from src.utils.metrics.counts import Counts, is_accepted
from src.utils.metrics.dcf import ASVSPOOF5, act_dcf_of, is_accepted_by_ratio, min_dcf
from src.utils.metrics.decisions import Decisions
from src.utils.metrics.eer import DetCurve
from src.utils.metrics.metric import BY_DECISION as DECISION
from src.utils.metrics.metric import BY_SCORE as SCORE
from src.utils.metrics.metric import VERIFIER, Metric
from src.utils.metrics.tandem import VerifierErrors, min_tdcf, min_tdcf_2019


def of_decisions(
    name: str,
    label: str,
    meaning: str,
    formula: Callable[[Decisions], Any],
    is_error: bool = False,
) -> Metric:
    """Make the row of a rate of decisions at the threshold.

    Parameters
    ----------
    name, label, meaning : str
        See `Metric`.
    formula : callable
        Computes it from `Decisions`.
    is_error : bool
        See `Metric`.
    """

    def of_counts(counts: Counts) -> Any:
        return formula(counts.decisions)

    def at_rate(rate: float, spoofs_per_bona_fide: float) -> float:
        n_spoof = spoofs_per_bona_fide
        return float(formula(Decisions(1 - rate, rate * n_spoof, 1, n_spoof)))

    return Metric(
        *(name, label, meaning, of_counts, DECISION, (is_accepted,)),
        is_error=is_error,
        at_rate=at_rate,
    )


def of_verifier(
    name: str,
    label: str,
    meaning: str,
    formula: Callable[[DetCurve, VerifierErrors], float],
) -> Metric:
    """Make the row of a cost of detector and speaker verifier together.

    Parameters
    ----------
    name, label, meaning : str
        See `Metric`.
    formula : callable
        Computes it from the detector's `DetCurve` and the verifier's errors.
    """

    def of_counts(counts: Counts) -> Any:
        if counts.verifier is None:
            raise AudiosError(f"{label} needs {VERIFIER}")
        return formula(counts.curve, counts.verifier)

    return Metric(name, label, meaning, of_counts, is_rate=False, needs=VERIFIER)


_ROWS = (
    Metric(
        "eer",
        "EER",
        "error rate where the threshold errs alike on both classes",
        lambda counts: counts.curve.eer,
        at_rate=lambda rate, _: rate,
    ),
    Metric(
        "min_dcf",
        "minDCF",
        "cost of errors at the best threshold (ASVspoof 5); 1 is worth nothing",
        lambda counts: min_dcf(counts.curve),
        is_rate=False,
        # The best threshold never costs more than accepting or rejecting all does.
        at_rate=lambda rate, _: min(ASVSPOOF5.of(rate, rate), 1.0),
    ),
    Metric(
        "act_dcf",
        "actDCF",
        "that cost at the threshold that the calibration gives",
        act_dcf_of,
        quantities=(is_accepted_by_ratio,),
        is_rate=False,
        at_rate=lambda rate, _: ASVSPOOF5.of(rate, rate),
    ),
    Metric(
        "cllr",
        "Cllr",
        "cost of the likelihood ratios, in bits; 1 says nothing",
        cllr_of,
        quantities=(cost_in_bits,),
        is_rate=False,
    ),
    Metric(
        "auc",
        "AUC",
        "how often a bona-fide clip scores above a spoof; 0.5 is chance",
        lambda counts: auc(counts.curve),
        is_rate=False,
        is_error=False,
        at_rate=lambda rate, _: 1 - rate,
    ),
    of_decisions(
        "accuracy",
        "accuracy",
        "right decisions; depends on how many clips a class has",
        lambda made: made.accuracy,
    ),
    of_decisions(
        "balanced_accuracy",
        "bal. acc.",
        "accuracy with both classes weighing alike",
        lambda made: made.balanced_accuracy,
    ),
    of_decisions(
        "precision",
        "precision",
        "of the accepted clips, how many are bona-fide",
        lambda made: made.precision,
    ),
    of_decisions(
        "recall",
        "recall",
        "of the bona-fide clips, how many were accepted",
        lambda made: made.recall,
    ),
    of_decisions(
        "f1_score", "F1", "harmonic mean of precision and recall", lambda made: made.f1_score
    ),
    of_decisions(
        "hter",
        "HTER",
        "half total error rate: the mean of the next two",
        lambda made: made.hter,
        is_error=True,
    ),
    of_decisions("far", "FAR", "spoofs that were accepted", lambda made: made.far, is_error=True),
    of_decisions(
        "frr", "FRR", "bona-fide clips that were rejected", lambda made: made.frr, is_error=True
    ),
    of_verifier(
        "min_tdcf", "min t-DCF", "cost of detector and speaker verifier together", min_tdcf
    ),
    of_verifier(
        "min_tdcf_2019", "t-DCF 2019", "the same by the rule of ASVspoof 2019", min_tdcf_2019
    ),
)

METRICS = {row.name: row for row in _ROWS if not row.needs}
"""By name, the metrics of every test."""

TANDEM = {row.name: row for row in _ROWS if row.needs == VERIFIER}
"""By name, the metrics that the scores of a speaker verifier are needed for besides."""

ALL_METRICS: Mapping[str, Metric] = ChainMap(METRICS, TANDEM)
"""By name, every metric that results may hold."""

EER = METRICS["eer"]

BY_SCORE = [name for name, row in METRICS.items() if row.group == SCORE]
"""The names of the metrics of scores, whatever the threshold."""

BY_DECISION = sorted(
    (name for name, row in METRICS.items() if row.group == DECISION),
    key=lambda name: not METRICS[name].is_error,
)
"""The names of the metrics of decisions at a threshold that was fixed beforehand, errors first."""

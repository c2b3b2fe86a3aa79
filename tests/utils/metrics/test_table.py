"""The table of metrics: every row against its definition, and what a new row brings about."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from src.utils.errors import AudiosError
from src.utils.metrics.counts import Counts
from src.utils.metrics.detection import evaluate_scores
from src.utils.metrics.eer import det_curve
from src.utils.metrics.metric import VERIFIER, Metric
from src.utils.metrics.table import BY_DECISION, BY_SCORE, EER, METRICS, TANDEM
from src.utils.metrics.tandem import VerifierErrors
from tests.utils.drawing import trials
from tests.utils.metrics import reference

NAN = float("nan")
RATES = (Fraction(1, 50), Fraction(1, 40), Fraction(1, 3))
"""Of a speaker verifier: misses, false acceptances, and those of spoofs."""


@pytest.mark.parametrize("name", [*METRICS, *TANDEM])
@given(trials(), trials(st.floats(-20, 20)), st.integers(-7, 7))
@settings(max_examples=40, deadline=None)
def test_every_metric_is_its_definition(
    name: str, data: tuple, other: tuple, threshold: int
) -> None:
    """A row without a definition in `reference` fails."""
    scores, labels = data
    llrs = np.resize(other[0], len(scores))
    if name in TANDEM:
        verifier = VerifierErrors(*map(float, RATES))
        found = TANDEM[name].formula(Counts(det_curve(*data), {}, verifier=verifier))
        expected = reference.OF_VERIFIER[name](scores, labels, RATES)
    else:
        found = getattr(evaluate_scores(scores, labels, threshold, llrs), name)
        if name in reference.OF_SCORES:
            expected = reference.OF_SCORES[name](scores, labels)
        elif name in reference.OF_RATIOS:
            expected = reference.OF_RATIOS[name](llrs, labels)
        else:
            expected = reference.OF_DECISIONS[name](scores, labels, threshold)
    assert found == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", METRICS)
@given(st.integers(1, 12), st.integers(1, 8))
@settings(max_examples=20, deadline=None)
def test_errors_at_a_rate_are_its_definition(name: str, out_of: int, times: int) -> None:
    """Where one in so many of each class errs, with so many spoofs for each bona-fide trial."""
    metric = METRICS[name]
    if metric.at_rate is None:
        return
    n_bona_fide, n_spoof = 2 * out_of, 2 * out_of * times
    labels = np.repeat([1, 0], [n_bona_fide, n_spoof])
    right = np.r_[np.arange(n_bona_fide) >= 2, np.arange(n_spoof) >= 2 * times]
    scores = np.where(right == (labels == 1), 1.0, -1.0)
    expected = getattr(evaluate_scores(scores, labels, 0.0), name)
    assert metric.at_rate(1 / out_of, times) == pytest.approx(expected, abs=1e-12)


def test_names_labels_and_order() -> None:
    rows = {**METRICS, **TANDEM}
    assert [metric.name for metric in rows.values()] == list(rows)
    labels = [metric.label for metric in rows.values()]
    assert len(set(labels)) == len(labels)
    # They stand in a column of ten letters.
    assert max(map(len, labels)) <= 10
    # HTER is said to be the mean of the next two.
    assert BY_DECISION[:3] == ["hter", "far", "frr"]
    assert BY_SCORE == ["eer", "min_dcf", "act_dcf", "cllr", "auc"]
    assert sorted([*BY_SCORE, *BY_DECISION]) == sorted(METRICS)
    assert not [metric for metric in METRICS.values() if metric.needs]
    assert {metric.needs for metric in TANDEM.values()} == {VERIFIER}


def test_tandem_metrics_say_what_they_need() -> None:
    with pytest.raises(AudiosError, match="min t-DCF needs the scores of a speaker verifier"):
        TANDEM["min_tdcf"].formula(Counts(det_curve([0.0, 1.0], [0, 1]), {}))


def test_rates_are_in_percent_and_costs_are_not() -> None:
    cost = METRICS["min_dcf"]
    assert (EER.write(0.0726), cost.write(0.0726)) == ("7.26%", "0.0726")
    assert (EER.write_interval(0.03, 0.122), cost.write_interval(0.03, 0.122)) == (
        "3.0% .. 12.2%",
        "0.030 .. 0.122",
    )
    assert (EER.write_change(-0.015), cost.write_change(0.015)) == ("-1.50 points", "+0.0150")
    assert EER.write_change_interval(-0.015, 0.02, " to ") == "-1.5 to +2.0"
    rates = {name for name, metric in METRICS.items() if metric.is_rate}
    assert set(METRICS) - rates == {"min_dcf", "act_dcf", "cllr", "auc"}


def test_what_cannot_be_told() -> None:
    assert EER.write(NAN) == "–"
    unknown = EER.write_interval(NAN, NAN), EER.write_change_interval(0.1, NAN)
    assert unknown == ("cannot be told", "cannot be told")


def test_a_row_is_fixed() -> None:
    with pytest.raises(AttributeError):
        EER.label = "equal error rate"
    assert isinstance(EER, Metric)

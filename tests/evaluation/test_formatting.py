"""How figures are written."""

from src.evaluation.formatting import EER, MEASURES, tell_decided
from src.utils.metrics.bootstrap import METRICS
from src.utils.metrics.calibration import Decided

NAN = float("nan")


def test_every_resampled_figure_has_a_name() -> None:
    assert set(MEASURES) == set(METRICS)
    labels = [measure.label for measure in MEASURES.values()]
    assert len(set(labels)) == len(labels)
    # They stand in a column of ten letters.
    assert max(map(len, labels)) <= 10


def test_rates_are_in_percent_and_costs_are_not() -> None:
    cost = MEASURES["min_dcf"]
    assert (EER.write(0.0726), cost.write(0.0726)) == ("7.26%", "0.0726")
    assert (EER.write_span(0.03, 0.122), cost.write_span(0.03, 0.122)) == (
        "3.0% .. 12.2%",
        "0.030 .. 0.122",
    )
    assert (EER.write_change(-0.015), cost.write_change(0.015)) == ("-1.50 points", "+0.0150")
    assert EER.write_change_span(-0.015, 0.02, " to ") == "-1.5 to +2.0"


def test_what_cannot_be_told() -> None:
    assert EER.write(NAN) == "–"
    assert EER.write_span(NAN, NAN) == EER.write_change_span(0.1, NAN) == "cannot be told"
    assert tell_decided(Decided(0.9, 1.0, NAN)).endswith(", - of the others wrong")

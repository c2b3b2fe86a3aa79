"""How results are told."""

from src.evaluation.formatting import decided_sentence, missing_sentence
from src.utils.metrics.calibration import Decided
from src.utils.metrics.table import METRICS

NAN = float("nan")


def test_verdicts() -> None:
    assert decided_sentence(Decided(0.9, 1.0, NAN)).endswith(", - of the others wrong")
    assert decided_sentence(Decided(NAN, NAN, NAN)) == "not measured"


def test_what_is_missing_is_named_by_its_label() -> None:
    assert missing_sentence([], []) == ""
    assert missing_sentence(["cllr"], []) == "tested before Cllr was measured: test it again for it"
    assert missing_sentence(["min_dcf", "cllr", "far"], []) == (
        "tested before minDCF, Cllr and FAR were measured: test it again for them"
    )
    assert missing_sentence(["cllr"], ["eer", "auc"]) == (
        "tested before Cllr was measured and before the intervals of EER and AUC were measured: "
        "test it again for them"
    )


def test_only_without_any_interval_there_were_none() -> None:
    assert missing_sentence([], list(METRICS)) == (
        "tested before there were intervals: test it again for them"
    )
    others = [name for name in METRICS if name not in ("min_dcf", "cllr")]
    assert missing_sentence(["min_dcf", "cllr"], others) == (
        "tested before minDCF and Cllr were measured and before there were intervals: test it "
        "again for them"
    )
    assert "there were intervals" not in missing_sentence(["min_dcf"], ["eer", "auc"])
    assert "there were intervals" not in missing_sentence(list(METRICS), [])

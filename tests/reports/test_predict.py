"""What `Predict` prints."""

from collections.abc import Callable
from pathlib import Path

import pytest

from src.predict.choice import Chosen
from src.predict.predict import Prediction
from src.predict.verdict import REFUSED, JudgedWindow, Stretch, Verdict
from src.reports import VerdictLines, document_prediction
from src.utils.runs import Run
from tests.reports.telling import told

WINDOW = JudgedWindow(1.0, 5.0, -3.0, 0.0123)


@pytest.fixture
def prediction(tmp_path: Path) -> Callable[..., Prediction]:
    run = Run(4, tmp_path, {"settings": {"backbone": {"name": "acoustic"}, "classifier": "svm"}})
    return lambda verdicts, **more: Prediction(run, 0.5, verdicts, len(verdicts), **more)


VERDICTS = [
    Verdict("a.wav", REFUSED, refusal="is silent"),
    Verdict("much/longer name.wav", "spoof", -1.0, -2.0, 0.1234, 9.0, windows=[WINDOW]),
    Verdict(
        *("d.wav", "partly-spoof", 1.0, 2.0, 0.02, 60.0),
        stretches=[Stretch(9.0, 17.0, 0.02), Stretch(30.0, 36.0, 0.05)],
    ),
    Verdict("c.wav", "bona-fide", 1.0, 2.0, 0.9, 3.0, warnings=["odd"]),
]


def test_which_detector_is_told_first(tmp_path: Path) -> None:
    chosen = Chosen(Run(4, tmp_path, {}), "run 4 (acoustic + svm): EER 6%", ("it is old",))
    assert told("detector", chosen, 0.5).splitlines() == [
        "run 4 (acoustic + svm): EER 6%",
        "warning: it is old",
        "where 50% are expected to be bona-fide",
    ]


def test_verdicts_stand_below_each_other() -> None:
    """Also where they are told one by one."""
    lines = VerdictLines([one.file for one in VERDICTS])
    header, refused, spoof, partly, bona_fide = [lines.header, *map(lines.line, VERDICTS)]
    assert header.split()[:4] == ["verdict", "P(bona-fide)", "file", "suspicious"]
    assert refused.split() == ["refused", "-", "a.wav", "is", "silent"]
    assert spoof.split("  ")[0] == "spoof" and spoof.endswith("1.0-5.0")
    assert partly.startswith("partly-spoof  ") and partly.endswith("9.0-17.0, 30.0-36.0")
    assert bona_fide.startswith("bona-fide ") and bona_fide.endswith("odd")
    place = header.index("file")
    for line, one in zip((refused, spoof, partly, bona_fide), VERDICTS, strict=True):
        assert line.index(one.file) == place
    assert spoof.index("1.0-5.0") == partly.index("9.0-17.0") == header.index("suspicious")
    assert refused.index("is silent") == bona_fide.index("odd") == header.index("reason")


def test_short_lines_leave_out_warnings_alone() -> None:
    lines = VerdictLines(["a.wav", "c.wav"], is_short=True)
    assert lines.line(VERDICTS[0]).endswith("is silent")
    assert lines.line(VERDICTS[3]).endswith("c.wav")


def test_no_name_breaks_a_line() -> None:
    """One that is very long stands out, and none forges a line."""
    lines = VerdictLines(["a\nspoof  0.001", "b" * 300, "c"])
    assert len(lines.header) < 120
    forged = Verdict("a\nspoof  0.001", "bona-fide", 1.0, 2.0, 0.9)
    assert lines.line(forged).splitlines() == [lines.line(forged)]


def test_counts_and_notes_come_last(prediction: Callable) -> None:
    text = told("prediction", prediction(VERDICTS, notes=["one", "two"]))
    counts = "1 bona-fide, 1 partly-spoof, 1 refused, 1 spoof"
    assert text.splitlines() == [counts, "note: one", "note: two"]


def test_of_many_in_a_file_the_most_suspicious_are_told_again(
    prediction: Callable, tmp_path: Path
) -> None:
    verdicts = [Verdict(f"{n}.wav", "spoof", 0.0, 0.0, (n * 7 % 50) / 50) for n in range(50)]
    lines = told("prediction", prediction(verdicts, output=tmp_path / "a.csv")).splitlines()
    assert lines[0] == "the 10 most suspicious of 50:"
    assert [line.split()[1] for line in lines[2:12]] == [f"{n / 50:.3f}" for n in range(10)]
    assert lines[12:] == ["50 spoof", str(tmp_path / "a.csv")]
    assert told("prediction", prediction(verdicts)) == "50 spoof"


def test_a_document_holds_every_verdict(prediction: Callable, tmp_path: Path) -> None:
    made = prediction(VERDICTS, headline="run 4", warnings=("old",))
    document = document_prediction(made)
    assert document["detector"] == {"headline": "run 4", "warnings": ("old",), "run": tmp_path}
    assert [one["verdict"] for one in document["verdicts"]] == [one.verdict for one in VERDICTS]
    assert document["verdicts"][2]["stretches"][1]["start"] == 30.0
    assert (document["prior"], document["was_stopped"]) == (0.5, False)


def test_a_stopped_prediction(prediction: Callable) -> None:
    text = told("prediction", prediction([], was_stopped=True))
    assert text.splitlines() == ["stopped: 0 of 0 recordings are judged"]


def test_figures_of_verdicts(prediction: Callable, tmp_path: Path) -> None:
    verdicts = [Verdict(f"{n}.wav", "spoof", 0.0, 0.0, 0.1) for n in range(9)]
    figures = [tmp_path / f"{n}.png" for n in range(7)]
    text = told("prediction", prediction(verdicts, figures=figures))
    assert "drawn: the 7 most suspicious (--plot-most=9 draws all)" in text
    assert "and 2 more figures there" in text
    text = told("prediction", prediction(verdicts[:7], figures=figures))
    assert "--plot-most" not in text

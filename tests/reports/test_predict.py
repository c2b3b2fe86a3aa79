"""What `Predict` prints."""

from collections.abc import Callable
from pathlib import Path

import pytest

from src.predict.predict import Prediction
from src.predict.verdict import REFUSED, JudgedWindow, Verdict
from src.utils.runs import Run
from tests.reports.telling import told

WINDOW = JudgedWindow(1.0, 5.0, -3.0, 0.0123)


@pytest.fixture
def prediction(tmp_path: Path) -> Callable[..., Prediction]:
    run = Run(4, tmp_path, {"settings": {"backbone": {"name": "acoustic"}, "classifier": "svm"}})
    return lambda verdicts, **more: Prediction(run, 0.5, verdicts, len(verdicts), **more)


def test_verdicts(prediction: Callable, tmp_path: Path) -> None:
    verdicts = [
        Verdict("a.wav", REFUSED, refusal="is silent"),
        Verdict("much/longer name.wav", "spoof", -1.0, -2.0, 0.1234, 9.0, windows=[WINDOW]),
        Verdict("c.wav", "bona-fide", 1.0, 2.0, 0.9, 3.0, warnings=["odd"]),
    ]
    text = told("prediction", prediction(verdicts, notes=["one", "two"]))
    lines = text.splitlines()
    assert lines[0] == "run 4: acoustic + svm, where 50% are expected to be bona-fide"
    assert [line.split("  ")[0] for line in lines[1:5]] == ["file", *(v.file for v in verdicts)]
    assert lines[2].split() == ["a.wav", "-", "refused", "is", "silent"]
    assert "0.123" in lines[3] and "1.0-5.0 (0.012)" in lines[3]
    assert lines[4].endswith("odd")
    # Columns start at one place.
    assert {line.index(v.verdict) for line, v in zip(lines[2:5], verdicts, strict=True)} == {36}
    assert lines[5:] == ["1 bona-fide, 1 refused, 1 spoof", "note: one", "note: two"]


def test_many_verdicts_stand_in_the_file(prediction: Callable, tmp_path: Path) -> None:
    verdicts = [Verdict(f"{n}.wav", "spoof", 0.0, 0.0, (n * 7 % 50) / 50) for n in range(50)]
    text = told("prediction", prediction(verdicts, output=tmp_path / "a.csv"))
    lines = text.splitlines()
    assert lines[1] == "the 20 most suspicious of 50:"
    assert [line.split()[1] for line in lines[3:23]] == [f"{n / 50:.3f}" for n in range(20)]
    assert lines[23:] == ["50 spoof", str(tmp_path / "a.csv")]
    # What was refused is never hidden.
    silent = Verdict("z.wav", "refused", refusal="is silent")
    text = told("prediction", prediction([*verdicts, silent], output=tmp_path / "a.csv"))
    assert text.splitlines()[23:25] == ["refused: z.wav is silent", "1 refused, 50 spoof"]
    # Without a file they are all shown.
    assert len(told("prediction", prediction(verdicts)).splitlines()) == 53


def test_a_stopped_prediction(prediction: Callable) -> None:
    text = told("prediction", prediction([], was_stopped=True))
    assert text.splitlines()[1:] == ["stopped: 0 of 0 recordings are judged"]


def test_figures_of_verdicts(prediction: Callable, tmp_path: Path) -> None:
    verdicts = [Verdict(f"{n}.wav", "spoof", 0.0, 0.0, 0.1) for n in range(9)]
    figures = [tmp_path / f"{n}.png" for n in range(7)]
    text = told("prediction", prediction(verdicts, figures=figures))
    assert "drawn: the 7 most suspicious (--plot-most=9 draws all)" in text
    assert "and 2 more figures there" in text
    text = told("prediction", prediction(verdicts[:7], figures=figures))
    assert "--plot-most" not in text

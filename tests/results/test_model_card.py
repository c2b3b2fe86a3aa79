"""The model card: whole tables, the run's own figures, nothing made up."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from src.evaluation.results import Results
from src.models.registry import CLASSIFIERS
from src.results.model_card import write_model_card
from src.utils.metrics.table import METRICS
from src.utils.tables import read_csv
from tests.results.reading import tables_of


@pytest.fixture
def card(runs: Path, run_of: Callable) -> str:
    path = write_model_card(run_of(0), runs)
    assert path == run_of(0).folder / "model_card.md"
    return path.read_text()


def test_every_section_is_there(card: str) -> None:
    heads = [line.removeprefix("## ") for line in card.splitlines() if line.startswith("## ")]
    assert heads == [
        *("What it is", "How to use it", "Data", "Metrics", "Threshold and calibration"),
        *("Limits of use", "Provenance"),
    ]
    assert card.startswith("# Model card: wav2vec2 + svm, layer ")
    assert "fab Predict --audio=FILE --run-number=0 --runs=" in card
    assert "--embeddings" not in card.split("## Data")[0]


def test_the_figures_are_those_of_the_test(card: str, run_of: Callable) -> None:
    results = Results.read(run_of(0).folder / "test_results.json")
    # The next one is of the test on women.
    table, _ = (table for table in tables_of(card) if table[0][-1].endswith("attacks"))
    told = {row[0]: row[1:] for row in table[2:]}
    assert set(told) == {measure.label for measure in METRICS.values()}
    for name, measure in METRICS.items():
        assert told[measure.label] == [
            measure.write(getattr(results.detection, name)),
            measure.write_interval(*results.ci95[name], " to "),
            measure.write_interval(*results.ci95_attacks[name], " to "),
        ]
    assert results.ci95_over in table[0][2]


def test_the_clips_are_counted(card: str, run_of: Callable) -> None:
    folder = run_of(0).folder
    [table] = [table for table in tables_of(card) if table[0][:2] == ["part", "class"]]
    seen = read_csv(folder / "trained_on.csv").replace(
        {"downstream_train": "training", "downstream_val": "validation"}
    )
    test = read_csv(folder / "scores_test.csv").assign(split="test")
    for part, label, clips, speakers, minutes in table[2:]:
        rows = test if part == "test" else seen[seen["split"] == part]
        rows = rows[rows["label"] == label]
        assert (clips, speakers, minutes) == (str(len(rows)), str(len(set(rows["speaker"]))), "–")
    assert len(table) == 2 + 6


def test_limits_are_drawn_from_what_is_there(card: str) -> None:
    limits = card.split("## Limits of use")[1].split("## Provenance")[0]
    assert r"It was trained on 3 attacks (a2, a\|1, new\_0)." in limits
    assert r"Of the 3 attacks of the test, 1 were not in the training (new\_2)." in limits
    assert "heard at 16,000 Hz: nothing above 8 kHz counts" in limits
    assert "its rarer class has 40 clips" in limits
    assert "Languages" not in limits
    assert "The clips of the test last" not in limits


def test_small_groups_are_set_apart(card: str, run_of: Callable) -> None:
    results = Results.read(run_of(0).folder / "test_results.json")
    groups = results.breakdowns["attack"]
    assert all(group.is_small for group in groups)
    # The next one is of the test on women.
    table = next(table for table in tables_of(card) if table[0][0] == "attack")
    assert table[0][1:8] == [
        *("EER", "95 % interval", "FAR", "FRR", "bona-fide", "spoof", "speakers"),
    ]
    assert len(table) == 2 + len(groups)
    for row, group in zip(table[2:], groups, strict=True):
        assert all(re.fullmatch(r"\*.+\*", cell) for cell in row)
        assert row[1] == f"*{group.eer:.1%}*"
    assert "Set apart are groups too small to say anything" in card


def test_a_training_of_before_more_was_kept(runs: Path, run_of: Callable) -> None:
    run = run_of(0)
    table = read_csv(run.folder / "trained_on.csv")
    table[["split", "file", "speaker"]].to_csv(run.folder / "trained_on.csv", index=False)
    run.update(split=None)
    card = write_model_card(run, runs).read_text()
    [table] = [table for table in tables_of(card) if table[0][:2] == ["part", "class"]]
    assert [row[:3] for row in table[2:]] == [
        ["training", "both", "80"],
        *(["validation", label, "40"] for label in ("bona-fide", "spoof")),
        *(["test", label, "40"] for label in ("bona-fide", "spoof")),
    ]
    assert "was not kept" in card
    assert "It was trained on" not in card
    (run.folder / "trained_on.csv").unlink()
    card = write_model_card(run, runs).read_text()
    assert "The clips are not told: Cannot read" in card
    tables_of(card)


def test_no_card_without_a_test(runs: Path, run_of: Callable) -> None:
    assert write_model_card(run_of(2), runs) is None


def test_the_card_of_an_older_test(runs: Path, run_of: Callable, make_older: Callable) -> None:
    run = run_of(1)
    make_older(run, "min_dcf", "cllr")
    card = write_model_card(run, runs).read_text()
    assert "- Tested before minDCF and Cllr were measured: test it again for them." in card
    told = {row[0]: row[1:] for table in tables_of(card) for row in table}
    assert told["Cllr"] == ["–", "cannot be told", "cannot be told"]
    assert "cannot be told" not in told["EER"]
    make_older(run)
    card = write_model_card(run, runs).read_text()
    assert "measured and before there were intervals: test it again for them." in card
    assert "Verdicts that may abstain were not measured." in card
    assert not re.search(r"\bnan\b", card)
    told = {row[0]: row[1:] for table in tables_of(card) for row in table}
    assert told["AUC"][1] == "cannot be told" and told["AUC"][0] != "–"


@pytest.mark.parametrize("classifier", [*CLASSIFIERS, "of_old"])
def test_the_card_says_what_the_classifier_is(
    runs: Path, run_of: Callable, classifier: str
) -> None:
    run = run_of(0)
    run.update(settings=run.settings | {"classifier": classifier})
    text = write_model_card(run, runs).read_text()
    known = classifier in CLASSIFIERS
    words = CLASSIFIERS.load(classifier).description if known else "a classifier"
    assert f"A detector of synthetic speech: {words} on vectors of wav2vec2 (" in text

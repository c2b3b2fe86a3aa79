"""From the text of a flag to a value."""

import json
from pathlib import Path

import pytest

from src.utils.config import DOWNSTREAM_SPLITS, PRETEXT_SPLITS, SPLITS
from src.utils.dataset.split import Shares
from src.utils.errors import ArgumentError, choose, shorten
from tasks import arguments


def test_a_slip_is_told_with_the_nearest_choice() -> None:
    with pytest.raises(ArgumentError, match=r"--backbone=wav2vec is not one of .*mean wav2vec2\?"):
        arguments.backbone_name("wav2vec")
    with pytest.raises(ArgumentError, match="--classifier is needed: one of mlp, svm, rf"):
        arguments.classifier_name(None)
    assert arguments.backbone_name("acoustic") == "acoustic"
    assert arguments.classifier_name("rf") == "rf"
    assert ArgumentError.exit_code == 2
    with pytest.raises(ArgumentError) as raised:
        choose("--gender", "?", ["M", "F"])
    assert str(raised.value) == "--gender=? is not one of M, F"


def test_whole_numbers() -> None:
    assert arguments.whole_number("--seed", "7") == 7
    assert arguments.whole_number("--trials", "1", 1) == 1
    assert arguments.optional_number("--run-number", None) is None
    assert arguments.optional_number("--run-number", "0") == 0
    for text, reason in (("7.5", "not a whole"), ("x", "not a whole"), ("-1", "at least 0")):
        with pytest.raises(ArgumentError, match=f"--seed={text} .*{reason}"):
            arguments.whole_number("--seed", text)


def test_layers() -> None:
    for text, layer in (("0", 0), ("12", 12), ("-1", -1)):
        assert arguments.layer_number(text) == arguments.layer_choice(text) == layer
    assert arguments.layer_choice("probe") == "probe"
    assert arguments.layer_choice("weighted") == "weighted"
    with pytest.raises(ArgumentError, match=r"nor probe or weighted; did you mean weighted\?"):
        arguments.layer_choice("wieghted")
    for text in ("last", "1.5", "1.0", ""):
        with pytest.raises(ArgumentError, match=f"--layer={text} is not a whole number$"):
            arguments.layer_number(text)
        with pytest.raises(ArgumentError, match=f"--layer={text} is not a whole number, nor probe"):
            arguments.layer_choice(text)
    with pytest.raises(ArgumentError, match="--layer=probe is not a whole number"):
        arguments.layer_number("probe")


def test_numbers_and_ranges() -> None:
    assert arguments.number("--target-rms", "1e-1") == 0.1
    assert arguments.number_range("--snr-db", "5..20") == (5.0, 20.0)
    assert arguments.number_range("--snr-db", "-5..-1.5") == (-5.0, -1.5)
    assert arguments.number_range("--snr-db", "10") == (10.0, 10.0)
    for text in ("", "abc", "nan", "inf"):
        with pytest.raises(ArgumentError, match="is not a number"):
            arguments.number("--x", text)
    for text in ("5..", "..5", "a..b", "5-20", "1..2..3"):
        with pytest.raises(ArgumentError, match="neither a number nor a range"):
            arguments.number_range("--snr-db", text)


def test_folders_joined_by_commas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def found(text: str) -> list[str]:
        return [str(path) for path in arguments.paths("--embeddings", text)]

    assert found("a") == ["a"]
    assert found("a,b,c/d") == ["a", "b", "c/d"]
    # A folder that is there has its name, commas included.
    (tmp_path / "a,b").mkdir()
    assert found("a,b") == ["a,b"]
    assert found("c,a,b,d") == ["c", "a,b", "d"]
    for text in ("", "a,", ",a", "a,,b"):
        with pytest.raises(ArgumentError, match="--embeddings= is empty"):
            found(text)
    with pytest.raises(ArgumentError, match="--embeddings names the folder a twice"):
        found("a,c,./a")


def test_ranges_of_whole_numbers() -> None:
    assert arguments.whole_range("--steps", "1..2", 1) == (1, 2)
    assert arguments.whole_range("--steps", "3", 1) == (3, 3)
    for text in ("", "0", "1.5", "0..2", "1..", "..2", "1-2"):
        with pytest.raises(ArgumentError, match=f"--steps={text} is neither .* such as 1..2"):
            arguments.whole_range("--steps", text, 1)


def test_hyperparameters(tmp_path: Path) -> None:
    def hyperparameters(text: str | None) -> dict:
        return arguments.recipe(text, "acoustic", "svm").hyperparameters

    assert hyperparameters(None) == {}
    assert hyperparameters("C=2, gamma=auto") == {
        "C": "2",
        "gamma": "auto",
    }
    for content in ({"hyperparameters": {"C": 2.0}, "layer": 3}, {"C": 2.0}):
        (tmp_path / "a.json").write_text(json.dumps(content))
        assert hyperparameters(str(tmp_path / "a.json")) == {"C": 2.0}
    (tmp_path / "a.json").write_text("[1]")
    for text in (str(tmp_path / "a.json"), "C", "C=", "=1", "C=1,,"):
        with pytest.raises(ArgumentError, match="--hyperparameters="):
            hyperparameters(text)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {}),
        ({"pretext": "0"}, {"pretext": 0.0}),
        ({"pretext_train": "0.9"}, {"pretext_train": 0.9, "pretext_val": 0.1}),
        ({"pretext_val": "0.3"}, {"pretext_train": 0.7, "pretext_val": 0.3}),
        (
            {"downstream_train": "0.6"},
            {"downstream_train": 0.6, "downstream_val": 0.2, "downstream_test": 0.2},
        ),
        (
            {"downstream_train": "0.5", "downstream_val": "0.25"},
            {"downstream_train": 0.5, "downstream_val": 0.25, "downstream_test": 0.25},
        ),
        (
            {"downstream_test": "0.2"},
            {"downstream_train": 0.7, "downstream_val": 0.1, "downstream_test": 0.2},
        ),
    ],
)
def test_shares_are_completed(given: dict, expected: dict) -> None:
    none = dict.fromkeys(("pretext", "pretext_train", "downstream_test"))
    found = arguments.share_flags(**(none | given))
    assert found == pytest.approx(expected)
    Shares(**found)


def test_shares_above_one() -> None:
    with pytest.raises(ArgumentError, match="more than 1"):
        arguments.share_flags(downstream_train="0.9", downstream_val="0.3")
    with pytest.raises(ArgumentError, match="is not a number"):
        arguments.share_flags(pretext="half")


def test_shorten() -> None:
    assert shorten([1, 2]) == "1, 2"
    assert shorten(range(7), 5) == "0, 1, 2, 3, 4 and 2 more"


def test_a_recipe_brings_its_layer_and_fits(tmp_path: Path) -> None:
    path = tmp_path / "best_hyperparameters.json"
    content = {
        "backbone": "acoustic",
        "classifier": "svm",
        "layer": 3,
        "hyperparameters": {"C": 2.0},
    }
    path.write_text(json.dumps(content))
    assert arguments.recipe(str(path), "acoustic", "svm") == arguments.Recipe({"C": 2.0}, 3)
    path.write_text(json.dumps(content | {"backbone": {"name": "acoustic"}}))
    assert arguments.recipe(str(path), "acoustic", "svm").layer == 3
    for backbone, classifier, wrong in (("hubert", "svm", "acoustic"), ("acoustic", "rf", "svm")):
        with pytest.raises(ArgumentError, match=f"is for the .* {wrong}, not"):
            arguments.recipe(str(path), backbone, classifier)
    path.write_text(json.dumps(content | {"layer": "top"}))
    with pytest.raises(ArgumentError, match="holds the layer top, no whole number"):
        arguments.recipe(str(path), "acoustic", "svm")
    path.write_text(json.dumps(content | {"layer": "weighted", "pooling": "std"}))
    found = arguments.recipe(str(path), "acoustic", "svm")
    assert (found.layer, found.pooling) == ("weighted", "std")
    # As a study keeps it where its best trial takes all statistics.
    path.write_text(json.dumps(content | {"pooling": None}))
    assert arguments.recipe(str(path), "acoustic", "svm").pooling is None
    path.write_text(json.dumps(content | {"pooling": 3}))
    with pytest.raises(ArgumentError, match="holds the pooling 3, no word"):
        arguments.recipe(str(path), "acoustic", "svm")


def test_a_recipe_of_when_acoustic_was_called_lfcc(tmp_path: Path) -> None:
    """A run's file tells by what was pooled, a study's by the manifest beside it."""
    about = {"name": "lfcc", "stats": ["descriptor"]}
    content = {"backbone": about, "classifier": "svm", "hyperparameters": {"C": 2.0}}
    path = tmp_path / "hyperparameters.json"
    path.write_text(json.dumps(content))
    study = tmp_path / "best_hyperparameters.json"
    study.write_text(json.dumps(content | {"backbone": "lfcc"}))
    assert arguments.recipe(str(study), "lfcc", "svm").hyperparameters == {"C": 2.0}
    (tmp_path / "manifest.json").write_text(json.dumps({"settings": {"backbone": about}}))
    for file in (path, study):
        assert arguments.recipe(str(file), "acoustic", "svm").hyperparameters == {"C": 2.0}
        with pytest.raises(ArgumentError, match=r"backbone acoustic \(was lfcc\), not lfcc"):
            arguments.recipe(str(file), "lfcc", "svm")


@pytest.mark.parametrize(("text", "span"), [("0-6", (0, 6)), ("9", (9, 9)), ("12-12", (12, 12))])
def test_layer_span(text: str, span: tuple[int, int]) -> None:
    assert arguments.layer_span(text) == span


@pytest.mark.parametrize("text", ["", "-1", "6-", "a-b", "1-2-3", "0..6", "1.5", "6-0"])
def test_no_layer_span(text: str) -> None:
    with pytest.raises(ArgumentError, match=f"--layers={text}"):
        arguments.layer_span(text)


def test_what_is_held_out() -> None:
    assert arguments.hold_out("attack:A07,A08") == ("attack", ["A07", "A08"])
    assert arguments.hold_out("source: My corpus , x:y") == ("source", ["My corpus", "x:y"])
    for text in ("", "attack", "attack:", "attack:A07,", ":A07", "A07,A08"):
        with pytest.raises(ArgumentError, match=r"--hold-out=.*attack"):
            arguments.hold_out(text)
    with pytest.raises(ArgumentError, match=r"of the form attack:NAME,NAME or source:NAME"):
        arguments.hold_out("A07")


def test_numbers_of_runs() -> None:
    assert arguments.run_numbers("--runs-list", "3, 7,9") == [3, 7, 9]
    for text, told in {
        None: "is needed",
        "": "is needed",
        "3": "two or more",
        "3,3": "names run 3 twice",
        "3,": "is not a whole number",
        "3,-1": "must be at least 0",
    }.items():
        with pytest.raises(ArgumentError, match=f"--runs-list.*{told}"):
            arguments.run_numbers("--runs-list", text)


def test_shares_lie_inside() -> None:
    assert arguments.share("--prior", "0.25") == 0.25
    for text in ("0", "1", "-0.5", "2"):
        with pytest.raises(ArgumentError, match=f"--prior={text} must lie between 0 and 1"):
            arguments.share("--prior", text)
    with pytest.raises(ArgumentError, match="--prior=half is not a number"):
        arguments.share("--prior", "half")


def test_names_of_splits() -> None:
    assert arguments.split_names("downstream") == list(DOWNSTREAM_SPLITS)
    assert arguments.split_names("pretext") == list(PRETEXT_SPLITS)
    assert arguments.split_names("all") == list(SPLITS)
    assert arguments.split_names("full,downstream_val") == ["full", "downstream_val"]
    assert arguments.split_names("downstream_val,downstream") == [
        "downstream_val",
        "downstream_train",
        "downstream_test",
    ]
    for text in ("", "dev", "downstream_vall", "full,"):
        with pytest.raises(ArgumentError, match="--splits="):
            arguments.split_names(text)


def test_a_choice_that_may_be_left_out() -> None:
    assert arguments.optional_choice("--gender", None, ("M", "F")) is None
    assert arguments.optional_choice("--gender", "F", ("M", "F")) == "F"
    with pytest.raises(ArgumentError, match="--gender=X is not one of M, F"):
        arguments.optional_choice("--gender", "X", ("M", "F"))

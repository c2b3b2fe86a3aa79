"""What of a backbone's output is trained on, and what is done to it, as a user says it."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile


@pytest.fixture(scope="module")
def place(fab, tones, write_csv_corpus, checkpoints, tmp_path_factory) -> Path:
    """Embeddings of four layers."""
    folder = tmp_path_factory.mktemp("vectors")
    data = f"--dataset={write_csv_corpus(folder / 'data', tones(10, 2))}"
    fab(
        *("GenerateDatasetCSV", data),
        *("SplitDataset", data, "--pretext=0"),
        *("GenerateEmbeddings", data, "--backbone=wav2vec2"),
        *(f"--checkpoint={checkpoints['wav2vec2']}", f"--embeddings={folder / 'e'}"),
    ).succeeds()
    return folder


@pytest.fixture(scope="module")
def train(place) -> tuple[str, ...]:
    where = (f"--embeddings={place / 'e'}", f"--runs={place / 'runs'}")
    return ("TrainModel", "--backbone=wav2vec2", *where)


def run_of(answer) -> Path:
    return Path(answer.out.splitlines()[-1].split(": ", 1)[1])


def settings_of(run: Path) -> dict:
    return json.loads((run / "manifest.json").read_text())["settings"]


def test_one_pooling_of_one_layer(fab, train, place):
    made = fab(*train, "--classifier=svm", "--layer=3", "--pooling=mean")
    run = run_of(made.succeeds("\nlayer 3, mean, validation EER "))
    assert settings_of(run)["pooling"] == "mean"
    assert "layer 3, mean" in (run / "report.html").read_text()
    runs = f"--runs={place / 'runs'}"
    fab("ListRuns", runs).succeeds("layer 3, mean")
    rows = json.loads(fab("ListRuns", runs, "--json").succeeds().out)
    [row] = [row for row in rows["runs"] if row["number"] == 0]
    assert (row["layer"], row["pooling"]) == (3, "mean")
    tested = fab("TestModel", "--run-number=0", *train[2:]).succeeds()
    assert "EER" in tested.out
    assert "layer 3, mean" in (run / "model_card.md").read_text()
    # A run's own file says all of it again, and a flag beside it is heeded first.
    recipe = f"--hyperparameters={run / 'hyperparameters.json'}"
    again = run_of(fab(*train, "--classifier=svm", recipe).succeeds("\nlayer 3, mean, "))
    assert settings_of(again) == settings_of(run)
    fab(*train, "--classifier=svm", recipe, "--pooling=both").succeeds("\nlayer 3, validation")
    fab(*train, "--classifier=svm", recipe, "--layer=1").succeeds("\nlayer 1, mean, ")


def test_all_layers_by_weights(fab, train, place, scratch):
    few = "--hyperparameters=epochs=2,hidden_size=8,scaling=l2,class_weight=none"
    made = fab(*train, "--classifier=mlp", "--layer=weighted", few)
    run = run_of(made.succeeds("\nall layers, weighted, validation EER "))
    assert "all layers, weighted" in (run / "report.html").read_text()
    fab("ListRuns", f"--runs={place / 'runs'}").succeeds("all layers, weighted")
    recipe = f"--hyperparameters={run / 'hyperparameters.json'}"
    again = fab(*train, "--classifier=mlp", recipe).succeeds("\nall layers, weighted, ")
    assert settings_of(run_of(again)) == settings_of(run)
    number = f"--run-number={run.name.split('_')[0].removeprefix('run')}"
    fab("TestModel", number, *train[2:]).succeeds("EER")
    sound = scratch / "new.wav"
    noise = np.random.default_rng(7).normal(0, 0.1, 16_000)
    soundfile.write(sound, noise, 16_000)
    judged = fab("Predict", f"--audio={sound}", number, train[3], "--any-sound")
    judged.succeeds("wav2vec2 + mlp", "new.wav")


def test_vectors_are_prepared_as_asked(fab, train):
    asked = "--hyperparameters=scaling=l2,pca=64,class_weight=none"
    run = run_of(fab(*train, "--classifier=lr", "--layer=1", asked).succeeds("\nlayer 1, "))
    kept = settings_of(run)["hyperparameters"]
    assert (kept["scaling"], kept["pca"], kept["class_weight"]) == ("l2", 64, "none")


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (
            ["--pooling=meen"],
            ("--pooling=meen is not one of mean, std, both", "did you mean mean?"),
        ),
        (
            ["--layer=wieghted"],
            ("--layer=wieghted is not a whole number", "did you mean weighted?"),
        ),
        (["--layer=weighted"], ("--layer=weighted: svm cannot learn weights of layers",)),
        (["--hyperparameters=scaling=L2"], ("scaling=L2 is not one of standard, l2",)),
        (["--hyperparameters=pca=-1"], ("pca=-1 must lie between 0 and",)),
        (["--hyperparameters=class_weight=no"], ("class_weight=no is not one of balanced, none",)),
    ],
)
def test_mistakes_are_one_line(fab, train, place, flags, words):
    there = {path.name for path in (place / "runs").glob("*")}
    fab(*train, "--classifier=svm", *flags).fails(2, *words)
    assert {path.name for path in (place / "runs").glob("*")} == there


def test_what_goes_with_one_layer_alone(fab, train, embedded):
    flags = ("--layer=weighted", "--hyperparameters=pca=8")
    fab(*train, "--classifier=mlp", *flags).fails(2, "pca=8 goes with one layer, not with")
    here = ("--backbone=acoustic", *(f"--{name}={embedded / name}" for name in ("embeddings",)))
    fab("TrainModel", "--classifier=mlp", *here, "--layer=weighted").fails(
        2, "--layer=weighted: acoustic has only layer 0 here"
    )
    fab("TrainModel", "--classifier=svm", *here, "--pooling=mean").fails(
        2, "--pooling=mean is not one of descriptor"
    )


def test_a_pipeline_says_so_before_it_prepares(fab, place, scratch):
    data = f"--dataset={place / 'data'}"
    where = (f"--embeddings={scratch / 'e'}", f"--runs={scratch / 'r'}")
    flags = ("--classifier=mlp,svm", "--trials=0", "--layer=weighted")
    fab("RunPipeline", data, *where, *flags).fails(2, "svm cannot learn weights of layers")
    assert not list(scratch.iterdir())

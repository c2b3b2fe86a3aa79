"""The baseline `lfcc` from recordings to verdicts, and what bore its name before."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

WAS = "acoustic (was lfcc)"


def test_from_recordings_to_verdicts(fab, embedded, scratch):
    where = (f"--embeddings={scratch / 'e'}", f"--runs={scratch / 'r'}")
    data = f"--dataset={embedded / 'data'}"
    words = ("--backbone=lfcc", "--classifier=svm", *where)
    fab("GenerateEmbeddings", data, "--backbone=lfcc", where[0]).succeeds(
        "lfcc/downstream_train", "clips of 1 x mean+std x 60"
    )
    shown = fab("ProbeLayers", "--backbone=lfcc", *where).succeeds().out
    assert re.search(r"layer +mean +std +both", shown)
    fab("TrainModel", *words).succeeds("run 0", "layer 0")
    fab("TestModel", *words).succeeds("EER")
    fab("ListRuns", where[1]).succeeds("lfcc + svm, layer 0")
    file = scratch / "verdicts.csv"
    samples, rate = soundfile.read(sorted((embedded / "data/audio").iterdir())[0])
    # Long enough to be judged.
    soundfile.write(scratch / "long.wav", np.tile(samples, 2), rate)
    fab(
        "Predict", "--any-sound", f"--audio={scratch / 'long.wav'}", f"--output={file}", where[1]
    ).succeeds("lfcc + svm")
    assert len(file.read_text().splitlines()) == 2
    # A second call finds all of it there.
    fab("GenerateEmbeddings", data, "--backbone=lfcc", where[0]).succeeds("0 computed")
    fab("GenerateEmbeddings", data, "--backbone=lfcc", "--checkpoint=x", where[0]).fails(
        2, "--checkpoint=x: lfcc is built in"
    )


@pytest.fixture(scope="module")
def before(fab, embedded, tmp_path_factory) -> Path:
    """Embeddings `e` and runs `r`: a tested SVM and a study, as when the descriptor was `lfcc`."""
    place = tmp_path_factory.mktemp("before")
    shutil.copytree(embedded / "embeddings", place / "e")
    where = (f"--embeddings={place / 'e'}", f"--runs={place / 'r'}")
    words = ("--backbone=acoustic", "--classifier=svm", *where)
    fab(
        *("TrainModel", *words, "TestModel", *words),
        *("OptimizeHyperparameters", *words, "--trials=1"),
    ).succeeds()
    (place / "e/acoustic").rename(place / "e/lfcc")
    for name in ("manifest.json", "best_hyperparameters.json", "hyperparameters.json"):
        for path in place.rglob(name):
            content = path.read_text().replace('"name": "acoustic"', '"name": "lfcc"')
            content = content.replace('"backbone": "acoustic"', '"backbone": "lfcc"')
            path.write_text(content.replace("--backbone=acoustic", "--backbone=lfcc"))
    return place


@pytest.mark.parametrize(
    "words",
    [
        ["TrainModel", "--classifier=svm"],
        ["OptimizeHyperparameters", "--classifier=svm"],
        ["ProbeLayers"],
        ["VisualizeEmbeddingsTSNE"],
    ],
    ids=lambda words: words[0],
)
def test_the_old_store_is_refused(fab, before, scratch, words):
    fab(*words, "--backbone=lfcc", f"--embeddings={before / 'e'}", f"--runs={scratch / 'r'}").fails(
        *(1, before / "e/lfcc/downstream_train", "is called acoustic now"),
        f"remove {before / 'e/lfcc'} and run: fab GenerateEmbeddings --backbone=acoustic",
    )
    assert not (scratch / "r").exists()


@pytest.mark.parametrize("splits", ["downstream", "full"])
def test_the_old_store_is_not_written_into(fab, before, embedded, hashes, splits):
    kept = hashes(before / "e")
    fab(
        *("GenerateEmbeddings", f"--dataset={embedded / 'data'}", "--backbone=lfcc"),
        *(f"--splits={splits}", f"--embeddings={before / 'e'}"),
    ).fails(1, before / "e/lfcc", "is called acoustic now", f"--splits={splits}")
    assert hashes(before / "e") == kept


def test_the_remedy_is_one(fab, before, embedded, scratch):
    shutil.copytree(before / "e", scratch / "e")
    where = (f"--embeddings={scratch / 'e'}", f"--runs={scratch / 'r'}")
    told = fab("TrainModel", "--backbone=lfcc", "--classifier=svm", *where).lines[0]
    folder, command = re.search(r"remove (\S+) and run: fab (.*) \(or", told).groups()
    shutil.rmtree(folder)
    for backbone in ("acoustic", "lfcc"):
        words = command.replace("--backbone=acoustic", f"--backbone={backbone}").split()
        fab(*words, f"--dataset={embedded / 'data'}").succeeds(f"{backbone}/downstream_test")
        fab("TrainModel", f"--backbone={backbone}", "--classifier=svm", *where).succeeds()


@pytest.mark.parametrize(
    "flags",
    ["", "--run-number=0", "--backbone=acoustic", "--backbone=lfcc", "--study-number=0"],
    ids=lambda flags: flags or "newest",
)
def test_the_old_run_does_not_judge(fab, before, embedded, flags):
    told = (1, "run 0 was trained on acoustic when it was called lfcc", "--backbone=acoustic")
    flags = flags.split()
    fab("TestModel", *flags, f"--embeddings={before / 'e'}", f"--runs={before / 'r'}").fails(*told)
    audio = f"--audio={embedded / 'data/audio'}"
    fab("Predict", *flags, audio, f"--runs={before / 'r'}").fails(*told)


def test_the_old_study_serves_the_same_vectors_alone(fab, before, embedded, scratch):
    shutil.copytree(before / "r", scratch / "r")
    where = (f"--embeddings={embedded / 'embeddings'}", f"--runs={scratch / 'r'}")
    [best] = (scratch / "r").glob("svm_study0_*/best_hyperparameters.json")
    for recipe in ("--study-number=0", f"--hyperparameters={best}"):
        train = ("TrainModel", recipe, "--classifier=svm", *where)
        fab(*train, "--backbone=lfcc").fails((1, 2), f"{WAS}, not lfcc")
        fab(*train, "--backbone=acoustic").succeeds()
        [*_, new] = sorted((scratch / "r").glob("run*/manifest.json"))
        made = json.loads(new.read_text())["settings"]["hyperparameters"]
        assert made == json.loads(best.read_text())["hyperparameters"]


def test_what_was_found_is_still_shown(fab, before, scratch):
    shutil.copytree(before / "r", scratch / "r")
    runs = f"--runs={scratch / 'r'}"
    fab("ListRuns", runs).succeeds(f"{WAS} + svm, layer 0", f"search of {WAS} + svm")
    output = scratch / "scores.txt"
    fab("ExportScores", "--run-number=0", f"--output={output}", runs).succeeds("scores of")
    assert output.read_text()

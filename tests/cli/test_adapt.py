"""Adapting a run from the command line, on made-up tones whose spoofs give themselves away anew."""

import json
from dataclasses import replace

import pytest

from tests.adaptation.recordings import write_case


@pytest.fixture(scope="module")
def where(fab, embedded):
    """Runs 0 to 2 are of vectors and a network; `mine` is a case of its own."""
    write_case(embedded / "mine")
    flags = (f"--embeddings={embedded / 'embeddings'}", f"--runs={embedded / 'adapted'}")
    for classifier in ("svm", "lr"):
        fab("TrainModel", "--backbone=acoustic", f"--classifier={classifier}", *flags).succeeds()
    fab(
        *("TrainNetwork", "--front-end=lfcc", "--back-end=lcnn", "--seconds=0.3", "--epochs=1"),
        *("--batch-size=8", "--workers=0", f"--dataset={embedded / 'data'}", flags[1]),
    ).succeeds()
    fab("GenerateDatasetCSV", f"--dataset={embedded / 'mine'}").succeeds()
    return flags


@pytest.fixture(scope="module")
def adapted(fab, where, embedded):
    """Run 3 is run 0 adapted."""
    words = ("--run-number=0", f"--dataset={embedded / 'mine'}", "--clips=10", where[1])
    return fab("AdaptModel", *words).succeeds()


def test_it_tells_what_was_gained_and_what_it_cost(adapted, embedded):
    for word in (
        *("run 3:", "report:", "adapted: run 0, with 10 clips of each class of mine"),
        *("before", "after", "speakers kept apart", "own test", "folds by speaker"),
    ):
        assert word in adapted.out
    # Vectors lie beside the run's own, and serve the next time.
    [store] = (embedded / "embeddings" / "adapting").glob("mine-*/acoustic/full")
    assert (store / "embeddings.npy").is_file()


def test_it_is_a_run_as_every_other(fab, where, adapted, embedded, tmp_path):
    fab("TestModel", "--run-number=3", *where).succeeds("run 3:", "EER")
    fab("TestModel", "--run-number=1", *where).succeeds()
    fab("CompareRuns", "--runs-list=1,3", where[1]).succeeds("acoustic + svm, adapted")
    fab("ListRuns", where[1]).succeeds("acoustic + svm, adapted")
    [card] = (embedded / "adapted").glob("run3_*/model_card.md")
    assert "## Adaptation" in card.read_text()
    clip = next((embedded / "mine").rglob("*.wav"))
    heard = ("Predict", f"--audio={clip}", "--any-sound", "--run-number=3", where[1])
    fab(*heard).succeeds("acoustic + svm, adapted")
    fab("ExportModel", "--run-number=3", f"--output={tmp_path / 'out'}", *where).succeeds()
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["settings"]["adapted"]["clips"] == 10


def test_it_answers_in_json_and_in_a_line(fab, where, adapted, embedded):
    words = ("--run-number=1", f"--dataset={embedded / 'mine'}", "--clips=10", where[1])
    found = json.loads(fab("AdaptModel", *words, "--json").succeeds().out)
    assert found["adapted"]["run"] == "run 1"
    assert found["is_better"] is True
    assert found["adaptation"]["apart"]["metrics"]["eer"]["after"] < 0.3
    line = fab("AdaptModel", *words, "--quiet").succeeds("before").out
    assert len(line.splitlines()) == 1


@pytest.mark.parametrize(
    ("flags", "code", "words"),
    [
        (("--run-number=0",), 2, ["--dataset is needed"]),
        (("--run-number=0", "--dataset=mine", "--clips=4"), 2, ["--clips=4"]),
        (("--run-number=0", "--dataset=mine", "--clips=x"), 2, ["--clips=x"]),
        (("--run-number=0", "--dataset=mine", "--clips=900"), 2, ["--clips=900", "at most"]),
        (("--run-number=0", "--dataset=none"), 1, ["no data set at"]),
        (("--run-number=0", "--dataset=data"), 2, ["is what run 0 was trained on"]),
        (("--run-number=2", "--dataset=mine"), 2, ["TrainNetwork --start-from=2"]),
        (("--run-number=3", "--dataset=mine"), 2, ["run 3 is run 0 adapted"]),
        (("--run-number=99", "--dataset=mine"), 1, ["no run 99"]),
    ],
)
def test_mistakes_are_told_in_one_line(fab, where, adapted, embedded, flags, code, words):
    there = sorted((embedded / "adapted").iterdir())
    told = [flag.replace("--dataset=", f"--dataset={embedded}/") for flag in flags]
    fab("AdaptModel", *told, where[1]).fails(code, *words)
    assert sorted((embedded / "adapted").iterdir()) == there


def test_a_fusion_is_refused(fab, where, adapted, embedded):
    fab("FuseRuns", "--runs-list=0,1", where[1]).succeeds()
    number = max(int(path.name[3:].split("_")[0]) for path in (embedded / "adapted").glob("run*"))
    words = (f"--run-number={number}", f"--dataset={embedded / 'mine'}", where[1])
    fab("AdaptModel", *words).fails(2, "is a fusion of run 0 and run 1", "fuse them again")


def test_what_does_not_help_makes_no_run(fab, where, adapted, embedded, tones, write_csv_corpus):
    """Clips as those of the training, which it tells apart already."""
    clips = [
        replace(clip, speaker=f"o{clip.speaker}", file=f"o/{clip.file}")
        for clip in tones(12, 3, seed=4)
    ]
    write_csv_corpus(embedded / "alike", clips)
    data = f"--dataset={embedded / 'alike'}"
    fab("GenerateDatasetCSV", data).succeeds()
    there = sorted((embedded / "adapted").iterdir())
    words = ("--run-number=0", data, "--clips=10", where[1])
    fab("AdaptModel", *words).fails(
        *(1, "adapting does not help", "before", "after in folds by speaker", "no run was made")
    )
    assert sorted((embedded / "adapted").iterdir()) == there

"""Fusing runs from the command line, on made-up tones: vectors, a network, and mistakes."""

import json

import numpy as np
import pytest
import soundfile


@pytest.fixture(scope="module")
def where(fab, embedded):
    """Runs 0 and 1 are of vectors, run 2 is of a network."""
    flags = (f"--embeddings={embedded / 'embeddings'}", f"--runs={embedded / 'fused'}")
    for classifier in ("svm", "lr"):
        fab("TrainModel", "--backbone=acoustic", f"--classifier={classifier}", *flags).succeeds()
    fab(
        *("TrainNetwork", "--front-end=lfcc", "--back-end=lcnn", "--seconds=0.3", "--epochs=1"),
        *("--batch-size=8", "--workers=0", f"--dataset={embedded / 'data'}", flags[1]),
    ).succeeds()
    return flags


@pytest.fixture(scope="module")
def fused(fab, where):
    """Run 3 is of the vectors of one backbone, run 4 of vectors and the network."""
    return [fab("FuseRuns", f"--runs-list={runs}", where[1]).succeeds() for runs in ("0,1", "1,2")]


def test_a_fusion_tells_its_members_weights_and_whether_it_pays(fused):
    alike, apart = fused
    for answer, names in (
        (alike, ("run 0", "svm", "run 3:")),
        (apart, ("run 2", "lcnn", "run 4:")),
    ):
        for word in (*names, "run 1", "weight", "validation EER", "alone", "report:"):
            assert word in answer.out
    assert "All members hear through one backbone (acoustic)" in alike.out
    assert "one backbone" not in apart.out


def test_it_is_tested_by_vectors_and_by_recordings_and_judges(fab, where, fused, embedded):
    fab("TestModel", "--run-number=3", *where).succeeds("run 3:", "EER", "on the test")
    assert not list((embedded / "fused").glob("run3_*/scored"))
    fab("TestModel", "--run-number=4", *where).succeeds("run 4:", "EER", "on the test")
    assert list((embedded / "fused").glob("run4_*/scored/test.json"))
    fab("TestModel", "--run-number=1", *where).succeeds()
    fab("CompareRuns", "--runs-list=1,3,4", where[1]).succeeds("fusion of acoustic + lr and lfcc")
    time = np.arange(24_000) / 16_000
    clip = embedded / "evidence.wav"
    soundfile.write(clip, 0.2 * np.sin(2 * np.pi * 300 * time) * np.sin(20 * time), 16_000)
    words = ("Predict", f"--audio={clip}", "--run-number=4", "--any-sound", where[1])
    fab(*words).succeeds("LLR", "run 1", "run 2")
    [verdict] = json.loads(fab(*words, "--json").succeeds().out)["verdicts"]
    assert set(verdict["members"]) == {"run1", "run2"}


def test_it_answers_in_json_and_in_a_line(fab, where):
    answer = fab("FuseRuns", "--runs-list=0,1", where[1], "--json").succeeds()
    found = json.loads(answer.out)
    assert [one["number"] for one in found["fusion"]["members"]] == [0, 1]
    assert found["is_better"] is False
    fab("FuseRuns", "--runs-list=0,1", where[1], "--quiet").succeeds("validation EER")


@pytest.mark.parametrize(
    ("flags", "code", "words"),
    [
        ((), 2, ["two members or more", "--runs-list=3,7"]),
        (("--runs-list=0",), 2, ["two members or more"]),
        (("--runs-list=0,0",), 2, ["names run 0 twice"]),
        (("--runs-list=0,x",), 2, ["--runs-list", "x"]),
        (("--studies-list=0,0",), 2, ["names study 0 twice"]),
        (("--studies-list=0,1", "--study-number=3"), 2, ["--study-number=3"]),
        (("--runs-list=0,1", "--classifier=svn"), 2, ["--classifier=svn", "svm"]),
        (("--runs-list=0,1", "--classifier=svm"), 2, ["--classifier=svm is of studies"]),
        (("--runs-list=0,99",), 1, ["no run 99"]),
        (("--runs-list=0", "--studies-list=9"), 1, ["no study 9"]),
        (("--runs-list=3,2",), 1, ["run 3 is a fusion itself, of run 0 and run 1"]),
    ],
)
def test_mistakes_are_told_in_one_line(fab, where, fused, flags, code, words):
    fab("FuseRuns", *flags, where[1]).fails(code, *words)


def test_what_a_fusion_is_refused_for_is_told(fab, where, fused, embedded):
    data = f"--dataset={embedded / 'data'}"
    fab("CalibrateRun", "--run-number=4", data, where[1]).fails(2, "a fusion of run 1 and run 2")
    fab("ExportModel", "--run-number=4", where[1]).fails(2, "a fusion of run 1 and run 2")

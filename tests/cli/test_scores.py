"""`EvaluateScores` and `ExportScores`: what leaves AUDIOS comes back with the same figures."""

import json
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def place(fab, embedded) -> Path:
    where = f"--embeddings={embedded / 'embeddings'}", f"--runs={embedded / 'runs'}"
    fab(
        *("TrainModel", "--backbone=acoustic", "--classifier=svm", *where),
        *("TestModel", *where),
    ).succeeds("EER", "95 % intervals over", "inconclusive")
    return embedded


def run_folder(place: Path, number: int) -> Path:
    [folder] = (place / "runs").glob(f"run{number}_*")
    return folder


FIGURES = ("eer", "min_dcf", "act_dcf", "cllr", "auc", "n_bona_fide", "n_spoof")


@pytest.mark.parametrize("form", ["asvspoof2019", "asvspoof2021", "asvspoof5", "csv"])
def test_there_and_back(fab, place, tmp_path, form):
    out, runs = tmp_path / "scores.out", f"--runs={place / 'runs'}"
    export = ("ExportScores", "--run-number=0", f"--output={out}", "--values=llr", runs)
    fab(*export, f"--format={form}").succeeds(out, "scores of")
    protocol = f"--protocol={run_folder(place, 0) / 'scores_test.csv'}"
    answer = fab("EvaluateScores", f"--scores={out}", protocol, f"--runs={tmp_path / 'r'}")
    answer.succeeds("EER", "Cllr", "taken for log-likelihood ratios", "results.json")
    [path] = (tmp_path / "r").glob("run0_*/results.json")
    ours = json.loads((run_folder(place, 0) / "test_results.json").read_text())
    again = json.loads(path.read_text())
    assert {k: again[k] for k in FIGURES} == pytest.approx({k: ours[k] for k in FIGURES})


def test_a_file_that_holds_the_key_needs_no_protocol(fab, place, tmp_path):
    out = tmp_path / "scores.out"
    export = ("ExportScores", "--run-number=0", f"--output={out}", f"--runs={place / 'runs'}")
    fab(*export, "--format=asvspoof2019").succeeds(out)
    fab("EvaluateScores", f"--scores={out}", f"--runs={tmp_path / 'r'}").succeeds("EER")
    [path] = (tmp_path / "r").glob("run0_*/results.json")
    ours = json.loads((run_folder(place, 0) / "test_results.json").read_text())
    again = json.loads(path.read_text())
    assert again["eer"] == pytest.approx(ours["eer"])
    groups = [
        [one["group"] for one in found["breakdowns"].get("attack", [])] for found in (ours, again)
    ]
    assert groups[0] == groups[1]
    fab("EvaluateScores", "-h").succeeds("--protocol", "AASIST")


def test_an_evaluation_is_exported_too(fab, place, tmp_path):
    runs = f"--runs={tmp_path}"
    scores = run_folder(place, 0) / "scores_test.csv"
    about = (f"--scores={scores}", f"--protocol={scores}", runs)
    fab("EvaluateScores", *about, "--threshold=0.5").succeeds("threshold  0.5000")
    out = tmp_path / "s.txt"
    fab("ExportScores", "--run-number=0", f"--output={out}", "--format=asvspoof2021", runs)
    assert len(out.read_text().splitlines()) == len(scores.read_text().splitlines()) - 1


def test_mistakes(fab, place, tmp_path):
    runs = f"--runs={place / 'runs'}"
    scores = f"--scores={run_folder(place, 0) / 'scores_test.csv'}"
    key = scores.replace("--scores", "--protocol")
    start = ("EvaluateScores", runs)
    fab(*start, key).fails(2, "--scores is needed")
    bare = tmp_path / "bare.txt"
    bare.write_text("a 1.0\nb -1.0\n")
    fab(*start, f"--scores={bare}").fails(2, "--protocol is needed", "bare.txt")
    fab(*start, scores, key, "--polarity=fake").fails(2, "bona-fide, spoof")
    fab(*start, scores, key, "--threshold=high").fails(2, "--threshold=high is not a number")
    fab(*start, scores, key, "--validation-protocol=x").fails(2, "--validation-scores")
    fab(*start, scores, key, "--asv-protocol=x").fails(2, "goes with --asv-scores")
    fab(*start, scores, key, "--subset=eval").fails(2, "--subset=eval")
    fab(*start, f"--scores={tmp_path / 'no.txt'}", key).fails(1, "no.txt")
    fab(*start, scores, f"--protocol={tmp_path / 'no.txt'}").fails(1, "no.txt")
    export = ("ExportScores", runs)
    out = f"--output={tmp_path / 'o.txt'}"
    fab(*export).fails(2, "--output is needed")
    fab(*export, out, "--run-number=9").fails(1, "no run 9")
    fab(*export, out, "--format=xml").fails(2, "asvspoof2019, asvspoof2021, asvspoof5, csv")
    fab(*export, out, "--split=train").fails(2, "--split=train", "test, val")
    fab(*export, out, "--values=rank").fails(2, "score, llr")
    assert not (tmp_path / "o.txt").exists()
    assert len(list((place / "runs").glob("run*"))) == 1


def test_a_run_without_a_test_says_how_to_make_one(fab, place, tmp_path):
    where = f"--embeddings={place / 'embeddings'}", f"--runs={tmp_path / 'r'}"
    fab("TrainModel", "--backbone=acoustic", "--classifier=rf", *where).succeeds()
    out = tmp_path / "o.csv"
    export = ("ExportScores", f"--output={out}", f"--runs={tmp_path / 'r'}")
    fab(*export).fails(1, "run 0 was not tested", "fab TestModel --run-number=0")
    fab(*export, "--split=val").succeeds("scores of")
    assert out.read_text().startswith("file,label,score\n")

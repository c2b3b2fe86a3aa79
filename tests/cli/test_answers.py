"""`--json` and `--quiet`: what scripts read, and whoever wants a line."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest


def refuse_constant(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


def document(answer) -> dict:
    """Read an answer as one strict document."""
    assert answer.code == 0, answer
    assert answer.out.isascii()
    return json.loads(answer.out, parse_constant=refuse_constant)


@pytest.fixture(scope="module")
def flags(embedded) -> dict[str, str]:
    return {name: f"--{name}={embedded / name}" for name in ("embeddings", "runs")}


@pytest.fixture(scope="module")
def tested(fab, flags):
    """Two tested runs and an untested one; the answers to the tests in both forms."""
    train = ("TrainModel", "--backbone=acoustic", *flags.values())
    for name in ("svm", "rf", "lr"):
        fab(*train, f"--classifier={name}").succeeds()
    by_name = [f"--classifier={name}" for name in ("svm", "rf")]
    return [
        fab("TestModel", by_name[0], "--json", *flags.values()),
        fab("TestModel", by_name[1], "--quiet", *flags.values()),
    ]


def test_a_test(tested, embedded):
    found = document(tested[0])
    test = found["test"]
    assert found["folder"].startswith(str(embedded / "runs"))
    assert isinstance(test["eer"], float)
    low, high = test["ci95"]["eer"]
    assert low is None or 0 <= low <= high <= 1
    assert json.loads(Path(found["results"]).read_text(encoding="utf-8")) == test
    [line] = tested[1].succeeds().out.splitlines()
    assert re.fullmatch(r"\S+/runs/run\d+_\S+: EER \d+\.\d+% \[.*\]", line)


def test_many_sets(fab, tested, flags, embedded, tmp_path):
    there = embedded / "embeddings"
    other = shutil.copytree(there, tmp_path / "one, other" / "set")
    manifest = other / "acoustic/downstream_test/manifest.json"
    about = json.loads(manifest.read_text()) | {"dataset": "/else/other", "root": None}
    manifest.write_text(json.dumps(about))
    runs = shutil.copytree(embedded / "runs", tmp_path / "runs")
    words = ("TestModel", "--classifier=svm", f"--runs={runs}")
    found = document(fab(*words, "--json", f"--embeddings={other},{there}"))
    assert [row["name"] for row in found["test"]["sets"]] == ["data", "other"]
    assert found["test"]["failed"] == {}
    assert [Path(path).name for path in found["tests"]] == [
        "test_results.json",
        "test_results_other.json",
    ]
    assert found["test"] == json.loads(Path(found["results"]).read_text(encoding="utf-8"))
    # What cannot be tested is named, and the rest is tested.
    missing = tmp_path / "missing"
    answer = fab(*words, "--quiet", f"--embeddings={there},{missing},{other}")
    answer.fails(1, f"TestModel: {missing}: no acoustic embeddings of downstream_test")
    assert [line.split(": EER ")[0] for line in answer.out.splitlines()] == [
        *("data (own)", "other", "average", "pooled")
    ]
    fab(*words, f"--embeddings={there},").fails(2, "--embeddings= is empty")


def test_the_runs(fab, tested, flags):
    found = document(fab("ListRuns", "--json", flags["runs"]))
    assert found["faults"] == []
    runs = {one["classifier"]: one for one in found["runs"] if one["kind"] == "train"}
    assert {"svm", "rf", "lr"} <= set(runs)
    svm, lr = runs["svm"], runs["lr"]
    test = document(tested[0])
    assert (svm["folder"], svm["test_eer"]) == (test["folder"], test["test"]["eer"])
    assert svm["test_eer_ci95"] in (test["test"]["ci95"]["eer"], None)
    assert svm["tested_on"] == svm["tests"][0]["dataset"] == "data"
    assert svm["tests"][0]["n_spoof"] == test["test"]["n_spoof"]
    assert (lr["test_eer"], lr["test_eer_ci95"], lr["tests"]) == (None, None, [])
    assert isinstance(lr["validation_eer"], float)
    assert (svm["status"], svm["backbone"], svm["layer"]) == ("complete", "acoustic", 0)
    lines = fab("ListRuns", "--quiet", flags["runs"]).succeeds().out.splitlines()
    assert [line.split(": ")[0] for line in lines] == [one["folder"] for one in found["runs"]]
    assert any(": not tested, validation EER " in line for line in lines)


def test_a_comparison(fab, tested, flags):
    listed = document(fab("ListRuns", "--json", flags["runs"]))["runs"]
    numbers = [one["number"] for one in listed if one["test_eer"] is not None]
    words = ("CompareRuns", f"--runs-list={','.join(map(str, numbers))}", flags["runs"])
    found = document(fab(*words, "--json"))
    eers = [one["metrics"]["eer"]["value"] for one in found["runs"]]
    assert eers == sorted(eers)
    assert {one["metric"] for one in found["differences"]} == {"eer", "min_dcf", "cllr"}
    by_metric = {one["metric"]: one for one in found["differences"]}
    assert by_metric["eer"]["difference"] == pytest.approx(eers[1] - eers[0])
    best, *others = fab(*words, "--quiet").succeeds().out.splitlines()
    assert best.startswith(f"lowest EER: {found['runs'][0]['name']}, ")
    assert len(others) == 1


def test_an_audit(fab, embedded, flags):
    words = ("AuditDataset", f"--dataset={embedded / 'data'}", flags["runs"])
    found = document(fab(*words, "--json"))
    assert found["audit"]["n_clips"] == 32
    assert found["dataset"].endswith("data")
    lines = fab(*words, "--quiet").succeeds().out.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("flagged: " if found["audit"]["flags"] else "nothing flagged")


def test_progress_is_told_beside_a_document_and_not_beside_a_line(fresh_fab, embedded, flags):
    """In a process of its own, with the bars that tests are spared else."""
    words = ("AuditDataset", f"--dataset={embedded / 'data'}", flags["runs"])
    loud = fresh_fab(*words, "--json", TQDM_DISABLE="0")
    document(loud)
    assert "AuditDataset: Look for" in loud.err
    assert fresh_fab(*words, "--quiet", TQDM_DISABLE="0").succeeds().err == ""


def test_what_a_version_is_told_in_each_form(fab):
    found = document(fab("Version", "--json"))
    assert fab("Version", "--quiet").succeeds().out == f"{found['audios']}\n"
    fab("Version").succeeds(found["audios"], found["libraries"]["torch"], found["python"])
    assert found["folder"] == str(fab.cwd)


def test_errors_leave_stdout_empty(fab, tmp_path):
    for form in ("--json", "--quiet"):
        answer = fab("ListRuns", form, "--study-number=3", f"--runs={tmp_path}")
        answer.fails(1, "no study 3")
        assert answer.out == ""
    answer = fab("ListRuns", "--json", "--quiet", f"--runs={tmp_path}")
    answer.fails(2, "--json and --quiet")
    assert answer.out == ""


def test_a_reader_that_leaves_ends_it_quietly(fresh_fab, tested, flags):
    line = f"'{fresh_fab.start[0]}' ListRuns --json '{flags['runs']}' | head -1"
    done = subprocess.run(
        ["sh", "-c", line],
        cwd=fresh_fab.cwd,
        env=fresh_fab.environment(),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.stdout, done.stderr) == ("{\n", "")


def test_robustness(fab, tested, flags, embedded):
    asked = ("TestRobustness", "--classifier=svm", "--conditions=white-25-db", *flags.values())
    found = document(fab(*asked, "--json"))
    assert found["folder"] == document(tested[0])["folder"]
    assert [one["name"] for one in found["robustness"]["conditions"]] == ["white-25-db"]
    assert found["robustness"]["clean"]["metrics"]["eer"]["value"] == pytest.approx(
        document(tested[0])["test"]["eer"]
    )
    lines = fab(*asked, "--quiet").succeeds().out.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["clean", "white-25-db"]
    answer = fab("TestRobustness", "--conditions=whit", *flags.values())
    assert answer.code == 2
    assert "did you mean white?" in answer.err

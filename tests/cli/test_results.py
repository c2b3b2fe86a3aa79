"""Pages, model cards, `ListRuns` and `CompareRuns` from the command line, on made-up tones."""

import re

import pytest

from tests.visualize.reading import read_page


@pytest.fixture(scope="module")
def where(embedded) -> tuple[str, str]:
    return (f"--embeddings={embedded / 'embeddings'}", f"--runs={embedded / 'runs'}")


@pytest.fixture(scope="module")
def trained(fab, where):
    """Runs 0 and 1 are tested, 2 is not."""
    train = ("TrainModel", "--backbone=acoustic", *where)
    answers = [fab(*train, "--classifier=svm"), fab(*train, "--classifier=rf")]
    answers += [fab("TestModel", f"--run-number={number}", *where) for number in (0, 1)]
    answers.append(fab(*train, "--classifier=svm", "--hyperparameters=C=2"))
    return [answer.succeeds() for answer in answers]


def path_in(answer, name):
    [path] = re.findall(rf"\S+/{re.escape(name)}", answer.out)
    return path


def folder_of(embedded, number):
    [folder] = (embedded / "runs").glob(f"run{number}_*")
    return folder


def test_training_and_test_tell_of_their_page(trained, embedded):
    training, _, test, *_ = trained
    page = folder_of(embedded, 0) / "report.html"
    assert path_in(training, "report.html") == path_in(test, "report.html") == str(page)
    assert path_in(test, "model_card.md") == str(page.with_name("model_card.md"))
    # The figures are in the page; their files are not listed.
    assert ".png" not in training.out + test.out
    read = read_page(page)
    assert "Test EER" in read.text
    assert "People were dealt out: 70% training" in read.text
    assert "Not tested yet" in read_page(folder_of(embedded, 2) / "report.html").text


def test_every_task_that_makes_a_run_writes_a_page(fab, where, embedded):
    runs = f"--runs={embedded / 'others'}"
    for task, *flags in (
        ("VisualizeEmbeddingsTSNE",),
        ("ProbeLayers",),
        ("OptimizeHyperparameters", "--classifier=svm", "--trials=2"),
    ):
        answer = fab(task, *flags, "--backbone=acoustic", where[0], runs).succeeds()
        read_page(embedded / "others" / path_in(answer, "report.html"))
    [study] = (embedded / "others").glob("svm_study0_*")
    assert not list(study.glob("run*/report.html"))
    fab("TestModel", "--study-number=0", where[0], runs).succeeds()
    assert len(list(study.glob("run*/report.html"))) == 1
    listed = fab("ListRuns", runs, "--study-number=0").succeeds().out.splitlines()
    assert len(listed) == 3
    fab("ListRuns", runs).succeeds("of SVM study 0", "SVM study 0", "t-SNE of acoustic")


def test_runs_are_listed_by_their_eer(fab, trained, where):
    lines = fab("ListRuns", where[1]).succeeds("acoustic + rf, layer 0").out.splitlines()
    assert len(lines) == 4
    assert lines[-1].split()[0] == "2"
    by_number = fab("ListRuns", where[1], "--sort=number").succeeds().out.splitlines()
    assert [line.split()[0] for line in by_number] == ["run", "0", "1", "2"]
    only = fab("ListRuns", where[1], "--classifier=rf").succeeds().out.splitlines()
    assert [line.split()[0] for line in only] == ["run", "1"]


def test_runs_are_compared(fab, trained, where, embedded):
    answer = fab("CompareRuns", "--runs-list=0,1", where[1]).succeeds("against run", "minDCF")
    page = path_in(answer, "comparison.html")
    read = read_page(embedded / page)
    assert "Lowest EER: run" in read.text
    fab("ListRuns", where[1]).succeeds("comparison of 2 runs")


def test_mistakes_are_one_line(fab, trained, where, tmp_path):
    fab("CompareRuns", where[1]).fails(2, "--runs-list", "3,7")
    fab("CompareRuns", "--runs-list=0", where[1]).fails(2, "two or more")
    fab("CompareRuns", "--runs-list=0,0", where[1]).fails(2, "run 0 twice")
    fab("CompareRuns", "--runs-list=0,x", where[1]).fails(2, "not a whole number")
    fab("CompareRuns", "--runs-list=0,9", where[1]).fails(1, "no run 9")
    fab("CompareRuns", "--runs-list=0,2", where[1]).fails(1, "fab TestModel --run-number=2")
    fab("CompareRuns", "--runs-list=0,1", "--tested-on=x", where[1]).fails(1, "not tested on x")
    fab("CompareRuns", "--runs-list=0,1", "--study-number=5", where[1]).fails(1, "no study 5")
    fab("ListRuns", "--sort=eeer", where[1]).fails(2, "did you mean eer?")
    fab("ListRuns", "--study-number=5", where[1]).fails(1, "no study 5")
    empty = fab("ListRuns", f"--runs={tmp_path / 'none'}").succeeds("no runs in")
    assert len(empty.out.splitlines()) == 1

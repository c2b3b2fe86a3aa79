"""The YAMNet baseline from the command line, on made-up tones and from random weights."""

import re
import signal

import pytest

SMALL = ("--hyperparameters=batch_size=8", "--epochs=2")


@pytest.fixture(scope="module")
def data(fab, tones, write_csv_corpus, tmp_path_factory):
    """A made-up data set that is split."""
    folder = write_csv_corpus(tmp_path_factory.mktemp("baseline") / "data", tones(8, 2))
    flag = f"--dataset={folder}"
    fab("GenerateDatasetCSV", flag, "SplitDataset", flag, "--pretext=0").succeeds()
    return folder


@pytest.fixture(scope="module")
def where(data):
    return (f"--dataset={data}", f"--runs={data.parent / 'runs'}")


@pytest.fixture(scope="module")
def trained(fab, where):
    """Run 0, trained and tested."""
    train = fab("TrainBaseline", *where, *SMALL).succeeds("validation EER", "random weights")
    return train, fab("TestBaseline", *where).succeeds()


def folder_in(runs):
    [folder] = runs.glob("run0_*")
    return folder


def test_it_is_trained_and_tested_as_every_classifier(trained, data):
    train, test = trained
    folder = folder_in(data.parent / "runs")
    for answer in trained:
        assert str(folder / "report.html") in answer.out
    assert "of 2 kept" in train.out
    for word in ("EER", "minDCF", "accuracy", "test_results.json", "model_card.md"):
        assert word in test.out
    assert re.search(r"EER +\d+\.\d\d% \(", test.out)


def test_it_stands_in_the_list_of_runs(fab, trained, where):
    answer = fab("ListRuns", where[1], "--classifier=yamnet").succeeds("log-mel + yamnet")
    assert "complete" in answer.out


def test_it_is_tested_as_every_network(fab, trained, where, data):
    test = fab("TestModel", "--run-number=0", where[1]).succeeds("test_results.json")
    assert str(folder_in(data.parent / "runs")) in test.out
    fab("TestModel", "--run-number=0", where[1], "--embeddings=a,b").fails(2, "--dataset=DIR,DIR")


def test_a_killed_training_goes_on_and_ends_the_same(fresh_fab, fab, trained, data):
    runs = data.parent / "killed"
    words = ("TrainBaseline", f"--dataset={data}", f"--runs={runs}", *SMALL)
    process = fresh_fab.popen(*words)
    for line in process.stderr:
        if line.startswith("epoch 1:"):
            break
    # What an epoch gave is on disk a moment later.
    while not list(runs.glob("run0_*/training.safetensors")) and process.poll() is None:
        pass
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    fab(*words).succeeds("went on behind epoch 1")
    killed, whole = folder_in(runs), folder_in(data.parent / "runs")
    assert not list(killed.glob("training.*"))
    for name in ("model.safetensors", "val_losses.npy", "scores_val.csv"):
        assert (killed / name).read_bytes() == (whole / name).read_bytes(), name


@pytest.mark.parametrize(
    ("task", "flags", "code", "words"),
    [
        ("TrainBaseline", ["--weights=yamnet.bin"], 2, ["none, package", ".tflite, .h5, .pth"]),
        ("TrainBaseline", ["--weights=gone.tflite"], 1, ["no file of weights", "gone.tflite"]),
        ("TrainBaseline", ["--weights=package"], 1, ["torch-vggish-yamnet", "pip install"]),
        ("TrainBaseline", ["--epochs=0"], 2, ["--epochs=0", "at least 1"]),
        ("TrainBaseline", ["--hyperparameters=patiense=3"], 2, ["did you mean patience?"]),
        ("TrainBaseline", ["--dataset=nowhere"], 1, ["no data set at nowhere"]),
        ("TestBaseline", ["--run-number=9"], 1, ["no run 9"]),
        ("TestBaseline", ["--gender=X"], 2, ["--gender=X is not one of M, F"]),
        ("TestBaseline", ["--runs=nowhere"], 1, ["no yamnet run", "fab TrainBaseline"]),
    ],
)
def test_mistakes_are_one_line(fab, trained, where, task, flags, code, words):
    given = {flag.split("=")[0] for flag in flags}
    kept = [flag for flag in where if flag.split("=")[0] not in given]
    fab(task, *kept, *flags).fails(code, *words)


def test_without_a_split_its_task_is_named(fab, tones, write_csv_corpus, scratch):
    flag = f"--dataset={write_csv_corpus(scratch / 'data', tones(2, 1))}"
    fab("GenerateDatasetCSV", flag).succeeds()
    fab("TrainBaseline", flag, f"--runs={scratch / 'runs'}").fails(1, "SplitDataset")


def test_a_run_of_vectors_is_not_taken(fab, trained, where, embedded):
    runs = f"--runs={embedded / 'runs'}"
    embeddings = f"--embeddings={embedded / 'embeddings'}"
    fab("TrainModel", "--backbone=acoustic", "--classifier=svm", embeddings, runs).succeeds()
    fab("TestBaseline", where[0], runs, "--run-number=0").fails(1, "is svm, not yamnet")

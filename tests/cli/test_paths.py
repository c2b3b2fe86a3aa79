"""Which folder a command means: defaults from the repository, flags from where the user is."""

import subprocess
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def copy(fab, tmp_path_factory) -> Path:
    """A repository of links, so that default paths lead nowhere near the real one's data."""
    folder = tmp_path_factory.mktemp("copy") / "repo"
    folder.mkdir()
    (folder / "fabfile.py").write_bytes((fab.cwd / "fabfile.py").read_bytes())
    for path in [*(fab.cwd / "src").rglob("*.py"), *(fab.cwd / "tasks").rglob("*.py")]:
        target = folder / path.relative_to(fab.cwd)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    return folder


def test_defaults_start_at_the_repository(fresh_fab, copy, tones, write_csv_corpus):
    write_csv_corpus(copy / "datasets/release", tones(2, 1))
    deep = copy / "datasets/release/audio"
    fresh_fab("GenerateDatasetCSV", cwd=deep).succeeds("2 bona-fide", "2 spoof")
    assert (copy / "datasets/release/files-metadata.csv").is_file()
    assert not (deep / "datasets").exists()
    fresh_fab("NormalizeDataset", cwd=copy / "src").succeeds("4 clips written")
    assert (copy / "datasets/normalized/files-metadata.csv").is_file()


def test_commands_that_are_told_work_as_told(fresh_fab, copy, tones, write_csv_corpus):
    """From a subfolder, a remedy must name the folder that the default meant."""
    data = copy / "elsewhere"
    write_csv_corpus(data, tones(2, 1))
    env = {"FABRIC_AUDIOS_DATASET": "elsewhere"}
    answer = fresh_fab("AddDatasetDuration", cwd=copy / "src", **env)
    answer.fails(1, "fab GenerateDatasetCSV --dataset=")
    remedy = answer.lines[0].split("fab ")[1].split()
    fresh_fab(*remedy, cwd=copy / "src").succeeds("2 bona-fide")
    assert (data / "files-metadata.csv").is_file()


def test_given_paths_start_where_the_user_is(fab, tones, write_csv_corpus, tmp_path):
    write_csv_corpus(tmp_path / "voices", tones(2, 1))
    root = f"--search-root={fab.cwd}"
    fab(root, "GenerateDatasetCSV", "--dataset=voices", cwd=tmp_path).succeeds("2 bona-fide")
    fab(root, "NormalizeDataset", "--dataset=voices", "--output=out", cwd=tmp_path).succeeds()
    assert (tmp_path / "voices/files-metadata.csv").is_file()
    assert (tmp_path / "out/files-metadata.csv").is_file()
    assert not (fab.cwd / "voices").exists()
    assert not (fab.cwd / "out").exists()


def test_absolute_and_home_paths(fab, tones, write_csv_corpus, tmp_path):
    write_csv_corpus(tmp_path / "voices", tones(2, 1))
    # The shell leaves a tilde after = alone in some shells; a user still means the home folder.
    fab("GenerateDatasetCSV", "--dataset=~/voices", HOME=str(tmp_path)).succeeds("2 bona-fide")
    assert not (fab.cwd / "~").exists()


def test_recordings_may_be_named_relative_too(fab, tones, write_csv_corpus, tmp_path):
    write_csv_corpus(tmp_path / "voices", tones(2, 1))
    root = f"--search-root={fab.cwd}"
    (tmp_path / "work").mkdir()
    fab(
        root, "GenerateDatasetCSV", "--audio=../voices", "--dataset=case", cwd=tmp_path / "work"
    ).succeeds()
    # Recorded whole: the next command may come from anywhere.
    case = f"--dataset={tmp_path / 'work/case'}"
    fab("AddDatasetDuration", case).succeeds("4 clips")
    assert not (tmp_path / "voices/files-metadata.csv").exists()


def test_environment_variables(fab, embedded, tmp_path):
    env = {
        "FABRIC_AUDIOS_RUNS": str(tmp_path / "runs"),
        "FABRIC_AUDIOS_EMBEDDINGS": str(embedded / "embeddings"),
        "FABRIC_AUDIOS_SEED": "23",
    }
    names = ("--backbone=acoustic", "--classifier=svm")
    fab("TrainModel", *names, **env).succeeds(str(tmp_path / "runs"))
    [manifest] = (tmp_path / "runs").glob("run0_*/manifest.json")
    assert '"seed": 23' in manifest.read_text()
    # A flag is nearer to the user than a variable.
    fab("TrainModel", *names, f"--runs={tmp_path / 'flag'}", "--seed=5", **env).succeeds()
    [manifest] = (tmp_path / "flag").glob("run0_*/manifest.json")
    assert '"seed": 5' in manifest.read_text()
    fab("SplitDataset", FABRIC_AUDIOS_DATASET=str(tmp_path / "no")).fails(1, tmp_path / "no")
    answer = fab("TrainModel", *names, **(env | {"FABRIC_AUDIOS_SEED": "many"}))
    answer.fails(2, "many", "whole number")


def test_configuration_file(fresh_fab, copy, tmp_path):
    (copy / "fabric.yml").write_text(f"audios:\n  dataset: {tmp_path / 'from-file'}\n")
    try:
        fresh_fab("SplitDataset", cwd=copy).fails(1, tmp_path / "from-file")
        (copy / "fabric.yml").write_text("audios:\n  seed: 11\n")
        fresh_fab("SplitDataset", f"--dataset={tmp_path}", cwd=copy).fails(1, "GenerateDatasetCSV")
    finally:
        (copy / "fabric.yml").unlink()


def test_a_path_with_spaces_and_accents(fab, tones, write_csv_corpus, tmp_path):
    folder = tmp_path / "gravações de voz"
    write_csv_corpus(folder, tones(2, 1))
    fab("GenerateDatasetCSV", f"--dataset={folder}").succeeds("2 bona-fide")
    answer = fab("GenerateEmbeddings", "--backbone=acoustic", f"--dataset={folder}")
    answer.fails(1, "fab SplitDataset")
    # What is told is there to be pasted into a shell.
    remedy = answer.lines[0].split("run first: ")[1]
    words = subprocess.run(
        ["sh", "-c", f"printf '%s\\n' {remedy}"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert words == ["fab", "SplitDataset", f"--dataset={folder}"]

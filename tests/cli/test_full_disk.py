"""A disk that is full under any stage: one line, no good clip set aside, and it goes on later.

`RLIMIT_FSIZE` stands for it: no file grows beyond so many bytes. Nobody needs to be root for that.
"""

import csv
import shutil
from pathlib import Path

import pytest

LIMITS = (0, 150, 6000)
"""Bytes: nothing, a line, some tables but no clip."""

DATASET_STAGES = [
    ("GenerateDatasetCSV",),
    ("AddDatasetDuration",),
    ("AddDatasetAmplitude",),
    ("SplitDataset", "--pretext=0", "--seed=3"),
    ("NormalizeDataset", "--output={out}"),
    ("AddNoise", "--output={out}"),
    ("MatchDataset", "--output={out}"),
    ("GenerateEmbeddings", "--backbone=acoustic", "--embeddings={out}"),
]

RUN_STAGES = [
    ("TrainModel", "--backbone=acoustic", "--classifier=svm"),
    ("OptimizeHyperparameters", "--backbone=acoustic", "--classifier=lr", "--trials=2"),
    ("VisualizeEmbeddingsTSNE", "--backbone=acoustic"),
]


@pytest.fixture(scope="module")
def ready(fab, tones, write_csv_corpus, tmp_path_factory) -> Path:
    """A split data set, one of whose recordings is no audio."""
    folder = tmp_path_factory.mktemp("ready") / "data"
    write_csv_corpus(folder, tones(6, 1))
    (folder / "audio/broken.wav").write_text("no audio")
    with (folder / "metadata.csv").open("a") as stream:
        stream.write("audio/broken.wav,bona-fide,s0,M\n")
    data = f"--dataset={folder}"
    fab("GenerateDatasetCSV", data, "SplitDataset", data, "--pretext=0").succeeds()
    return folder


def rejected(*folders: Path) -> set[tuple[str, str]]:
    found = set()
    for folder in folders:
        for path in folder.rglob("rejected.csv"):
            with path.open(newline="") as stream:
                found |= {(row["file"], row["reason"]) for row in csv.DictReader(stream)}
    return found


def is_the_one(answer, folder: Path) -> None:
    answer.fails(1, str(folder))
    causes = ("File too large", "disk I/O error", "database or disk is full")
    assert any(cause in answer.err for cause in causes), answer


@pytest.mark.parametrize("words", DATASET_STAGES, ids=lambda words: words[0])
def test_a_full_disk_under_a_data_set(fab, ready, hashes, tmp_path, words):
    def call(name: str, limit: int | None = None):
        place = tmp_path / name
        if not place.exists():
            shutil.copytree(ready, place / "data")
        flags = [word.format(out=place / "out") for word in words[1:]]
        return fab(words[0], f"--dataset={place / 'data'}", *flags, limit=limit)

    plain = call("plain").succeeds()
    failed = 0
    for limit in LIMITS:
        answer = call("full", limit)
        if answer.code == 0:
            break
        failed += 1
        is_the_one(answer, tmp_path / "full")
        files = {file for file, _ in rejected(tmp_path / "full")}
        assert files <= {"audio/broken.wav"}, answer
    assert failed, "the limits are meant to be felt"
    again = call("full")
    assert again.code == plain.code, again
    assert rejected(tmp_path / "full") == rejected(tmp_path / "plain")
    # Their data sets lie elsewhere, and what was kept of each recording has its time.
    differing = ("derived", "measurements.csv", "inspection.sqlite", "manifest.json", "clips.csv")
    one, other = (
        {file: sha for file, sha in hashes(tmp_path / name).items() if not is_told(file, differing)}
        for name in ("plain", "full")
    )
    assert one == other


def is_told(file: str, names: tuple[str, ...]) -> bool:
    return any(file.rpartition("/")[2].startswith(name) for name in names)


@pytest.mark.parametrize("words", RUN_STAGES, ids=lambda words: "-".join(words[::2]))
def test_a_full_disk_under_a_run(fab, embedded, tmp_path, words):
    where = (f"--embeddings={embedded / 'embeddings'}", f"--runs={tmp_path / 'runs'}")
    failed = 0
    for limit in LIMITS:
        answer = fab(*words, *where, limit=limit)
        if answer.code == 0:
            break
        failed += 1
        assert answer.lines[-1].startswith(words[0]), answer
        is_the_one(answer, tmp_path / "runs")
    assert failed
    table = fab("ListRuns", where[1]).succeeds()
    assert "running" not in table.out and "complete" not in table.out
    fab(*words, *where).succeeds()
    assert "complete" in fab("ListRuns", where[1]).succeeds().out


def test_a_search_goes_on_after_a_full_disk(fab, embedded, tmp_path):
    """A trial that could not be written is none that failed, and its journal is not torn."""
    names = ("--backbone=acoustic", "--classifier=lr", "--trials=2")
    where = (f"--embeddings={embedded / 'embeddings'}", f"--runs={tmp_path / 'runs'}")
    is_the_one(fab("OptimizeHyperparameters", *names, *where, limit=1500), tmp_path)
    more = ("--study-number=0", *where)
    done = fab("OptimizeHyperparameters", *names, *more).succeeds()
    assert "failed" not in done.out
    [journal] = (tmp_path / "runs").glob("lr_study0_*/optuna-journal.log")
    assert journal.read_text().endswith("\n")
    [table] = journal.parent.glob("trials.csv")
    with table.open(newline="") as stream:
        assert [row["state"] for row in csv.DictReader(stream)] == ["complete"] * 2


def test_a_test_after_a_full_disk(fab, embedded, tmp_path):
    names = ("--backbone=acoustic", "--classifier=svm")
    where = (f"--embeddings={embedded / 'embeddings'}", f"--runs={tmp_path / 'runs'}")
    fab("TrainModel", *names, *where).succeeds()
    is_the_one(fab("TestModel", *names, *where, limit=1500), tmp_path / "runs")
    fab("TestModel", *names, *where).succeeds()

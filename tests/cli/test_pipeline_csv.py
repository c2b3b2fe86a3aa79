"""`RunPipeline` on a `metadata.csv` with its own split; stopping, killing and going on."""

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.visualize.reading import read_page

PARTS = {"train": 12, "dev": 4, "test": 4}
COLUMNS = ("file", "label", "speaker", "gender", "attack", "split")


def write_metadata(folder: Path, rows: list[dict[str, str]]) -> None:
    lines = [",".join(row[column] for column in COLUMNS) for row in rows]
    (folder / "metadata.csv").write_text("\n".join([",".join(COLUMNS), *lines]) + "\n")


@pytest.fixture(scope="module")
def place(voices, tmp_path_factory):
    """A folder with `voices`: 80 real clips of 20 people and a table of them."""
    folder = tmp_path_factory.mktemp("csv")
    parts = [part for part, count in PARTS.items() for _ in range(count)]
    rows = []
    for person, part in zip(sorted(voices), parts, strict=False):
        for path, label in voices[person]:
            (folder / "voices/audio").mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, folder / "voices/audio" / path.name)
            attack = "vocoder" if label == "spoof" else "-"
            row = (f"audio/{path.name}", label, *person, attack, part)
            rows.append(dict(zip(COLUMNS, row, strict=True)))
    write_metadata(folder / "voices", rows)
    return folder


@pytest.fixture(scope="module")
def pipeline(fab, place) -> Callable:
    def run():
        return fab(
            *("RunPipeline", f"--dataset={place / 'voices'}", "--strategy=column"),
            *("--classifier=svm", "--trials=2", "--normalize=none"),
            *(f"--embeddings={place / 'e'}", f"--runs={place / 'r'}"),
        )

    return run


@pytest.fixture(scope="module")
def source_before(place, hashes):
    return hashes(place / "voices")


@pytest.fixture(scope="module")
def first(pipeline, source_before):
    return pipeline().succeeds("Result", "test_eer", "pages to open")


def runs_of(place) -> set[str]:
    return {str(path.relative_to(place)) for path in (place / "r").rglob("run*_*/manifest.json")}


def test_pipeline_by_the_table_s_own_split(first, place, table, source_before, hashes):
    data = place / "voices"
    for split, part in zip(("train", "val", "test"), PARTS, strict=True):
        people = table(data / f"splits/by_people/people-downstream_{split}.csv")
        files = table(data / f"splits/by_file/files-downstream_{split}.csv")
        assert len(people) == PARTS[part]
        assert {row["split"] for row in files} == {part}
        assert len(files) == 4 * PARTS[part]
    files = table(data / "files-metadata.csv")
    assert all(float(row["duration"]) > 0 and float(row["amplitude"]) > 0 for row in files)
    assert {(row["label"], row["attack"]) for row in files} == {
        ("bona-fide", ""),
        ("spoof", "vocoder"),
    }
    after = hashes(data)
    assert {name: after.get(name) for name in source_before} == source_before
    added = set(after) - set(source_before)
    assert {name for name in added if not name.startswith("splits/")} == {
        "files-metadata.csv",
        "inspection.sqlite",
        "measurements.csv",
        "people-metadata.csv",
    }


def test_every_stage_reports_and_pages_exist(first):
    for stage in (
        *("GenerateDatasetCSV", "AddDatasetDuration", "AddDatasetAmplitude", "SplitDataset"),
        *("AuditDataset", "GenerateEmbeddings", "VisualizeEmbeddings", "OptimizeHyperparameters"),
        *("TrainModel", "TestModel"),
    ):
        assert f"== {stage}" in first.out
    pages = [line.strip() for line in first.out.split("pages to open\n")[1].splitlines() if line]
    # Of the audit, two projections, the search and the run.
    assert [Path(path).name for path in pages] == ["audit.html"] + ["report.html"] * 4
    for path in pages:
        read_page(Path(path))


def test_second_time_skips_everything(pipeline, first, place, hashes):
    arrays = {path: path.stat().st_mtime_ns for path in place.rglob("*.npy")}
    before = {name: hashes(place / name) for name in ("voices", "e", "r")}
    again = pipeline().succeeds("already trained", "(unchanged)")
    assert "clips already there" in again.out or again.out.count(" 0 computed") == 3
    assert "== AddDatasetDuration" not in again.out
    assert again.out.split("== Result")[1] == first.out.split("== Result")[1]
    assert {path: path.stat().st_mtime_ns for path in place.rglob("*.npy")} == arrays
    assert hashes(place / "voices") == before["voices"]
    assert hashes(place / "e") == before["e"]
    after = hashes(place / "r")
    assert set(after) == set(before["r"])
    assert {name for name in after if after[name] != before["r"][name]} == set()


def test_changes_are_taken_up(pipeline, first, place, table):
    """A new clip and a corrected label: only its batch is computed, all behind it is redone."""
    data = place / "voices"
    rows = table(data / "metadata.csv")
    old = next(row for row in rows if row["split"] == "train" and row["label"] == "bona-fide")
    swapped = next(row for row in rows if row["split"] == "test" and row["label"] == "spoof")
    shutil.copyfile(data / old["file"], data / "audio/new.flac")
    swapped |= {"label": "real", "attack": "-"}
    write_metadata(data, [*rows, old | {"file": "audio/new.flac"}])
    before = runs_of(place)
    answer = pipeline().succeeds()
    assert "49 clips" in answer.out
    # All are short enough for one batch, which is computed whole, as it would be without the store.
    assert "49 computed, 0 already there" in answer.out
    assert answer.out.count("0 computed, 16 already there") == 2
    assert len(runs_of(place) - before) >= 3
    files = {row["file"]: row for row in table(data / "files-metadata.csv")}
    assert len(files) == 81
    assert files[swapped["file"]]["label"] == "bona-fide"
    assert float(files["audio/new.flac"]["duration"]) > 0
    tested = max((place / "r").glob("run*_*/test_results.json"), key=lambda p: p.stat().st_mtime)
    results = json.loads(tested.read_text())
    assert (results["n_bona_fide"], results["n_spoof"]) == (9, 7)


def test_recordings_elsewhere_are_only_read(fab, voices, tmp_path, table):
    """The whole of `mixed` in place: its table says `path`, and nothing may be written there."""
    source = next(iter(voices.values()))[0][0].parents[1]

    def listing():
        return {path: path.stat().st_mtime_ns for path in source.rglob("*")}

    before = listing()
    here = f"--dataset={tmp_path / 'case'}"
    fab("GenerateDatasetCSV", f"--audio={source}", here).succeeds("649 bona-fide", "630 spoof")
    fab("SplitDataset", here, "--strategy=column").succeeds("downstream_test")
    assert listing() == before
    splits = {
        name: {
            row["speaker"]
            for row in table(tmp_path / f"case/splits/by_file/files-downstream_{name}.csv")
        }
        for name in ("train", "val", "test")
    }
    # Its dev serves as test, and val is cut from train by speaker.
    dev = {row["speaker"] for row in table(source / "metadata.csv") if row["split"] == "dev"}
    assert splits["test"] == dev
    assert splits["val"]
    assert not splits["val"] & splits["train"]


# --- Stopping and going on


def wait_for(
    condition: Callable[[], bool], process: subprocess.Popen, seconds: float = 120
) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, "took too long"
        time.sleep(0.002)


def test_ctrl_c_keeps_the_best_and_the_study_goes_on(fresh_fab, fab, embedded):
    runs = embedded / "stopped"
    flags = ("--backbone=acoustic", "--classifier=svm", f"--embeddings={embedded / 'embeddings'}")
    process = fresh_fab.popen(
        "OptimizeHyperparameters", *flags, f"--runs={runs}", "--trials=100000"
    )
    try:
        wait_for(lambda: len(list(runs.glob("svm_study0_*/run*_*/scores_val.csv"))) > 3, process)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode in (0, 130), err
    assert "Traceback" not in err
    assert "--study-number=0" in out + err
    [study] = runs.glob("svm_study0_*")
    best = json.loads((study / "best_hyperparameters.json").read_text())
    assert best["classifier"] == "svm"
    stopped_as = json.loads((study / "manifest.json").read_text())["status"]
    done = len((study / "trials.csv").read_text().splitlines()) - 1
    assert done >= 3
    fab(
        *("OptimizeHyperparameters", *flags, f"--runs={runs}"),
        *("--study-number=0", f"--trials={done + 2}"),
    ).succeeds("study 0")
    assert len((study / "trials.csv").read_text().splitlines()) - 1 == done + 2
    assert len(list(runs.glob("svm_study*"))) == 1
    assert json.loads((study / "manifest.json").read_text())["status"] == "complete"
    assert stopped_as == "interrupted"


def test_killed_extraction_goes_on_where_it_was(
    fresh_fab, fab, place, first, checkpoints, tmp_path
):
    split = "downstream_train"
    words = (
        *("GenerateEmbeddings", "--backbone=wav2vec2", f"--splits={split}"),
        *(f"--checkpoint={checkpoints['wav2vec2']}", f"--dataset={place / 'voices'}"),
    )
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    progress = cut / f"wav2vec2/{split}.partial/progress.jsonl"
    process = fresh_fab.popen(*words, f"--embeddings={cut}")
    try:
        wait_for(lambda: progress.is_file() and progress.stat().st_size > 0, process)
    finally:
        process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not (cut / "wav2vec2" / split).exists()
    fab("TrainModel", "--backbone=wav2vec2", "--classifier=svm", f"--embeddings={cut}").fails(
        1, "fab GenerateEmbeddings"
    )
    kept = [row for line in progress.read_text().splitlines() for row in json.loads(line)["rows"]]
    answer = fab(*words, f"--embeddings={cut}").succeeds()
    total = len(np.load(cut / "wav2vec2" / split / "embeddings.npy"))
    assert 0 < len(kept) < total
    assert f"{total - len(kept)} computed, {len(kept)} already there" in answer.out
    assert not progress.exists()
    fab(*words, f"--embeddings={whole}").succeeds(f"{total} computed")
    same = [np.load(folder / "wav2vec2" / split / "embeddings.npy") for folder in (cut, whole)]
    np.testing.assert_allclose(*same, atol=1e-5)

"""What is known of the clips of a store besides their vectors."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from src.evaluation.trials import Trials
from src.models.data import TrainingStores
from src.models.evaluate import evaluate_run
from src.models.train import train_model
from src.models.trials import trials_of
from src.utils.dataset.dataset import Dataset
from src.utils.embeddings.embedding_set import EmbeddingSet
from src.utils.metrics.calibration import Calibration

CALIBRATION = Calibration(2.0, -1.0, 0.5, 0.9, 10, 10)


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """The folder of a data set whose table says more of the clips than their vectors do."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    return folder


@pytest.fixture
def clips(make_set: Callable) -> EmbeddingSet:
    return make_set(6, 6, prefix="x")


def write_table(folder: Path, files: list[str], **columns) -> None:
    table = pd.DataFrame({"file": files, "speaker": "s", "id": "s", "gender": "", **columns})
    Dataset.open(folder).write_tables(table.assign(label="spoof"))


@pytest.fixture
def told(make_store: Callable, tmp_path: Path, dataset: Path) -> Callable[[EmbeddingSet], Trials]:
    """Put clips, with scores of their own, together with what the data set says of them."""

    def put(clips: EmbeddingSet) -> Trials:
        store = make_store(tmp_path / "e", "downstream_test", clips, dataset=str(dataset))
        return trials_of(clips, np.arange(len(clips)) / 10, CALIBRATION, store)

    return put


def test_what_the_vectors_say(told: Callable, clips: EmbeddingSet) -> None:
    trials = told(clips)
    assert trials.files.tolist() == clips.files.tolist()
    assert trials.labels.tolist() == clips.y.tolist()
    assert trials.speakers.tolist() == clips.speaker.tolist()
    np.testing.assert_allclose(trials.llrs, 2 * np.arange(12) / 10 - 1)
    assert list(trials.conditions) == ["gender", "attack"]
    assert trials.conditions["gender"].tolist() == clips.gender.tolist()
    assert trials.conditions["attack"].tolist() == clips.attack.tolist()


def test_what_the_table_says(told: Callable, clips: EmbeddingSet, dataset: Path) -> None:
    """By file, in the order of the clips, whatever that of the table; nothing is invented."""
    files = clips.files.tolist()
    about = {
        "codec": [f"codec {file}" for file in files],
        "language": ["en"] * 12,
        "source": [""] * 12,
        "duration": [*(n / 3 for n in range(11)), np.nan],
        "amplitude": [0.5] * 12,
        # The vectors' own say is that of the clips when they were split.
        "attack": ["another"] * 12,
        "mood": ["sad"] * 12,
    }
    table = pd.DataFrame({"file": files, **about}).sample(frac=1, random_state=0)
    more = pd.DataFrame({"file": ["other/1.wav"], "codec": ["of another clip"]})
    table = pd.concat([more, table]).fillna({"duration": np.nan})
    write_table(dataset, **{"files": table["file"], **table.drop(columns="file")})
    conditions = told(clips).conditions
    assert set(conditions) == {"gender", "attack", "codec", "language", "duration"}
    assert conditions["codec"].tolist() == about["codec"]
    assert conditions["attack"].tolist() == clips.attack.tolist()
    np.testing.assert_allclose(conditions["duration"], about["duration"], atol=1e-6)


def test_a_table_that_lacks_clips(told: Callable, clips: EmbeddingSet, dataset: Path) -> None:
    """Of clips that the table no longer lists, it says nothing."""
    files = clips.files[:4].tolist()
    write_table(dataset, files, codec="mp3", duration=2.5, language="")
    conditions = told(clips).conditions
    assert conditions["codec"].tolist() == ["mp3"] * 4 + [""] * 8
    assert conditions["duration"].notna().tolist() == [True] * 4 + [False] * 8
    assert "language" not in conditions
    write_table(dataset, ["quite/another.wav"], codec="mp3", duration=2.5)
    assert list(told(clips).conditions) == ["gender", "attack"]


def test_a_data_set_that_is_gone(told: Callable, clips: EmbeddingSet, dataset: Path) -> None:
    assert list(told(clips).conditions) == ["gender", "attack"]  # it has no table yet
    (dataset / "files-metadata.csv").write_text("file,label\nno,table\n")
    assert list(told(clips).conditions) == ["gender", "attack"]
    (dataset / "files-metadata.csv").unlink()
    dataset.rmdir()
    assert list(told(clips).conditions) == ["gender", "attack"]


def test_a_store_that_says_not_where(
    clips: EmbeddingSet, make_store: Callable, tmp_path: Path
) -> None:
    """One of before there was a record, of clips of which nothing is known."""
    nothing = np.full(12, "")
    clips = replace(clips, gender=nothing, attack=nothing, speaker=nothing)
    store = make_store(tmp_path, "downstream_test", clips)
    del store.manifest["root"]
    trials = trials_of(clips, np.arange(12.0), CALIBRATION, store)
    assert trials.conditions.shape == (12, 0)
    assert not trials.has_speakers


@pytest.mark.usefixtures("undrawn")
def test_a_run_is_tested_by_what_the_table_says(
    make_embeddings: Callable, make_set: Callable, make_store: Callable, dataset: Path
) -> None:
    embeddings = make_embeddings(dataset.parent / "e", gaps=(3.0,))
    stores = TrainingStores.open(embeddings, "wav2vec2")
    run = train_model(stores, dataset.parent / "runs", "svm", 0).run
    clips = make_set(20, 20, gap=3.0, prefix="x")
    files = clips.files.tolist()
    write_table(dataset, files, codec=["mp3", "opus"] * 20, duration=[0.5] * 10 + [3.0] * 30)
    other = dataset.parent / "other"
    make_store(other, "downstream_test", clips, dataset=str(dataset))
    found = evaluate_run(run, other)
    assert set(found.results.breakdowns) == {"codec", "gender", "duration"}
    assert [one.n_bona_fide for one in found.results.breakdowns["codec"]] == [10, 10]
    bands = [(one.group, one.n_bona_fide) for one in found.results.breakdowns["duration"]]
    assert bands == [("under 1 s", 10), ("2 to 4 s", 10)]
    scores = Trials.read(run.folder / "scores_test_corpus.csv", CALIBRATION.llrs)
    assert scores.conditions["codec"].tolist() == ["mp3", "opus"] * 20
    assert scores.conditions["duration"].tolist() == [0.5] * 10 + [3.0] * 30
    # Of one gender, gender is no condition, and the others are those of its clips.
    women = evaluate_run(run, other, "F").results
    assert set(women.breakdowns) == {"duration"}
    assert sum(one.n_bona_fide for one in women.breakdowns["duration"]) == 10

"""All stages in order, once and again."""

import hashlib
import os
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from src.stages import dataset as dataset_stages
from src.stages import pipeline
from src.stages.pipeline import PipelineSettings, derive_training_data, run_pipeline
from src.utils.audio.augmentations.augmentation import Material
from src.utils.audio.augmentations.chain import Recipe
from src.utils.audio.io import read_info
from src.utils.audio.writing import write_waveform
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.split import HoldOut, Shares, SplitSettings
from src.utils.embeddings.store import EmbeddingStore
from src.utils.errors import AudiosError, DatasetError
from src.utils.runs import list_runs

PEOPLE = tuple(f"Ana_F{n:03d}" for n in range(5)) + tuple(f"Caio_M{n:03d}" for n in range(4))


def hashes(folder: Path) -> dict[str, str]:
    return {
        path.as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_everything_then_nothing(tmp_path: Path, make_cetuc: Callable, monkeypatch) -> None:
    recordings = make_cetuc(tmp_path / "evidence", PEOPLE, seconds=0.4)
    (recordings / "real_voices" / PEOPLE[0] / "broken.wav").write_text("no audio")
    before = hashes(recordings)
    settings = PipelineSettings(
        dataset=tmp_path / "data",
        embeddings=tmp_path / "embeddings",
        runs=tmp_path / "runs",
        audio=recordings,
        noise=Recipe(("white",), material=Material(snr_db=(20.0, 30.0))),
        split=SplitSettings(shares=Shares(0.0, 0.8, 0.2, 0.5, 0.25, 0.25)),
        n_trials=2,
        classifiers=("svm", "mlp"),
    )
    told: list[str] = []
    first = run_pipeline(settings, told.append)
    assert hashes(recordings) == before
    assert first.table["classifier"].tolist() == ["svm", "mlp"]
    assert first.table[["validation_eer", "test_eer"]].notna().all(axis=None)
    assert all(path.is_file() for path in first.pages)
    stages = [text.split("\n")[0].split(" ")[0] for text in told]
    in_order = ["GenerateDatasetCSV", "AddDatasetDuration", "AddDatasetAmplitude"]
    in_order += ["NormalizeDataset", "AddNoise", "SplitDataset", "AuditDataset"]
    in_order += ["GenerateEmbeddings", "VisualizeEmbeddings", "OptimizeHyperparameters"]
    in_order += ["TrainModel", "TestModel"]
    assert [stage for n, stage in enumerate(stages) if stage not in stages[:n]] == in_order
    assert "broken.wav" in "".join(told)
    # Again: nothing is computed, written or numbered anew.
    made = {p: p.stat().st_mtime_ns for p in (tmp_path / "runs").rglob("model.*")}
    runs = [run.number for run in list_runs(tmp_path / "runs")]

    def refuse(*_, **__):
        raise AssertionError("done twice")

    for name in ("add_durations", "add_amplitudes"):
        monkeypatch.setattr(dataset_stages, name, refuse)
    again = run_pipeline(settings, lambda _: None)
    pd.testing.assert_frame_equal(again.table, first.table)
    assert again.pages == first.pages
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "runs").rglob("model.*")} == made
    assert [run.number for run in list_runs(tmp_path / "runs")] == runs
    # With another seed it is another split, other noise, and so other folders are needed.
    with pytest.raises(Exception, match="made with another seed"):
        run_pipeline(replace(settings, seed=8), lambda _: None)


def test_a_replaced_recording_reaches_the_result(tmp_path: Path, make_cetuc: Callable) -> None:
    """Another recording under an old name, older than what was made of its predecessor."""
    recordings = make_cetuc(tmp_path / "evidence", PEOPLE, seconds=0.4)
    settings = PipelineSettings(
        dataset=tmp_path / "data",
        embeddings=tmp_path / "embeddings",
        runs=tmp_path / "runs",
        audio=recordings,
        split=SplitSettings(shares=Shares(0.0, 0.8, 0.2, 0.5, 0.25, 0.25)),
        n_trials=0,
        classifiers=("svm",),
    )
    first = run_pipeline(settings, lambda _: None)
    train = EmbeddingStore.open(settings.embeddings, "acoustic", "downstream_train")
    file = train.clips()["file"][0]
    random = np.random.default_rng(3)
    write_waveform(recordings / file, random.normal(0, 0.1, 9_600).astype(np.float32))
    os.utime(recordings / file, (1_000_000_000, 1_000_000_000))
    again = run_pipeline(settings, lambda _: None)
    table = Dataset.open(settings.dataset).read_files().set_index("file")
    assert table.loc[file, "duration"] == pytest.approx(0.6)
    normalized = tmp_path / "data-normalized" / file
    assert read_info(normalized).duration == pytest.approx(0.6)
    assert again.table["run"].tolist() != first.table["run"].tolist()
    now = EmbeddingStore.open(settings.embeddings, "acoustic", "downstream_train")
    assert now.fingerprint != train.fingerprint


def test_matching_takes_the_place_of_normalising(tmp_path: Path, make_cetuc: Callable) -> None:
    recordings = make_cetuc(tmp_path / "evidence", PEOPLE, seconds=0.6)
    before = hashes(recordings)
    settings = PipelineSettings(
        dataset=tmp_path / "data",
        embeddings=tmp_path / "embeddings",
        runs=tmp_path / "runs",
        audio=recordings,
        normalize="match",
        split=SplitSettings(shares=Shares(0.0, 0.8, 0.2, 0.5, 0.25, 0.25)),
    )
    told: list[str] = []
    matched = derive_training_data(settings, told.append)
    assert matched.root == tmp_path / "data-matched"
    assert hashes(recordings) == before
    assert [text.split("\n")[0] for text in told][-2:] == ["MatchDataset", "SplitDataset"]
    assert not (tmp_path / "data-normalized").exists()
    made = hashes(matched.root)
    told.clear()
    assert derive_training_data(settings, told.append) == matched
    assert hashes(matched.root) == made
    assert "0 clips written, 36 already there" in "\n".join(told)


@pytest.fixture
def listed(tmp_path: Path) -> Callable[..., PipelineSettings]:
    """Lay out a `metadata.csv` of empty recordings and say how the pipeline is to split it."""

    def make(parts: tuple[str, ...], split: SplitSettings, speakers: int = 6) -> PipelineSettings:
        folder = tmp_path / "a corpus"
        folder.mkdir()
        lines = ["file,label,speaker,attack,split"]
        for part in parts:
            for number in range(speakers):
                for label, attack in (("bona-fide", ""), ("spoof", "v1")):
                    file = f"{part}-{number}-{label}.wav"
                    (folder / file).touch()
                    lines.append(f"{file},{label},{part}{number},{attack},{part}")
        (folder / "metadata.csv").write_text("\n".join(lines) + "\n")
        return PipelineSettings(folder, tmp_path / "embeddings", tmp_path / "runs", split=split)

    return make


@pytest.mark.parametrize(
    ("split", "told"),
    [
        (SplitSettings(), "2 speakers with spoofs cannot fill 3 splits"),
        (SplitSettings(hold_out=HoldOut("attack", ("nope",))), "no attack nope; there are v1"),
        (SplitSettings(strategy="column"), "the split column has no train part"),
    ],
)
def test_an_impossible_split_is_told_before_any_work(
    listed: Callable, tmp_path: Path, split: SplitSettings, told: str
) -> None:
    settings = listed(("eval",), split, speakers=2)
    stages: list[str] = []
    with pytest.raises(AudiosError, match=told):
        derive_training_data(settings, stages.append)
    assert [text.split("\n")[0] for text in stages] == ["GenerateDatasetCSV"]
    assert {path.name for path in tmp_path.iterdir()} == {"a corpus"}
    assert not (settings.dataset / "splits").exists()


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        (("train", "dev"), r"leaves downstream_test empty; --strategy=column"),
        (("dev",), r"leaves downstream_train and downstream_test empty; --strategy=speaker"),
        (("dev", "eval"), r"has no training part"),
    ],
)
def test_an_official_split_that_lacks_a_part(
    listed: Callable, parts: tuple[str, ...], told: str
) -> None:
    with pytest.raises(DatasetError, match=told):
        derive_training_data(listed(parts, SplitSettings(strategy="official")), lambda _: None)


def test_an_evaluation_part_alone_is_told_how_to_test(listed: Callable, tmp_path: Path) -> None:
    settings = listed(("eval",), SplitSettings(strategy="official"))
    with pytest.raises(DatasetError) as refused:
        derive_training_data(settings, lambda _: None)
    told = str(refused.value)
    assert "\n" not in told
    words = shlex.split(told[told.index("fab ") :])
    where = f"--dataset={settings.dataset}"
    embeddings = f"--embeddings={tmp_path / 'a corpus-embeddings'}"
    assert words == [
        *("fab", "SplitDataset", where, "--strategy=official"),
        *(
            "GenerateEmbeddings",
            where,
            "--backbone=acoustic",
            "--splits=downstream_test",
            embeddings,
        ),
        *("TestModel", "--run-number=N", embeddings),
    ]


@pytest.mark.parametrize(("normalize", "advised"), [("rms", False), (None, True)])
def test_a_stage_that_comes_next_is_not_advised(
    tmp_path: Path,
    voice: Callable,
    write_audio: Callable,
    make_cetuc: Callable,
    normalize: str | None,
    advised: bool,
) -> None:
    recordings = make_cetuc(tmp_path / "data", PEOPLE)
    for number, path in enumerate(sorted(recordings.glob("fake_voices/*/*.wav"))):
        write_audio(path, voice(seed=number, peak=0.05))
    shares = Shares(0.0, 0.8, 0.2, 0.5, 0.25, 0.25)
    settings = PipelineSettings(
        recordings,
        tmp_path / "e",
        tmp_path / "r",
        normalize=normalize,
        split=SplitSettings(shares=shares),
    )
    told: list[str] = []
    derive_training_data(settings, told.append)
    [text] = [text for text in told if text.startswith("AddDatasetAmplitude")]
    assert "differ in level" in text
    assert ("run NormalizeDataset" in text) == advised


def test_a_search_gives_all_that_it_has_found(
    tmp_path: Path, make_embeddings: Callable, monkeypatch
) -> None:
    """Pooling and weighted layers are no less part of the best trial than its hyperparameters."""
    best = {"layer": "weighted", "pooling": "mean", "hyperparameters": {"epochs": 2}}
    study = SimpleNamespace(report=tmp_path / "report.html", number=0, folder=tmp_path)
    search = SimpleNamespace(
        study=study, search_trials=pd.DataFrame(), best=best, was_stopped=False
    )
    monkeypatch.setattr(pipeline.stages.models, "optimize", lambda *_, **__: search)
    monkeypatch.setattr(pipeline.reports, "report_search", lambda _: [])
    embeddings = make_embeddings(tmp_path / "e", gaps=(1.0, 3.0), about={"stats": ("mean", "std")})
    settings = PipelineSettings(tmp_path, embeddings, tmp_path / "runs", n_trials=1)
    training, _ = pipeline._train(settings, "wav2vec2", "mlp", lambda _: None)
    assert tuple(training.selection) == ("weighted", "mean")
    assert training.run.settings["hyperparameters"]["epochs"] == 2

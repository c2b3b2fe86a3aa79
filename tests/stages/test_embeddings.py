"""Stages on vectors: every split read once, told as it comes, and drawn with its page."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from src import stages
from src.utils.config import DOWNSTREAM_SPLITS
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.split import Shares, SplitSettings
from src.utils.embeddings import extract
from src.utils.embeddings.extract import Extraction
from src.utils.errors import ArgumentError, DatasetError
from tests.utils.embeddings.toy import PEOPLE, Toy


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory, make_cetuc: Callable) -> Path:
    folder: Path = make_cetuc(tmp_path_factory.mktemp("stages") / "release", PEOPLE)
    stages.dataset.generate_tables(folder)
    stages.dataset.split(folder, SplitSettings(shares=Shares(pretext=0.0)))
    return folder


def test_every_split_is_read_once(dataset: Path, tmp_path: Path, monkeypatch) -> None:
    read: list[str] = []
    real = extract.read_split

    def counting(source: Dataset, split: str) -> pd.DataFrame:
        read.append(split)
        return real(source, split)

    monkeypatch.setattr(extract, "read_split", counting)
    told: list[Extraction] = []
    done = stages.embeddings.generate_embeddings(dataset, Toy(), tmp_path, on_split=told.append)
    assert read == list(DOWNSTREAM_SPLITS)
    assert told == done
    assert [one.store.folder for one in done] == [tmp_path / "toy" / s for s in DOWNSTREAM_SPLITS]
    assert all(one.n_computed for one in done)


def test_a_backbone_is_loaded_by_its_name(dataset: Path, tmp_path: Path) -> None:
    [done] = stages.embeddings.generate_embeddings(
        dataset, "acoustic", tmp_path, ["downstream_val"]
    )
    assert done.store.folder == tmp_path / "acoustic" / "downstream_val"
    with pytest.raises(ArgumentError, match="--checkpoint=x: acoustic is built in"):
        stages.embeddings.generate_embeddings(dataset, "acoustic", tmp_path, checkpoint="x")


def test_a_missing_split_is_told_before_a_backbone_is_loaded(
    dataset: Path, tmp_path: Path, monkeypatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("loaded in vain")

    monkeypatch.setattr(stages.embeddings, "load_backbone", refuse)
    with pytest.raises(DatasetError, match="the split pretext_val is empty"):
        stages.embeddings.generate_embeddings(
            dataset, "wav2vec2", tmp_path, ["downstream_train", "pretext_val"]
        )
    assert not list(tmp_path.iterdir())


def test_a_drawing_has_a_page(dataset: Path, tmp_path: Path) -> None:
    embeddings, runs = tmp_path / "e", tmp_path / "runs"
    stages.embeddings.generate_embeddings(dataset, "acoustic", embeddings, ["downstream_train"])
    run = stages.embeddings.visualize("acoustic", embeddings, runs, "tsne")
    assert run.report.is_file()
    assert (run.folder / "tsne.png").is_file()
    again = stages.embeddings.visualize("acoustic", embeddings, runs, "tsne", reuse=True)
    assert again.folder == run.folder


@pytest.mark.parametrize("wrong", [{"split": "train"}, {"method": "pca"}])
def test_an_unknown_name_is_refused(tmp_path: Path, wrong: dict[str, str]) -> None:
    with pytest.raises(ArgumentError, match=f"--{next(iter(wrong))}="):
        stages.embeddings.visualize("acoustic", tmp_path, tmp_path, **wrong)

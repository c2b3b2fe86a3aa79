"""A small corpus with one broken recording, as tables and splits."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from src.utils.dataset.dataset import Dataset
from src.utils.dataset.generate import generate_tables
from src.utils.dataset.split import Shares, SplitSettings, split_dataset
from tests.utils.embeddings.toy import BROKEN, PEOPLE


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory, make_cetuc: Callable) -> Path:
    folder = make_cetuc(tmp_path_factory.mktemp("extract") / "release", PEOPLE)
    (folder / BROKEN).write_text("no audio")
    generate_tables(folder)
    split_dataset(Dataset.open(folder), SplitSettings(shares=Shares(pretext=0.0)))
    return folder


@pytest.fixture
def dataset(corpus: Path, tmp_path: Path) -> Dataset:
    """A copy that the test may change; the recordings keep their times."""
    return Dataset.open(shutil.copytree(corpus, tmp_path / "release"))

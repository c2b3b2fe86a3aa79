"""What the tests of the strategies share: crowds, a data set of a table, small random corpora."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from src.utils.dataset.dataset import Dataset


@pytest.fixture(scope="session")
def crowd() -> Callable[..., list[tuple]]:
    """Name n people, every other one a woman, as `make_table` takes them."""

    def make(n: int, n_bona_fide: int = 2, n_spoof: int = 2, name: str = "s") -> list[tuple]:
        return [(f"{name}{i:03d}", "FM"[i % 2], n_bona_fide, n_spoof) for i in range(n)]

    return make


@pytest.fixture
def dataset_of(tmp_path: Path) -> Callable[..., Dataset]:
    def make(files: pd.DataFrame) -> Dataset:
        dataset = Dataset.open(tmp_path)
        dataset.write_tables(files)
        return dataset

    return make


@pytest.fixture(scope="session")
def clip_table() -> Callable[..., pd.DataFrame]:
    """Make a files table of clips given as (speaker, utterance, label, attack, source)."""

    def make(*clips: tuple[str, str, str, str, str]) -> pd.DataFrame:
        names = ["speaker", "utterance", "label", "attack", "source"]
        table = pd.DataFrame(clips, columns=names, dtype="str")
        files = [f"{number}.wav" for number in range(len(table))]
        nothing = {"gender": "", "language": "", "id": table["speaker"]}
        unknown = dict.fromkeys(("duration", "amplitude", "sample_rate"), float("nan"))
        return table.assign(file=files, **nothing, **unknown)

    return make

"""A small corpus of made-up tones, measured and split, as the notebooks expect it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from src.utils.dataset.dataset import Dataset
from src.utils.dataset.generate import generate_tables
from src.utils.dataset.measure import add_amplitudes, add_durations
from src.utils.dataset.split import Shares, SplitSettings, split_dataset

PEOPLE = ("A_F000", "B_M001", "C_F002", "D_M003", "E_F004", "F_M005")


@pytest.fixture(scope="session")
def tones(tmp_path_factory: pytest.TempPathFactory, make_cetuc: Callable) -> Path:
    """Six people of two genders, two clips of each class; the last one has no spoofs."""
    root = tmp_path_factory.mktemp("notebooks") / "tones"
    make_cetuc(root, PEOPLE, without_spoofs=PEOPLE[-1:], seconds=0.4)
    generate_tables(root, "auto")
    dataset = Dataset.open(root)
    add_durations(dataset)
    add_amplitudes(dataset)
    shares = Shares(0.0, downstream_train=0.6, downstream_val=0.2, downstream_test=0.2)
    split_dataset(dataset, SplitSettings(shares=shares))
    return root

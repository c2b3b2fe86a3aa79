"""A small data set of real clips alone."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from src.utils.dataset.dataset import Dataset


@pytest.fixture(scope="module")
def clip(speech: Callable) -> np.ndarray:
    """Two words at 16 kHz, 0.8 s."""
    return speech(words=(0.25, 0.25), seed=3)


@pytest.fixture
def real(tmp_path: Path, speech: Callable, write_audio: Callable) -> Dataset:
    """Four clips of two speakers, of three formats and two rates."""
    folder = tmp_path / "real"
    rows = []
    for number, (name, rate) in enumerate(
        {"a/1.wav": 16_000, "a/2.flac": 16_000, "b/3.wav": 8_000, "b/4.ogg": 16_000}.items()
    ):
        write_audio(folder / name, speech(words=(0.2, 0.2), seed=number, rate=rate), rate)
        rows.append((name, name[0], name[0], "F", "bona-fide", "en", "kept"))
    columns = ["file", "speaker", "id", "gender", "label", "language", "mine"]
    dataset = Dataset.open(folder)
    dataset.write_tables(pd.DataFrame(rows, columns=columns))
    return dataset

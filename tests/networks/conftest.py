"""A small split of recordings that networks are trained on."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from src.utils.dataset.dataset import Dataset
from src.utils.dataset.split import Shares, SplitSettings, split_dataset


@pytest.fixture(scope="session")
def make_speech(voice: Callable, write_audio: Callable) -> Callable[[Path], Dataset]:
    """Write ten people of a long and a short clip of each class, split by person."""

    def make(root: Path) -> Dataset:
        random, rows = np.random.default_rng(7), []
        for number in range(10):
            for label in ("bona-fide", "spoof"):
                for take in range(2):
                    wave = voice(0.2 + 0.4 * take, seed=10 * number + take)
                    hiss = random.normal(0, 0.1, len(wave)) * (label == "spoof")
                    file = f"{label}/p{number}-{take}.wav"
                    write_audio(root / file, (wave + hiss).astype(np.float32))
                    rows.append((file, f"p{number}", f"p{number}", "MF"[number % 2], label))
        dataset = Dataset.open(root)
        table = pd.DataFrame(rows, columns=["file", "speaker", "id", "gender", "label"])
        dataset.write_tables(table.assign(attack=np.where(table["label"] == "spoof", "hiss", "")))
        shares = Shares(pretext=0.0, downstream_train=0.5, downstream_val=0.2, downstream_test=0.3)
        split_dataset(dataset, SplitSettings(shares=shares), seed=7)
        return dataset

    return make


@pytest.fixture(scope="session")
def speech(tmp_path_factory: pytest.TempPathFactory, make_speech: Callable) -> Dataset:
    return make_speech(tmp_path_factory.mktemp("speech") / "data")

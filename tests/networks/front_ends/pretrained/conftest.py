"""Tiny checkpoints of every architecture, a batch of windows, and one thread."""

import hashlib
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.networks.front_ends.pretrained.tiny import SAMPLES, Folder
from tests.utils.embeddings.backbones.huggingface.encoders import save_encoder


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """These encoders are too small for more: threads would only wait for each other."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)


@pytest.fixture(scope="session")
def folder_of(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """Return the folder of a small checkpoint by its model type, to be copied before changed."""
    folder = tmp_path_factory.mktemp("tiny")

    @cache
    def get(model_type: str = "wav2vec2", **settings: Any) -> Path:
        told = hashlib.sha256(repr(settings).encode()).hexdigest()[:8]
        return save_encoder(folder / f"{model_type}-{told}", model_type, **settings)

    return get


@pytest.fixture
def copied(folder_of: Folder, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder_of("wav2vec2"), tmp_path / "checkpoint"))


@pytest.fixture(scope="session")
def windows(voice: Callable) -> Tensor:
    """Four windows, of which the latter two hiss."""
    random = np.random.default_rng(7)
    clips = [voice(SAMPLES / 16_000, seed=seed) for seed in range(4)]
    for clip in clips[2:]:
        clip += random.normal(0, 0.2, SAMPLES).astype(np.float32)
    return torch.from_numpy(np.stack(clips))


@pytest.fixture(scope="session")
def labels() -> Tensor:
    return torch.tensor([1.0, 1.0, 0.0, 0.0])

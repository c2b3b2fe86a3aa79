"""Small models of every shape, clips to try them on, and the plain path's answers, made once."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from src.demo.checkpoint import make_checkpoint
from tests.utils.embeddings.backbones.huggingface.encoders import save_encoder
from tests.utils.embeddings.backbones.shapes import (
    make_model,
    reference_states,
    samples_of,
    save_model,
)

# One frame, two, more than the rounding, more than the positional kernel of 128.
N_FRAMES = (1, 2, 9, 130, 49)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """These models are too small for more: threads would only wait for each other."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)


@pytest.fixture(scope="session")
def model_of() -> Callable[[str], Any]:
    return cache(make_model)


@pytest.fixture(scope="session")
def folder_of(model_of: Callable, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    folder = tmp_path_factory.mktemp("shapes")
    return cache(lambda shape: save_model(model_of(shape), shape, folder / shape))


@pytest.fixture(scope="session")
def clips(voice: Callable) -> list[np.ndarray]:
    lengths = [samples_of(count, 70 * n) for n, count in enumerate(N_FRAMES)]
    return [voice(n / 16_000, seed=seed, peak=0.7) for seed, n in enumerate(lengths)]


@pytest.fixture(scope="session")
def references(model_of: Callable, clips: list[np.ndarray]) -> Callable[[str], list[Tensor]]:
    """Return the plain path's hidden states of each of the clips."""
    return cache(lambda shape: [reference_states(model_of(shape), clip) for clip in clips])


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return the demonstration's checkpoints, to be copied before they are changed."""
    folder = tmp_path_factory.mktemp("checkpoints")

    @cache
    def get(kind: str = "wav2vec2", large: bool = False) -> Path:
        return make_checkpoint(folder / f"{kind}-{large}", kind, large=large)

    return get


@pytest.fixture(scope="session")
def encoder_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return the folder of a small checkpoint by its model type, to be copied before changed."""
    folder = tmp_path_factory.mktemp("encoders")
    return cache(lambda model_type: save_encoder(folder / model_type, model_type))

"""A narrow encoder of both kinds, and a small data set with a pretext split."""

import json
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from torch import Tensor

from src.networks.pretraining.learner import MASK, NEGATIVES, SAMPLES, UNITS, WINDOWS
from src.networks.pretraining.masks import draw_negatives, draw_spans
from src.networks.pretraining.start import Start
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.generate import generate_tables
from src.utils.dataset.split import Shares, SplitSettings, split_dataset

N_UNITS = 8


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """These networks are too small for more: threads would only wait for each other."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)


@pytest.fixture(scope="session")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a file of settings, of an encoder that only narrows the real ones."""
    path = tmp_path_factory.mktemp("narrow") / "narrow.json"
    settings = {
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "conv_dim": [16] * 7,
        "num_conv_pos_embeddings": 16,
        "num_conv_pos_embedding_groups": 4,
        "feat_extract_norm": "layer",
        "do_stable_layer_norm": True,
        "codevector_dim": 16,
        "proj_codevector_dim": 16,
        "num_codevectors_per_group": N_UNITS,
        "num_negatives": 10,
    }
    path.write_text(json.dumps(settings))
    return str(path)


@pytest.fixture
def start_of(narrow: str) -> Callable[[str], Start]:
    return lambda backbone: Start.of_config(backbone, narrow)


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory, make_cetuc: Callable) -> Dataset:
    """Sixteen people, of whom most are for pretext."""
    root = tmp_path_factory.mktemp("pretext") / "set"
    people = tuple(f"P{n}_{'FM'[n % 2]}{n:03d}" for n in range(16))
    make_cetuc(root, people, seconds=0.5, clips=1)
    generate_tables(root, "auto")
    opened = Dataset.open(root)
    split_dataset(opened, SplitSettings(shares=Shares(0.6)))
    return opened


@pytest.fixture
def batch(voice: Callable) -> dict[str, Tensor]:
    """Three clips, the last of which is padded, with masks, distractors and units."""
    random, n_samples, lengths = np.random.default_rng(7), 8_000, (8_000, 8_000, 6_000)
    windows, masks = np.zeros((3, n_samples), np.float32), np.zeros((3, 24), bool)
    for row, length in enumerate(lengths):
        windows[row, :length] = voice(length / 16_000, seed=row, peak=0.9)
        n_frames = (length - 400) // 320 + 1
        masks[row, :n_frames] = draw_spans(n_frames, 4, 0.1, random)
    negatives = np.stack([draw_negatives(mask, 10, random) for mask in masks])
    arrays = {
        WINDOWS: windows,
        SAMPLES: np.array(lengths),
        MASK: masks,
        NEGATIVES: negatives,
        UNITS: random.integers(N_UNITS, size=masks.shape),
    }
    return {name: torch.from_numpy(value) for name, value in arrays.items()}

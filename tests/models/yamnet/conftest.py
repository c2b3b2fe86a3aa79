"""Small sets of patches whose class shows, without any recording."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from src.utils.dataset.patches import DTYPE, PatchSet


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Networks as small as those of the tests lose more by sharing steps than they gain."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def make_patches() -> Callable[..., PatchSet]:
    """Write clips of one to three patches each into a file; spoofs have more in the upper bands."""

    def make(
        path: Path, n_clips: int = 12, gap: float = 6.0, seed: int = 0, prefix: str = "train"
    ) -> PatchSet:
        random = np.random.default_rng(seed)
        y = (np.arange(n_clips) % 2).astype(np.int8)
        counts = 1 + np.arange(n_clips) % 3
        blocks = []
        for label, count in zip(y, counts, strict=True):
            found = random.normal(-2, 1, (count + 1, 48, 64))
            found[:, :, 32:] += gap * (1 - label)
            blocks.append(found.astype(DTYPE))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(np.concatenate(blocks).tobytes())
        return PatchSet(
            files=np.array([f"{prefix}/{number}.wav" for number in range(n_clips)]),
            y=y,
            gender=np.where(np.arange(n_clips) % 4 < 2, "F", "M").astype(str),
            speaker=np.array([f"{prefix}{number // 2}" for number in range(n_clips)]),
            attack=np.where(y == 1, "", "a1").astype(str),
            path=path,
            first=np.cumsum(counts + 1) - (counts + 1),
            counts=counts,
        )

    return make

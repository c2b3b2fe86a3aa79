"""Statistics over the frames of each sequence."""

import numpy as np
import pytest
import torch

from src.utils.embeddings.backbones.transformer.pooling import pool
from src.utils.embeddings.backbones.transformer.ragged import Ragged

CPU = torch.device("cpu")
LENGTHS = [3, 70, 1, 20]


def expected(frames: torch.Tensor, counted: torch.Tensor | None = None) -> np.ndarray:
    parts = frames[: sum(LENGTHS)].double().split(LENGTHS)
    if counted is not None:
        marks = counted.split(LENGTHS)
        parts = [part[mark] for part, mark in zip(parts, marks, strict=True)]
    return np.array([[p.mean(0).numpy(), p.var(0, correction=0).numpy()] for p in parts])


@pytest.mark.parametrize("one_by_one", [True, False])
class TestPool:
    def test_own_frames_only(self, one_by_one: bool) -> None:
        ragged = Ragged(LENGTHS, CPU, one_by_one)
        frames = torch.randn(ragged.n_rows, 5) * 3 + 1
        frames[sum(LENGTHS) :] = torch.nan
        found = pool(frames, ragged)
        assert found.dtype == torch.float32
        assert found.shape == (4, 2, 5)
        np.testing.assert_allclose(found, expected(frames), rtol=1e-5, atol=1e-6)
        assert (found[2, 1] == 0).all()

    def test_counted_frames_only(self, one_by_one: bool) -> None:
        ragged = Ragged(LENGTHS, CPU, one_by_one)
        frames = torch.randn(ragged.n_rows, 5)
        counted = torch.rand(sum(LENGTHS)) < 0.5
        counted[[0, 3, 73, 93]] = True
        found = pool(frames, ragged, counted)
        np.testing.assert_allclose(found, expected(frames, counted), rtol=1e-5, atol=1e-6)

    def test_a_large_mean_costs_nothing(self, one_by_one: bool) -> None:
        """Speech models have channels that are always large."""
        ragged = Ragged(LENGTHS, CPU, one_by_one)
        frames = torch.randn(ragged.n_rows, 5) * 0.1 + 300
        np.testing.assert_allclose(pool(frames, ragged), expected(frames), rtol=1e-3, atol=1e-8)

    def test_bfloat16_is_summed_in_float32(self, one_by_one: bool) -> None:
        ragged = Ragged(LENGTHS, CPU, one_by_one)
        frames = (torch.randn(ragged.n_rows, 5) + 2).bfloat16()
        found = pool(frames, ragged)
        assert found.dtype == torch.float32
        np.testing.assert_allclose(found, expected(frames), rtol=1e-5, atol=1e-6)

    def test_frames_stay_as_they_were(self, one_by_one: bool) -> None:
        ragged = Ragged(LENGTHS, CPU, one_by_one)
        frames = torch.randn(ragged.n_rows, 5)
        before = frames.clone()
        pool(frames, ragged, torch.ones(sum(LENGTHS), dtype=torch.bool))
        assert torch.equal(frames, before)

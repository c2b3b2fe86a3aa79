"""The built-in backbone: what any descriptor must hold to."""

from collections.abc import Callable

import numpy as np
import pytest

from src.utils.embeddings.backbones import load_backbone
from src.utils.embeddings.backbones.lfcc import LfccBackbone
from src.utils.errors import ArgumentError


@pytest.fixture(scope="module")
def lfcc() -> LfccBackbone:
    return load_backbone("lfcc")


def vectors(lfcc: LfccBackbone, *waveforms: np.ndarray) -> np.ndarray:
    return lfcc.embed([lfcc.prepare(waveform) for waveform in waveforms])


def test_description(lfcc: LfccBackbone, voice: Callable) -> None:
    about = lfcc.describe()
    assert about["name"] == "lfcc"
    assert about["sample_rate"] == lfcc.sample_rate == 16_000
    found = vectors(lfcc, voice(1.0), voice(1.5, seed=1))
    assert found.dtype == np.float32
    assert found.shape == (2, about["layers"], about["stats_count"], about["dim"])
    assert len(about["stats"]) == about["stats_count"]
    assert about == load_backbone("lfcc").describe()


@pytest.mark.parametrize("seconds", [0.01, 0.1, 1.0, 70.0])
def test_any_length(lfcc: LfccBackbone, voice: Callable, seconds: float) -> None:
    assert np.isfinite(vectors(lfcc, voice(seconds))).all()


def test_extreme_sounds_are_finite(lfcc: LfccBackbone, voice: Callable) -> None:
    click = np.zeros(16_000, np.float32)
    click[8000] = 1.0
    half_silent = np.r_[voice(0.5), np.zeros(8000, np.float32)].astype(np.float32)
    square = np.sign(np.sin(np.arange(16_000, dtype=np.float32) / 10))
    constant = np.full(16_000, 0.5, np.float32)
    assert np.isfinite(vectors(lfcc, click, half_silent, square, constant)).all()


def test_same_sound_same_vector(lfcc: LfccBackbone, voice: Callable) -> None:
    one = vectors(lfcc, voice(1.0))
    np.testing.assert_array_equal(one, vectors(lfcc, voice(1.0)))
    np.testing.assert_array_equal(one, vectors(load_backbone("lfcc"), voice(1.0)))


def test_batch_mates_do_not_matter(lfcc: LfccBackbone, voice: Callable) -> None:
    clips = [voice(seconds, seed=n) for n, seconds in enumerate((0.5, 2.0, 0.1))]
    together = vectors(lfcc, *clips)
    for row, clip in enumerate(clips):
        np.testing.assert_array_equal(together[row], vectors(lfcc, clip)[0])
    np.testing.assert_array_equal(together[::-1], vectors(lfcc, *clips[::-1]))


def test_sounds_differ(lfcc: LfccBackbone, voice: Callable) -> None:
    one, other = vectors(lfcc, voice(1.0, seed=1), voice(1.0, seed=2))
    assert np.abs(one - other).max() > 1e-3


@pytest.mark.parametrize("gain", [0.1, 0.5, 3.0])
def test_level_does_not_matter(lfcc: LfccBackbone, voice: Callable, gain: float) -> None:
    """Loudness tells nothing about who spoke: it must move a vector less than the voice does."""
    clips = [voice(1.5, seed=n) for n in range(6)]
    plain = vectors(lfcc, *clips).reshape(6, -1)
    scaled = vectors(lfcc, *[gain * clip for clip in clips]).reshape(6, -1)
    spread = plain.std(axis=0) + 1e-3 * np.abs(plain).max()
    assert np.median(np.abs(scaled - plain) / spread) < 0.05
    assert (np.abs(scaled - plain) / spread).mean() < 0.1


def test_there_is_nothing_to_load() -> None:
    with pytest.raises(ArgumentError, match="--checkpoint=x: lfcc is built in"):
        load_backbone("lfcc", "x")
    with pytest.raises(ArgumentError, match=r"--backbone=lfc .*did you mean lfcc"):
        load_backbone("lfc")

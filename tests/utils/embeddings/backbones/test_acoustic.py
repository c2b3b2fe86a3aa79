"""The built-in backbone: what any descriptor must hold to."""

from collections.abc import Callable

import numpy as np
import pytest

from src.utils.embeddings.backbones import load_backbone
from src.utils.embeddings.backbones.acoustic import AcousticBackbone
from src.utils.errors import ArgumentError


@pytest.fixture(scope="module")
def acoustic() -> AcousticBackbone:
    return load_backbone("acoustic")


def vectors(acoustic: AcousticBackbone, *waveforms: np.ndarray) -> np.ndarray:
    return acoustic.embed([acoustic.prepare(waveform) for waveform in waveforms])


def test_description(acoustic: AcousticBackbone, voice: Callable) -> None:
    about = acoustic.describe()
    assert about["name"] == "acoustic"
    assert about["sample_rate"] == acoustic.sample_rate == 16_000
    found = vectors(acoustic, voice(1.0), voice(1.5, seed=1))
    assert found.dtype == np.float32
    assert found.shape == (2, about["layers"], about["stats_count"], about["dim"])
    assert len(about["stats"]) == about["stats_count"]
    assert about == load_backbone("acoustic").describe()


@pytest.mark.parametrize("seconds", [0.01, 0.1, 1.0, 70.0])
def test_any_length(acoustic: AcousticBackbone, voice: Callable, seconds: float) -> None:
    assert np.isfinite(vectors(acoustic, voice(seconds))).all()


def test_extreme_sounds_are_finite(acoustic: AcousticBackbone, voice: Callable) -> None:
    click = np.zeros(16_000, np.float32)
    click[8000] = 1.0
    half_silent = np.r_[voice(0.5), np.zeros(8000, np.float32)].astype(np.float32)
    square = np.sign(np.sin(np.arange(16_000, dtype=np.float32) / 10))
    constant = np.full(16_000, 0.5, np.float32)
    assert np.isfinite(vectors(acoustic, click, half_silent, square, constant)).all()


def test_same_sound_same_vector(acoustic: AcousticBackbone, voice: Callable) -> None:
    one = vectors(acoustic, voice(1.0))
    np.testing.assert_array_equal(one, vectors(acoustic, voice(1.0)))
    np.testing.assert_array_equal(one, vectors(load_backbone("acoustic"), voice(1.0)))


def test_batch_mates_do_not_matter(acoustic: AcousticBackbone, voice: Callable) -> None:
    clips = [voice(seconds, seed=n) for n, seconds in enumerate((0.5, 2.0, 0.1))]
    together = vectors(acoustic, *clips)
    for row, clip in enumerate(clips):
        np.testing.assert_array_equal(together[row], vectors(acoustic, clip)[0])
    np.testing.assert_array_equal(together[::-1], vectors(acoustic, *clips[::-1]))


def test_sounds_differ(acoustic: AcousticBackbone, voice: Callable) -> None:
    one, other = vectors(acoustic, voice(1.0, seed=1), voice(1.0, seed=2))
    assert np.abs(one - other).max() > 1e-3


@pytest.mark.parametrize("gain", [0.1, 0.5, 3.0])
def test_level_does_not_matter(acoustic: AcousticBackbone, voice: Callable, gain: float) -> None:
    """Loudness tells nothing about who spoke: it must move a vector less than the voice does."""
    clips = [voice(1.5, seed=n) for n in range(6)]
    plain = vectors(acoustic, *clips).reshape(6, -1)
    scaled = vectors(acoustic, *[gain * clip for clip in clips]).reshape(6, -1)
    spread = plain.std(axis=0) + 1e-3 * np.abs(plain).max()
    assert np.median(np.abs(scaled - plain) / spread) < 0.05
    assert (np.abs(scaled - plain) / spread).mean() < 0.1


def test_there_is_nothing_to_load() -> None:
    with pytest.raises(ArgumentError, match="--checkpoint=x: acoustic is built in"):
        load_backbone("acoustic", "x")
    with pytest.raises(ArgumentError, match=r"--backbone=acoustc .*did you mean acoustic"):
        load_backbone("acoustc")

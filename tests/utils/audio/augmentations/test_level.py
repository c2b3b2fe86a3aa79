"""Gain and clipping do to the level what they say."""

import numpy as np
import pytest

from src.utils.audio.augmentations.augmentation import Material
from src.utils.audio.augmentations.level import Clipping, Gain


@pytest.mark.parametrize("gain_db", [-12.0, 6.0])
def test_a_gain_is_exact(voice, gain_db: float) -> None:
    louder = Gain(Material()).apply(voice(), 16_000, {"gain_db": gain_db})
    np.testing.assert_allclose(louder, voice() * 10 ** (gain_db / 20), rtol=1e-6)


@pytest.mark.parametrize("share", [0.001, 0.03, 0.1])
def test_the_share_asked_for_is_clipped_and_nothing_else(voice, share: float) -> None:
    waveform = voice(1.0)
    clipped = Clipping(Material()).apply(waveform, 16_000, {"clipped": share})
    changed = clipped != waveform
    assert changed.mean() == pytest.approx(share, abs=1e-4)
    limit = np.abs(clipped).max()
    np.testing.assert_array_equal(np.abs(clipped[changed]), limit)
    assert (np.sign(clipped) == np.sign(waveform)).all()
    assert np.abs(waveform[~changed]).max() <= limit


def test_shares_are_drawn_from_a_thousandth_to_a_tenth() -> None:
    random = np.random.default_rng(0)
    shares = [float(Clipping(Material()).draw(random)["clipped"]) for _ in range(4000)]
    assert 0.001 <= min(shares) < 0.0012 and 0.085 < max(shares) <= 0.1
    # As many below a hundredth as above it.
    assert np.median(shares) == pytest.approx(0.01, rel=0.15)

"""MFCC at the frames of an encoder."""

from collections.abc import Callable

import numpy as np
import pytest

from src.utils.audio.mfcc import compute_mfcc


@pytest.mark.parametrize("samples", [400, 719, 720, 8_000, 8_123])
def test_as_many_frames_as_the_encoder_makes(voice: Callable, samples: int) -> None:
    frames = (samples - 400) // 320 + 1
    found = compute_mfcc(voice(samples / 16_000), 16_000, 320, frames)
    assert found.shape == (frames, 39)
    assert np.isfinite(found).all()


def test_frames_lie_where_those_of_the_encoder_do(voice: Callable) -> None:
    clip = np.zeros(16_000, np.float32)
    # Frame 20 alone hears all of it.
    clip[6_400:6_800] = voice(0.025, peak=0.9)
    energy = compute_mfcc(clip, 16_000, 320, 49)[:, 0]
    assert energy.argmax() == 20
    assert (energy[[18, 22]] < energy[20] - 10).all()


def test_deltas_are_slopes_of_the_coefficients(voice: Callable) -> None:
    # At half the hop the windows between those of the encoder's frames are seen, too.
    static = compute_mfcc(voice(1.0), 16_000, 160, 98)[:, :13]
    slope = sum(k * (static[2 + k : 96 + k] - static[2 - k : 96 - k]) for k in (1, 2)) / 10
    found = compute_mfcc(voice(1.0), 16_000, 320, 49)
    np.testing.assert_allclose(found[:, :13], static[::2], atol=1e-3)
    np.testing.assert_allclose(found[1:48, 13:26], slope[::2], atol=1e-3)


def test_a_missing_last_frame_repeats_the_one_before(voice: Callable) -> None:
    found = compute_mfcc(voice(0.5), 16_000, 320, 30)
    np.testing.assert_array_equal(found[-1], found[23])

"""The baseline of the field: its numbers are those of the published definition."""

import pickle
from collections.abc import Callable

import numpy as np
import pytest
import scipy.signal
from torchaudio.functional import linear_fbanks

from src.utils.embeddings.backbones import load_backbone
from src.utils.embeddings.backbones.lfcc import LfccBackbone, cepstra
from src.utils.errors import ArgumentError
from src.utils.parallel import map_ahead

SILENCE = np.log10(np.finfo(float).eps)


@pytest.fixture(scope="module")
def lfcc() -> LfccBackbone:
    return load_backbone("lfcc")


def vectors(lfcc: LfccBackbone, *waveforms: np.ndarray) -> np.ndarray:
    return lfcc.embed([lfcc.prepare(waveform) for waveform in waveforms])


def triangle(hertz: float, left: float, top: float, right: float) -> float:
    if left < hertz <= top:
        return (hertz - left) / (top - left)
    if top < hertz < right:
        return (right - hertz) / (right - top)
    return 0.0


def defined(waveform: np.ndarray) -> np.ndarray:
    """Compute LFCC, deltas and double deltas frame by frame, from the definition alone."""
    x = scipy.signal.lfilter([1, -0.97], 1, waveform.astype(np.float64))
    window = 0.54 - 0.46 * np.cos(2 * np.pi * np.arange(320) / 319)
    step = 8000 / 21
    bank = np.empty((257, 20))
    for k in range(257):
        for i in range(20):
            bank[k, i] = triangle(k * 16_000 / 512, i * step, (i + 1) * step, (i + 2) * step)
    position = np.arange(20)[:, None]
    cosine = np.sqrt(2 / 20) * np.cos(np.pi * position * (2 * np.arange(20) + 1) / 40)
    cosine[0] /= np.sqrt(2)
    static = []
    start = 0
    while not static or start + 160 < len(x):
        frame = np.zeros(512)
        part = x[start : start + 320]
        frame[: len(part)] = part * window[: len(part)]
        power = np.abs(np.fft.fft(frame)[:257]) ** 2
        static.append(cosine @ np.log10(power @ bank + 2.0**-52))
        start += 160
    parts = [np.array(static)]
    for _ in range(2):
        last = len(static) - 1
        rows = parts[-1]
        parts.append(
            np.array([rows[min(t + 1, last)] - rows[max(t - 1, 0)] for t in range(last + 1)])
        )
    return np.hstack(parts)


# Below a window, at its edge, at the edge of a hop, and many.
@pytest.mark.parametrize("samples", [1, 100, 319, 320, 321, 480, 481, 640, 16_123])
def test_it_is_as_defined(lfcc: LfccBackbone, voice: Callable, samples: int) -> None:
    waveform = voice(2.0)[-samples:]
    found, expected = cepstra.compute_lfcc(waveform), defined(waveform)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)
    pooled = np.stack([expected.mean(axis=0), expected.std(axis=0)])
    np.testing.assert_allclose(vectors(lfcc, waveform)[0, 0], pooled, rtol=1e-6, atol=1e-6)


def test_the_filters_are_those_of_torchaudio() -> None:
    theirs = linear_fbanks(257, 0.0, 8000.0, 20, 16_000)
    np.testing.assert_allclose(cepstra.filter_bank(), theirs.numpy().T, atol=1e-5)


@pytest.mark.parametrize(
    ("samples", "frames"), [(0, 1), (1, 1), (320, 1), (321, 2), (480, 2), (481, 3), (16_000, 99)]
)
def test_how_many_frames(samples: int, frames: int) -> None:
    assert cepstra.compute_lfcc(np.ones(samples, np.float32)).shape == (frames, 60)


def test_a_single_frame_does_not_move(lfcc: LfccBackbone, voice: Callable) -> None:
    """Shorter than the deltas' three frames: the ends that are repeated are all there is."""
    mean, std = vectors(lfcc, voice(0.015))[0, 0]
    assert (mean[:20] != 0).all()
    assert (mean[20:] == 0).all()
    assert (std == 0).all()


def test_description(lfcc: LfccBackbone, voice: Callable) -> None:
    about = lfcc.describe()
    assert (about["name"], about["version"], about["sample_rate"]) == ("lfcc", 1, 16_000)
    assert (about["layers"], about["stats"], about["dim"]) == (1, ["mean", "std"], 60)
    found = vectors(lfcc, voice(1.0), voice(1.5, seed=1))
    assert found.dtype == np.float32
    assert found.shape == (2, about["layers"], about["stats_count"], about["dim"])
    assert about == load_backbone("lfcc").describe()
    assert lfcc.leaves_cpu_free is False


def test_silence_and_constants_are_finite(lfcc: LfccBackbone) -> None:
    silent = np.zeros(8000, np.float32)
    click = silent.copy()
    click[4000] = 1.0
    found = vectors(lfcc, silent, silent + 0.5, click, np.zeros(1, np.float32))
    assert np.isfinite(found).all()
    # All 20 energies are the offset, which is all in coefficient 0.
    np.testing.assert_allclose(found[0, 0, 0, 0], np.sqrt(20) * SILENCE, rtol=1e-6)
    np.testing.assert_allclose(found[0, 0, 0, 1:], 0, atol=1e-12)
    np.testing.assert_allclose(found[0, 0, 1], 0, atol=1e-12)


def test_it_sees_the_level(lfcc: LfccBackbone, voice: Callable) -> None:
    """A gain of 10 adds 2 to every log energy: to coefficient 0 alone."""
    quiet = voice(1.0, peak=0.05)
    plain, loud = vectors(lfcc, quiet, 10 * quiet)
    moved = loud - plain
    np.testing.assert_allclose(moved[0, 0, 0], 2 * np.sqrt(20), rtol=1e-5)
    np.testing.assert_allclose(np.delete(moved.ravel(), 0), 0, atol=1e-4)


def test_batch_mates_do_not_matter(lfcc: LfccBackbone, voice: Callable) -> None:
    clips = [voice(seconds, seed=n) for n, seconds in enumerate((0.5, 2.0, 0.01))]
    together = vectors(lfcc, *clips)
    for row, clip in enumerate(clips):
        np.testing.assert_array_equal(together[row], vectors(lfcc, clip)[0])
    np.testing.assert_array_equal(together[::-1], vectors(lfcc, *clips[::-1]))


def test_threads_share_it(lfcc: LfccBackbone, voice: Callable) -> None:
    clips = [voice(0.2 + 0.05 * n, seed=n) for n in range(12)]
    alone = [lfcc.prepare(clip) for clip in clips]
    for one, other in zip(alone, map_ahead(lfcc.prepare, clips, threads=4), strict=True):
        np.testing.assert_array_equal(one, other)


def test_how_many_frames_are_in_memory_does_not_matter(voice: Callable, monkeypatch) -> None:
    waveform = voice(0.5)
    whole = cepstra.compute_lfcc(waveform)
    monkeypatch.setattr(cepstra, "_FRAMES_AT_ONCE", 7)
    np.testing.assert_array_equal(cepstra.compute_lfcc(waveform), whole)


def test_it_can_be_sent_to_another_process(lfcc: LfccBackbone, voice: Callable) -> None:
    sent = pickle.loads(pickle.dumps(lfcc))
    np.testing.assert_array_equal(vectors(sent, voice(0.3)), vectors(lfcc, voice(0.3)))


def test_there_is_nothing_to_load() -> None:
    with pytest.raises(ArgumentError, match="--checkpoint=x: lfcc is built in"):
        load_backbone("lfcc", "x")
    with pytest.raises(ArgumentError, match="lfcc has one layer, in float32"):
        load_backbone("lfcc", precision="bfloat16")
    assert load_backbone("lfcc", layers=(0, 0)).name == "lfcc"

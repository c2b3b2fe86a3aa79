"""RawBoost: filters, powers, impulses and noise as the paper has them, alone and combined."""

import numpy as np
import pytest
from scipy import signal

from src.utils.audio.augmentations import AUGMENTATIONS, FAMILIES, notch_filters
from src.utils.audio.augmentations.augmentation import Material
from src.utils.audio.augmentations.notch_filters import Blocks, draw_notches, filter_powers
from src.utils.audio.augmentations.rawboost import POWERS

RATE = 16_000
SILENT_POWERS = {f"power{power}_db": -300.0 for power in POWERS}


def boost(mode: int, waveform: np.ndarray, rate: int = RATE, **parameters: float) -> np.ndarray:
    return AUGMENTATIONS.load(f"rawboost{mode}")(Material()).apply(waveform, rate, parameters)


def drawn(mode: int, seed: int) -> dict:
    return AUGMENTATIONS.load(f"rawboost{mode}")(Material()).draw(np.random.default_rng(seed))


@pytest.fixture
def one_notch(monkeypatch) -> None:
    """Every filter is the same one: 600 Hz around 2 kHz, 101 taps."""
    monkeypatch.setattr(notch_filters, "BANDS", 1)
    monkeypatch.setattr(notch_filters, "_CENTRE_HZ", (2000.0, 2000.0))
    monkeypatch.setattr(notch_filters, "_WIDTH_HZ", (600.0, 600.0))
    monkeypatch.setattr(notch_filters, "_TAPS", (100, 100))


def test_a_notch_is_the_band_stop_of_the_window_method(one_notch) -> None:
    [response] = draw_notches(np.random.default_rng(0), np.array([-6.0]), RATE)
    taps = signal.firwin(101, [1700, 2300], window="hamming", fs=RATE)
    _, expected = signal.freqz(taps, worN=len(response), include_nyquist=True)
    expected = np.abs(expected) / np.abs(expected).max() * 10 ** (-6 / 20)
    np.testing.assert_allclose(np.abs(response), expected, atol=1e-5)


@pytest.mark.parametrize("rate", [8000, 44_100, 96_000])
def test_a_notch_is_the_same_in_hz_at_every_rate(one_notch, rate: int) -> None:
    """Within a fifth of a dB of its pass band, and half the amplitude at its edges."""
    [response] = draw_notches(np.random.default_rng(0), np.zeros(1), rate)
    at = np.linspace(0, rate / 2, len(response))
    found = np.interp([500, 1700, 2000, 2300, 3500], at, np.abs(response))
    np.testing.assert_allclose(found, [1, 0.5, 0, 0.5, 1], atol=0.025)


def test_notches_are_drawn_over_the_band_up_to_the_recording_s_own_half_rate() -> None:
    for rate, top in ((8000, 4000), (RATE, 8000), (48_000, 8000)):
        random = np.random.default_rng(1)
        deepest = []
        for _ in range(60):
            [response] = draw_notches(random, np.zeros(1), rate)
            assert np.abs(response).max() == pytest.approx(1)
            deepest.append(np.argmin(np.abs(response)) / (len(response) - 1) * rate / 2)
        # The widest notch reaches 500 Hz beyond its centre.
        assert max(deepest) <= top + 500
        assert min(deepest) < 0.25 * top and max(deepest) > 0.75 * top


def test_blocks_give_what_one_convolution_gives() -> None:
    random = np.random.default_rng(2)
    waveform = random.standard_normal(9_000).astype(np.float32)
    responses = draw_notches(random, np.array([0.0, -5.0]), RATE)
    expected = 0
    for power, response in enumerate(responses, start=1):
        kernel = np.fft.fftshift(np.fft.irfft(response))
        middle = len(kernel) // 2
        whole = np.convolve(waveform.astype(float) ** power, kernel)
        expected = expected + whole[middle : middle + len(waveform)]
    np.testing.assert_allclose(filter_powers(waveform, responses, RATE), expected, atol=1e-4)
    assert Blocks(RATE).reach == 250


def test_the_linear_part_is_linear_and_not_delayed(voice) -> None:
    waveform = voice(0.5)
    changed = boost(1, waveform, seed=3, **SILENT_POWERS)
    half = boost(1, waveform / 2, seed=3, **SILENT_POWERS)
    np.testing.assert_allclose(half, changed / 2, atol=1e-6)
    assert np.argmax(np.correlate(changed, waveform, "full")) == len(waveform) - 1
    assert not np.allclose(changed, waveform, atol=0.01)


@pytest.mark.parametrize("power", POWERS)
def test_each_power_adds_its_harmonic_at_its_gain(power: int) -> None:
    time = np.arange(RATE) / RATE
    tone = (0.9 * np.sin(2 * np.pi * 400 * time)).astype(np.float32)
    levels = []
    for gain in (-20.0, -10.0):
        changed = boost(1, tone, seed=4, **{**SILENT_POWERS, f"power{power}_db": gain})
        spectrum = np.abs(np.fft.rfft(changed[4000:-4000] * np.hanning(8000)))
        levels.append(20 * np.log10(spectrum[power * 200]))
        assert abs(changed.mean()) < 1e-4
    assert levels[1] - levels[0] == pytest.approx(10, abs=0.1)


def test_impulses_change_so_many_samples_in_proportion_to_themselves() -> None:
    waveform = np.random.default_rng(5).uniform(-0.3, 0.3, 40_000).astype(np.float32)
    changed = boost(2, waveform, seed=5, impulses=0.1)
    where = np.flatnonzero(changed != waveform)
    assert len(where) == pytest.approx(4000, abs=5)
    # Anywhere in the recording.
    assert np.histogram(where, 4, (0, 40_000))[0].min() > 900
    factors = (changed[where] / waveform[where] - 1) / 2
    assert np.abs(factors).max() <= 1
    # The product of two uniform numbers between -1 and 1.
    assert np.abs(factors).mean() == pytest.approx(0.25, abs=0.01)
    assert factors.mean() == pytest.approx(0, abs=0.02)


def test_stationary_noise_has_its_ratio_and_does_not_follow_the_voice(voice) -> None:
    waveform = voice(1.0)
    added = boost(3, waveform, seed=6, snr_db=20.0) - waveform
    snr_db = 10 * np.log10(np.square(waveform).sum() / np.square(added).sum())
    assert snr_db == pytest.approx(20, abs=0.05)
    other = voice(1.0, seed=1)
    again = boost(3, other, seed=6, snr_db=20.0) - other
    assert np.corrcoef(added, again)[0, 1] > 0.999
    quarters = np.square(added).reshape(4, -1).mean(axis=1)
    assert quarters.max() < 1.1 * quarters.min()


def test_the_values_drawn_are_those_of_the_paper() -> None:
    rows = [drawn(4, seed) for seed in range(300)]
    ranges = {"snr_db": (10, 40), "impulses": (0, 0.1)}
    ranges |= {f"power{power}_db": (-20, -5) for power in POWERS}
    assert set(rows[0]) == {"seed", *ranges}
    for name, (low, high) in ranges.items():
        values = [row[name] for row in rows]
        near = 0.05 * (high - low)
        assert low <= min(values) < low + near
        assert high - near < max(values) <= high
    assert set(drawn(2, 0)) == {"seed", "impulses"}
    assert set(drawn(3, 0)) == {"seed", "snr_db"}


@pytest.mark.parametrize(("mode", "parts"), [(4, (1, 2, 3)), (5, (1, 2)), (6, (1, 3)), (7, (2, 3))])
def test_a_series_is_its_parts_in_their_order(mode: int, parts: tuple[int, ...], voice) -> None:
    parameters = drawn(mode, 8)
    expected = voice(0.5)
    for part in parts:
        expected = boost(part, expected, **parameters)
    np.testing.assert_array_equal(boost(mode, voice(0.5), **parameters), expected)


def test_the_eighth_adds_up_the_first_and_the_second(voice) -> None:
    parameters = drawn(8, 9)
    waveform = voice(0.5)
    expected = boost(1, waveform, **parameters) + boost(2, waveform, **parameters)
    np.testing.assert_array_equal(boost(8, waveform, **parameters), expected)
    # What is louder than full scale is turned down to it, its shape kept.
    loud = boost(8, waveform / np.abs(waveform).max(), **parameters)
    assert np.abs(loud).max() == pytest.approx(1)


def test_the_family_is_all_eight() -> None:
    assert FAMILIES["rawboost"] == tuple(f"rawboost{mode}" for mode in range(1, 9))
    assert [name for name in AUGMENTATIONS if name in FAMILIES["rawboost"]] == list(
        FAMILIES["rawboost"]
    )

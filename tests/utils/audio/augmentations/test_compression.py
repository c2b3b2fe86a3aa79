"""The compressor brings levels closer by its ratio, as fast as its times say."""

import numpy as np
import pytest

from src.utils.audio.augmentations.augmentation import Material
from src.utils.audio.augmentations.compression import Compression
from src.utils.audio.augmentations.mixing import rms

RATE = 16_000
SETTING = {"threshold_db": -40.0, "ratio": 4.0, "attack_ms": 5.0, "release_ms": 50.0}


def tones(*levels_db: float, seconds: float = 0.5, rate: int = RATE) -> np.ndarray:
    """A tone whose level changes, a part after the other."""
    level = np.repeat(10 ** (np.array(levels_db) / 20), round(seconds * rate))
    tone = np.sin(2 * np.pi * 1000 * np.arange(len(level)) / rate)
    return (level * tone).astype(np.float32)


def level_db(waveform: np.ndarray) -> float:
    return 20 * np.log10(rms(waveform))


def compress(waveform: np.ndarray, rate: int = RATE, **changed: float) -> np.ndarray:
    return Compression(Material()).apply(waveform, rate, SETTING | changed)


def settled(waveform: np.ndarray) -> list[float]:
    """The level of the second half of each of two parts."""
    return [level_db(half[len(half) // 2 :]) for half in np.split(waveform, 2)]


@pytest.mark.parametrize("ratio", [2.0, 4.0, 10.0])
@pytest.mark.parametrize("rate", [8000, 44_100])
def test_differences_of_level_shrink_by_the_ratio(ratio: float, rate: int) -> None:
    first, second = settled(compress(tones(-30, -10, rate=rate), rate, ratio=ratio))
    assert second - first == pytest.approx(20 / ratio, abs=0.1)


def test_below_the_threshold_levels_stay_apart() -> None:
    """The loud part lies 3 dB above the whole, so that nothing reaches the threshold."""
    first, second = settled(compress(tones(-30, -10), threshold_db=12.0))
    assert second - first == pytest.approx(20, abs=0.01)


def test_the_level_of_the_whole_stays(voice) -> None:
    assert level_db(compress(voice(1.0))) == pytest.approx(level_db(voice(1.0)), abs=0.01)
    # And so what is done does not depend on it.
    quiet = compress(voice(1.0) / 8)
    np.testing.assert_allclose(8 * quiet, compress(voice(1.0)), atol=1e-5)


def test_attack_and_release_take_their_time() -> None:
    def gains(attack_ms: float, release_ms: float) -> np.ndarray:
        given = tones(-30, -10, -30)
        changed = compress(given, attack_ms=attack_ms, release_ms=release_ms)
        # Of every 10 ms; what the whole was turned up by is left out.
        powers = [np.square(wave).reshape(-1, 160).mean(axis=1) for wave in (changed, given)]
        gain = 10 * np.log10(powers[0] / powers[1])
        return gain - gain[40]

    # 15 dB further down by the loud part; a third of them after one time constant.
    slow, fast = gains(40, 100), gains(1, 20)
    assert slow[54] == pytest.approx(-15 * (1 - np.exp(-45 / 40)), abs=1)
    assert fast[54] == pytest.approx(-15, abs=0.2)
    assert slow[110] < -4 and fast[110] > -0.5


def test_silence_stays_silence() -> None:
    assert not compress(np.zeros(RATE, np.float32)).any()

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from src.utils.audio.augmentations import recordings
from src.utils.audio.augmentations.recordings import RecordingCache


@pytest.fixture
def paths(tmp_path: Path, voice: Callable, write_audio: Callable) -> list[Path]:
    return [write_audio(tmp_path / f"{n}.wav", voice(0.2, seed=n)) for n in range(6)]


def test_a_recording_is_decoded_once_a_rate(
    paths: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded = []
    read = recordings._read
    monkeypatch.setattr(recordings, "_read", lambda *key: decoded.append(key) or read(*key))
    cache = RecordingCache()
    for _ in range(3):
        assert len(cache.read(paths[0], 16_000).waveform) == 3200
        assert len(cache.read(paths[0], 8_000).waveform) == 1600
    assert len(decoded) == 2


def test_no_more_is_kept_than_allowed(paths: list[Path]) -> None:
    size = 4 * 3200
    cache = RecordingCache(most_bytes=3 * size)
    for path in paths * 2:
        assert cache.read(path, 16_000).waveform.nbytes == size
        assert cache.n_bytes <= 3 * size
    assert RecordingCache(most_bytes=size - 1).read(paths[0], 16_000).level > 0


def test_threads_share_it(paths: list[Path]) -> None:
    cache = RecordingCache(most_bytes=3 * 4 * 3200)
    with ThreadPoolExecutor(8) as pool:
        heard = list(pool.map(lambda n: cache.read(paths[n % 6], 16_000), range(120)))
    for number, one in enumerate(heard):
        assert np.array_equal(one.waveform, heard[number % 6].waveform)
    assert cache.n_bytes == 3 * 4 * 3200


def test_what_is_kept_cannot_be_changed(paths: list[Path]) -> None:
    with pytest.raises(ValueError, match="read-only"):
        RecordingCache().read(paths[0], 16_000).waveform[0] = 1


def test_only_the_beginning_of_a_long_one_is_heard(
    tmp_path: Path, voice: Callable, write_audio: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recordings, "LONGEST_SECONDS", 1)
    waveform = voice(1.5)
    path = write_audio(tmp_path / "long.wav", waveform, subtype="FLOAT")
    heard = RecordingCache().read(path, 16_000)
    assert np.array_equal(heard.waveform, waveform[:16_000])
    assert heard.level == pytest.approx(np.sqrt(np.mean(waveform[:16_000].astype(float) ** 2)))

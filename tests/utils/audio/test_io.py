"""The door for audio: what goes in comes out, and what is broken is told."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from src.utils.audio import io as audio
from src.utils.audio.info import AudioInfo
from src.utils.audio.io import (
    is_audio,
    measure_level,
    read_blocks,
    read_info,
    read_parts,
    read_waveform,
)
from src.utils.audio.writing import full_scale, write_blocks, write_waveform
from src.utils.config import ROOT
from src.utils.errors import AudioError, AudiosError, StorageError

SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")


def tone(frequency: float, seconds: float, rate: int, peak: float = 0.5) -> np.ndarray:
    return (peak * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)).astype(
        np.float32
    )


def strongest(waveform: np.ndarray, rate: int) -> float:
    spectrum = np.abs(np.fft.rfft(waveform * np.hanning(len(waveform))))
    return float(np.argmax(spectrum)) * rate / len(waveform)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_format_is_read(tmp_path: Path, write_audio: Callable, suffix: str) -> None:
    path = write_audio(tmp_path / f"a{suffix}", tone(440, 1.0, 16_000))
    info = read_info(path)
    assert (info.sample_rate, info.channels) == (16_000, 1)
    assert info.duration == pytest.approx(1.0, abs=0.1)
    waveform = read_waveform(path)
    assert waveform.dtype == np.float32
    assert waveform.shape == (info.frames,)
    assert strongest(waveform[2000:14_000], 16_000) == pytest.approx(440, abs=3)
    assert np.abs(waveform).max() == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_lossless_is_lossless(
    tmp_path: Path, write_audio: Callable, voice: Callable, suffix: str
) -> None:
    waveform = (np.round(voice(0.2) * 32768) / 32768).astype(np.float32)
    path = write_audio(tmp_path / f"a{suffix}", waveform)
    np.testing.assert_allclose(read_waveform(path), waveform, atol=1 / 32768 + 1e-7)


def test_write_waveform_is_16_bit_wav(tmp_path: Path, voice: Callable) -> None:
    waveform = voice(0.2)
    path = tmp_path / "new" / "folder" / "a.wav"
    write_waveform(path, waveform)
    info = read_info(path)
    assert (info.format, info.subtype, info.sample_rate, info.frames) == (
        "WAV",
        "PCM_16",
        16_000,
        len(waveform),
    )
    np.testing.assert_allclose(read_waveform(path), waveform, atol=2 / 32768)
    assert [entry.name for entry in path.parent.iterdir()] == ["a.wav"]


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    def blocks():
        yield np.zeros((10, 1), np.float32)
        raise RuntimeError("the disk is on fire")

    with pytest.raises(AudiosError):
        write_blocks(tmp_path / "a.wav", blocks(), AudioInfo(16_000, 20, 1, "WAV", "PCM_16"))
    assert not list(tmp_path.iterdir())


def test_an_impossible_combination_is_one_line(tmp_path: Path) -> None:
    like = AudioInfo(16_000, 1, 1, "FLAC", "FLOAT")
    with pytest.raises(AudiosError, match="FLAC FLOAT") as raised:
        write_blocks(tmp_path / "a.flac", [np.zeros((1, 1), np.float32)], like)
    assert "\n" not in str(raised.value)
    assert not list(tmp_path.iterdir())


def test_channels_are_averaged(tmp_path: Path, write_audio: Callable) -> None:
    left, right = tone(300, 0.5, 16_000, 0.4), tone(1000, 0.5, 16_000, 0.2)
    path = write_audio(tmp_path / "a.wav", np.stack([left, right], axis=1), subtype="FLOAT")
    assert read_info(path).channels == 2
    np.testing.assert_allclose(read_waveform(path), (left + right) / 2, atol=1e-6)


@pytest.mark.parametrize("rate", [8000, 22_050, 44_100, 48_000])
def test_resampling_keeps_a_tone(tmp_path: Path, write_audio: Callable, rate: int) -> None:
    path = write_audio(tmp_path / "a.wav", tone(1000, 1.0, rate), rate)
    waveform = read_waveform(path, 16_000)
    assert len(waveform) == pytest.approx(16_000, abs=2)
    assert strongest(waveform, 16_000) == pytest.approx(1000, abs=2)
    assert np.abs(waveform[1000:-1000]).max() == pytest.approx(0.5, abs=0.01)
    assert read_info(path).sample_rate == rate


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate", [8000, 11_025, 16_000, 44_100, 48_000])
def test_a_file_read_in_blocks_is_the_one_read_whole(
    tmp_path: Path, write_audio: Callable, voice: Callable, monkeypatch, rate: int, channels: int
) -> None:
    made = [voice(1.3, rate, seed) for seed in range(channels)]
    path = write_audio(tmp_path / "a.wav", np.stack(made, axis=1), rate)
    decoded = soundfile.read(path, dtype="float32", always_2d=True)[0]
    whole = soxr.resample(decoded.mean(axis=1), rate, 16_000, quality="HQ")
    for seconds in (0.05, 0.5, 30):
        monkeypatch.setattr(audio, "BLOCK_SECONDS", seconds)
        np.testing.assert_array_equal(read_waveform(path), whole)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_a_long_file_is_held_once(tmp_path: Path, rate: int) -> None:
    path = tmp_path / "long.wav"
    noise = (0.1 * np.random.default_rng(7).standard_normal(60 * rate)).astype(np.float32)
    with soundfile.SoundFile(path, "w", rate, 1, subtype="PCM_16") as stream:
        for _ in range(10):
            stream.write(noise)
    del noise
    code = f"""
from pathlib import Path
from src.utils.audio.io import read_waveform
def peak():
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) * 1024
before = peak()
read = read_waveform(Path({str(path)!r}))
print((peak() - before) / read.nbytes)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    # The waveform itself, room for it to grow, and a few blocks of half a minute.
    assert 1 < float(done.stdout) < 1.9


def test_resampling_does_not_alias(tmp_path: Path, write_audio: Callable) -> None:
    path = write_audio(tmp_path / "a.wav", tone(11_000, 1.0, 48_000), 48_000)
    assert np.abs(read_waveform(path, 16_000)[1000:-1000]).max() < 0.005


def test_broken_files_are_told(tmp_path: Path, write_audio: Callable, voice: Callable) -> None:
    (tmp_path / "empty.wav").write_bytes(b"")
    (tmp_path / "text.wav").write_text("this is no recording " * 100)
    (tmp_path / "folder.wav").mkdir()
    write_audio(tmp_path / "no_samples.wav", np.zeros(0, np.float32))
    write_audio(tmp_path / "silent.wav", np.zeros(1000, np.float32))
    write_audio(tmp_path / "faint.wav", np.full(1000, 5e-5, np.float32), subtype="FLOAT")
    for name, bad in (("nan", np.nan), ("inf", np.inf)):
        waveform = voice(0.1)
        waveform[50] = bad
        write_audio(tmp_path / f"{name}.wav", waveform, subtype="FLOAT")
    reasons = {
        "missing": "missing",
        "empty": "is empty",
        "text": "is not audio",
        "folder": "is a folder",
        "no_samples": "no samples",
        "silent": "silent",
        "faint": "silent",
        "nan": "not finite",
        "inf": "not finite",
    }
    for name, reason in reasons.items():
        with pytest.raises(AudioError, match=reason) as raised:
            read_waveform(tmp_path / f"{name}.wav")
        # The caller names the file; the reason does not, and is one line.
        assert "\n" not in str(raised.value)
        assert str(tmp_path) not in str(raised.value)


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_a_truncated_file_is_rejected(
    tmp_path: Path, write_audio: Callable, voice: Callable, suffix: str
) -> None:
    path = write_audio(tmp_path / f"a{suffix}", voice(3.0))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(AudioError, match=r"is cut short: \d\.\d\d of 3\.00 s are there"):
        read_waveform(path)
    with pytest.raises(AudioError, match="is cut short"):
        read_info(path)


def test_headers_only(tmp_path: Path, write_audio: Callable, monkeypatch) -> None:
    path = write_audio(tmp_path / "a.wav", tone(440, 1.0, 16_000))

    def refuse(*_, **__):
        raise AssertionError("samples were decoded")

    monkeypatch.setattr(soundfile.SoundFile, "read", refuse)
    monkeypatch.setattr(soundfile.SoundFile, "buffer_read", refuse)
    assert read_info(path) == AudioInfo(16_000, 16_000, 1, "WAV", "PCM_16", original_rate=16_000)


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg"])
def test_blocks_make_the_whole(
    tmp_path: Path, write_audio: Callable, voice: Callable, suffix: str
) -> None:
    waveform = np.stack([voice(1.0, seed=1), voice(1.0, seed=2)], axis=1)
    path = write_audio(tmp_path / f"a{suffix}", waveform)
    blocks = list(read_blocks(path, seconds=0.13))
    assert len(blocks) == 8
    assert all(block.dtype == np.float32 and block.shape[1] == 2 for block in blocks)
    whole = soundfile.read(path, dtype="float32", always_2d=True)[0]
    np.testing.assert_array_equal(np.concatenate(blocks), whole)


def test_level_over_all_blocks(tmp_path: Path, write_audio: Callable) -> None:
    waveform = np.zeros((3000, 2), np.float32)
    waveform[1234, 1] = -0.75  # a peak may be negative, in any block, in any channel
    waveform[2990, 0] = 0.5
    path = write_audio(tmp_path / "a.wav", waveform, subtype="FLOAT")
    level = measure_level(path, seconds=0.05)
    assert level.peak == 0.75
    assert level.rms == pytest.approx(np.sqrt((0.75**2 + 0.5**2) / 6000))


@pytest.mark.parametrize(
    ("subtype", "bits"), [("PCM_U8", 8), ("PCM_16", 16), ("PCM_24", 24), ("PCM_32", 32)]
)
def test_full_scale_of_integers(subtype: str, bits: int) -> None:
    assert full_scale(subtype) == 1 - 2.0 ** (1 - bits)


def test_full_scale_of_anything_else() -> None:
    assert full_scale("FLOAT") == full_scale("VORBIS") == 1.0


def test_suffixes_in_any_case() -> None:
    assert all(is_audio(Path(f"a{suffix}")) for suffix in SUFFIXES)
    assert is_audio(Path("a.WAV"))
    assert not is_audio(Path("a.txt"))
    assert not is_audio(Path("wav"))


def test_too_short_for_a_single_sample(tmp_path: Path, write_audio: Callable) -> None:
    path = write_audio(tmp_path / "one.wav", np.full(1, 0.5, np.float32), 48_000)
    with pytest.raises(AudioError, match="shorter than one sample at 16,000 Hz"):
        read_waveform(path)


@pytest.mark.parametrize("rate", [16_000, 22_050, 8_000])
@pytest.mark.parametrize("size", [700, 16_000, 10**7])
def test_parts_are_the_waveform(
    tmp_path: Path, write_audio: Callable, voice: Callable, monkeypatch, rate: int, size: int
) -> None:
    """However the blocks fall; only the last part may be another size."""
    monkeypatch.setattr(audio, "BLOCK_SECONDS", 0.4)
    path = write_audio(tmp_path / "a.wav", voice(1.5, rate), rate)
    parts = list(read_parts(path, size))
    assert {len(part) for part in parts[:-1]} <= {size}
    np.testing.assert_array_equal(np.concatenate(parts), read_waveform(path))


def test_parts_of_a_broken_file(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_text("no audio")
    with pytest.raises(AudioError, match="is not audio"):
        list(read_parts(tmp_path / "a.wav", 100))


FULL_DISK = """
import resource, sys
from pathlib import Path
import numpy as np
from src.utils.audio.info import AudioInfo
from src.utils.audio.writing import write_blocks
from src.utils.errors import StorageError

folder = Path(sys.argv[1])
sound = np.random.default_rng(0).normal(scale=0.1, size=(40_000, 1)).astype(np.float32)
kinds = [
    ("WAV", "PCM_16"), ("WAV", "FLOAT"), ("FLAC", "PCM_16"), ("OGG", "VORBIS"),
    ("MP3", "MPEG_LAYER_III"), ("AIFF", "PCM_16"), ("W64", "PCM_24"), ("AU", "ULAW"),
]
for limit in (0, 10, 1000, 9000):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    for format, subtype in kinds:
        path = folder / f"a.{format.lower()}"
        try:
            like = AudioInfo(16_000, 0, 1, format, subtype)
            write_blocks(path, [sound[:9000], sound[9000:]], like)
        except StorageError as error:
            assert str(error) == f"cannot write {path}: File too large", error
        else:
            # Some encoders need no more.
            assert limit == 9000 and path.stat().st_size <= limit, (limit, format)
            path.unlink()
    assert not list(folder.iterdir())
"""


def test_a_full_disk_is_no_formats_fault(tmp_path: Path) -> None:
    """In every format, wherever it becomes full; an encoder that is told of it may crash."""
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path)], cwd=ROOT, capture_output=True, text=True
    )
    assert not done.returncode, done.stderr


def test_what_fails_in_reading_is_no_write_error(tmp_path: Path) -> None:
    def blocks(error: Exception):
        yield np.full((100, 1), 0.1, np.float32)
        raise error

    info = AudioInfo(16_000, 0, 1, "WAV", "PCM_16")
    for error, reason in (
        (PermissionError(13, "Permission denied"), "cannot be read: Permission denied"),
        (MemoryError(), "raised MemoryError while it was read"),
        (AudioError("is cut short"), "is cut short"),
    ):
        with pytest.raises(AudioError, match=f"^{reason}$"):
            write_blocks(tmp_path / "a.wav", blocks(error), info)
    with pytest.raises(StorageError, match="Too many open files"):
        write_blocks(tmp_path / "a.wav", blocks(OSError(24, "Too many open files")), info)
    assert not list(tmp_path.iterdir())


def test_too_many_open_files_are_no_recordings_fault(
    tmp_path: Path, write_audio: Callable, voice: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_audio(tmp_path / "a.wav", voice())

    def refuse(*_: object, **__: object) -> None:
        raise OSError(24, "Too many open files", str(path))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(StorageError, match=r"a\.wav: Too many open files"):
        read_waveform(path)

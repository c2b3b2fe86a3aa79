"""Every format, written by a real encoder and read back; and what is none."""

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from src.utils.audio.formats import AUDIO_SUFFIXES, FORMATS, id3_size, identify
from src.utils.audio.io import open_audio, read_info, read_waveform
from src.utils.errors import AudioError
from tests.utils.audio.encodings import ENCODINGS, Encoding, write

BY_NAME = {f"{one.name}-{one.format}": one for one in ENCODINGS}


def decode(path: Path) -> np.ndarray:
    with open_audio(path) as audio:
        return np.concatenate(list(audio.blocks(0.3)))


def lag(decoded: np.ndarray, written: np.ndarray) -> int:
    """By how many samples the decoded lies behind the written, from where they fit best."""
    size = 1 << (len(decoded) + len(written)).bit_length()
    spectrum = np.fft.rfft(decoded, size) * np.conj(np.fft.rfft(written, size))
    found = int(np.argmax(np.fft.irfft(spectrum, size)))
    return found - size if found > size // 2 else found


@pytest.fixture(scope="module")
def speech(voice: Callable) -> Callable[[int], np.ndarray]:
    """Make a voice at a rate, of 16-bit samples, with a length that no frame divides."""

    def make(rate: int) -> np.ndarray:
        wave = voice(1.237, rate)
        return (np.round(wave * 32_767) / 32_768).astype(np.float32)

    return make


@pytest.mark.parametrize("name", BY_NAME)
def test_what_is_written_comes_back(tmp_path: Path, speech: Callable, name: str) -> None:
    encoding: Encoding = BY_NAME[name]
    written = speech(encoding.rate)
    path = write(tmp_path / f"a{encoding.suffix}", written, encoding)
    info = read_info(path)
    decoded = decode(path)[:, 0]
    assert (info.format, info.subtype) == (encoding.format, encoding.subtype)
    assert (info.sample_rate, info.channels) == (encoding.rate, 1)
    assert info.warnings == ()
    # What is told without decoding is what a decoder gives, to the sample.
    assert info.frames == len(decoded)
    assert abs(len(decoded) - len(written)) <= encoding.longer
    if encoding.lossless:
        np.testing.assert_array_equal(decoded, written)
        assert info.bit_rate == 0
        return
    assert abs(lag(decoded, written)) <= encoding.delay
    assert 4_000 < info.bit_rate < 400_000
    at = lag(decoded, written)
    shared = decoded[max(0, at) :], written[max(0, -at) :]
    size = min(map(len, shared))
    assert np.corrcoef(shared[0][:size], shared[1][:size])[0, 1] > encoding.likeness


@pytest.mark.parametrize("name", BY_NAME)
def test_a_name_may_lie(tmp_path: Path, speech: Callable, name: str) -> None:
    encoding: Encoding = BY_NAME[name]
    path = write(tmp_path / f"a{encoding.suffix}", speech(encoding.rate), encoding)
    told = read_info(path)
    for suffix in (".wav", ".mp3", ""):
        assert read_info(path.replace(tmp_path / f"b{suffix}")) == told
        path = tmp_path / f"b{suffix}"


@pytest.mark.parametrize("encoding", [one for one in ENCODINGS if one.codec in ("aac", "libopus")])
def test_two_channels(tmp_path: Path, speech: Callable, encoding: Encoding) -> None:
    left = speech(encoding.rate)
    right = 0.25 * np.roll(left, 300)
    path = write(tmp_path / "a", np.stack([left, right], axis=1), encoding)
    decoded = decode(path)
    assert decoded.shape[1] == read_info(path).channels == 2
    levels = np.sqrt(np.square(decoded).mean(axis=0))
    assert levels[1] / levels[0] == pytest.approx(0.25, rel=0.1)
    mono = read_waveform(path, encoding.rate)
    np.testing.assert_allclose(mono, decoded.mean(axis=1), atol=1e-6)


def test_vorbis_in_webm(tmp_path: Path, speech: Callable) -> None:
    made = write(tmp_path / "a.ogg", speech(16_000), BY_NAME["vorbis.ogg-OGG"])
    with av.open(str(made)) as old, av.open(str(tmp_path / "a.webm"), "w", format="webm") as new:
        stream = new.add_stream_from_template(old.streams.audio[0])
        for packet in old.demux(old.streams.audio[0]):
            if packet.dts is not None:
                packet.stream = stream
                new.mux(packet)
    info = read_info(tmp_path / "a.webm")
    assert (info.format, info.subtype) == ("MATROSKA", "VORBIS")
    decoded, plain = decode(tmp_path / "a.webm"), decode(made)
    # WebM does not tell where in the last packet the sound ends.
    assert 0 <= len(decoded) - len(plain) <= 2048
    np.testing.assert_allclose(decoded[: len(plain)], plain, atol=1e-4)


def test_opus_tells_its_original_rate(tmp_path: Path, speech: Callable) -> None:
    path = tmp_path / "a.opus"
    soundfile.write(path, speech(16_000), 16_000, format="OGG", subtype="OPUS")
    info = read_info(path)
    assert (info.sample_rate, info.original_rate) == (48_000, 16_000)


def test_suffixes_are_those_of_the_libraries() -> None:
    """Each is one that FFmpeg's demuxer or muxer names, or that of a format of libsndfile."""
    libsndfile = {
        ".wave", ".rf64", ".w64", ".aiff", ".aif", ".aifc", ".au", ".snd", ".caf", ".flac", ".nist",
        ".sph", ".voc",
    }  # fmt: skip
    muxers = {"oga", "ogg", "opus", "spx", "ipod", "mp2", "mp3", "mpeg", "adts", "mpegts"}
    for known in FORMATS:
        assert known.by_libsndfile or known.demuxer
        if known.by_libsndfile:
            assert known.name in soundfile.available_formats()
        named = set(libsndfile) if known.by_libsndfile else set()
        for demuxer in {known.demuxer, *muxers} - {""}:
            named |= {f".{one}" for one in av.ContainerFormat(demuxer).extensions}
        assert set(known.suffixes) <= named | {".awb", ".m4v", ".wmv"}, known.name
    assert set(AUDIO_SUFFIXES) == {suffix for known in FORMATS for suffix in known.suffixes}


def test_no_demuxer_that_opens_other_files() -> None:
    """Playlists, concatenations and image sequences name files of their own."""
    dangerous = {"hls", "concat", "dash", "image2", "sdp", "rtsp", "webm_dash_manifest", "lavfi"}
    assert not {known.demuxer for known in FORMATS} & dangerous


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"\0" * 5000, "begins with zeros alone"),
        (b"no sound at all", "is not audio of any format"),
        (b"PK\x03\x04" + b"x" * 99, "is a zip archive: unpack it"),
        (b"Rar!\x1a\x07\x01" + b"x" * 99, "is an archive: unpack it"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "is a Git LFS pointer"),
        (b"<!DOCTYPE html><p>Sign in", "is a web page"),
        (b"#EXTM3U\n/etc/passwd\n", "is a playlist"),
        (b"MThd\0\0\0\6", "is MIDI"),
        (b"%PDF-1.7", "is a document or picture"),
        (b"ID3\x04\0\0\0\0\0\x0a" + bytes(10), "holds a tag and no sound"),
        (b"\0\0\0\x18ftypM4A \0\0\0\0M4A mp42", "its index .moov"),
        (b"OggS" + bytes(400), "cannot be opened as audio"),
        (b"\x1a\x45\xdf\xa3" + bytes(400), "cannot be opened as audio"),
        (b"RIFF\x24\0\0\0WAVE" + bytes(400), "cannot be opened as audio"),
    ],
)
def test_what_is_no_recording(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(AudioError, match=reason) as raised:
        read_info(tmp_path / "a.wav")
    assert "\n" not in str(raised.value)
    assert str(tmp_path) not in str(raised.value)


def test_id3_tags_are_passed_over(tmp_path: Path, speech: Callable) -> None:
    encoding = BY_NAME["mpeg_layer_iii.mp3-MP3"]
    path = write(tmp_path / "a.mp3", speech(16_000), encoding)
    plain, told = path.read_bytes(), read_info(path)
    for size in (10, 300, 70_000):
        head = b"ID3\x03\0\0" + bytes([0, size >> 14 & 127, size >> 7 & 127, size & 127])
        for padding in (0, 1000):
            path.write_bytes(head + b"\xff" * size + bytes(padding) + plain)
            assert id3_size(head) == 10 + size
            assert read_info(path) == told
    assert id3_size(b"ID3") == id3_size(plain) == 0


def test_a_format_is_known_by_its_head() -> None:
    with pytest.raises(AudioError):
        identify(b"")
    assert identify(b"fLaC").name == "FLAC"

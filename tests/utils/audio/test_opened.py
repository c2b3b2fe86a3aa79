"""Headers that lie, files that are cut short, damaged, chained or padded: all heard, or told."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from src.utils.audio.containers import content
from src.utils.audio.info import MAX_RATE
from src.utils.audio.io import open_audio, read_info, read_parts, read_waveform
from src.utils.errors import AudioError
from tests.utils.audio.encodings import ENCODINGS, write, write_video

RATE = 16_000
SECONDS = 3.0
ODD_INPUTS = Path(__file__).resolve().parents[4] / "shared" / "odd-inputs"

NAMED = {f"{one.codec or one.subtype.lower()}{one.suffix}": one for one in ENCODINGS}
UNKNOWN = (0, 0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFF000)


@pytest.fixture(scope="module")
def made(voice: Callable, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The same 3 s in every encoding, as bytes."""
    folder = tmp_path_factory.mktemp("made")
    contents = {}
    for name, encoding in NAMED.items():
        wave = voice(SECONDS, encoding.rate)
        contents[name] = write(folder / name, wave, encoding).read_bytes()
    return contents


@pytest.fixture
def put(tmp_path: Path) -> Callable[[bytes], Path]:
    """Write bytes as a file and return its path."""

    def write_bytes(content: bytes) -> Path:
        path = tmp_path / "a.bin"
        path.write_bytes(content)
        return path

    return write_bytes


def hear(path: Path) -> tuple[float, tuple[str, ...]]:
    """Decode to the end: the seconds heard, which `read_info` tells too, and the warnings."""
    with open_audio(path) as audio:
        count = sum(len(block) for block in audio.blocks(0.5))
        warnings, rate = audio.warnings, audio.sample_rate
    assert read_info(path).frames == count
    return count / rate, warnings


def patched(content: bytes, at: int, value: bytes) -> bytes:
    return content[:at] + value + content[at + len(value) :]


def size_of_sound(content: bytes, name: str) -> tuple[int, int, str]:
    """Where the size of the sound stands in a header, how many bytes wide, and their order."""
    if name.endswith(".au"):
        return 8, 4, "big"
    if name.endswith(".aiff"):
        return content.index(b"SSND") + 4, 4, "big"
    if name.endswith(".caf"):
        return content.index(b"data") + 4, 8, "big"
    if name.endswith(".w64"):
        return content.index(b"data") + 16, 8, "little"
    if name.endswith(".rf64"):
        return content.index(b"ds64") + 16, 8, "little"
    return content.index(b"data") + 4, 4, "little"


CHUNKED = ("pcm_16.wav", "pcm_16.aiff", "pcm_16.au", "pcm_16.caf", "pcm_16.w64", "pcm_16.rf64")


@pytest.mark.parametrize("name", CHUNKED)
@pytest.mark.parametrize("claimed", UNKNOWN)
def test_a_size_that_was_never_written(made: dict, put: Callable, name: str, claimed: int) -> None:
    """As of a recorder that was never closed: the sound goes on to the end of the file."""
    at, width, order = size_of_sound(made[name], name)
    if width == 8 and claimed:
        claimed = (1 << 64) - 1
    path = put(patched(made[name], at, claimed.to_bytes(width, order)))
    assert hear(path) == (pytest.approx(SECONDS, abs=0.001), ())


@pytest.mark.parametrize("name", CHUNKED)
def test_a_size_a_few_bytes_too_long(made: dict, put: Callable, name: str) -> None:
    at, width, order = size_of_sound(made[name], name)
    right = int.from_bytes(made[name][at : at + width], order)
    seconds, warnings = hear(put(patched(made[name], at, (right + 44).to_bytes(width, order))))
    assert seconds == pytest.approx(SECONDS, abs=0.001)
    assert warnings == ("its header claims 0.001 s more than there is",)


@pytest.mark.parametrize("name", CHUNKED)
def test_a_size_of_half(made: dict, put: Callable, name: str) -> None:
    """The half that the header frames is heard, and it is said that more lies behind."""
    at, width, order = size_of_sound(made[name], name)
    right = int.from_bytes(made[name][at : at + width], order)
    seconds, [warning] = hear(put(patched(made[name], at, (right // 2).to_bytes(width, order))))
    assert seconds == pytest.approx(SECONDS / 2, abs=0.01)
    assert warning.endswith("bytes behind the end of its sound are not heard")


@pytest.mark.parametrize("more", [b"LIST\4\0\0\0INFO", b"bext\2\0\0\0ab", b"\0"])
def test_chunks_behind_the_sound_are_nothing_odd(made: dict, put: Callable, more: bytes) -> None:
    assert hear(put(made["pcm_16.wav"] + more)) == (pytest.approx(SECONDS), ())


def test_an_empty_sound_before_other_chunks(put: Callable, made: dict) -> None:
    head = made["pcm_16.wav"][:40] + bytes(4)
    with pytest.raises(AudioError, match="holds no samples"):
        read_info(put(head + b"LIST\4\0\0\0INFO"))


RUBBISH = tuple(
    name
    for name in NAMED
    if name.endswith((".wav", ".w64", ".aiff", ".au", ".mp3", ".ogg", ".opus", ".m4a", ".amr"))
    or name.endswith((".aac", ".wma", ".webm", ".mka", ".3gp", ".flac"))
)


@pytest.mark.parametrize("more", [b"rubbish! " * 1000, bytes(9000)], ids=["rubbish", "zeros"])
@pytest.mark.parametrize("name", RUBBISH)
def test_what_lies_behind_the_sound(made: dict, put: Callable, name: str, more: bytes) -> None:
    clean, _ = hear(put(made[name]))
    seconds, warnings = hear(put(made[name] + more))
    assert seconds == clean
    if name.endswith(".flac") or (name.endswith(".wav") and not any(more)):
        # As far as its frames' lengths tell; zeros of a WAV may be taken for a chunk.
        return
    assert warnings, name
    assert warnings[0].endswith("bytes behind the end of its sound are not heard")


CUT = {
    "pcm_16.wav": r"is cut short: 1\.\d\d of 3\.00 s",
    "ulaw.wav": r"is cut short: 1\.\d\d of 3\.00 s",
    "pcm_16.aiff": r"is cut short: 1\.\d\d of 3\.00 s",
    "pcm_16.au": r"is cut short: 1\.\d\d of 3\.00 s",
    "pcm_16.caf": r"is cut short: 1\.\d\d of 3\.00 s",
    "pcm_16.w64": r"is cut short: 1\.\d\d of 3\.00 s",
    "pcm_16.rf64": r"is cut short: 1\.\d\d of 3\.00 s",
    "pcm_16.flac": r"is cut short: 1\.\d\d of 3\.00 s",
    "mpeg_layer_iii.mp3": r"is cut short: 1\.\d\d of 3\.\d\d s",
    "flac.mka": r"is cut short: \d\.\d\d of 3\.00 s",
    "wmav2.wma": r"is cut short: 1\.\d\d of \d\.\d\d s",
    "vorbis.ogg": "is cut short: it ends in the midst of a page",
    "libopus.opus": "is cut short: it ends in the midst of a page",
    "aac.m4a": r"is cut short: its index \(moov\), without which nothing can be heard",
}


@pytest.mark.parametrize("name", CUT)
def test_a_file_that_is_cut_short(made: dict, put: Callable, name: str) -> None:
    path = put(made[name][: len(made[name]) // 2 + 7])
    with pytest.raises(AudioError, match=CUT[name]):
        read_info(path)
    with pytest.raises(AudioError, match=CUT[name]):
        read_waveform(path)


@pytest.mark.parametrize("name", ["libopencore_amrnb.amr", "aac.aac"])
def test_streams_that_tell_no_length_warn_of_a_cut(made: dict, put: Callable, name: str) -> None:
    seconds, warnings = hear(put(made[name][: len(made[name]) // 2 + 7]))
    assert seconds == pytest.approx(SECONDS / 2, abs=0.2)
    assert warnings == ("its last frame is cut off",)


def test_an_mp4_with_its_index_first_that_is_cut_short(
    voice: Callable, put: Callable, tmp_path: Path
) -> None:
    encoding = NAMED["aac.m4a"]
    path = write(tmp_path / "a", voice(SECONDS, encoding.rate), encoding, movflags="faststart")
    content = path.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")
    for share in (0.5, 0.9):
        with pytest.raises(AudioError, match=r"is cut short: \d\.\d\d of \d\.\d\d s are there"):
            read_waveform(put(content[: int(len(content) * share)]))


def without_index(content: bytes) -> bytes:
    """An MP3 without the frame that tells how many there are."""
    rest = content.index(b"\xff\xf3", 10)
    assert b"Xing" in content[:rest] or b"Info" in content[:rest]
    return content[rest:]


def test_an_mp3_without_an_index(voice: Callable, tmp_path: Path, put: Callable) -> None:
    """Of varying bit rate, so that the first frame tells nothing of the length."""
    loud = voice(SECONDS)
    loud[:RATE] *= 1e-3
    path = tmp_path / "a.mp3"
    soundfile.write(path, loud, RATE, format="MP3", bitrate_mode="VARIABLE")
    assert hear(path)[0] == SECONDS
    seconds, warnings = hear(put(without_index(path.read_bytes())))
    # With the encoder's delay, of which nothing tells any more.
    assert SECONDS <= seconds < SECONDS + 0.15
    assert warnings == ()


def test_mp3_files_put_together(made: dict, put: Callable) -> None:
    """The first one's index tells of it alone."""
    seconds, warnings = hear(put(2 * made["mpeg_layer_iii.mp3"]))
    assert 2 * SECONDS - 0.1 < seconds < 2 * SECONDS + 0.2
    assert "its index claims" in warnings[0]


def test_an_mp3_with_a_tag_at_its_end(made: dict, put: Callable) -> None:
    content = made["mpeg_layer_iii.mp3"]
    ape = b"APETAGEX" + (2000).to_bytes(4, "little") + (64).to_bytes(4, "little") + bytes(16)
    for tag in (b"TAG" + bytes(125), bytes(32) + ape, bytes(32) + ape + b"TAG" + bytes(125)):
        assert hear(put(content + tag))[0] == SECONDS


def test_an_mp3_with_rubbish_within(made: dict, put: Callable) -> None:
    content = made["mpeg_layer_iii.mp3"]
    half = len(content) // 2
    seconds, _ = hear(put(content[:half] + b"rubbish!" * 200 + content[half:]))
    assert seconds == pytest.approx(SECONDS, abs=0.4)


def total_of_flac(content: bytes, total: int) -> bytes:
    field = int.from_bytes(content[18:26], "big")
    return patched(content, 18, (field >> 36 << 36 | total).to_bytes(8, "big"))


@pytest.mark.parametrize(
    ("total", "warned"),
    [(0, False), (RATE, True), (10**9, True), ((1 << 36) - 1, True)],
)
def test_a_flac_whose_header_lies(made: dict, put: Callable, total: int, warned: bool) -> None:
    content = made["pcm_16.flac"]
    seconds, warnings = hear(put(total_of_flac(content, total)))
    assert seconds == SECONDS
    expected = f"its header claims {total:,} samples; it holds {int(SECONDS * RATE):,}"
    assert warnings == ((expected,) if warned else ())
    np.testing.assert_array_equal(
        read_waveform(put(total_of_flac(content, total))), read_waveform(put(content))
    )


@pytest.mark.parametrize("seconds", [0.01, 0.2, 1.0, 2.3])
@pytest.mark.parametrize("rate", [8000, 16_000, 44_100, 96_000, 12_345])
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24"])
def test_the_last_flac_frame_tells_the_length(
    tmp_path: Path, voice: Callable, seconds: float, rate: int, subtype: str, monkeypatch
) -> None:
    """Whatever its block size, rate and bits: found in the bytes, and nothing is decoded."""
    soundfile.write(tmp_path / "a.flac", voice(seconds, rate), rate, subtype)
    monkeypatch.setattr(soundfile.SoundFile, "read", None)
    content = (tmp_path / "a.flac").read_bytes()
    count = round(seconds * rate)
    assert read_info(tmp_path / "a.flac").frames == count
    (tmp_path / "a.flac").write_bytes(total_of_flac(content, count + 1))
    told = read_info(tmp_path / "a.flac")
    assert told.frames == count
    assert told.warnings == (f"its header claims {count + 1:,} samples; it holds {count:,}",)


@pytest.mark.parametrize("codec", ["VORBIS", "OPUS"])
@pytest.mark.parametrize("rates", [(RATE, RATE), (RATE, 24_000)])
def test_streams_one_after_the_other(
    tmp_path: Path, voice: Callable, put: Callable, codec: str, rates: tuple[int, int]
) -> None:
    content = b""
    for number, rate in enumerate(rates):
        soundfile.write(tmp_path / "x", voice(1.0, rate, number), rate, codec, format="OGG")
        content += (tmp_path / "x").read_bytes()
    seconds, warnings = hear(put(content))
    assert seconds == pytest.approx(2.0, abs=0.01)
    assert warnings[0] == "it is 2 streams one after the other; all are heard"
    assert read_waveform(put(content)).size == pytest.approx(2 * RATE, abs=200)
    assert sum(map(len, read_parts(put(content), 5000))) == pytest.approx(2 * RATE, abs=200)


def test_the_same_stream_twice(made: dict, put: Callable) -> None:
    """With the same serial number, which hides it from decoders."""
    seconds, _ = hear(put(2 * made["vorbis.ogg"]))
    assert seconds == 2 * SECONDS


def test_an_ogg_of_which_pages_are_missing(put: Callable, voice: Callable, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "x", voice(5.0), RATE, "VORBIS", format="OGG")
    content = (tmp_path / "x").read_bytes()
    pages = [i for i in range(len(content)) if content.startswith(b"OggS", i)]
    assert len(pages) > 5
    third = content[: pages[3]] + content[pages[4] :]
    assert "1 pages of it are missing" in hear(put(third))[1]
    no_end = content[: pages[-1]]
    assert hear(put(no_end))[1][0] == ("it ends without the mark of its end: it may be cut short")


@pytest.mark.parametrize("name", ["aac.m4a", "libopus.webm", "aac.aac"])
def test_damage_within_is_told(voice: Callable, put: Callable, tmp_path: Path, name: str) -> None:
    encoding = NAMED[name]
    content = bytearray(write(tmp_path / "x", voice(30.0, encoding.rate), encoding).read_bytes())
    at = len(content) // 2
    for position in range(at, at + 700, 3):
        content[position] ^= 0x5A
    path = put(bytes(content))
    try:
        with open_audio(path) as audio:
            seconds = sum(map(len, audio.blocks(1.0))) / audio.sample_rate
            assert audio.warnings
        assert 24 < seconds < 30.5
    except AudioError as error:
        assert "damaged" in str(error)


def test_most_packets_damaged_is_no_recording(made: dict, put: Callable) -> None:
    content = bytearray(made["aac.m4a"])
    start = content.index(b"mdat") + 4
    end = content.index(b"moov", start) - 4
    random = np.random.default_rng(7)
    content[start:end] = random.integers(0, 256, end - start, np.uint8).tobytes()
    with pytest.raises(AudioError, match=r"is damaged: \d+ of its \d+ packets do not decode"):
        read_waveform(put(bytes(content)))


@pytest.mark.parametrize("rate", [1, 7, 999, MAX_RATE + 1, 2**31 - 1])
def test_absurd_rates(made: dict, put: Callable, rate: int) -> None:
    path = put(patched(made["pcm_16.wav"], 24, rate.to_bytes(4, "little")))
    with pytest.raises(AudioError, match=f"claims a sample rate of {rate:,} Hz"):
        read_info(path)


def test_absurd_channels_and_samples(made: dict, put: Callable, write_audio: Callable) -> None:
    with pytest.raises(AudioError, match="Channel count is zero"):
        read_info(put(patched(made["pcm_16.wav"], 22, (0).to_bytes(2, "little"))))
    many = patched(made["pcm_16.wav"], 22, (500).to_bytes(2, "little"))
    many = patched(many, 32, (1000).to_bytes(2, "little"))
    with pytest.raises(AudioError, match="claims 500 channels"):
        read_info(put(many))
    path = put(b"").with_suffix(".wav")
    write_audio(path, np.full(RATE, 1e38, np.float32), subtype="FLOAT")
    with pytest.raises(AudioError, match=r"samples of 1e\+38"):
        read_waveform(path)


def test_samples_in_another_scale_are_told(tmp_path: Path, write_audio: Callable) -> None:
    wave = 20_000 * np.sin(np.arange(RATE) / 10).astype(np.float32)
    path = write_audio(tmp_path / "a.wav", wave, subtype="FLOAT")
    assert hear(path)[1] == ("its samples reach 2e+04, where full scale is 1",)


def test_not_a_file(tmp_path: Path) -> None:
    (tmp_path / "folder.wav").mkdir()
    (tmp_path / "link.wav").symlink_to("nowhere.wav")
    os.mkfifo(tmp_path / "pipe.wav")
    for name, reason in (
        ("folder", "is a folder"),
        ("link", "is a link to nothing"),
        ("pipe", "is a pipe or device"),
        ("none", "is missing"),
    ):
        with pytest.raises(AudioError, match=reason):
            read_info(tmp_path / f"{name}.wav")


def test_the_sound_of_a_write_video(tmp_path: Path, voice: Callable) -> None:
    one, two = voice(1.0, 48_000), np.zeros(96_000, np.float32)
    path = write_video(tmp_path / "a.mp4", [one, two])
    assert read_info(path).warnings == ("it has 2 audio streams, of which the first is heard",)
    assert read_info(path).duration == pytest.approx(1.0)
    second = read_info(path, 1)
    assert (second.duration, second.warnings) == (pytest.approx(2.0), ())
    with pytest.raises(AudioError, match="has no audio stream 2; it has 2, counted from 0"):
        read_info(path, 2)
    with pytest.raises(AudioError, match="is a video without sound"):
        read_info(write_video(tmp_path / "b.mp4", []))


def test_a_stream_of_a_file_that_has_one(tmp_path: Path, write_audio: Callable) -> None:
    path = write_audio(tmp_path / "a.wav", np.ones(RATE, np.float32))
    assert read_info(path, 0).frames == RATE
    with pytest.raises(AudioError, match="has no audio stream 1; it has 1"):
        read_info(path, 1)


@pytest.mark.skipif(not ODD_INPUTS.is_dir(), reason=f"needs {ODD_INPUTS}")
@pytest.mark.parametrize(
    ("name", "told"),
    [
        *((f"{name}.wav", 6.0) for name in ("plain", "data_plus44", "data_7fffffff", "gsm610")),
        *((f"{name}.wav", 6.0) for name in ("rf64", "ulaw", "mp3_named", "six")),
        ("plain.aiff", 6.0),
        ("plain.au", 6.0),
        ("plain.caf", 6.0),
        ("plain.w64", 6.0),
        ("flac_named.mp3", 6.0),
        ("no_xing.mp3", 6.0),
        ("trailing_zeros.mp3", 6.0),
        ("data_minus_half.wav", 3.0),
        ("truncated.wav", "is cut short"),
        ("truncated.mp3", "is cut short"),
        ("truncated.flac", "is cut short"),
        ("nan.wav", "not finite"),
        ("header_only.wav", "holds no samples"),
        ("empty.mp3", "is empty"),
        ("text.wav", "is a web page"),
    ],
)
def test_the_odd_inputs(name: str, told: float | str) -> None:
    path = ODD_INPUTS / "audio" / name
    if isinstance(told, float):
        assert hear(path)[0] == pytest.approx(told, abs=0.1)
        return
    with pytest.raises(AudioError, match=told):
        read_waveform(path)


def test_a_file_that_changes_meanwhile(made: dict, put: Callable) -> None:
    """Half of what was there when it was opened may have been heard of another."""
    path = put(made["pcm_16.wav"])
    with open_audio(path) as audio:
        blocks = audio.blocks(1.0)
        next(blocks)
        os.truncate(path, path.stat().st_size // 2)
        with pytest.raises(AudioError, match="changed while it was read"):
            list(blocks)
    with open_audio(put(made["pcm_16.wav"])) as audio:
        path.unlink()
        with pytest.raises(AudioError, match="is missing"):
            list(audio.blocks(1.0))


def test_content_is_what_the_bytes_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sliced and searched in a window far smaller than the file."""
    monkeypatch.setattr(content, "_READ_WHOLE", 10)
    monkeypatch.setattr(content, "_WINDOW_BYTES", 64)
    plain = bytes(np.random.default_rng(7).integers(0, 3, 1000, np.uint8))
    (tmp_path / "a").write_bytes(plain)
    with (tmp_path / "a").open("rb") as stream:
        found = content.content_of(stream, len(plain))
        assert not isinstance(found, bytes)
        for start in range(0, 1000, 37):
            for length in (0, 1, 50, 64, 300):
                assert found[start : start + length] == plain[start : start + length]
            for wanted in (b"\1", b"\0\1\2", plain[600:640], b"\7"):
                assert found.find(wanted, start) == plain.find(wanted, start)
                assert found.find(wanted, start, 700) == plain.find(wanted, start, 700)


@pytest.mark.parametrize("name", ["vorbis.ogg", "mpeg_layer_iii.mp3", "aac.aac"])
def test_a_long_file_is_walked_in_a_window(
    made: dict, put: Callable, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = read_info(put(made[name]))
    monkeypatch.setattr(content, "_READ_WHOLE", 10)
    monkeypatch.setattr(content, "_WINDOW_BYTES", 500)
    assert read_info(put(made[name])) == told

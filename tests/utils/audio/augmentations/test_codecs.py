"""Recordings through real encoders: how many bits they take, what is left, and when it comes."""

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import cast

import numpy as np
import pytest
from scipy.signal import butter, correlate, sosfiltfilt

from src.utils.audio.augmentations import AUGMENTATIONS, FAMILIES, coded
from src.utils.audio.augmentations.augmentation import Material, Parameters
from src.utils.audio.augmentations.codecs import CODECS, available_codecs
from src.utils.audio.augmentations.codecs.codec import Setting, change_rate
from src.utils.audio.augmentations.codecs.ffmpeg import FFmpegCodec
from src.utils.audio.augmentations.codecs.libsndfile import LibsndfileCodec
from src.utils.errors import ArgumentError

RATE = 16_000
SETTINGS = [(name, setting) for name, codec in CODECS.items() for setting in codec.settings]
BY_FFMPEG = [name for name, codec in CODECS.items() if isinstance(codec, FFmpegCodec)]
BY_LIBSNDFILE = [name for name, codec in CODECS.items() if isinstance(codec, LibsndfileCodec)]


def lowest_of(name: str) -> Setting:
    return CODECS[name].settings[0]


def lag(heard: np.ndarray, said: np.ndarray) -> int:
    """Samples by which what is heard comes late, by cross-correlation."""
    return int(np.argmax(correlate(heard, said))) - len(said) + 1


def telephone_band(waveform: np.ndarray, rate: int) -> np.ndarray:
    """Where AMR does not turn the phase."""
    return sosfiltfilt(butter(4, (300, 3400), "bandpass", fs=rate, output="sos"), waveform)


@pytest.mark.parametrize(("name", "setting"), SETTINGS, ids=lambda value: str(value))
def test_what_comes_out_is_on_time_and_as_long(
    name: str, setting: Setting, speech: Callable
) -> None:
    said = speech(words=(0.4,), seed=4)
    heard = CODECS[name].through(said, RATE, setting)
    assert heard.dtype == np.float32 and heard.shape == said.shape
    assert not np.array_equal(heard, said)
    if name == "amr":
        said, heard = telephone_band(said, RATE), telephone_band(heard, RATE)
    # One sample of the rate at which the codec works; Opus codes speech of few bits at 8 kHz.
    allowed = 2 if setting.get("bit_rate", 0) == 6_000 else 1
    assert abs(lag(heard, said)) <= allowed
    assert np.corrcoef(said, heard)[0, 1] > 0.7
    # Opus at 6 kbit/s keeps the telephone's band, and half of what it cannot predict.
    assert 0.45 < np.sqrt(np.mean(heard**2) / np.mean(said**2)) < 1.25


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("name", CODECS)
def test_every_rate_is_on_time(name: str, rate: int, speech: Callable) -> None:
    said = change_rate(speech(words=(0.3,), seed=5), RATE, rate)
    setting = CODECS[name].settings[-1]
    heard = CODECS[name].through(said, rate, setting)
    assert heard.shape == said.shape
    if name == "amr":
        said, heard = telephone_band(said, rate), telephone_band(heard, rate)
    coded_at = CODECS[name].coded_rate(rate, setting)
    assert abs(lag(heard, said)) <= max(1, rate / coded_at)


@pytest.mark.parametrize("name", BY_FFMPEG)
def test_packets_have_the_bits_that_were_asked_for(name: str, speech: Callable) -> None:
    codec = cast(FFmpegCodec, CODECS[name])
    seconds = 2.0
    for setting in (codec.settings[0], codec.settings[-1]):
        rate = codec.coded_rate(48_000, setting)
        said = change_rate(speech(words=(0.9, 0.8), floor=-30.0), RATE, rate)
        asked = int(setting["bit_rate"])
        stream = codec.encode(said, rate, asked)
        bits = 8 * sum(map(len, stream.packets)) / seconds
        # AMR's packets are filled up to whole bytes behind a byte of their own; AAC and MP3 end
        # with a frame more than the seconds hold. Opus spends less where little is said.
        assert (0.6 if name == "opus" else 0.8) < bits / asked < 1.25


@pytest.mark.parametrize("name", BY_LIBSNDFILE)
def test_files_have_the_bits_of_their_codec(name: str, speech: Callable) -> None:
    codec = cast(LibsndfileCodec, CODECS[name])
    low, high = codec.settings[0], codec.settings[-1]
    rate = codec.coded_rate(RATE, low)
    said = change_rate(speech(words=(0.9, 0.8)), RATE, rate)
    size, larger = (len(codec.encode(said, rate, setting)) for setting in (low, high))
    if name == "vorbis":
        # Nothing but a quality is asked of it: more of it takes more bits, and all take few.
        assert 1.2 * size < larger < 0.5 * 2 * len(said)
    else:
        seconds = len(said) / rate
        assert 8 * size / seconds == pytest.approx(low["bit_rate"], rel=0.05)


@pytest.mark.parametrize("name", CODECS)
def test_nothing_is_left_above_the_band(name: str) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 48_000).astype(np.float32)
    setting = lowest_of(name)
    heard = CODECS[name].through(noise, 48_000, setting)
    power = np.abs(np.fft.rfft(heard)) ** 2
    hertz = np.fft.rfftfreq(len(heard), 1 / 48_000)
    # Of 6 kbit/s Opus keeps the telephone's band.
    edge = 4_000 if name == "opus" else CODECS[name].coded_rate(48_000, setting) / 2
    assert power[hertz > edge * 1.05].sum() < 1e-3 * power.sum()
    assert power[hertz < edge * 0.8].sum() > 0.5 * power.sum()


def mu_law_levels() -> np.ndarray:
    """By ITU-T G.711: 8 segments of 16 levels, of 14 bits, on either side."""
    segment, step = np.divmod(np.arange(128), 16)
    positive = ((2 * step + 33) << segment) - 33
    return np.concatenate([-positive, positive]) / (1 << 13)


def a_law_levels() -> np.ndarray:
    """By ITU-T G.711: 8 segments of 16 levels, of 13 bits, on either side."""
    segment, step = np.divmod(np.arange(128), 16)
    positive = np.where(segment == 0, 2 * step + 1, (2 * step + 33) << np.maximum(segment - 1, 0))
    return np.concatenate([-positive, positive]) / (1 << 12)


@pytest.mark.parametrize(("name", "make"), [("mu-law", mu_law_levels), ("a-law", a_law_levels)])
def test_companding_gives_the_levels_of_g711(name: str, make: Callable[[], np.ndarray]) -> None:
    levels = np.unique(make())
    ramp = np.linspace(-0.999, 0.999, 20_000).astype(np.float32)
    heard = CODECS[name].code(ramp, 8_000, lowest_of(name))
    assert np.array_equal(np.unique(heard), levels.astype(np.float32))
    # Each sample becomes a level next to it.
    above = np.searchsorted(levels, ramp).clip(1, len(levels) - 1)
    assert np.all((heard == levels[above - 1]) | (heard == levels[above]))


@pytest.mark.parametrize("name", CODECS)
def test_short_and_silent_recordings_pass(name: str) -> None:
    for rate in (8_000, 96_000):
        for count in (0, 1, rate // 10):
            for setting in (CODECS[name].settings[0], CODECS[name].settings[-1]):
                heard = CODECS[name].through(np.zeros(count, np.float32), rate, setting)
                assert heard.shape == (count,) and heard.dtype == np.float32
                assert np.abs(heard).max(initial=0.0) < 0.01


@pytest.mark.parametrize("name", CODECS)
def test_full_scale_does_not_clip_and_the_input_stays(name: str) -> None:
    # Where a square wave is resampled, it overshoots.
    square = np.sign(np.sin(2 * np.pi * 220 * np.arange(8_000) / RATE)).astype(np.float32)
    before = square.copy()
    heard = CODECS[name].through(square, RATE, CODECS[name].settings[-1])
    assert np.array_equal(square, before)
    spectrum = np.abs(np.fft.rfft(heard * np.hanning(len(heard))))
    wanted = np.abs(np.fft.rfft(square * np.hanning(len(square))))
    at = round(220 * len(heard) / RATE)
    assert spectrum[at] == pytest.approx(wanted[at], rel=0.1)


_IN_ANOTHER_PROCESS = """
import hashlib, numpy as np
from src.utils.audio.augmentations.codecs import CODECS
said = (0.3 * np.random.default_rng(1).standard_normal(8000)).clip(-1, 1).astype(np.float32)
for name, codec in CODECS.items():
    heard = codec.through(said, 16000, codec.settings[-1])
    print(name, hashlib.sha256(heard.tobytes()).hexdigest())
"""


def test_processes_and_threads_agree(capsys: pytest.CaptureFixture) -> None:
    exec(_IN_ANOTHER_PROCESS, {})
    here = capsys.readouterr().out
    there = subprocess.run(
        [sys.executable, "-c", _IN_ANOTHER_PROCESS], capture_output=True, text=True, check=True
    )
    assert here == there.stdout and len(here.splitlines()) == len(CODECS)

    said = (0.3 * np.random.default_rng(2).standard_normal(8_000)).astype(np.float32)

    def send(name: str) -> bytes:
        return CODECS[name].through(said, RATE, lowest_of(name)).tobytes()

    names = [*CODECS] * 3
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(send, names)) == [send(name) for name in names]


@pytest.mark.parametrize("name", CODECS)
def test_a_kind_draws_what_its_codec_is_asked_for(name: str, speech: Callable) -> None:
    kind = AUGMENTATIONS.load(name)(Material())
    assert kind.suffices(Material())
    random = np.random.default_rng(0)
    drawn = [kind.draw(random) for _ in range(80)]
    settings = CODECS[name].settings
    if len(settings) > 1:
        assert {tuple(one.items()) for one in drawn} == {tuple(one.items()) for one in settings}
    else:
        assert not any(drawn), "it has one bit rate"
    said = speech(words=(0.2,))
    heard = kind.apply(said, RATE, drawn[0])
    assert np.array_equal(heard, CODECS[name].through(said, RATE, drawn[0] or settings[0]))


def test_families_hold_every_codec() -> None:
    assert set(FAMILIES["codec"]) == set(CODECS)
    assert {name for name in CODECS if "amr" in name or CODECS[name].rates[-1] <= RATE} == set(
        FAMILIES["telephone-codec"]
    )


def test_transcoding_goes_through_both(speech: Callable) -> None:
    kind = AUGMENTATIONS.load("transcoding")(Material())
    random = np.random.default_rng(0)
    drawn = [kind.draw(random) for _ in range(60)]
    assert {one["first"] for one in drawn} == {one["second"] for one in drawn} == set(CODECS)
    assert all(one["first"] != one["second"] for one in drawn)
    said = speech(words=(0.2,))
    chain: Parameters = {
        "first": "mp3",
        "first_bit_rate": 16_000,
        "first_rate": 16_000,
        "second": "vorbis",
        "second_quality": 0.0,
        "second_rate": 22_050,
    }
    once = CODECS["mp3"].through(said, RATE, {"bit_rate": 16_000, "rate": 16_000})
    twice = CODECS["vorbis"].through(once, RATE, {"quality": 0.0, "rate": 22_050})
    assert np.array_equal(kind.apply(said, RATE, chain), twice)


@pytest.mark.parametrize(
    ("name", "without", "said"),
    [
        ("amr", {"encoder": "libnothing"}, "this build of PyAV has no encoder libnothing"),
        ("opus", {"decoder": "libnothing"}, "this build of PyAV has no decoder libnothing"),
        ("g721", {"subtype": "NOTHING"}, "this build of libsndfile does not encode NOTHING"),
    ],
)
def test_a_codec_that_is_not_there(
    name: str, without: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = dict(CODECS)
    monkeypatch.setattr(
        "src.utils.audio.augmentations.codecs.CODECS",
        {**there, name: replace(there[name], **without)},  # type: ignore[arg-type]
    )
    monkeypatch.setattr(coded, "CODECS", {**there, name: replace(there[name], **without)})  # type: ignore[arg-type]
    kind = AUGMENTATIONS.load(name)
    with pytest.raises(ArgumentError) as refused:
        kind(Material())
    others = ", ".join(other for other in there if other != name)
    assert str(refused.value) == f"--kind={name}: {said}; codecs that are there: {others}"
    assert not kind.suffices(Material())
    assert name not in available_codecs()
    transcoding = AUGMENTATIONS.load("transcoding")(Material())
    random = np.random.default_rng(0)
    drawn = [transcoding.draw(random) for _ in range(40)]
    assert name not in {one[turn] for one in drawn for turn in ("first", "second")}

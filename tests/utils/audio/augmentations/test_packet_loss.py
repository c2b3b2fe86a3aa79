"""Packets lost in bursts, and what a receiver makes of the gaps."""

from collections.abc import Callable
from typing import cast

import numpy as np
import pytest

from src.utils.audio.augmentations import AUGMENTATIONS, network
from src.utils.audio.augmentations.augmentation import Material, Parameters, Place
from src.utils.audio.augmentations.codecs import CODECS
from src.utils.audio.augmentations.codecs.ffmpeg import FFmpegCodec, Stream
from src.utils.audio.augmentations.concealment import conceal, find_period
from src.utils.audio.augmentations.gilbert_elliott import draw_lost, runs_of
from src.utils.audio.augmentations.network import PacketLoss

RATE = 16_000
PACKET = 320


@pytest.mark.parametrize(("loss", "burst"), [(0.01, 1.0), (0.1, 2.0), (0.2, 4.0)])
def test_losses_are_as_many_and_as_long_as_asked(loss: float, burst: float) -> None:
    lost = draw_lost(200_000, loss, burst, np.random.default_rng(0))
    runs = runs_of(lost)
    assert lost.mean() == pytest.approx(loss, rel=0.05)
    lengths = np.array([end - start for start, end in runs])
    assert lengths.mean() == pytest.approx(burst, rel=0.05)
    # The lengths of bursts are geometric: a share of 1 / burst ends after one packet.
    assert (lengths == 1).mean() == pytest.approx(1 / burst, rel=0.05)


def test_runs_begin_and_end_where_packets_do() -> None:
    assert runs_of(np.array([1, 1, 0, 0, 1, 0, 1], bool)) == [(0, 2), (4, 5), (6, 7)]
    assert runs_of(np.zeros(3, bool)) == [] == runs_of(np.zeros(0, bool))


def buzz(rate: int, pitch: float = 125.0, seconds: float = 0.5) -> np.ndarray:
    time = np.arange(round(seconds * rate)) / rate
    harmonics = np.arange(1, 9)[:, None]
    wave = (np.sin(2 * np.pi * pitch * harmonics * time + harmonics) / harmonics).sum(axis=0)
    return (0.1 * wave).astype(np.float32)


@pytest.mark.parametrize("rate", [8_000, 22_050, 48_000, 96_000])
@pytest.mark.parametrize("pitch", [70.0, 125.0, 190.0])
def test_the_period_is_the_pitch(rate: int, pitch: float) -> None:
    period = find_period(buzz(rate, pitch).astype(np.float64), rate)
    # A high voice has a second period among those that are tried.
    assert min(abs(period - n * rate / pitch) for n in (1, 2)) < 1 + rate / 8_000


def test_a_steady_voice_goes_on_through_a_lost_packet() -> None:
    said = buzz(RATE)
    start, end = 3_200, 3_520
    broken = said.copy()
    broken[start:end] = np.nan
    heard = conceal(broken, [(start, end)], RATE)
    assert np.isfinite(heard).all()
    # All before the overlap, and all behind the return, is as it was.
    assert np.array_equal(heard[: start - 60], said[: start - 60])
    assert np.array_equal(heard[end + 160 :], said[end + 160 :])
    first, second = slice(start, start + 160), slice(start + 160, end)
    assert np.abs(heard[first] - said[first]).max() < 0.02
    # From the second 10 ms on it fades: by 20 % at the end of them.
    gain = heard[second] @ said[second] / (said[second] @ said[second])
    assert gain == pytest.approx(0.9, abs=0.03)
    # Nowhere does it jump.
    assert np.abs(np.diff(heard)).max() < 1.5 * np.abs(np.diff(said)).max()


def test_a_long_loss_ends_in_silence() -> None:
    said = buzz(RATE)
    start, end = 3_200, 3_200 + 5 * PACKET
    heard = conceal(said, [(start, end)], RATE)
    tenths = np.abs(heard[start:end].reshape(-1, 160)).max(axis=1)
    assert np.all(np.diff(tenths[:7]) < 0.01) and np.all(tenths[6:] == 0)
    assert tenths[0] > 0.15


def test_what_is_lost_before_anything_was_heard_is_silent() -> None:
    said = buzz(RATE)
    heard = conceal(said, [(0, PACKET)], RATE)
    assert not heard[:PACKET].any() and np.array_equal(heard[480:], said[480:])


def lose(**parameters: float | str) -> Parameters:
    return {"concealment": "waveform", "loss": 0.15, "burst": 2.0, "seed": 3, **parameters}


def make() -> PacketLoss:
    return cast(type[PacketLoss], AUGMENTATIONS.load("packet-loss"))(Material())


def test_only_lost_packets_and_their_edges_change(speech: Callable) -> None:
    said = speech(words=(1.0,), seed=2)
    parameters = lose()
    heard = make().apply(said, RATE, parameters)
    lost = draw_lost(-(-len(said) // PACKET), 0.15, 2.0, np.random.default_rng(3))
    assert 2 <= lost.sum() < len(lost) / 2
    changed = np.zeros(len(said), bool)
    for start, end in runs_of(lost):
        # A quarter of the longest period before, at most 10 ms behind.
        changed[max(start * PACKET - 60, 0) : end * PACKET + 160] = True
    assert np.array_equal(heard[~changed], said[~changed])
    for start, end in runs_of(lost):
        part = slice(start * PACKET, end * PACKET)
        assert not np.array_equal(heard[part], said[part])


def test_opus_conceals_by_its_own_decoder(
    speech: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = speech(words=(1.0,), seed=2)
    parameters = lose(concealment="opus", bit_rate=24_000)
    called = CODECS["opus"].through(said, RATE, {"bit_rate": 24_000, "rate": 48_000})
    heard = make().apply(said, RATE, parameters)
    assert heard.shape == said.shape and heard.dtype == np.float32
    packets = [len(one) for one in encode(said).packets]
    lost = draw_lost(len(packets), 0.15, 2.0, np.random.default_rng(3))
    first = int(np.flatnonzero(lost)[0])
    # The call is the same until the first loss, and something else from there on.
    before, at = (first - 1) * PACKET, slice(first * PACKET, (first + 1) * PACKET)
    assert np.allclose(heard[:before], called[:before], atol=1e-3)
    assert np.abs(heard[at] - called[at]).max() > 1e-3
    # In a gap that lies within the voice there is a voice, not silence.
    level = np.sqrt(np.mean(heard[at] ** 2) / np.mean(called[at] ** 2))
    assert 0.3 < level < 3
    # With nothing lost it is the call.
    monkeypatch.setattr(network, "draw_lost", lambda count, *rest: np.zeros(count, bool))
    assert np.array_equal(make().apply(said, RATE, parameters), called)


def encode(said: np.ndarray) -> Stream:
    codec = cast(FFmpegCodec, CODECS["opus"])
    return codec.encode(np.repeat(said, 3), 48_000, 24_000)


@pytest.mark.parametrize("concealment", ["waveform", "opus"])
def test_any_rate_and_length(concealment: str, speech: Callable) -> None:
    parameters = lose(concealment=concealment, bit_rate=16_000, burst=4.0)
    for rate in (8_000, 22_050, 96_000):
        for count in (0, 1, rate // 10):
            said = buzz(rate)[:count]
            kept = said.copy()
            heard = make().apply(said, rate, parameters)
            assert heard.shape == said.shape and np.isfinite(heard).all()
            assert np.array_equal(heard, make().apply(said, rate, parameters))
            assert np.array_equal(said, kept)


def test_what_is_drawn() -> None:
    random = np.random.default_rng(0)
    drawn = [make().draw(random) for _ in range(100)]
    assert PacketLoss.place == Place.NETWORK
    assert {one["concealment"] for one in drawn} == {"waveform", "opus"}
    assert all(0.01 <= float(one["loss"]) <= 0.2 and float(one["burst"]) >= 1 for one in drawn)
    assert all(("bit_rate" in one) == (one["concealment"] == "opus") for one in drawn)
    assert len({one["seed"] for one in drawn}) == 100

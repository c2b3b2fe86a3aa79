import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import butter, oaconvolve, sosfiltfilt

from src.utils.audio.augmentations.augmentation import Material, Parameters
from src.utils.audio.augmentations.mixing import rms
from src.utils.audio.augmentations.room import FarField, Room
from src.utils.audio.augmentations.room_response import LEAD_SECONDS, ShoeBox, simulate_response
from src.utils.errors import ArgumentError, AudioError
from src.utils.seeding import file_generator

ROOM = ShoeBox((6.0, 4.5, 2.8), (1.5, 2.0, 1.5), (3.0, 3.2, 1.1), 0.5, 11)


def decay_seconds(response: np.ndarray, rate: int) -> float:
    """Reverberation time of the octaves at 500 Hz and 1 kHz, by Schroeder's integration (T20)."""
    band = butter(3, (350, 1400), "bandpass", fs=rate, output="sos")
    energy = np.cumsum(np.square(sosfiltfilt(band, response.astype(float)))[::-1])[::-1]
    level = 10 * np.log10(energy / energy[0])
    straight = (level <= -5) & (level >= -25)
    slope = np.polyfit(np.flatnonzero(straight) / rate, level[straight], 1)[0]
    return float(-60 / slope)


def direct_to_reverberant(response: np.ndarray, rate: int) -> float:
    lead = round(LEAD_SECONDS * rate)
    energy = np.square(response.astype(float))
    return float(10 * np.log10(energy[lead] / (energy.sum() - energy[lead])))


@pytest.mark.parametrize("rate", [8_000, 16_000, 48_000])
@pytest.mark.parametrize("rt60", [0.2, 0.5, 1.0])
def test_it_decays_in_the_time_asked_for(rt60: float, rate: int) -> None:
    found = [
        decay_seconds(simulate_response(replace(ROOM, rt60=rt60, seed=seed), rate), rate)
        for seed in range(4)
    ]
    assert np.mean(found) == pytest.approx(rt60, rel=0.15)


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 96_000])
def test_the_direct_sound_is_a_sample_of_about_one(rate: int) -> None:
    response = simulate_response(ROOM, rate)
    lead = round(LEAD_SECONDS * rate)
    assert np.argmax(np.abs(response)) == lead
    # Air takes from what is above hearing even on so short a way.
    assert response[lead] == pytest.approx(1, abs=0.02 if rate <= 16_000 else 0.2)
    # Until the first reflection, by the ceiling, is on its way there is nothing else.
    first = min(
        math.dist((*ROOM.source[:2], z), ROOM.microphone)
        for z in (-ROOM.source[2], 2 * ROOM.size[2] - ROOM.source[2])
    )
    quiet = round((first - ROOM.distance) / 343 * rate) - 21
    assert np.abs(np.delete(response[: lead + max(quiet, 0)], lead)).max() < 0.1


def test_reflections_come_when_and_as_strong_as_geometry_says() -> None:
    """The sound by the floor: its way is longer, and the floor takes its share."""
    rate = 48_000
    response = simulate_response(ROOM, rate)
    floor = math.dist((*ROOM.source[:2], -ROOM.source[2]), ROOM.microphone)
    at = round(LEAD_SECONDS * rate + (floor - ROOM.distance) / 343 * rate)
    found = response[at - 2 : at + 3]
    expected = -math.sqrt(1 - ROOM.absorption) * ROOM.distance / floor
    assert found[np.argmax(np.abs(found))] == pytest.approx(expected, rel=0.25)


def test_the_tail_goes_on_where_reflections_end() -> None:
    """As much energy behind the change as the decay leaves of that before it."""
    rate, steps = 16_000, []
    for seed in range(8):
        room = replace(ROOM, seed=seed, rt60=0.8)
        early, late = (
            np.square(
                simulate_response(room, rate)[round(at * rate) :][: round(0.02 * rate)]
            ).mean()
            for at in (0.025, 0.065)
        )
        steps.append(10 * np.log10(late / early) + 60 * 0.04 / room.rt60)
    assert np.mean(steps) == pytest.approx(0, abs=1.5)


def test_air_takes_the_treble_of_the_tail() -> None:
    response = simulate_response(replace(ROOM, rt60=1.0), 48_000)
    half = len(response) // 2

    def treble(part: np.ndarray) -> float:
        power = np.abs(np.fft.rfft(part, 48_000)) ** 2
        return float(10 * np.log10(power[8_000:12_000].mean() / power[500:1_000].mean()))

    assert treble(response[half : half + 9_600]) < treble(response[3_000:12_600]) - 6


@pytest.mark.parametrize("rate", [8_000, 16_000, 96_000])
@pytest.mark.parametrize("name", ["simulated", "recorded"])
def test_level_and_place_of_the_clip_stay(
    name: str, rate: int, material: Material, voice: Callable
) -> None:
    room = Room(material if name == "recorded" else Material())
    waveform = voice(0.5, rate, seed=5)
    for number in range(4):
        changed = room.apply(waveform, rate, room.draw(file_generator(7, str(number))))
        assert len(changed) == len(waveform)
        assert rms(changed) == pytest.approx(rms(waveform), rel=1e-4)
    # A click stays at its place, though the recorded rooms hold it back by 5 and 8 ms.
    click = np.zeros(rate // 2, np.float32)
    click[rate // 10] = 0.5
    echoes = room.apply(click, rate, room.draw(file_generator(7, "near")))
    assert np.argmax(np.abs(echoes)) == pytest.approx(rate // 10, abs=max(1, rate // 16_000))


def test_every_channel_of_a_recorded_room_is_drawn(material: Material, voice: Callable) -> None:
    room = Room(material)
    drawn = [room.draw(file_generator(7, str(n))) for n in range(60)]
    found = {(one["response"], one["channel"]) for one in drawn}
    assert found == {("hall/two.wav", 0), ("hall/two.wav", 1), ("one.wav", 0)}
    waveform = voice(0.4)
    left, right = (
        room.apply(waveform, 16_000, {"response": "hall/two.wav", "channel": n}) for n in (0, 1)
    )
    assert not np.allclose(left, right)
    # Equal to the other file, which is that channel.
    alone = room.apply(waveform, 16_000, {"response": "one.wav", "channel": 0})
    assert np.array_equal(left, alone)


def test_a_recorded_room_is_convolved_with(tmp_path: Path, write_audio: Callable, voice) -> None:
    response = np.zeros(800, np.float32)
    response[[100, 150, 700]] = 0.8, 0.4, -0.2
    write_audio(tmp_path / "three.wav", response, subtype="FLOAT")
    waveform = voice(0.4)
    heard = Room(Material(rooms=tmp_path)).apply(
        waveform, 16_000, {"response": "three.wav", "channel": 0}
    )
    expected = oaconvolve(waveform.astype(float), response)[100 : 100 + len(waveform)]
    expected *= np.sqrt(np.mean(waveform.astype(float) ** 2) / np.mean(expected**2))
    assert heard == pytest.approx(expected, abs=1e-5)


def measures(parameters: Parameters) -> ShoeBox:
    """The room of drawn parameters, read by their names."""
    size = tuple(float(parameters[f"{side}_m"]) for side in ("length", "width", "height"))
    source, microphone = (
        tuple(float(parameters[f"{who}_{axis}_m"]) for axis in "xyz")
        for who in ("source", "microphone")
    )
    return ShoeBox(size, source, microphone, float(parameters["rt60_s"]), 0)


@pytest.mark.parametrize(
    ("kind", "distance", "rt60"), [(Room, (0.5, 3), (0.2, 1)), (FarField, (3, 6), (0.4, 1))]
)
def test_rooms_are_drawn_as_said(kind, distance: tuple, rt60: tuple) -> None:
    augmentation = kind(Material())
    rooms = [measures(augmentation.draw(file_generator(7, str(n)))) for n in range(100)]
    for room in rooms:
        for place in (room.source, room.microphone):
            assert all(0 < at < side for at, side in zip(place, room.size, strict=True))
    distances = [room.distance for room in rooms]
    times = [room.rt60 for room in rooms]
    for found, (low, high) in ((distances, distance), (times, rt60)):
        assert low - 0.01 <= min(found) < low + 0.2 * (high - low)
        assert high - 0.2 * (high - low) < max(found) <= high + 0.01


def test_far_away_more_comes_by_the_walls() -> None:
    ratios = {
        kind: np.mean(
            [
                direct_to_reverberant(
                    simulate_response(
                        measures(kind(Material()).draw(file_generator(7, str(n)))), 16_000
                    ),
                    16_000,
                )
                for n in range(12)
            ]
        )
        for kind in (Room, FarField)
    }
    assert ratios[FarField] < -8
    assert ratios[FarField] < ratios[Room] - 4


def test_far_field_adds_pink_noise_at_the_ratio(voice: Callable) -> None:
    waveform = voice(0.5)
    far = FarField(Material(snr_db=(12.0, 12.0)))
    drawn = far.draw(np.random.default_rng(3))
    noisy = far.apply(waveform, 16_000, drawn)
    still = far.apply(waveform, 16_000, {**drawn, "snr_db": 200.0})
    noise = noisy.astype(float) - still
    assert 20 * np.log10(rms(still) / rms(noise)) == pytest.approx(12, abs=0.1)
    power = np.abs(np.fft.rfft(noise)) ** 2
    octaves = [power[low // 2 : low].sum() for low in (400, 800, 1600, 3200)]
    assert 10 * np.log10(octaves) == pytest.approx(10 * np.log10(octaves[0]), abs=2)


@pytest.mark.parametrize("treble_db", [0.0, -6.0, -12.0])
def test_who_looks_away_loses_treble(treble_db: float) -> None:
    far = FarField(Material(snr_db=(200.0, 200.0)))
    drawn = far.draw(np.random.default_rng(3))
    chance = np.random.default_rng(1).standard_normal(24_000)
    waveform = (0.1 * chance).astype(np.float32)

    def treble(loss: float) -> float:
        """From 8 kHz on, against below 1 kHz."""
        heard = far.apply(waveform, 24_000, {**drawn, "treble_db": loss})
        power = np.abs(np.fft.rfft(heard)) ** 2
        return float(10 * np.log10(power[8_500:11_500].sum() / power[200:900].sum()))

    assert treble(treble_db) - treble(0.0) == pytest.approx(treble_db, abs=0.3)


def test_the_same_room_is_simulated_once() -> None:
    simulate_response.cache_clear()
    for _ in range(3):
        simulate_response(ROOM, 16_000)
    assert simulate_response.cache_info().misses == 1
    with pytest.raises(ValueError, match="read-only"):
        simulate_response(ROOM, 16_000)[0] = 1


def test_silence_stays_silent() -> None:
    room = Room(Material())
    silence = np.zeros(1000, np.float32)
    assert not room.apply(silence, 16_000, room.draw(np.random.default_rng(1))).any()


def test_a_folder_without_responses_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"--rooms=.*gone is not a folder"):
        Room(Material(rooms=tmp_path / "gone"))
    with pytest.raises(ArgumentError, match="holds no recording that can be read"):
        Room(Material(rooms=tmp_path))


def test_what_is_not_there_is_named(tmp_path: Path, material: Material, voice: Callable) -> None:
    parameters: Parameters = {"response": "gone.wav", "channel": 0}
    with pytest.raises(AudioError, match="no --rooms are given"):
        Room(Material()).apply(voice(0.3), 16_000, parameters)
    with pytest.raises(AudioError, match=r"gone\.wav"):
        Room(material).apply(voice(0.3), 16_000, parameters)

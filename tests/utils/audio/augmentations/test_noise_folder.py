import os
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from src.utils.audio.augmentations.augmentation import Material
from src.utils.audio.augmentations.noise_folder import Noises
from src.utils.audio.augmentations.recordings import list_recordings, read_names
from src.utils.errors import ArgumentError, AudioError
from src.utils.seeding import file_generator
from tests.utils.audio.augmentations.levels import measured_snr


def test_the_layout_of_musan_is_understood(material: Material) -> None:
    noises = Noises(material)
    counts: Counter[str] = Counter()
    at_once: dict[str, set[int]] = {}
    for number in range(300):
        drawn = noises.draw(file_generator(7, str(number)))
        names = read_names(drawn["noises"])
        assert {name.split("/")[0] for name in names} == {drawn["category"]}
        assert len(set(names)) == len(names)
        counts[drawn["category"]] += 1
        at_once.setdefault(drawn["category"], set()).add(len(names))
    assert at_once == {"noise": {1}, "music": {1}, "speech": {3, 4, 5, 6, 7}}
    # One recording of music is drawn as often as eight of speech.
    assert min(counts.values()) > 70


def test_any_other_folder_is_noise(tmp_path: Path, voice: Callable, write_audio: Callable) -> None:
    for file in ("b/street.wav", "a.flac", ".hidden.wav", "music.wav"):
        write_audio(tmp_path / file, voice())
    (tmp_path / "notes.txt").write_text("what was recorded where")
    noises = Noises(Material(noises=tmp_path))
    drawn = [noises.draw(file_generator(7, str(n))) for n in range(60)]
    assert {one["category"] for one in drawn} == {"noise"}
    names = {name for one in drawn for name in read_names(one["noises"])}
    assert names == {"a.flac", "b/street.wav", "music.wav"}


@pytest.mark.parametrize("rate", [8_000, 48_000])
def test_the_ratio_is_the_one_asked_for(rate: int, material: Material, voice: Callable) -> None:
    noises = Noises(replace(material, snr_db=(7.0, 7.0)))
    waveform = voice(0.5, rate, seed=99)
    for number in range(6):
        noisy = noises.apply(waveform, rate, noises.draw(file_generator(7, str(number))))
        assert measured_snr(waveform, noisy) == pytest.approx(7.0, abs=0.1)


def added(folder: Path, count: int, seed: int = 1) -> np.ndarray:
    """What is mixed with a click, at a level of its own."""
    waveform = np.zeros(count, np.float32)
    waveform[0] = 1e-3
    parameters = {"category": "noise", "noises": '["n.wav"]', "snr_db": 0.0, "seed": seed}
    return Noises(Material(noises=folder)).apply(waveform, 16_000, parameters) - waveform


def test_short_noise_is_looped_and_long_noise_is_cut(tmp_path: Path, write_audio: Callable) -> None:
    noise = 0.1 * np.random.default_rng(1).standard_normal(4000).astype(np.float32)
    write_audio(tmp_path / "n.wav", noise, subtype="FLOAT")

    def likeness(heard: np.ndarray) -> float:
        """The highest correlation with the noise, repeated, wherever it begins."""
        loop = np.fft.fft(np.resize(noise, 4000))
        folded = np.fft.fft(np.pad(heard, (0, -len(heard) % 4000)).reshape(-1, 4000).sum(0))
        match = np.fft.ifft(folded * np.conj(loop)).real.max()
        return float(match / np.linalg.norm(folded / 4000**0.5) / np.linalg.norm(noise))

    assert likeness(added(tmp_path, 8000)) == pytest.approx(1, abs=1e-3)
    starts = set()
    for seed in range(8):
        cut = added(tmp_path, 1500, seed)
        at = int(np.argmax(np.correlate(noise, cut)))
        starts.add(at)
        assert np.corrcoef(noise[at : at + 1500], cut)[0, 1] == pytest.approx(1, abs=1e-3)
    assert len(starts) == 8, "every cut begins elsewhere"


def test_what_is_heard_is_no_pause(tmp_path: Path, write_audio: Callable) -> None:
    noise = np.zeros(16_000, np.float32)
    noise[12_000:13_000] = 0.1
    write_audio(tmp_path / "n.wav", noise)
    for seed in range(10):
        assert np.abs(added(tmp_path, 500, seed)).max() > 0


def test_a_folder_without_noise_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="--kind=noises needs --noises=DIR"):
        Noises(Material())
    with pytest.raises(ArgumentError, match=r"--noises=.*gone is not a folder"):
        Noises(Material(noises=tmp_path / "gone"))
    with pytest.raises(ArgumentError, match="holds no recording that can be read"):
        Noises(Material(noises=tmp_path))
    (tmp_path / "broken.wav").write_bytes(b"no sound")
    with pytest.raises(ArgumentError, match="holds no recording that can be read"):
        Noises(Material(noises=tmp_path))


def test_the_order_in_which_a_disk_lists_is_no_matter(
    material: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = list_recordings(material.noises, "--noises")
    scan = os.walk

    def backwards(folder: Path):
        yield from list(scan(folder))[::-1]

    monkeypatch.setattr(os, "walk", backwards)
    assert list_recordings(material.noises, "--noises") == first
    assert len(first) == 11
    assert first == tuple(sorted(first))


def test_a_name_that_no_table_holds_is_left_out(
    tmp_path: Path, voice: Callable, write_audio: Callable
) -> None:
    path = write_audio(tmp_path / "good.wav", voice())
    (tmp_path / os.fsdecode(b"caf\xe9.wav")).write_bytes(path.read_bytes())
    noises = Noises(Material(noises=tmp_path))
    drawn = {noises.draw(file_generator(7, str(n)))["noises"] for n in range(20)}
    assert drawn == {'["good.wav"]'}


def test_silent_noise_is_a_reason_with_its_name(tmp_path: Path, write_audio: Callable) -> None:
    write_audio(tmp_path / "n.wav", np.zeros(1000, np.float32))
    with pytest.raises(AudioError, match=r"n\.wav, which is silent"):
        added(tmp_path, 500)

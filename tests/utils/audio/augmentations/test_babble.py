from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from src.utils.audio.augmentations.augmentation import Material, Voice
from src.utils.audio.augmentations.babble import FEWEST, Babble
from src.utils.audio.augmentations.chain import Recipe
from src.utils.audio.augmentations.recordings import mix_recordings, read_names
from src.utils.errors import ArgumentError, AudioError
from src.utils.seeding import file_generator
from tests.utils.audio.augmentations.conftest import SPEAKERS
from tests.utils.audio.augmentations.levels import measured_snr


def speakers_of(parameters: dict) -> list[str]:
    return [name.split("/")[0] for name in read_names(parameters["voices"])]


def test_the_voices_are_other_speakers_each_once(material: Material) -> None:
    babble = Babble(material)
    counts: Counter[int] = Counter()
    for number in range(200):
        found = speakers_of(babble.draw(file_generator(7, f"{number}.wav"), "eva"))
        assert "eva" not in found
        assert len(set(found)) == len(found)
        counts[len(found)] += 1
    # Five others are known; whoever would have up to eight gets those.
    assert set(counts) == {3, 4, 5}


def test_every_voice_is_drawn_for_somebody(material: Material) -> None:
    babble = Babble(material)
    drawn = [babble.draw(file_generator(7, str(n)), "nobody known") for n in range(100)]
    names = {name for one in drawn for name in read_names(one["voices"])}
    assert names == {voice.file for voice in material.voices}


@pytest.mark.parametrize("snr_db", [0.0, 20.0])
def test_the_ratio_is_the_one_asked_for(snr_db: float, material: Material, voice: Callable) -> None:
    babble = Babble(replace(material, snr_db=(snr_db, snr_db)))
    waveform = voice(1.0, seed=99)
    noisy = babble.apply(waveform, 16_000, babble.draw(np.random.default_rng(1), "ana"))
    assert measured_snr(waveform, noisy) == pytest.approx(snr_db, abs=0.1)


def test_each_voice_is_as_loud_as_the_others(tmp_path: Path, write_audio: Callable) -> None:
    """Tones in place of voices, which can be told apart when they are mixed."""
    time = np.arange(16_000) / 16_000
    tones = (400, 900, 1700)
    paths = [
        write_audio(tmp_path / f"{hertz}.wav", level * np.sin(2 * np.pi * hertz * time))
        for hertz, level in zip(tones, (0.01, 0.1, 0.8), strict=True)
    ]
    spectrum = np.abs(np.fft.rfft(mix_recordings(paths, 16_000, 16_000, 5)))
    assert spectrum[list(tones)] == pytest.approx(spectrum[400], rel=0.01)
    assert spectrum[400] > 100 * np.median(spectrum)


def test_too_few_speakers_are_told_when_it_is_made(material: Material) -> None:
    few = [voice for voice in material.voices if voice.speaker in SPEAKERS[:FEWEST]]
    with pytest.raises(ArgumentError, match=r"--kind=babble needs .* at least 4 speakers, found 3"):
        Recipe(("babble",), material=replace(material, voices=tuple(few))).check()


def test_a_family_does_without_babble_where_there_are_no_voices() -> None:
    recipe = Recipe(("noise",), material=Material())
    recipe.check()
    drawn = {recipe.draw(file_generator(7, str(n)))[0].kind for n in range(60)}
    assert drawn == {"white", "pink", "brown"}


def test_voices_without_a_speaker_may_be_the_clips_own(material: Material) -> None:
    nameless = tuple(replace(voice, speaker="") for voice in material.voices)
    babble = Babble(replace(material, voices=nameless))
    with pytest.raises(AudioError, match="fewer than 3 other speakers are known"):
        babble.draw(np.random.default_rng(1), "ana")
    assert len(read_names(babble.draw(np.random.default_rng(1))["voices"])) >= 3


def test_unreadable_voices_are_passed_over(material: Material, tmp_path: Path) -> None:
    (tmp_path / "broken.wav").write_bytes(b"RIFF but no more")
    broken = tuple(Voice(f"x{n}.wav", tmp_path / "broken.wav", f"x{n}") for n in range(9))
    babble = Babble(replace(material, voices=broken + material.voices))
    for number in range(30):
        assert "x" not in {
            name[0] for name in speakers_of(babble.draw(file_generator(1, str(number))))
        }
    only = Babble(replace(material, voices=broken))
    with pytest.raises(AudioError, match="fewer than 3"):
        only.draw(np.random.default_rng(1))


def test_a_voice_that_is_not_there_any_more_is_named(material: Material, voice: Callable) -> None:
    parameters = {"voices": '["ana/0.wav", "gone.wav"]', "snr_db": 10.0, "seed": 1}
    with pytest.raises(AudioError, match=r"gone\.wav"):
        Babble(material).apply(voice(0.3), 16_000, parameters)

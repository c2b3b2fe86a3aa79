"""What augmentations are tried with: recordings of synthetic sounds, in a folder of each kind."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from src.utils.audio.augmentations.augmentation import Material, Voice

SPEAKERS = ("ana", "bia", "caio", "davi", "eva", "fred")


@pytest.fixture(scope="package")
def material(tmp_path_factory: pytest.TempPathFactory, voice: Callable, write_audio: Callable):
    """Everything that augmentations may need: noise as MUSAN has it, rooms, and voices."""
    folder = tmp_path_factory.mktemp("material")
    return Material(
        snr_db=(5.0, 20.0),
        noises=make_noises(folder / "musan", voice, write_audio),
        rooms=make_rooms(folder / "rooms", write_audio),
        voices=make_voices(folder / "voices", voice, write_audio),
    )


def make_noises(folder: Path, voice: Callable, write_audio: Callable) -> Path:
    chance = np.random.default_rng(3)
    for number, seconds in enumerate((0.3, 2.0)):
        hiss = (0.1 * chance.standard_normal(round(seconds * 16_000))).astype(np.float32)
        write_audio(folder / f"noise/free-sound/noise-free-sound-000{number}.wav", hiss)
    write_audio(folder / "music/fma/music-fma-0000.wav", voice(1.0, 22_050, 40), 22_050)
    for number in range(8):
        path = folder / f"speech/librivox/speech-librivox-000{number}.wav"
        write_audio(path, voice(0.5, seed=50 + number))
    (folder / "README").write_text("a corpus of noise")
    return folder


def make_rooms(folder: Path, write_audio: Callable) -> Path:
    """Two responses, one of two channels: the direct sound 5 and 8 ms late, and a decay."""
    chance = np.random.default_rng(4)
    decay = 0.1 * chance.standard_normal((8000, 2)) * 10 ** (-np.arange(8000)[:, None] / 2700)
    decay[:80] = 0
    decay[80, 0] = decay[128, 1] = 0.9
    decay[81:128, 1] = 0
    write_audio(folder / "hall/two.wav", decay)
    write_audio(folder / "one.wav", decay[:, 0])
    return folder


def make_voices(folder: Path, voice: Callable, write_audio: Callable) -> tuple[Voice, ...]:
    voices = []
    for number, speaker in enumerate(SPEAKERS):
        for take in range(2):
            file = f"{speaker}/{take}.wav"
            path = write_audio(folder / file, voice(0.4 + take, seed=2 * number + take))
            voices.append(Voice(file, path, speaker))
    return tuple(voices)

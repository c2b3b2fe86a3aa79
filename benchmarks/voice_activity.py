"""How well speech is told from other sound, by the network and by the level alone.

Run as `python benchmarks/voice_activity.py [--corpora=FOLDER,FOLDER] [--each=20] [--seed=0]`. A
corpus is a folder with a `metadata.csv` of the columns path, label and source. Printed are, by kind
of made-up sound without a voice, the share that would be judged as speech; by class of a corpus,
the share of clips that would be refused, as they are and with pink noise; and the processor time of
each way as a share of the sound's length.

By the level a recording is judged from 0.3 s of sound on, by the network from 0.1 s of speech on
(see `src/predict/recording.py`). Measured on two corpora of 3,874 clips:

    judged, of 20 of each kind          level   network
    noise, hum, tones, clicks (200)      97 %      0 %
    melodies, music (60)                100 %     13 %

    refused                             level   network
    bona-fide (1,888)                   0.0 %     1.1 %
    spoof (1,986)                       0.0 %     0.5 %

With noise 0 dB below the voice these are 2.6 % and 0.8 % of the network; it takes 0.2 % of the
sound's length in processor time.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import src  # noqa: F401 - threads wait as those of the tasks do

# isort: split

import numpy as np
import pandas as pd
from scipy.signal import lfilter

from src.predict.recording import MIN_SOUND_SECONDS, MIN_SPEECH_SECONDS
from src.utils.audio.io import read_waveform
from src.utils.audio.nuisances.activity import (
    FRAME_SECONDS,
    frame_length,
    frame_levels,
    sound_level,
)
from src.utils.audio.voice_activity import RATE, VoiceActivity, speech_seconds
from src.utils.config import LABELS

SNRS = (20, 10, 5, 0)
DIALLED = (697, 770, 852, 941, 1209, 1336)
CHORD = 220 * 2 ** (np.array([0, 4, 7, 12]) / 12)
SCALE = 220 * 2 ** (np.array([0, 2, 4, 5, 7, 9, 11, 12, 14, 16]) / 12)

Draw = np.random.Generator


def coloured(chance: Draw, count: int, slope: float) -> np.ndarray:
    """Return noise whose amplitude falls with a power of the frequency."""
    spectrum = np.fft.rfft(chance.normal(size=count))
    return np.fft.irfft(spectrum / np.arange(1, len(spectrum) + 1) ** slope, count)


def play(chance: Draw, count: int, voices: int, drums: bool) -> np.ndarray:
    """Return a tune of decaying notes, with or without a beat."""
    wave = np.zeros(count + 4 * RATE)
    octave, dullness = 2.0 ** chance.integers(-1, 2), chance.uniform(0.7, 2.5)
    beat = chance.uniform(0.2, 0.5)
    for step, start in enumerate(np.arange(0, count, round(beat * RATE))):
        for _ in range(voices):
            note = strike(chance, float(chance.choice(SCALE)) * octave, dullness)
            wave[start : start + len(note)] += note
        if drums:
            time = np.arange(round(0.15 * RATE)) / RATE
            kick = 2 * np.sin(2 * np.pi * 60 * np.exp(-8 * time) * time) * np.exp(-25 * time)
            hiss = chance.normal(size=len(time)) * np.exp(-40 * time)
            wave[start : start + len(time)] += hiss if step % 2 else kick
    return wave[:count]


def strike(chance: Draw, pitch: float, dullness: float) -> np.ndarray:
    """Return a note of several harmonics, with or without vibrato."""
    time = np.arange(round(chance.uniform(0.3, 1.2) * RATE)) / RATE
    bend = 0.004 * np.sin(2 * np.pi * 5.5 * time) * chance.integers(0, 2)
    phase = 2 * np.pi * pitch * np.cumsum(1 + bend) / RATE
    harmonics = range(1, max(1, min(12, int(7500 / pitch))) + 1)
    wave = sum(np.sin(k * phase) / k**dullness for k in harmonics)
    rise = np.minimum(time / chance.uniform(0.005, 0.08), 1)
    return wave * rise * np.exp(-time / chance.uniform(0.15, 1.5))


def seconds_of(count: int) -> np.ndarray:
    """Return the time of each sample."""
    return np.arange(count) / RATE


def hum(chance: Draw, count: int) -> np.ndarray:
    """Return the hum of a mains, with its harmonics."""
    mains, time = chance.choice([50, 60]), seconds_of(count)
    harmonics = sum(np.sin(2 * np.pi * mains * k * time) / k for k in range(1, 12))
    return harmonics + 0.02 * chance.normal(size=count)


def dial(chance: Draw, count: int) -> np.ndarray:
    """Return two tones of a telephone that come and go."""
    time = seconds_of(count)
    tones = sum(np.sin(2 * np.pi * f * time) for f in chance.choice(DIALLED, 2, replace=False))
    return tones * (np.sin(2 * np.pi * chance.uniform(1, 4) * time) > 0)


SOUNDS: dict[str, Callable[[Draw, int], np.ndarray]] = {
    "white noise": lambda c, n: coloured(c, n, 0),
    "pink noise": lambda c, n: coloured(c, n, 0.5),
    "brown noise": lambda c, n: coloured(c, n, 1),
    "noise that comes and goes": lambda c, n: (
        coloured(c, n, 0.5) * (1 + np.sin(2 * np.pi * c.uniform(0.5, 6) * seconds_of(n)))
    ),
    "hum": hum,
    "tone": lambda c, n: np.sin(2 * np.pi * c.uniform(100, 4000) * seconds_of(n)),
    "sweep": lambda c, n: np.sin(
        2 * np.pi * np.cumsum(np.geomspace(c.uniform(60, 300), c.uniform(1000, 7000), n)) / RATE
    ),
    "dial tones": dial,
    "clicks": lambda c, n: lfilter([1], [1, -0.9], (c.random(n) < 3e-4) * c.normal(size=n)),
    "chord": lambda c, n: sum(np.sin(2 * np.pi * f * seconds_of(n)) for f in CHORD),
    "melody": lambda c, n: play(c, n, 1, drums=False),
    "music": lambda c, n: play(c, n, 3, drums=False),
    "music with drums": lambda c, n: play(c, n, 2, drums=True),
}
"""Made-up sounds without a voice, by name."""


class Ways:
    """Judges sounds in both ways, and counts the time of each."""

    def __init__(self) -> None:
        self.heard = self.by_level = self.by_network = 0.0

    def judged(self, wave: np.ndarray) -> tuple[bool, bool]:
        """Say whether a waveform is judged by its level, and by the network."""
        begun = time.process_time()
        levels = frame_levels(wave, frame_length(RATE))
        sound = (levels > sound_level(levels)).sum() * FRAME_SECONDS
        between = time.process_time()
        activity = VoiceActivity(RATE)
        activity.add(wave)
        speech = speech_seconds(activity.finish())
        self.by_network += time.process_time() - between
        self.by_level += between - begun
        self.heard += len(wave) / RATE
        return bool(sound >= MIN_SOUND_SECONDS), speech >= MIN_SPEECH_SECONDS


def try_sounds(ways: Ways, each: int, seed: int) -> None:
    """Print the share of every kind of sound that would be judged as speech."""
    print(f"{'judged, of sounds without a voice':44}{'level':>8}{'network':>9}")
    for number, (name, make) in enumerate(SOUNDS.items()):
        found = []
        for one in range(each):
            chance = np.random.default_rng([seed, number, one])
            wave = make(chance, round(chance.uniform(3, 8) * RATE))
            level = 10 ** (chance.uniform(-30, -3) / 20)
            found.append(ways.judged((level * wave / np.abs(wave).max()).astype(np.float32)))
        level, network = np.mean(found, axis=0)
        print(f"{name:44}{level:8.0%}{network:9.0%}")


def try_corpus(ways: Ways, folder: Path, seed: int) -> None:
    """Print the share of the clips of each class that would be refused."""
    table = pd.read_csv(folder / "metadata.csv", dtype=str)
    print(f"{'refused, of the clips of ' + folder.name:44}{'level':>8}{'network':>9}")
    for label in LABELS:
        paths = [folder / path for path in table["path"][table["label"] == label]]
        waves = [read_waveform(path, RATE) for path in paths]
        for snr in (None, *SNRS):
            found = []
            for number, wave in enumerate(waves):
                heard = wave
                if snr is not None:
                    noise = coloured(np.random.default_rng([seed, number]), len(wave), 0.5)
                    gain = wave.std() / noise.std() * 10 ** (-snr / 20)
                    heard = (wave + gain * noise).astype(np.float32)
                found.append(ways.judged(heard))
            level, network = 1 - np.mean(found, axis=0)
            name = f"{label} ({len(waves)})" + ("" if snr is None else f", noise at {snr} dB")
            print(f"{name:44}{level:8.1%}{network:9.1%}", flush=True)


def main() -> None:
    """Try both ways on everything that is given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", default="")
    parser.add_argument("--each", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    ways = Ways()
    try_sounds(ways, given.each, given.seed)
    for folder in filter(None, given.corpora.split(",")):
        try_corpus(ways, Path(folder), given.seed)
    print(
        f"processor time as a share of the sound's: level {ways.by_level / ways.heard:.5f}, "
        f"network {ways.by_network / ways.heard:.5f}"
    )


if __name__ == "__main__":
    main()

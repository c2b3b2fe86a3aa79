"""The articulatory score of an utterance: a sequence of phones as smooth control tracks.

No sound is made here: phrases of syllables are drawn at random and turned into smooth tracks,
one value per frame, that the voice then performs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from src.demo.phones import (
    CODAS,
    CONSONANT_WEIGHTS,
    CONSONANTS,
    VOWEL_WEIGHTS,
    VOWELS,
    Phone,
)

_Entry = TypeVar("_Entry")

FRAME_SECONDS = 0.005
"""Time between two control values."""

REFERENCE_RATE = 5.0
"""Syllables per second for which the durations of the phones are written."""

_PAUSE = Phone()
_FORMANT_BLUR, _LEVEL_BLUR, _BURST_BLUR = 3.0, 1.6, 0.6  # standard deviations in frames


@dataclass(frozen=True, slots=True)
class Score:
    """Control tracks of an utterance, one row per frame of `FRAME_SECONDS`.

    Attributes
    ----------
    pitch : ndarray, shape (frames,)
        Factor on the fundamental frequency of the speaker.
    voice, breath, noise, nasal : ndarray, shape (frames,)
        Strengths, as in `Phone`.
    centre, width : ndarray, shape (frames,)
        Resonance of the mouth noise and its bandwidth, in Hz.
    formants : ndarray, shape (frames, 3)
        Formants in Hz for the reference vocal tract.
    """

    pitch: NDArray[np.float64]
    voice: NDArray[np.float64]
    breath: NDArray[np.float64]
    noise: NDArray[np.float64]
    nasal: NDArray[np.float64]
    centre: NDArray[np.float64]
    width: NDArray[np.float64]
    formants: NDArray[np.float64]


class _Sheet:
    """The growing list of sounds, with the pitch movement that goes with them."""

    def __init__(self, frames: int, rate: float, rng: np.random.Generator) -> None:
        self.rng = rng
        self.frames = frames
        self.stretch = REFERENCE_RATE / rate
        self.phones: list[Phone] = []
        self.lengths: list[int] = []
        self.gains: list[float] = []
        self.pitch = np.ones(frames)
        self.position = 0

    def put(self, phone: Phone, seconds: float, gain: float) -> None:
        """Append one sound."""
        length = min(max(round(seconds / FRAME_SECONDS), 1), self.frames - self.position)
        self.phones.append(phone)
        self.lengths.append(length)
        self.gains.append(gain)
        self.position += length

    def rest(self, seconds: float) -> None:
        """Append a pause."""
        self.put(_PAUSE, seconds, 0.0)

    def syllable(self, loudness: float, stress: bool) -> None:
        """Append a syllable, and raise the pitch on a stressed one."""
        rng, begin = self.rng, self.position
        sounds: list[Phone] = []
        if rng.random() < 0.88:
            sounds.extend(_pick(CONSONANTS, CONSONANT_WEIGHTS, rng))
        vowel = _pick(VOWELS, VOWEL_WEIGHTS, rng)
        nucleus = len(sounds)
        sounds.append(vowel)
        if rng.random() < 0.12:  # a falling diphthong
            sounds.append(VOWELS["i" if rng.random() < 0.6 else "u"])
        if rng.random() < 0.18:
            sounds += CONSONANTS[CODAS[rng.integers(len(CODAS))]]
        for index, sound in enumerate(sounds):
            longer = 1.25 if stress and index == nucleus else 0.8
            seconds = 1e-3 * sound.milliseconds * self.stretch * longer
            gain = loudness * (1.0 if stress else 0.72)
            self.put(sound, seconds * rng.lognormal(0.0, 0.18), gain * rng.lognormal(0.0, 0.1))
        if stress:
            middle, spread = 0.5 * (begin + self.position), 0.35 * (self.position - begin) + 3.0
            time = (np.arange(self.frames) - middle) / spread
            self.pitch += rng.uniform(0.04, 0.16) * np.exp(-0.5 * time**2)

    def phrase(self, end: int) -> None:
        """Append a phrase that stops before frame `end`, its pitch falling throughout."""
        rng, begin = self.rng, self.position
        syllables = int(rng.integers(4, 10))
        loudness = rng.uniform(0.85, 1.1)
        longest = round(0.42 * self.stretch / FRAME_SECONDS)
        for index in range(syllables):
            if self.position + longest > end:
                break
            fading = 1.0 - 0.3 * index / syllables
            self.syllable(loudness * fading, stress=rng.random() < 0.4)
        fall = np.linspace(rng.uniform(1.04, 1.14), rng.uniform(0.82, 0.94), self.frames)
        length = self.position - begin
        if length:
            self.pitch[begin : self.position] *= np.interp(
                np.linspace(0, self.frames - 1, length), np.arange(self.frames), fall
            )


def _pick(
    table: Mapping[str, _Entry], weights: Sequence[float], rng: np.random.Generator
) -> _Entry:
    """Draw one entry of a table by weight."""
    edges = np.cumsum(weights)
    place = int(np.searchsorted(edges, rng.random() * edges[-1], side="right"))
    return list(table.values())[place]


def compose(frames: int, rate: float, rng: np.random.Generator) -> Score:
    """Draw an utterance: pauses, phrases, syllables, and the tracks they make.

    Parameters
    ----------
    frames : int
        Length, in frames of `FRAME_SECONDS`.
    rate : float
        Speaking rate in syllables per second.
    rng : numpy.random.Generator
        Source of chance; it decides everything.

    Returns
    -------
    Score
        Tracks of exactly `frames` rows.
    """
    sheet = _Sheet(frames, rate, rng)
    sheet.rest(rng.uniform(0.10, 0.28))
    end = frames - round(rng.uniform(0.10, 0.25) / FRAME_SECONDS)
    while sheet.position < end:
        before = sheet.position
        sheet.phrase(end)
        if sheet.position == before:
            break
        sheet.rest(rng.uniform(0.14, 0.40))
    if sheet.position < frames:
        sheet.rest((frames - sheet.position) * FRAME_SECONDS)

    def track(values: list[float], blur: float) -> NDArray[np.float64]:
        steps = np.repeat(np.asarray(values, dtype=np.float64), sheet.lengths)
        return gaussian_filter1d(steps, blur, mode="nearest") if blur else steps

    phones, gains = sheet.phones, sheet.gains
    # No token of a vowel is like the next: every target is missed by a few per cent.
    miss = rng.normal(1.0, 0.035, (len(phones), 3))
    targets = np.repeat(np.array([p.formants for p in phones]) * miss, sheet.lengths, axis=0)
    drift = gaussian_filter1d(rng.standard_normal(frames), 25.0) * 0.09
    return Score(
        pitch=gaussian_filter1d(sheet.pitch, 3.0, mode="nearest") * (1.0 + drift),
        voice=track([p.voice * g for p, g in zip(phones, gains, strict=True)], _LEVEL_BLUR),
        breath=track([p.breath * g for p, g in zip(phones, gains, strict=True)], _LEVEL_BLUR),
        noise=track([p.noise * g for p, g in zip(phones, gains, strict=True)], _BURST_BLUR),
        nasal=track([p.nasal for p in phones], _LEVEL_BLUR),
        centre=track([p.centre for p in phones], 0.0),
        width=track([p.width for p in phones], 0.0),
        formants=gaussian_filter1d(targets, _FORMANT_BLUR, axis=0, mode="nearest"),
    )

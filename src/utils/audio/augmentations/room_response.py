"""The impulse response of a simulated room."""

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np
import pyroomacoustics
from scipy.signal import istft, stft

LEAD_SECONDS = 0.0025
"""What a response holds before the direct sound: reflections begin before they arrive, as sound of
a limited band does."""

_SOUND = 343.0
"""Speed of sound, m/s at 20 °C."""

_EARLY_SECONDS = 0.055
"""After the direct sound, until which single reflections are told apart: in rooms of up to 400 m³
even critical listeners hear no longer which they are (0.0117 V + 50.1 ms; Lindau, Kosanke and
Weinzierl, 2012, "Perceptual evaluation of model- and signal-based predictors of the mixing time in
binaural room impulse responses", JAES 60)."""

_FADE_SECONDS = 0.01
"""Of reflections into the tail."""

_SINC_RADIUS = 20
"""Samples on either side of a reflection that falls between two of them."""

_AIR_HZ = np.array([125, 250, 500, 1000, 2000, 4000, 8000], float)
_AIR_LOSS = np.array([0.0001, 0.0003, 0.0006, 0.0010, 0.0017, 0.0041, 0.0135])
"""Share of the energy that air of 20 °C and 50 to 70 % humidity takes from sound, a metre, by
octave (Vorländer, 2008, Auralization, as in pyroomacoustics)."""

_FRAME_SECONDS = 0.008
"""Over which the loss in air is taken as one."""


@dataclass(frozen=True)
class ShoeBox:
    """A rectangular room with someone who speaks and a microphone.

    Attributes
    ----------
    size : (float, float, float)
        Length, width and height, m.
    source, microphone : (float, float, float)
        Where they are, m from one corner.
    rt60 : float
        Reverberation time at middle frequencies, s.
    seed : int
        Of the diffuse tail.
    """

    size: tuple[float, float, float]
    source: tuple[float, float, float]
    microphone: tuple[float, float, float]
    rt60: float
    seed: int

    @property
    def distance(self) -> float:
        """From the mouth to the microphone, m."""
        return math.dist(self.source, self.microphone)

    @property
    def volume(self) -> float:
        """In m³."""
        return math.prod(self.size)

    @property
    def absorption(self) -> float:
        """Share of the energy that every wall takes, by Eyring's formula (1930, JASA 1)."""
        surface = 2 * sum(a * b for a, b in combinations(self.size, 2))
        return 1 - math.exp(-24 * math.log(10) * self.volume / (_SOUND * surface * self.rt60))


@lru_cache(maxsize=16)
def simulate_response(room: ShoeBox, sample_rate: int) -> np.ndarray:
    """Return the impulse response of a room; equal rooms give equal responses.

    The direct sound and the reflections of the first 55 ms are those of the image-source method
    (Allen and Berkley, 1979, JASA 65; images by pyroomacoustics, Scheibler, Bezzam and Dokmanić,
    2018, ICASSP), with walls that change the sign (Lehmann and Johansson, 2008, JASA 124), so that
    low frequencies do not pile up. Behind them the images would be millions; in their place is a
    diffuse tail, Gaussian noise that decays by the reverberation time (Lehmann and Johansson, 2010,
    "Diffuse reverberation model for efficient image-source simulation of room impulse responses",
    IEEE TASLP 18), with the energy that all those images have: 4πc/V a second. Last, air takes its
    share of the high frequencies on every path.

    Parameters
    ----------
    room : ShoeBox
        The room.
    sample_rate : int
        Hz.

    Returns
    -------
    numpy.ndarray
        float32, shape (samples,), not to be changed; the direct sound is about 1, `LEAD_SECONDS`
        (rounded to the sample) from its start, and it ends where it has decayed by 60 dB.
    """
    lead = round(LEAD_SECONDS * sample_rate)
    count = lead + round(max(room.rt60, _EARLY_SECONDS) * sample_rate)
    seconds = (np.arange(count) - lead) / sample_rate
    # From 0, all reflections, to 1, all tail; in both together, the energy stays.
    mixed = np.clip((seconds - _EARLY_SECONDS) / _FADE_SECONDS + 1, 0, 1) * (math.pi / 2)
    response = np.cos(mixed) * _reflections(room, sample_rate, lead, count)
    response += np.sin(mixed) * _tail(room, sample_rate, seconds)
    response = _through_air(response, sample_rate, room.distance + _SOUND * seconds.clip(0))
    response = response.astype(np.float32)
    response.flags.writeable = False
    return response


def _reflections(room: ShoeBox, sample_rate: int, lead: int, count: int) -> np.ndarray:
    """Return the direct sound, of 1 at the sample `lead`, and the early reflections."""
    reach = room.distance + _SOUND * _EARLY_SECONDS
    # So many reflections reach as far in the direction in which they come soonest.
    nearest = min(a * b / math.hypot(a, b) for a, b in combinations(room.size, 2))
    order = math.ceil(reach / nearest)
    material = pyroomacoustics.Material(room.absorption)
    model = pyroomacoustics.ShoeBox(room.size, fs=sample_rate, materials=material, max_order=order)
    model.add_source(room.source)
    model.add_microphone(room.microphone)
    model.image_source_model()
    [source] = model.sources
    distances = np.linalg.norm(source.images - np.array(room.microphone)[:, None], axis=0)
    heard = distances < reach
    distances, orders = distances[heard], source.orders[heard]
    gains = source.damping[0, heard] * (-1.0) ** orders * room.distance / distances
    # The direct sound falls on a sample: it is the clip, and no other one.
    delays = (distances - distances[orders == 0]) / _SOUND * sample_rate + lead
    return _pulses(delays, gains, count)


def _pulses(delays: np.ndarray, gains: np.ndarray, count: int) -> np.ndarray:
    """Return impulses between the samples, as sinc pulses under a Hann window."""
    nearest = np.round(delays).astype(int)
    steps = np.arange(-_SINC_RADIUS, _SINC_RADIUS + 1)
    places = nearest[:, None] + steps
    away = places - delays[:, None]
    pulses = np.sinc(away) * np.cos(math.pi / 2 * away / (_SINC_RADIUS + 1)) ** 2 * gains[:, None]
    inside = (places >= 0) & (places < count)
    return np.bincount(places[inside], pulses[inside], count)


def _tail(room: ShoeBox, sample_rate: int, seconds: np.ndarray) -> np.ndarray:
    """Return noise with the energy that all the images would have."""
    noise = np.random.default_rng(room.seed).standard_normal(len(seconds))
    energy = room.distance**2 * 4 * math.pi * _SOUND / room.volume / sample_rate
    age = seconds.clip(0) + room.distance / _SOUND
    return noise * np.sqrt(energy * 10 ** (-6 * age / room.rt60))


def _air_gain(hertz: np.ndarray, metres: np.ndarray | float) -> np.ndarray:
    """Return what is left of a sound's amplitude; above 8 kHz the loss grows as the square."""
    known = np.clip(hertz, _AIR_HZ[0], _AIR_HZ[-1])
    loss = np.exp(np.interp(np.log(known), np.log(_AIR_HZ), np.log(_AIR_LOSS)))
    return np.exp(-loss * np.maximum(hertz / _AIR_HZ[-1], 1) ** 2 * metres / 2)


def _through_air(response: np.ndarray, sample_rate: int, metres: np.ndarray) -> np.ndarray:
    """Return the response when each of its moments has come a way through air."""
    frame = 2 * math.ceil(_FRAME_SECONDS * sample_rate / 2)
    hertz, seconds, spectra = stft(response, sample_rate, nperseg=frame)
    middles = np.minimum(np.round(seconds * sample_rate).astype(int), len(response) - 1)
    spectra *= _air_gain(hertz[:, None], metres[None, middles])
    _, changed = istft(spectra, sample_rate, nperseg=frame)
    whole: np.ndarray = changed[: len(response)]
    return whole

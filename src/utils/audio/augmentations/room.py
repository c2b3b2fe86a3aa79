"""Rooms between a mouth and a microphone."""

import math
from typing import ClassVar

import numpy as np
from scipy import fft
from scipy.signal import oaconvolve

from src.utils.audio.augmentations.augmentation import (
    Augmentation,
    Material,
    Parameters,
    Place,
    draw_seed,
)
from src.utils.audio.augmentations.coloured_noise import make_coloured
from src.utils.audio.augmentations.mixing import add_at_snr, rms
from src.utils.audio.augmentations.recordings import (
    RECORDINGS,
    count_channels,
    draw_readable,
    list_recordings,
)
from src.utils.audio.augmentations.room_response import (
    LEAD_SECONDS,
    ShoeBox,
    simulate_response,
)
from src.utils.errors import AudioError

_LONGEST_RESPONSE_SECONDS = 10
"""No room sounds longer; what is longer is a recording of something else, or of its hiss."""

_SMALLEST, _LARGEST = (3.0, 2.5, 2.4), (10.0, 8.0, 4.0)
_FROM_WALLS = 0.3
_MOUTH, _MICROPHONE = (1.2, 1.8), (0.5, 2.0)
"""Heights above the floor, of someone who sits or stands, and of a microphone on a table or wall;
all in m."""

_NEAR_M, _FAR_M = (0.5, 3.0), (3.0, 6.0)
_RT60, _FAR_RT60 = (0.2, 1.0), (0.4, 1.0)

_TURNED_DB = (0.0, 12.0)
_TREBLE_HZ = (1_000.0, 8_000.0)
"""Where the loss of someone who looks away begins, and where it is whole: low frequencies leave the
mouth to all sides, high ones mostly to the front (Monson, Hunter and Story, 2012, "Horizontal
directivity of low- and high-frequency energy in speech and singing", JASA 132)."""


class Room(Augmentation):
    """The reverberation of a room: of a folder's impulse responses, or of a simulated room.

    The direct sound stays where it was, so that the clip is not shifted, and so does the level.

    Parameters
    ----------
    material : Material
        With or without a folder of rooms.
    """

    name: ClassVar[str] = "room"
    place: ClassVar[Place] = Place.ROOM
    about: ClassVar[str] = "reverberation of a room, recorded (--rooms) or simulated"

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        self._folder = material.rooms
        if self._folder is not None:
            self._files = list_recordings(self._folder, "--rooms")

    def draw(self, random: np.random.Generator, speaker: str = "") -> Parameters:
        """Draw a response and its channel, or a room; see `Augmentation.draw`."""
        if self._folder is None:
            return _draw_room(random, _NEAR_M, _RT60)
        paths = [self._folder / file for file in self._files]
        drawn = draw_readable(paths, 1, random)
        if not drawn:
            raise AudioError("cannot be put into a room: none of the folder's can be read")
        [at] = drawn
        channel = int(random.integers(count_channels(paths[at])))
        return {"response": self._files[at], "channel": channel}

    def apply(self, waveform: np.ndarray, sample_rate: int, parameters: Parameters) -> np.ndarray:
        """Convolve with it; see `Augmentation.apply`."""
        if "response" not in parameters:
            response = _simulate(sample_rate, parameters)
            return convolve_at_level(waveform, response, _lead(sample_rate))
        if self._folder is None:
            raise AudioError(f"cannot be put into {parameters['response']}: no --rooms are given")
        path = self._folder / str(parameters["response"])
        recorded = RECORDINGS.read(path, sample_rate, int(parameters["channel"])).waveform
        # The direct sound is the loudest; what comes long before it is the hiss of silence.
        direct = int(np.argmax(np.abs(recorded)))
        lead = min(direct, _lead(sample_rate))
        end = direct + _LONGEST_RESPONSE_SECONDS * sample_rate
        return convolve_at_level(waveform, recorded[direct - lead : end], lead)


class FarField(Augmentation):
    """A microphone 3 to 6 m away in a simulated room, in the pink noise of that room.

    More reaches it by the walls than straight from the mouth. High frequencies are lost in the air
    and where the speaker looks elsewhere.
    """

    name: ClassVar[str] = "far-field"
    place: ClassVar[Place] = Place.ROOM
    about: ClassVar[str] = "a distant microphone in a noisy room"

    def draw(self, random: np.random.Generator, speaker: str = "") -> Parameters:
        """Draw the room, the loss of treble, the noise and its ratio; see `Augmentation.draw`."""
        return {
            **_draw_room(random, _FAR_M, _FAR_RT60),
            "treble_db": round(-float(random.uniform(*_TURNED_DB)), 3),
            "snr_db": float(random.uniform(*self.material.snr_db)),
            "noise_seed": draw_seed(random),
        }

    def apply(self, waveform: np.ndarray, sample_rate: int, parameters: Parameters) -> np.ndarray:
        """Send it through the room; see `Augmentation.apply`."""
        response = _simulate(sample_rate, parameters)
        response = _lower_treble(response, sample_rate, float(parameters["treble_db"]))
        far = convolve_at_level(waveform, response, _lead(sample_rate))
        random = np.random.default_rng(int(parameters["noise_seed"]))
        noise = make_coloured(len(far), sample_rate, 1, random)
        return add_at_snr(far, noise, float(parameters["snr_db"]))


def convolve_at_level(waveform: np.ndarray, response: np.ndarray, lead: int) -> np.ndarray:
    """Convolve with an impulse response, keeping the length, the position and the level.

    Parameters
    ----------
    waveform : numpy.ndarray
        float32, shape (samples,).
    response : numpy.ndarray
        float32, shape (taps,).
    lead : int
        Where the direct sound is in the response.

    Returns
    -------
    numpy.ndarray
        float32, shape (samples,), of the RMS of the waveform.
    """
    wet = oaconvolve(waveform, response)[lead : lead + len(waveform)]
    level = rms(wet)
    return (wet * (rms(waveform) / level if level else 1.0)).astype(np.float32)


def _lead(sample_rate: int) -> int:
    return round(LEAD_SECONDS * sample_rate)


def _draw_room(
    random: np.random.Generator, distance_m: tuple[float, float], rt60_s: tuple[float, float]
) -> Parameters:
    """Draw a room that holds a mouth and a microphone so far apart."""
    distance = random.uniform(*distance_m)
    while True:
        size = random.uniform(_SMALLEST, _LARGEST)
        source = np.append(random.uniform(_FROM_WALLS, size[:2] - _FROM_WALLS), 0)
        source[2] = random.uniform(*_MOUTH)
        height, angle = random.uniform(*_MICROPHONE), random.uniform(0, 2 * math.pi)
        across = math.sqrt(max(distance**2 - (height - source[2]) ** 2, 0))
        away = np.array([across * math.cos(angle), across * math.sin(angle), 0])
        microphone = np.array([*source[:2], height]) + away
        if np.all((microphone >= _FROM_WALLS) & (microphone <= size - _FROM_WALLS)):
            break
    numbers = [*size, *source, *microphone, random.uniform(*rt60_s)]
    # To the mm and the ms, so that tables can be read.
    values = [round(float(number), 3) for number in numbers]
    return {**dict(zip(_ROOM_KEYS, values, strict=True)), "seed": draw_seed(random)}


_ROOM_KEYS = (
    *("length_m", "width_m", "height_m"),
    *("source_x_m", "source_y_m", "source_z_m"),
    *("microphone_x_m", "microphone_y_m", "microphone_z_m"),
    "rt60_s",
)


def _simulate(sample_rate: int, parameters: Parameters) -> np.ndarray:
    numbers = [float(parameters[key]) for key in _ROOM_KEYS]
    size, source, microphone = (
        (numbers[at], numbers[at + 1], numbers[at + 2]) for at in range(0, 9, 3)
    )
    room = ShoeBox(size, source, microphone, numbers[9], int(parameters["seed"]))
    return simulate_response(room, sample_rate)


def _lower_treble(response: np.ndarray, sample_rate: int, treble_db: float) -> np.ndarray:
    """Change the level from 1 kHz on, by the octave, until the whole is reached at 8 kHz."""
    # What the filter spreads forward from the start comes round to behind the end.
    size = fft.next_fast_len(len(response) + sample_rate // 10, real=True)
    hertz = np.clip(fft.rfftfreq(size, 1 / sample_rate), *_TREBLE_HZ)
    low, high = _TREBLE_HZ
    gain = 10 ** (treble_db / 20 * np.log(hertz / low) / math.log(high / low))
    return fft.irfft(fft.rfft(response, size) * gain, size)[: len(response)]

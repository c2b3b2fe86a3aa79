"""Recordings that have gone through one codec, or through two."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from src.utils.audio.augmentations.augmentation import (
    Augmentation,
    Material,
    Parameters,
    Place,
    Value,
)
from src.utils.audio.augmentations.codecs import CODECS, available_codecs
from src.utils.errors import ArgumentError

_TURNS = ("first", "second")


class Coded(Augmentation):
    """Encoded and decoded by the codec of the same name, at one of its bit rates.

    Parameters
    ----------
    material : Material
        See `Augmentation`; codecs need none.

    Raises
    ------
    ArgumentError
        When this installation lacks the codec; it tells those that are there.
    """

    place: ClassVar[Place] = Place.CODEC

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        missing = CODECS[self.name].missing
        if missing:
            raise ArgumentError(
                f"--kind={self.name}: {missing}; codecs that are there: "
                f"{', '.join(available_codecs())}"
            )

    @classmethod
    def suffices(cls, material: Material) -> bool:
        """Say whether this installation has the codec; see `Augmentation.suffices`."""
        return not CODECS[cls.name].missing

    def draw(self, random: np.random.Generator, speaker: str = "") -> Parameters:
        """Draw the bit rate, where the codec has several; see `Augmentation.draw`."""
        return _draw_setting(self.name, random) if self._is_variable else {}

    def apply(self, waveform: np.ndarray, sample_rate: int, parameters: Parameters) -> np.ndarray:
        """Encode and decode; see `Augmentation.apply`."""
        codec = CODECS[self.name]
        setting = parameters if self._is_variable else codec.settings[0]
        return codec.through(waveform, sample_rate, setting)

    @property
    def _is_variable(self) -> bool:
        return len(CODECS[self.name].settings) > 1


class Aac(Coded):
    """MPEG-4 AAC-LC by FFmpeg's encoder: video, broadcast and streams."""

    name: ClassVar[str] = "aac"
    about: ClassVar[str] = "MPEG-4 AAC-LC, 16 to 128 kbit/s"


class Opus(Coded):
    """Opus (RFC 6716) by libopus: calls over the internet and voice messages."""

    name: ClassVar[str] = "opus"
    about: ClassVar[str] = "Opus, 6 to 64 kbit/s"


class Mp3(Coded):
    """MPEG-1 and MPEG-2 Layer III by LAME."""

    name: ClassVar[str] = "mp3"
    about: ClassVar[str] = "MP3, 16 to 128 kbit/s"


class Vorbis(Coded):
    """Vorbis by libvorbis, whose bit rate varies with what is said."""

    name: ClassVar[str] = "vorbis"
    about: ClassVar[str] = "Vorbis, quality 0 to 5"


class Amr(Coded):
    """AMR narrow-band (3GPP TS 26.071) by OpenCORE: mobile calls."""

    name: ClassVar[str] = "amr"
    about: ClassVar[str] = "AMR narrow-band, 4.75 to 12.2 kbit/s"


class G722(Coded):
    """ITU-T G.722, sub-band ADPCM: wide-band telephony."""

    name: ClassVar[str] = "g722"
    about: ClassVar[str] = "G.722 wide-band telephony, 64 kbit/s"


class Gsm(Coded):
    """GSM 06.10 full rate: mobile calls of the second generation."""

    name: ClassVar[str] = "gsm"
    about: ClassVar[str] = "GSM 06.10 full rate, 13 kbit/s"


class MuLaw(Coded):
    """ITU-T G.711 mu-law: landlines of North America and Japan."""

    name: ClassVar[str] = "mu-law"
    about: ClassVar[str] = "G.711 mu-law, 8 kHz"


class ALaw(Coded):
    """ITU-T G.711 A-law: landlines elsewhere."""

    name: ClassVar[str] = "a-law"
    about: ClassVar[str] = "G.711 A-law, 8 kHz"


class G721(Coded):
    """ITU-T G.721, ADPCM at 32 kbit/s (since in G.726): cordless telephones and trunks."""

    name: ClassVar[str] = "g721"
    about: ClassVar[str] = "G.721 ADPCM, 32 kbit/s"


class Transcoding(Augmentation):
    """Encoded and decoded by one codec and then by another, as where networks meet."""

    name: ClassVar[str] = "transcoding"
    place: ClassVar[Place] = Place.CODEC
    about: ClassVar[str] = "two different codecs, one after the other"

    def draw(self, random: np.random.Generator, speaker: str = "") -> Parameters:
        """Draw both codecs and their bit rates; see `Augmentation.draw`."""
        names = random.choice(available_codecs(), len(_TURNS), replace=False)
        drawn: Parameters = {}
        for turn, name in zip(_TURNS, map(str, names), strict=True):
            drawn[turn] = name
            for key, value in _draw_setting(name, random).items():
                drawn[f"{turn}_{key}"] = value
        return drawn

    def apply(self, waveform: np.ndarray, sample_rate: int, parameters: Parameters) -> np.ndarray:
        """Encode and decode twice; see `Augmentation.apply`."""
        for turn in _TURNS:
            setting = _setting_of(turn, parameters)
            waveform = CODECS[str(parameters[turn])].through(waveform, sample_rate, setting)
        return waveform


def _draw_setting(name: str, random: np.random.Generator) -> Parameters:
    settings = CODECS[name].settings
    return dict(settings[int(random.integers(len(settings)))])


def _setting_of(turn: str, parameters: Mapping[str, Value]) -> Parameters:
    start = f"{turn}_"
    return {key[len(start) :]: value for key, value in parameters.items() if key.startswith(start)}

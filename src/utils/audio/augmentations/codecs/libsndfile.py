"""Codecs of libsndfile (https://libsndfile.github.io/libsndfile), by files in memory."""

from dataclasses import dataclass
from io import BytesIO

import numpy as np
import soundfile

from src.utils.audio.augmentations.codecs.codec import Codec, Setting

_WRITTEN_AT_ONCE = 1 << 14
"""Samples; the Vorbis encoder holds on the stack what it is given at once."""


@dataclass(frozen=True)
class LibsndfileCodec(Codec):
    """A codec by libsndfile's names; its decoded samples are neither early nor late.

    Attributes
    ----------
    container, subtype : str
        libsndfile's names of the format and of the encoding.
    """

    container: str
    subtype: str

    @property
    def missing(self) -> str:
        """What the build of libsndfile lacks; see `Codec.missing`."""
        if soundfile.check_format(self.container, self.subtype):
            return ""
        return f"this build of libsndfile does not encode {self.subtype}"

    def code(self, samples: np.ndarray, rate: int, setting: Setting) -> np.ndarray:
        """Encode and decode; see `Codec.code`."""
        return self.decode(self.encode(samples, rate, setting))

    def encode(self, samples: np.ndarray, rate: int, setting: Setting) -> bytes:
        """Return samples as the bytes of a file.

        Parameters
        ----------
        samples : numpy.ndarray
            float32, shape (samples,).
        rate : int
            One of `rates`, Hz.
        setting : Setting
            Its `quality`, where there is one, is what the encoder is asked for.
        """
        stored = BytesIO()
        # libsndfile counts from the best quality, 0, to the smallest file, 1.
        level = 1.0 - float(setting["quality"]) if "quality" in setting else None
        with soundfile.SoundFile(
            stored,
            "w",
            rate,
            1,
            format=self.container,
            subtype=self.subtype,
            compression_level=level,
        ) as file:
            for start in range(0, len(samples), _WRITTEN_AT_ONCE):
                file.write(samples[start : start + _WRITTEN_AT_ONCE])
        return stored.getvalue()

    def decode(self, encoded: bytes) -> np.ndarray:
        """Return the samples of a file, at least as many as were encoded.

        Parameters
        ----------
        encoded : bytes
            By `encode`.
        """
        samples, _ = soundfile.read(BytesIO(encoded), dtype="float32")
        return samples

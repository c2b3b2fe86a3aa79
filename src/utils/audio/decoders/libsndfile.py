"""Decoding by libsndfile (https://libsndfile.github.io/libsndfile), which believes headers."""

import io
from collections.abc import Iterator

import numpy as np
import soundfile

from src.utils.audio.decoders.decoder import Source
from src.utils.errors import AudioError


class LibsndfileDecoder:
    """A recording opened by libsndfile.

    Parameters
    ----------
    source : pathlib.Path or io.RawIOBase
        The file, or a part of it.

    Raises
    ------
    AudioError
        When libsndfile does not read it.
    """

    sound_bytes = 0

    def __init__(self, source: Source) -> None:
        self._source = source
        try:
            self._stream = soundfile.SoundFile(source)
        except (soundfile.LibsndfileError, RuntimeError, ValueError) as error:
            reason = getattr(error, "error_string", None) or str(error)
            raise AudioError(f"cannot be opened as audio: {reason.strip()}") from error
        self.sample_rate: int = self._stream.samplerate
        self.channels: int = self._stream.channels
        self.subtype: str = self._stream.subtype
        self.warnings: list[str] = []
        self._n_read = 0

    @property
    def lacking(self) -> int:
        """Samples per channel that the header tells of and that did not come."""
        return self._stream.frames - self._n_read if self._n_read else 0

    def count(self) -> int:
        """Return the samples per channel that the header tells."""
        return self._stream.frames

    def estimate(self) -> int:
        """Return what `count` does."""
        return self.count()

    def blocks(self, frames: int) -> Iterator[np.ndarray]:
        """Yield blocks as `Decoder.blocks` says.

        Parameters
        ----------
        frames : int
            Of a block, at least 1.
        """
        while True:
            try:
                block = self._stream.read(frames, dtype="float32", always_2d=True)
            except (soundfile.LibsndfileError, RuntimeError) as error:
                reason = getattr(error, "error_string", None) or str(error)
                raise AudioError(f"cannot be decoded: {reason.strip()}") from error
            if not len(block):
                return
            self._n_read += len(block)
            yield block

    def close(self) -> None:
        """Close the file."""
        self._stream.close()
        if isinstance(self._source, io.RawIOBase):
            self._source.close()

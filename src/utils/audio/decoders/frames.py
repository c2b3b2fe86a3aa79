"""What FFmpeg's decoders give, frame by frame, as blocks of float32; what does not decode, counted.

Every module that calls PyAV imports this one, which keeps FFmpeg from writing to the terminal what
is told of the file here.
"""

from collections.abc import Iterable, Iterator

import av
import av.logging
import numpy as np
from av.audio.plane import AudioPlane

from src.utils.audio.info import LOSSLESS_CODECS
from src.utils.errors import AudioError

av.logging.set_level(None)

_MAX_DAMAGED = 0.01
"""Largest share of packets that may not decode of a recording that is used, with a warning."""

_ALWAYS_TOLERATED = 3
"""Packets that may not decode of however short a recording: a tenth of a second or less."""

_SCALES: dict[str, tuple[type[np.number], float]] = {
    "u8": (np.uint8, 1 / 128),
    "s16": (np.int16, 1 / 32_768),
    "s32": (np.int32, 1 / 2_147_483_648),
    "s64": (np.int64, 1 / 9_223_372_036_854_775_808),
    "flt": (np.float32, 1.0),
    "dbl": (np.float64, 1.0),
}
"""Type of a sample and what makes full scale 1 of it, by FFmpeg's name of the format."""

_SUBTYPES = {
    "mp1float": "MPEG_LAYER_I",
    "mp2float": "MPEG_LAYER_II",
    "mp3float": "MPEG_LAYER_III",
    "mp1": "MPEG_LAYER_I",
    "mp2": "MPEG_LAYER_II",
    "mp3": "MPEG_LAYER_III",
    "gsm_ms": "GSM610",
    "pcm_mulaw": "ULAW",
    "pcm_alaw": "ALAW",
    "pcm_f32le": "FLOAT",
    "pcm_f32be": "FLOAT",
    "pcm_f64le": "DOUBLE",
    "pcm_f64be": "DOUBLE",
    "libopencore_amrnb": "AMR_NB",
    "amrnb": "AMR_NB",
    "libopencore_amrwb": "AMR_WB",
    "amrwb": "AMR_WB",
    "libopus": "OPUS",
}
"""Codecs by FFmpeg's name of the decoder, where upper case alone would not name them."""

_INTEGER_BITS = {"u8": 8, "s16": 16, "s32": 24}
"""Bits of a lossless codec's samples by the format that they are decoded to."""


class FrameConverter:
    """Turns a decoder's frames into float32 with the sample rate and channels of the first.

    Parameters
    ----------
    first : av.AudioFrame
        The first frame.
    """

    def __init__(self, first: av.AudioFrame) -> None:
        self.sample_rate: int = first.sample_rate
        self.channels: int = first.layout.nb_channels
        self.warnings: list[str] = []
        self._layout = first.layout
        self._samples = _Samples(first.format)
        self._resampler: av.AudioResampler | None = None

    def convert(self, frame: av.AudioFrame) -> np.ndarray:
        """Return a frame as float32 of shape (frames, channels), full scale at 1.

        Parameters
        ----------
        frame : av.AudioFrame
            In the order of decoding.
        """
        if (frame.sample_rate, frame.layout.nb_channels) == (self.sample_rate, self.channels):
            return self._samples.read(frame)
        if self._resampler is None:
            self.warnings.append("its sample rate or channels change within it")
            self._resampler = av.AudioResampler("fltp", self._layout, self.sample_rate)
        resampled = self._resampler.resample(frame)
        parts = [_Samples(part.format).read(part) for part in resampled]
        return np.concatenate(parts) if parts else np.empty((0, self.channels), np.float32)


class Damage:
    """Counts packets, and those that do not decode."""

    def __init__(self) -> None:
        self.n_packets = 0
        self.n_damaged = 0

    @property
    def text(self) -> str:
        """How many of how many do not decode."""
        return f"{self.n_damaged:,} of its {self.n_packets:,} packets do not decode"

    @property
    def warnings(self) -> list[str]:
        """What is to be told of the recording."""
        return [self.text] if self.n_damaged else []

    def check(self) -> None:
        """Refuse a recording of which too much does not decode.

        Raises
        ------
        AudioError
            Saying how much.
        """
        if self.n_damaged > max(_ALWAYS_TOLERATED, _MAX_DAMAGED * self.n_packets):
            raise AudioError(f"is damaged: {self.text}")


def gather(parts: Iterable[np.ndarray], frames: int, channels: int) -> Iterator[np.ndarray]:
    """Put parts of any length together to blocks of one, the last of which may be shorter.

    Parameters
    ----------
    parts : iterable of numpy.ndarray
        float32, each of shape (frames, channels).
    frames : int
        Of a block.
    channels : int
        How many.

    Yields
    ------
    numpy.ndarray
        float32, shape (frames, channels).
    """
    buffer = np.empty((frames, channels), np.float32)
    filled = 0
    for part in parts:
        taken = 0
        while taken < len(part):
            size = min(frames - filled, len(part) - taken)
            buffer[filled : filled + size] = part[taken : taken + size]
            filled += size
            taken += size
            if filled == frames:
                yield buffer
                buffer = np.empty((frames, channels), np.float32)
                filled = 0
    if filled:
        yield buffer[:filled]


def name_subtype(decoder: str, sample_format: str) -> str:
    """Name a codec as libsndfile does where it knows it, with its bits where it is lossless.

    >>> name_subtype("pcm_s16le", "s16"), name_subtype("alac", "s32p"), name_subtype("aac", "fltp")
    ('PCM_16', 'ALAC_24', 'AAC')

    Parameters
    ----------
    decoder : str
        FFmpeg's name of the decoder.
    sample_format : str
        FFmpeg's name of what it gives.
    """
    name = _SUBTYPES.get(decoder, decoder.upper())
    bits = _INTEGER_BITS.get(sample_format.rstrip("p"))
    if bits is None:
        return name
    if name in LOSSLESS_CODECS:
        return f"{name}_{bits}"
    if name == "FLAC" or name.startswith(("PCM_S", "PCM_U")):
        return f"PCM_{bits}"
    return name


class _Samples:
    """Reads the samples of frames of one format."""

    def __init__(self, sample_format: av.AudioFormat) -> None:
        self._dtype, self._scale = _SCALES[sample_format.name.rstrip("p")]
        self._is_planar = sample_format.is_planar

    def read(self, frame: av.AudioFrame) -> np.ndarray:
        """Return float32 of shape (frames, channels), full scale at 1."""
        n_channels = frame.layout.nb_channels
        if self._is_planar and n_channels > 1:
            raw = np.stack([self._plane(plane)[: frame.samples] for plane in frame.planes], axis=1)
        else:
            raw = self._plane(frame.planes[0])[: frame.samples * n_channels]
            raw = raw.reshape(-1, n_channels)
        if self._dtype is np.float32:
            return raw
        if self._dtype is np.uint8:
            raw = raw.astype(np.float32) - 128
        return (raw * self._scale).astype(np.float32)

    def _plane(self, plane: AudioPlane) -> np.ndarray:
        # A memoryview first, as types want it, would take longer than all else together.
        return np.frombuffer(plane, self._dtype)  # type: ignore[call-overload]

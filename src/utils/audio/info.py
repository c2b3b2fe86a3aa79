"""What is known of a recording before a sample of it is heard, and what no recording may claim."""

from dataclasses import dataclass

from src.utils.errors import AudioError

MIN_RATE, MAX_RATE = 1_000, 768_000
"""Sample rates in Hz that converters have; of others a second would be anything."""

MAX_CHANNELS = 64
MAX_SECONDS = 48 * 3600
"""Longest recording: two days, above which a length is more likely a fault."""

PCM_BITS = {"PCM_S8": 8, "PCM_U8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32}
"""Bits of a sample by subtype, for those that are integers."""

LOSSLESS_CODECS = ("ALAC", "WAVPACK", "TTA", "APE", "TAK", "SHORTEN", "TRUEHD", "MLP")
"""Codecs from which every sample comes back as it was; a subtype has their bits at its end."""


@dataclass(frozen=True)
class AudioInfo:
    """A recording's rate, length, channels and format.

    Attributes
    ----------
    sample_rate : int
        Hz, of what is decoded.
    frames : int
        Samples per channel that a decoder gives, not what a header claims.
    channels : int
        How many there are.
    format, subtype : str
        Container and codec or sample format, as libsndfile names them where it knows them, for
        instance `WAV` and `PCM_16`, or `MP4` and `AAC`.
    bit_rate : int
        Bits of the encoded sound in a second, 0 where the codec is lossless.
    original_rate : int
        Hz before encoding where the file tells (Opus does, which is decoded at 48 kHz whatever it
        was), else `sample_rate`.
    warnings : tuple of str
        What is odd about the file though it is heard whole, each as said of it.
    """

    sample_rate: int
    frames: int
    channels: int
    format: str
    subtype: str
    bit_rate: int = 0
    original_rate: int = 0
    warnings: tuple[str, ...] = ()

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.frames / self.sample_rate


def bits_of(subtype: str) -> int:
    """Return the bits of an integer sample, 0 for lossy and floating-point formats.

    Parameters
    ----------
    subtype : str
        Such as `PCM_16` or `ALAC_24`.
    """
    codec, _, bits = subtype.rpartition("_")
    if codec in LOSSLESS_CODECS:
        return int(bits)
    return PCM_BITS.get(subtype, 0)


def is_lossless(subtype: str) -> bool:
    """Say whether samples come back from a format as they were put in.

    Parameters
    ----------
    subtype : str
        Such as `PCM_16`, `FLOAT` or `AAC`.
    """
    return bool(bits_of(subtype)) or subtype in ("FLOAT", "DOUBLE", "PCM_64")


def check_format(sample_rate: int, channels: int) -> None:
    """Refuse a sample rate or a number of channels that no recording has.

    Parameters
    ----------
    sample_rate : int
        Hz.
    channels : int
        How many.

    Raises
    ------
    AudioError
        Saying which.
    """
    if not MIN_RATE <= sample_rate <= MAX_RATE:
        raise AudioError(
            f"claims a sample rate of {sample_rate:,} Hz; recordings have {MIN_RATE:,} to "
            f"{MAX_RATE:,} Hz"
        )
    if not 1 <= channels <= MAX_CHANNELS:
        raise AudioError(f"claims {channels:,} channels; recordings have 1 to {MAX_CHANNELS}")


def check_duration(frames: int, sample_rate: int) -> None:
    """Refuse a recording that is longer than `MAX_SECONDS`.

    Parameters
    ----------
    frames : int
        Samples per channel.
    sample_rate : int
        Hz.

    Raises
    ------
    AudioError
        Saying how long it is.
    """
    if frames > MAX_SECONDS * sample_rate:
        raise AudioError(
            f"is {frames / sample_rate / 3600:,.0f} h long, over {MAX_SECONDS // 3600} h: cut it"
        )

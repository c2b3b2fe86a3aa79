"""Where the sound of a file lies and how long it is, by its bytes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO


@dataclass(frozen=True)
class MpegPackets:
    """The frames of an MP3.

    Attributes
    ----------
    bounds : sequence of int
        Where each frame of sound starts, and where the last one ends.
    layer : int
        1 to 3.
    skipped : int
        Samples at the start that the encoder and the decoder have added.
    """

    bounds: Sequence[int]
    layer: int
    skipped: int


@dataclass(frozen=True)
class Extent:
    """Where the sound of a file lies, and what its headers say of that.

    Attributes
    ----------
    frames : int or None
        Samples per channel, None where only a decoder can tell.
    claimed : float
        The bytes of sound that the header claims, as a multiple of what is there.
    claimed_frames : int
        Samples per channel that it claims of a file that is cut short, 0 where it is not.
    sound_bytes : int
        Bytes of encoded sound, 0 where they have not been counted.
    trailing : int
        Bytes behind the sound that nothing accounts for.
    warnings : tuple of str
        What is odd, as said of the file.
    is_believable : bool
        Whether the header's length is right, so that a decoder that trusts it hears all.
    patches : mapping of int to bytes
        What the header should say, by position: for a decoder that believes it.
    links : tuple of (int, int)
        Where in the file each of several streams one after the other starts and ends, or the only
        one where more lies behind it; empty for the whole file.
    packets : MpegPackets or None
        Of an MP3 whose frames follow each other to its end.
    original_rate : int
        Sample rate in Hz before encoding where the file tells another than its own, else 0.
    codec : str
        The codec, where the container must be read to know it.
    """

    frames: int | None = None
    claimed: float = 1.0
    claimed_frames: int = 0
    sound_bytes: int = 0
    trailing: int = 0
    warnings: tuple[str, ...] = ()
    is_believable: bool = True
    patches: Mapping[int, bytes] = field(default_factory=dict)
    links: tuple[tuple[int, int], ...] = ()
    packets: MpegPackets | None = None
    original_rate: int = 0
    codec: str = ""


Inspector = Callable[[BinaryIO, int, int], Extent]
"""Of a file opened for reading, where the format begins in it, and the file's size in bytes."""

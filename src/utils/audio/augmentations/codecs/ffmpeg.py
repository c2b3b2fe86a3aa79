"""Codecs of FFmpeg's libraries, which PyAV brings along (https://pyav.basswood-io.com)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import cast

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext

from src.utils.audio.augmentations.codecs.codec import Codec, Setting

_FULL_SCALE = 1 << 15
"""Of 16-bit samples."""
_FLUSHED_SECONDS = 0.04
"""Silence behind the samples, so that the last of them leave every decoder."""


@dataclass(frozen=True)
class Stream:
    """What an encoder makes of samples.

    Attributes
    ----------
    packets : list of bytes
        In their order.
    header : bytes
        What the decoder needs besides them; may be empty.
    delay : int
        Samples by which the decoded begin before the first given sample.
    """

    packets: list[bytes]
    header: bytes
    delay: int


@dataclass(frozen=True)
class FFmpegCodec(Codec):
    """A codec by FFmpeg's names of its encoder and its decoder; packets are never stored.

    Attributes
    ----------
    encoder, decoder : str
        FFmpeg's names.
    sample_format : str
        What the encoder takes: `s16`, `flt` or `fltp`.
    options : mapping of str to str
        Of the encoder.
    delay : int or None
        Samples; None for what the encoder tells.
    """

    encoder: str
    decoder: str
    sample_format: str
    options: Mapping[str, str] = field(default_factory=dict)
    delay: int | None = None

    @property
    def missing(self) -> str:
        """What the build of PyAV lacks; see `Codec.missing`."""
        try:
            av.Codec(self.encoder, "w")
        except (ValueError, av.FFmpegError):
            return f"this build of PyAV has no encoder {self.encoder}"
        try:
            av.Codec(self.decoder, "r")
        except (ValueError, av.FFmpegError):
            return f"this build of PyAV has no decoder {self.decoder}"
        return ""

    def code(self, samples: np.ndarray, rate: int, setting: Setting) -> np.ndarray:
        """Encode and decode; see `Codec.code`."""
        return self.decode(self.encode(samples, rate, int(setting["bit_rate"])), rate)

    def encode(self, samples: np.ndarray, rate: int, bit_rate: int) -> Stream:
        """Encode samples, and silence for as long as the decoder is late.

        Parameters
        ----------
        samples : numpy.ndarray
            float32, shape (samples,).
        rate : int
            One of `rates`, Hz.
        bit_rate : int
            What the encoder is asked for, bit/s.
        """
        context = cast(AudioCodecContext, av.CodecContext.create(self.encoder, "w"))
        context.sample_rate = rate
        context.layout = "mono"
        context.format = av.AudioFormat(self.sample_format)
        context.bit_rate = bit_rate
        context.time_base = Fraction(1, rate)
        context.thread_count = 1
        context.options = dict(self.options)
        padded = np.pad(samples, (0, round(_FLUSHED_SECONDS * rate)))
        if self.sample_format == "s16":
            limits = np.iinfo(np.int16)
            padded = np.rint(padded * _FULL_SCALE).clip(limits.min, limits.max).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(padded[None], format=self.sample_format, layout="mono")
        frame.sample_rate = rate
        frame.time_base = context.time_base
        frame.pts = 0
        packets = [*context.encode(frame), *context.encode(None)]
        # The first begins as long before the first sample as the encoder looks ahead.
        told = -(packets[0].pts or 0)
        delay = told if self.delay is None else self.delay
        return Stream([bytes(packet) for packet in packets], context.extradata or b"", delay)

    def decode(self, stream: Stream, rate: int) -> np.ndarray:
        """Decode a stream, and take its delay off.

        Parameters
        ----------
        stream : Stream
            By `encode`.
        rate : int
            The rate that was encoded, Hz.

        Returns
        -------
        numpy.ndarray
            float32, shape (samples,).
        """
        return self.decode_packets(stream.packets, stream.header, rate)[stream.delay :]

    def decode_packets(self, packets: Sequence[bytes], header: bytes, rate: int) -> np.ndarray:
        """Decode packets, each of which gives as many samples as it holds.

        Parameters
        ----------
        packets : sequence of bytes
            In their order.
        header : bytes
            What the decoder needs besides them; may be empty.
        rate : int
            The rate that was encoded, Hz.

        Returns
        -------
        numpy.ndarray
            float32, shape (samples,).
        """
        context = cast(AudioCodecContext, av.CodecContext.create(self.decoder, "r"))
        context.sample_rate = rate
        context.layout = "mono"
        context.thread_count = 1
        # Else some decoders take the delay off and others do not.
        context.options = {"flags2": "+skip_manual"}
        if header:
            context.extradata = header
        frames = [frame for packet in packets for frame in context.decode(av.Packet(packet))]
        frames += context.decode(None)
        samples = np.concatenate([frame.to_ndarray().ravel() for frame in frames])
        if samples.dtype == np.int16:
            return samples.astype(np.float32) / _FULL_SCALE
        return samples.astype(np.float32, copy=False)

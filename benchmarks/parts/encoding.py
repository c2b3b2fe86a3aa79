"""Clips in the formats that people send, written by real encoders, and decoded as anyone would."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import soundfile


@dataclass(frozen=True)
class Form:
    """A format to measure.

    Attributes
    ----------
    name : str
        As it is shown.
    suffix : str
        Of its files.
    rate : int
        Hz.
    subtype : str
        Of libsndfile's encoder, empty where FFmpeg writes.
    muxer, codec, sample_format : str
        Of FFmpeg's encoder.
    bit_rate : int
        Of FFmpeg's encoder, bit/s.
    """

    name: str
    suffix: str
    rate: int
    subtype: str = ""
    muxer: str = ""
    codec: str = ""
    sample_format: str = ""
    bit_rate: int = 0


FORMS = (
    Form("WAV 16 kHz", ".wav", 16_000, "PCM_16"),
    Form("FLAC 16 kHz", ".flac", 16_000, "PCM_16"),
    Form("WAV 44.1 kHz", ".wav", 44_100, "PCM_16"),
    Form("FLAC 44.1 kHz", ".flac", 44_100, "PCM_16"),
    Form("Vorbis 44.1 kHz", ".ogg", 44_100, "VORBIS"),
    Form("MP3 44.1 kHz", ".mp3", 44_100, "MPEG_LAYER_III"),
    Form("Opus 48 kHz", ".opus", 48_000, "", "ogg", "libopus", "s16", 24_000),
    Form("WebM Opus 48 kHz", ".webm", 48_000, "", "webm", "libopus", "s16", 32_000),
    Form("M4A AAC 44.1 kHz", ".m4a", 44_100, "", "ipod", "aac", "fltp", 64_000),
    Form("M4A ALAC 44.1 kHz", ".m4a", 44_100, "", "ipod", "alac", "s16p", 0),
    Form("AMR 8 kHz", ".amr", 8_000, "", "amr", "libopencore_amrnb", "s16", 12_200),
    Form("WMA 44.1 kHz", ".wma", 44_100, "", "asf", "wmav2", "fltp", 64_000),
)


def write_form(path: Path, samples: np.ndarray, form: Form) -> None:
    """Write a waveform.

    Parameters
    ----------
    path : pathlib.Path
        The file to write.
    samples : numpy.ndarray
        float32, shape (frames,), at the form's rate.
    form : Form
        How.
    """
    if form.subtype:
        soundfile.write(path, samples, form.rate, subtype=form.subtype)
        return
    whole = np.round(samples * 32_767).astype(np.int16)[None]
    with av.open(str(path), "w", format=form.muxer) as container:
        stream = container.add_stream(form.codec, rate=form.rate)
        stream.codec_context.layout = "mono"
        stream.codec_context.format = form.sample_format
        if form.bit_rate:
            stream.bit_rate = form.bit_rate
        resampler = av.AudioResampler(form.sample_format, "mono", form.rate)
        frame = av.AudioFrame.from_ndarray(whole, format="s16p", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = form.rate, 0, Fraction(1, form.rate)
        size = stream.codec_context.frame_size or 4096
        fifo = av.AudioFifo()
        for converted in resampler.resample(frame):
            fifo.write(converted)
        for part in [*fifo.read_many(size, partial=True), None]:
            container.mux(stream.encode(part))


def decode_plainly(paths: Iterable[Path]) -> None:
    """Decode and keep nothing, by soundfile where it reads the format, else by PyAV.

    Parameters
    ----------
    paths : iterable of pathlib.Path
        The clips.
    """
    for path in paths:
        if path.suffix in (".wav", ".flac", ".ogg", ".mp3"):
            soundfile.read(path, dtype="float32")
            continue
        with av.open(str(path)) as container:
            for _ in container.decode(audio=0):
                pass


def read_by_ffmpeg(path: Path, sample_rate: int) -> np.ndarray:
    """Decode a clip and change its rate by FFmpeg alone, as users of PyAV and torchcodec do.

    Parameters
    ----------
    path : pathlib.Path
        The clip.
    sample_rate : int
        The rate wanted, Hz.

    Returns
    -------
    numpy.ndarray
        float32, shape (samples,).
    """
    resampler = av.AudioResampler("flt", "mono", sample_rate)
    parts = []
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            frame.pts = None
            parts += [one.to_ndarray()[0] for one in resampler.resample(frame)]
    parts += [one.to_ndarray()[0] for one in resampler.resample(None)]
    return np.concatenate(parts)

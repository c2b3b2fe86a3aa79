"""Waveforms that have gone through a lossy encoder or another sample rate, as on their way here."""

import tempfile
from pathlib import Path
from typing import cast

import av
import numpy as np
import soxr

from src.utils.audio.info import AudioInfo
from src.utils.audio.io import read_waveform
from src.utils.audio.writing import write_blocks
from src.utils.config import SAMPLE_RATE


def through_codec(
    waveform: np.ndarray, suffix: str, codec: str, rate: int, bits_per_second: int
) -> np.ndarray:
    """Encode by an encoder of FFmpeg, and decode as any recording is read.

    Parameters
    ----------
    waveform : numpy.ndarray
        float32 at 16 kHz, shape (samples,).
    suffix : str
        Of the file, by which the container is chosen.
    codec : str
        FFmpeg's name of the encoder, such as `libmp3lame`.
    rate : int
        The sample rate that is encoded, Hz.
    bits_per_second : int
        What the encoder is asked for.

    Returns
    -------
    numpy.ndarray
        float32 at 16 kHz, shape (samples,), about as long.
    """
    samples = change_rate(waveform, SAMPLE_RATE, rate)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a{suffix}"
        with av.open(str(path), "w") as container:
            stream = cast(av.AudioStream, container.add_stream(codec, rate=rate, layout="mono"))
            stream.bit_rate = bits_per_second
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(samples, np.float32)[None], format="fltp", layout="mono"
            )
            frame.sample_rate = rate
            container.mux([*stream.encode(frame), *stream.encode(None)])
        return read_waveform(path)


def through_mu_law(waveform: np.ndarray, rate: int) -> np.ndarray:
    """Encode in 8 bits a sample by mu-law (ITU-T G.711), and decode as any recording is read.

    Parameters
    ----------
    waveform : numpy.ndarray
        float32 at `rate`, full scale at 1, shape (samples,).
    rate : int
        Its sample rate, Hz.

    Returns
    -------
    numpy.ndarray
        float32 at 16 kHz.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.wav"
        info = AudioInfo(rate, len(waveform), 1, "WAV", "ULAW")
        write_blocks(path, [waveform[:, None]], info)
        return read_waveform(path)


def change_rate(waveform: np.ndarray, native: int, wanted: int) -> np.ndarray:
    """Return a waveform at another sample rate.

    Parameters
    ----------
    waveform : numpy.ndarray
        At the native rate, shape (samples,).
    native, wanted : int
        Rates in Hz.
    """
    return waveform if native == wanted else soxr.resample(waveform, native, wanted)

"""One waveform in every form that people send, written by real encoders."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import soundfile


@dataclass(frozen=True)
class Encoding:
    """How a file is written, and what must come back.

    Attributes
    ----------
    suffix : str
        Of the file.
    format, subtype : str
        What the door must call it.
    rate : int
        Hz.
    muxer, codec : str
        FFmpeg's names; empty where libsndfile writes.
    sample_format : str
        What FFmpeg's encoder takes.
    bit_rate : int
        0 for the encoder's own.
    lossless : bool
        Whether every sample must come back.
    longer : int
        Samples by which it may come back longer or shorter, where the format does not tell.
    delay : int
        Samples by which it may come back later or earlier.
    likeness : float
        Correlation that must be left of a lossy codec.
    """

    suffix: str
    format: str
    subtype: str
    rate: int = 16_000
    muxer: str = ""
    codec: str = ""
    sample_format: str = "s16"
    bit_rate: int = 0
    lossless: bool = False
    longer: int = 0
    delay: int = 0
    likeness: float = 0.9

    @property
    def name(self) -> str:
        """A file's name that tells the encoding."""
        return f"{self.codec or self.subtype.lower()}{self.suffix}"


BY_LIBSNDFILE = (
    Encoding(".wav", "WAV", "PCM_16", lossless=True),
    Encoding(".wav", "WAV", "PCM_24", lossless=True),
    Encoding(".wav", "WAV", "ULAW"),
    Encoding(".wav", "WAV", "ALAW"),
    Encoding(".wav", "WAV", "GSM610", rate=8000, longer=640),
    Encoding(".wav", "WAV", "IMA_ADPCM", longer=1024),
    Encoding(".rf64", "RF64", "PCM_16", lossless=True),
    Encoding(".w64", "W64", "PCM_16", lossless=True),
    Encoding(".aiff", "AIFF", "PCM_16", lossless=True),
    Encoding(".au", "AU", "PCM_16", lossless=True),
    Encoding(".caf", "CAF", "PCM_16", lossless=True),
    Encoding(".caf", "CAF", "ALAC_16", lossless=True),
    Encoding(".voc", "VOC", "PCM_16", lossless=True),
    Encoding(".sph", "NIST", "PCM_16", lossless=True),
    Encoding(".flac", "FLAC", "PCM_16", lossless=True),
    Encoding(".ogg", "OGG", "VORBIS"),
    Encoding(".mp3", "MP3", "MPEG_LAYER_III"),
)

_AMR = ("libopencore_amrnb", "s16", 12_200)

BY_FFMPEG = (
    Encoding(".m4a", "MP4", "AAC", 44_100, "ipod", "aac", "fltp", 96_000),
    Encoding(".m4a", "MP4", "ALAC_16", 16_000, "ipod", "alac", "s16p", lossless=True),
    Encoding(".mp4", "MP4", "AAC", 48_000, "mp4", "aac", "fltp", 96_000),
    Encoding(".mov", "MP4", "PCM_16", 48_000, "mov", "pcm_s16le", lossless=True),
    Encoding(
        ".3gp",
        "MP4",
        "AMR_NB",
        8000,
        "3gp",
        "libopencore_amrnb",
        "s16",
        12_200,
        delay=100,
        likeness=0.6,
    ),
    Encoding(
        ".amr",
        "AMR",
        "AMR_NB",
        8000,
        "amr",
        "libopencore_amrnb",
        "s16",
        12_200,
        False,
        320,
        100,
        0.6,
    ),
    Encoding(".opus", "OGG", "OPUS", 48_000, "ogg", "libopus", "s16", 48_000),
    Encoding(".oga", "OGG", "PCM_16", 16_000, "ogg", "flac", "s16", lossless=True),
    Encoding(".webm", "MATROSKA", "OPUS", 48_000, "webm", "libopus", "s16", 48_000),
    Encoding(".mka", "MATROSKA", "PCM_16", 16_000, "matroska", "flac", "s16", lossless=True),
    Encoding(".wma", "ASF", "WMAV2", 44_100, "asf", "wmav2", "fltp", 96_000, False, 4096, 2048),
    Encoding(".aac", "ADTS", "AAC", 44_100, "adts", "aac", "fltp", 96_000, False, 2048, 1024),
    Encoding(
        ".mp2", "MP3", "MPEG_LAYER_II", 44_100, "mp2", "mp2", "s16", 128_000, False, 2304, 600
    ),
    Encoding(".ac3", "AC3", "AC3", 48_000, "ac3", "ac3", "fltp", 128_000, False, 3072, 300),
    Encoding(".wv", "WAVPACK", "WAVPACK_16", 16_000, "wv", "wavpack", "s16p", lossless=True),
    Encoding(".tta", "TTA", "TTA_16", 16_000, "tta", "tta", "s16", lossless=True),
    Encoding(".avi", "AVI", "PCM_16", 16_000, "avi", "pcm_s16le", lossless=True),
    Encoding(".ts", "MPEG-TS", "AAC", 44_100, "mpegts", "aac", "fltp", 96_000, False, 2048, 1024),
    Encoding(".flv", "FLV", "AAC", 44_100, "flv", "aac", "fltp", 96_000, False, 2048, 1024),
)

ENCODINGS = BY_LIBSNDFILE + BY_FFMPEG


def write(path: Path, samples: np.ndarray, encoding: Encoding, **options: str) -> Path:
    """Write a waveform in an encoding and return its path.

    Parameters
    ----------
    path : pathlib.Path
        The file to write.
    samples : numpy.ndarray
        float32, shape (frames,) or (frames, channels), at the encoding's rate.
    encoding : Encoding
        The encoding.
    **options : str
        What the muxer is told.
    """
    if not encoding.muxer:
        return _write_by_libsndfile(path, samples, encoding)
    planes = np.atleast_2d(np.round(samples.T * 32_768).clip(-32_768, 32_767).astype(np.int16))
    layout = {1: "mono", 2: "stereo"}[len(planes)]
    with av.open(str(path), "w", format=encoding.muxer, options=options) as container:
        add_stream(container, planes, encoding, layout)()
    return path


def add_stream(container, planes: np.ndarray, encoding: Encoding, layout: str) -> Callable:
    """Add an audio stream to a container, and return what encodes it once all are added."""
    stream = container.add_stream(encoding.codec, rate=encoding.rate)
    stream.codec_context.layout = layout
    stream.codec_context.format = encoding.sample_format
    if encoding.bit_rate:
        stream.bit_rate = encoding.bit_rate

    def encode() -> None:
        resampler = av.AudioResampler(encoding.sample_format, layout, encoding.rate)
        for start in range(0, planes.shape[1], 4096):
            part = np.ascontiguousarray(planes[:, start : start + 4096])
            frame = av.AudioFrame.from_ndarray(part, format="s16p", layout=layout)
            frame.sample_rate, frame.pts = encoding.rate, start
            frame.time_base = Fraction(1, encoding.rate)
            for converted in resampler.resample(frame):
                for packet in stream.encode(converted):
                    container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)

    return encode


def write_video(path: Path, voices: list[np.ndarray]) -> Path:
    """Write an MP4 with a picture and an audio stream of each voice, and return its path.

    Parameters
    ----------
    path : pathlib.Path
        The file to write.
    voices : list of numpy.ndarray
        float32, each of shape (frames,), at 48 kHz.
    """
    [encoding] = [one for one in BY_FFMPEG if one.suffix == ".mp4"]
    with av.open(str(path), "w", format="mp4") as container:
        picture = container.add_stream("mpeg4", rate=10)
        picture.width = picture.height = 64
        encoders = [
            add_stream(container, np.int16(32_767 * wave)[None], encoding, "mono")
            for wave in voices
        ]
        for _ in range(50):
            frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
            for packet in picture.encode(frame):
                container.mux(packet)
        for packet in picture.encode(None):
            container.mux(packet)
        for encode in encoders:
            encode()
    return path


def _write_by_libsndfile(path: Path, samples: np.ndarray, encoding: Encoding) -> Path:
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    with soundfile.SoundFile(
        path, "w", encoding.rate, channels, encoding.subtype, format=encoding.format
    ) as stream:
        # libsndfile's Vorbis encoder overflows its stack on long blocks.
        for start in range(0, len(samples), 8192):
            stream.write(samples[start : start + 8192])
    return path

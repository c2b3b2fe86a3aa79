"""The mel spectrogram that a vocoder wants, and how a recording becomes one."""

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

import librosa
import numpy as np
from pydantic import ConfigDict, Field
from scipy.sparse import csr_array

from src.utils.errors import CheckpointError
from src.utils.shapes import Shape, read_shaped

_REMEDY = "see docs/make-spoofs.md for what it holds"


class MelSettings(Shape):
    """Settings of the log-mel spectrogram that a vocoder was trained on, its JSON file.

    Attributes
    ----------
    sample_rate : int
        Hz.
    n_fft, hop_length, win_length : int
        Samples; the window, a Hann window, is as long as the transform unless it is told.
    n_mels : int
        Number of bands.
    f_min, f_max : float
        Edges of the lowest and of the highest band, Hz.
    scale : {'slaney', 'htk'}
        The mel scale.
    norm : {'slaney', 'none'}
        Whether each triangle has one area.
    log : {'e', '10', 'none'}
        Base of the logarithm.
    floor : float
        What the bands are clamped at before the logarithm.
    power : {'magnitude', 'power'}
        What the bands are sums of.
    center : bool
        Whether frame t is centred on sample ``t * hop``, as librosa and SpeechT5 have it; else half
        a hop later, as HiFi-GAN was published. The wrong one shifts spoofs by half a hop.
    layout : {'bands-first', 'frames-first'}
        The last two axes of what the vocoder is given.
    """

    # Where a name is misspelt, a default must not stand in for it.
    model_config = ConfigDict(extra="forbid", frozen=True)

    sample_rate: Annotated[int, Field(ge=4_000, le=96_000)]
    n_fft: Annotated[int, Field(ge=64, le=16_384)]
    hop_length: Annotated[int, Field(ge=16, le=8_192)]
    win_length: Annotated[int, Field(ge=16, le=16_384)] | None = None
    n_mels: Annotated[int, Field(ge=8, le=512)]
    f_min: Annotated[float, Field(ge=0, le=48_000)] = 0.0
    f_max: Annotated[float, Field(gt=0, le=48_000)]
    scale: Literal["slaney", "htk"] = "slaney"
    norm: Literal["slaney", "none"] = "slaney"
    log: Literal["e", "10", "none"] = "e"
    floor: Annotated[float, Field(ge=0, le=1)] = 1e-5
    power: Literal["magnitude", "power"] = "magnitude"
    center: bool = False
    layout: Literal["bands-first", "frames-first"] = "bands-first"


def read_mel_settings(path: Path) -> MelSettings:
    """Read the settings beside a vocoder.

    Parameters
    ----------
    path : pathlib.Path
        The JSON file.

    Raises
    ------
    CheckpointError
        When it is absent, no JSON, or its settings do not go together.
    """
    if not path.is_file():
        raise CheckpointError(f"no {path}, the settings of the vocoder's mel bands; {_REMEDY}")
    settings = MelSettings(**read_shaped(path, MelSettings, _REMEDY, CheckpointError))
    window = settings.win_length or settings.n_fft
    for is_wrong, why in (
        (settings.f_max > settings.sample_rate / 2, "f_max is above half the sample_rate"),
        (settings.f_min >= settings.f_max, "f_min is not below f_max"),
        (settings.hop_length > window, "hop_length is longer than the window"),
        (window > settings.n_fft, "win_length is longer than n_fft"),
        (settings.log != "none" and settings.floor == 0, "a floor of 0 has no logarithm"),
    ):
        if is_wrong:
            raise CheckpointError(f"{path}: {why}; {_REMEDY}")
    return settings


def compute_mel(waveform: np.ndarray, settings: MelSettings) -> np.ndarray:
    """Return the log-mel spectrogram of a waveform.

    Of frame t a vocoder makes the samples from ``t * hop`` on; see `MelSettings.center`.

    Parameters
    ----------
    waveform : numpy.ndarray
        float32 at the settings' rate, shape (samples,).
    settings : MelSettings
        Which one.

    Returns
    -------
    numpy.ndarray
        float32, shape (bands, frames), one frame a hop that has begun.
    """
    size, hop = settings.n_fft, settings.hop_length
    n_frames = -(-len(waveform) // hop)
    before = size // 2 if settings.center else (size - hop) // 2
    behind = (n_frames - 1) * hop + size - before - len(waveform)
    padded = np.pad(waveform, (before, max(0, behind)), _padding(len(waveform), before, behind))
    spectrum = np.abs(
        librosa.stft(
            padded, n_fft=size, hop_length=hop, win_length=settings.win_length, center=False
        )[:, :n_frames]
    )
    if settings.power == "power":
        spectrum = np.square(spectrum)
    mel = np.maximum(_bank(settings) @ spectrum.astype(np.float64), settings.floor)
    if settings.log != "none":
        mel = np.log(mel) if settings.log == "e" else np.log10(mel)
    return mel.astype(np.float32)


def _padding(samples: int, before: int, behind: int) -> Literal["reflect", "constant"]:
    return "reflect" if samples > max(before, behind) else "constant"


@lru_cache(maxsize=32)
def _bank(settings: MelSettings) -> csr_array:
    # Sparse, so that sums have one order, whatever the number of threads.
    return csr_array(
        librosa.filters.mel(
            sr=settings.sample_rate,
            n_fft=settings.n_fft,
            n_mels=settings.n_mels,
            fmin=settings.f_min,
            fmax=settings.f_max,
            htk=settings.scale == "htk",
            norm=None if settings.norm == "none" else settings.norm,
            dtype=np.float64,
        )
    )

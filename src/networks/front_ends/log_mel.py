"""Log-mel spectra as a front end: those of `src.utils.audio.log_mel`, in batches."""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor

from src.networks.front_ends.spectral import SpectralFrontEnd, cut_frames
from src.utils.audio import log_mel


class LogMel(SpectralFrontEnd):
    """Natural logarithms of magnitudes in bands equally wide in mel, every 10 ms.

    The parameters are YAMNet's. `bands`, `lowest_hz` and `highest_hz` can be set.

    Parameters
    ----------
    settings
        See `SpectralFrontEnd`.
    """

    name = "log-mel"
    description = "log-mel spectra"
    defaults: ClassVar[dict[str, Any]] = {
        "bands": log_mel.BANDS,
        "lowest_hz": int(log_mel.LOWEST_HZ),
        "highest_hz": int(log_mel.HIGHEST_HZ),
    }
    window: Tensor
    weights: Tensor

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__(settings)
        # Computed anew wherever they are made, so that no file can hold others.
        self.register_buffer("window", torch.tensor(log_mel.hann_window()), persistent=False)
        weights = torch.tensor(log_mel.mel_weights(**self.settings))
        self.register_buffer("weights", weights, persistent=False)

    def width(self) -> int:
        """Return the number of bands."""
        return int(self.settings["bands"])

    def frames_of(self, windows: Tensor) -> Tensor:
        """Return log-mel spectra, (batch, frames, bands), of windows (see `SpectralFrontEnd`)."""
        frames = cut_frames(windows, log_mel.WINDOW, log_mel.HOP) * self.window
        magnitudes = torch.fft.rfft(frames, log_mel.FFT_SIZE).abs()
        return torch.log(magnitudes @ self.weights + log_mel.LOG_OFFSET)

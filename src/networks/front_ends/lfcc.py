"""Linear-frequency cepstral coefficients as a front end: those of the baseline, in batches."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import scipy.fft
import torch
from torch import Tensor
from torch.nn.functional import pad

from src.networks.front_ends.spectral import SpectralFrontEnd, cut_frames
from src.utils.config import SAMPLE_RATE
from src.utils.embeddings.backbones.lfcc import cepstra
from src.utils.errors import ArgumentError


class Lfcc(SpectralFrontEnd):
    """LFCC with deltas and double deltas, every 10 ms.

    As they are, the settings are those of ASVspoof 2019's baseline (told in `cepstra`), of which
    Wang & Yamagishi (2021) took all but coefficient 0. That of the LFCC-LCNN of ASVspoof 2021 has
    `fft_size` 1024, `highest_hz` 4000 and `energy`: the common logarithm of the frame's energy in
    place of coefficient 0.

    Parameters
    ----------
    settings
        See `SpectralFrontEnd`. `coefficients` is the number of static ones and of filters.
    """

    name = "lfcc"
    description = "linear-frequency cepstral coefficients (LFCC)"
    defaults: ClassVar[dict[str, Any]] = {
        "coefficients": cepstra.N_COEFFICIENTS,
        "fft_size": cepstra.FFT_SIZE,
        "highest_hz": SAMPLE_RATE // 2,
        "energy": False,
    }
    window: Tensor
    weights: Tensor
    transform: Tensor

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__(settings)
        count, fft_size = self.settings["coefficients"], self.settings["fft_size"]
        if not cepstra.WINDOW <= fft_size <= 2**16:
            raise ArgumentError(
                f"--front-end={self.name}: fft_size={fft_size} is not between a window's "
                f"{cepstra.WINDOW} and {2**16} points"
            )
        weights = cepstra.filter_bank(count, fft_size, self.settings["highest_hz"]).T
        cosines = scipy.fft.dct(np.eye(count), type=2, norm="ortho")
        # Computed anew wherever they are made, so that no file can hold others.
        for name, value in (
            ("window", np.hamming(cepstra.WINDOW)),
            ("weights", weights),
            ("transform", cosines),
        ):
            self.register_buffer(name, torch.from_numpy(value).float(), persistent=False)

    def width(self) -> int:
        """Return the number of static coefficients, deltas and double deltas."""
        return 3 * int(self.settings["coefficients"])

    def frames_of(self, windows: Tensor) -> Tensor:
        """Return coefficients and their deltas, (batch, frames, width), of windows."""
        static = self._static(windows)
        first = _delta(static)
        return torch.cat([static, first, _delta(first)], dim=2)

    def _static(self, windows: Tensor) -> Tensor:
        emphasised = windows[:, 1:] - cepstra.PRE_EMPHASIS * windows[:, :-1]
        # The last frame is filled up with zeros, so that every sample counts.
        behind = -(windows.shape[1] - cepstra.WINDOW) % cepstra.HOP
        emphasised = pad(torch.cat([windows[:, :1], emphasised], dim=1), (0, behind))
        frames = cut_frames(emphasised, cepstra.WINDOW, cepstra.HOP) * self.window
        spectrum = torch.fft.rfft(frames, self.settings["fft_size"])
        power = spectrum.real.square() + spectrum.imag.square()
        logs = torch.log10(power @ self.weights + cepstra.LOG_OFFSET)
        coefficients = logs @ self.transform
        if not self.settings["energy"]:
            return coefficients
        energy = power.sum(dim=2, keepdim=True) / self.settings["fft_size"]
        energy = torch.log10(energy + cepstra.LOG_OFFSET)
        return torch.cat([energy, coefficients[:, :, 1:]], dim=2)


def _delta(frames: Tensor) -> Tensor:
    following = torch.cat([frames[:, 1:], frames[:, -1:]], dim=1)
    previous = torch.cat([frames[:, :1], frames[:, :-1]], dim=1)
    return following - previous

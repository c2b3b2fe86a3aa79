"""A network that tells voices apart: of a recording it makes a vector of who speaks.

The network and its weights are those of Resemblyzer 0.1.4 (https://github.com/resemble-ai/
Resemblyzer, Apache-2.0), after Wan et al., "Generalized end-to-end loss for speaker verification"
(ICASSP 2018): three LSTM layers of 256 on 40 mel bands, trained to hold one speaker's utterances
together. The weights alone are read from the package. Its own code is not: it takes a compiler to
install what that needs.
"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch import nn

from src.utils.audio.downmix import SILENCE_PEAK
from src.utils.config import SAMPLE_RATE
from src.utils.errors import AudioError, DatasetError
from src.utils.files import sha256_file

VERSION = 1
"""Version of the vectors: raise it when they change, so that those kept are computed anew."""

SIZE = 256
"""Dimensions of a vector."""

_PACKAGE = "resemblyzer"
_WEIGHTS = "pretrained.pt"
_SHA256 = "39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e"
_RELEASE = "Resemblyzer 0.1.4"
INSTALL = (
    "install it with: pip install -r requirements-speakers.txt (without a C compiler: "
    "pip install --no-deps Resemblyzer==0.1.4, of which the weights alone are needed)"
)

_BANDS, _WINDOW, _HOP = 40, 400, 160
_LAYERS = 3
_PART_FRAMES = 160
"""Frames of the stretches that the network was trained on, 1.6 s each."""
_PARTS_A_SECOND = 1.3
_LEAST_COVERED = 0.75
"""How much of the last stretch must be there; the rest is silence."""
_PARTS_AT_ONCE = 64

_LEVEL = 10 ** (-30 / 20)
"""RMS that quieter recordings are raised to, full scale at 1: the network heard none below."""
HEARD_SECONDS = 60.0
"""How much of a recording is heard, from its start on; more tells little more of a voice."""
_MIN_SECONDS = 0.4
"""Shortest recording that a voice is told of."""


class VoiceEncoder(nn.Module):
    """The network; its parameters have the names that the weights go by."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(_BANDS, SIZE, _LAYERS, batch_first=True)
        self.linear = nn.Linear(SIZE, SIZE)

    def forward(self, mels: torch.Tensor) -> torch.Tensor:
        """Return the vector of each stretch, of length 1.

        Parameters
        ----------
        mels : torch.Tensor
            float32, shape (stretches, frames, 40): energies of mel bands.

        Returns
        -------
        torch.Tensor
            float32, shape (stretches, 256), none of it below 0.
        """
        _, (hidden, _) = self.lstm(mels)
        vectors = torch.relu(self.linear(hidden[-1]))
        return vectors / vectors.norm(dim=1, keepdim=True).clamp_min(1e-12)

    def embed(self, waveform: np.ndarray) -> np.ndarray:
        """Return the vector of a whole recording: the mean over its stretches, of length 1.

        Parameters
        ----------
        waveform : numpy.ndarray
            float32 at 16 kHz, shape (samples,).

        Returns
        -------
        numpy.ndarray
            float32, shape (256,).
        """
        starts = _part_starts(len(waveform))
        end = (starts[-1] + _PART_FRAMES) * _HOP
        mels = _mel_energies(np.pad(waveform, (0, max(0, end - len(waveform)))))
        parts = np.stack([mels[start : start + _PART_FRAMES] for start in starts])
        with torch.inference_mode():
            vectors = [
                self(torch.from_numpy(parts[first : first + _PARTS_AT_ONCE]))
                for first in range(0, len(parts), _PARTS_AT_ONCE)
            ]
        mean = torch.cat(vectors).mean(dim=0)
        return (mean / mean.norm().clamp_min(1e-12)).numpy()


def level_up(waveform: np.ndarray) -> np.ndarray:
    """Raise a quiet recording to the level that the network knows; louder ones stay.

    Parameters
    ----------
    waveform : numpy.ndarray
        float32 at 16 kHz, shape (samples,).

    Raises
    ------
    AudioError
        When it is silent, or too short to tell a voice.
    """
    if len(waveform) < _MIN_SECONDS * SAMPLE_RATE:
        raise AudioError(f"is shorter than {_MIN_SECONDS:g} s, too short to tell a voice")
    if np.abs(waveform).max() < SILENCE_PEAK:
        raise AudioError(f"is silent in its first {HEARD_SECONDS:g} s, which tell no voice")
    rms = float(np.sqrt(np.mean(np.square(waveform, dtype=np.float64))))
    return (waveform * max(1.0, _LEVEL / rms)).astype(np.float32)


@cache
def find_weights() -> Path:
    """Return the file of the weights, in the package that brings them.

    Raises
    ------
    DatasetError
        When the package is not installed, saying how.
    """
    found = find_spec(_PACKAGE)
    for folder in (found.submodule_search_locations or ()) if found else ():
        path = Path(folder) / _WEIGHTS
        if path.is_file():
            return path
    raise DatasetError(f"--speaker-from=voice needs the weights of Resemblyzer; {INSTALL}")


def load_encoder(path: Path | None = None) -> VoiceEncoder:
    """Load the network.

    Only the very file of the release is loaded, and of that weights alone: nothing in it is
    executed, and nothing else can be put in its place.

    Parameters
    ----------
    path : pathlib.Path, optional
        The weights (default: those of `find_weights`).

    Raises
    ------
    DatasetError
        When they are absent, or another file.
    """
    path = path or find_weights()
    if sha256_file(path) != _SHA256:
        raise DatasetError(f"{path} is not the file of weights of {_RELEASE}; {INSTALL}")
    state = torch.load(path, map_location="cpu", weights_only=True)["model_state"]
    encoder = VoiceEncoder()
    # Beside the network's own lie two numbers of the loss that it was trained with.
    encoder.load_state_dict({name: state[name] for name in encoder.state_dict()})
    return encoder.eval()


def _part_starts(n_samples: int) -> list[int]:
    """Return the first frame of each stretch that is heard."""
    n_frames = -(-(n_samples + 1) // _HOP)
    step = round(SAMPLE_RATE / _PARTS_A_SECOND / _HOP)
    starts = list(range(0, max(1, n_frames - _PART_FRAMES + step + 1), step))
    covered = (n_samples - starts[-1] * _HOP) / (_PART_FRAMES * _HOP)
    return starts[:-1] if covered < _LEAST_COVERED and len(starts) > 1 else starts


def _mel_energies(waveform: np.ndarray) -> np.ndarray:
    """Return float32 (frames, 40), on Slaney's mel scale; no logarithm is taken."""
    window = torch.hann_window(_WINDOW)
    spectrum = torch.stft(
        torch.from_numpy(waveform),
        _WINDOW,
        _HOP,
        window=window,
        pad_mode="constant",
        return_complex=True,
    )
    return (spectrum.abs().square().T @ _mel_weights()).numpy()


@cache
def _mel_weights() -> torch.Tensor:
    # Here, since importing it takes longer than all else in this module.
    from librosa.filters import mel

    return torch.from_numpy(mel(sr=SAMPLE_RATE, n_fft=_WINDOW, n_mels=_BANDS).T.copy())

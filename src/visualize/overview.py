"""A recording downsampled to the width of a figure: waveform envelope and spectrogram."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import fft
from scipy.signal import get_window

from src.utils.audio.io import BLOCK_SECONDS, open_audio, read_info

COLUMNS = 1000
_FRAME_SECONDS = 0.032
_FLOOR = 1e-12


@dataclass(frozen=True)
class Overview:
    """The waveform envelope and the spectrogram of a recording.

    Attributes
    ----------
    lowest, highest : numpy.ndarray
        Minimum and maximum of the waveform in each column, shape (columns,).
    spectrum : numpy.ndarray
        Power spectrogram in dBFS, shape (frequencies, columns).
    duration : float
        Length of the recording in seconds.
    sample_rate : int
        Sample rate in Hz; the highest frequency is half of it.
    """

    lowest: np.ndarray
    highest: np.ndarray
    spectrum: np.ndarray
    duration: float
    sample_rate: int


def take_overview(path: Path, number: int | None = None, channel: int | None = None) -> Overview:
    """Compute the overview of a recording in one pass, block by block.

    Parameters
    ----------
    path : pathlib.Path
        The recording.
    number, channel : int, optional
        Which audio stream and which channel of it are heard, see `open_audio`.

    Raises
    ------
    AudioError
        When it cannot be decoded to its end.
    """
    info = read_info(path, number)
    columns = _Columns(info.frames, info.sample_rate)
    with open_audio(path, number, channel) as audio:
        for block in audio.blocks(BLOCK_SECONDS):
            columns.add(audio.to_mono(block))
    return columns.finish()


class _Columns:
    """Accumulates the blocks of a recording into columns of equal length."""

    def __init__(self, n_samples: int, sample_rate: int) -> None:
        self._rate = sample_rate
        self._frame = 2 * round(_FRAME_SECONDS * sample_rate / 2)
        self._columns = min(COLUMNS, max(1, n_samples // 2))
        self._width = n_samples / self._columns
        # Frames overlap by half, or more where the columns of a short clip lie closer.
        self._hop = max(1, min(self._frame // 2, int(self._width)))
        self._window = get_window("hann", self._frame).astype(np.float32)
        self._lowest = np.full(self._columns, np.inf)
        self._highest = np.full(self._columns, -np.inf)
        self._power = np.zeros((self._columns, self._frame // 2 + 1))
        self._counts = np.zeros(self._columns)
        self._seen = 0
        # Padded by half a frame of zeros, so that the first frame's middle is the first sample.
        self._held = np.zeros(self._frame // 2, np.float32)
        self._middle = 0

    def add(self, mono: np.ndarray) -> None:
        """Add a block of shape (samples,)."""
        columns = self._column(self._seen + np.arange(len(mono)))
        starts = np.flatnonzero(np.diff(columns, prepend=-1))
        here = columns[starts]
        self._lowest[here] = np.minimum(self._lowest[here], np.minimum.reduceat(mono, starts))
        self._highest[here] = np.maximum(self._highest[here], np.maximum.reduceat(mono, starts))
        self._seen += len(mono)
        self._add_frames(np.concatenate([self._held, mono]))

    def finish(self) -> Overview:
        """Return the overview of all blocks added."""
        self._add_frames(np.concatenate([self._held, np.zeros(self._frame // 2, np.float32)]))
        seen = self._counts > 0
        # Columns without a frame of their own show that of a neighbour.
        nearest = np.flatnonzero(seen)[
            np.abs(np.arange(self._columns)[:, None] - np.flatnonzero(seen)).argmin(axis=1)
        ]
        power = self._power[nearest] / self._counts[nearest][:, None]
        silent = ~np.isfinite(self._lowest)
        self._lowest[silent] = self._highest[silent] = 0.0
        return Overview(
            self._lowest,
            self._highest,
            10 * np.log10(np.maximum(power.T, _FLOOR)),
            self._seen / self._rate,
            self._rate,
        )

    def _add_frames(self, samples: np.ndarray) -> None:
        count = max(0, (len(samples) - self._frame) // self._hop + 1)
        if count:
            frames = np.lib.stride_tricks.sliding_window_view(samples, self._frame)[:: self._hop]
            spectrum = fft.rfft(frames * (self._window / self._window.sum() * 2), axis=1)
            columns = self._column(self._middle + self._hop * np.arange(count))
            np.add.at(self._power, columns, np.square(np.abs(spectrum)))
            np.add.at(self._counts, columns, 1)
        self._middle += count * self._hop
        self._held = samples[count * self._hop :]

    def _column(self, samples: np.ndarray) -> np.ndarray:
        return np.minimum((samples / self._width).astype(np.int64), self._columns - 1)

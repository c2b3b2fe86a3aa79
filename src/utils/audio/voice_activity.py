"""Voice activity detection: which frames of a recording hold speech, by Silero's network.

Silero VAD (https://github.com/snakers4/silero-vad, MIT) is a small recurrent network that is
trained on thousands of languages. Its weights come with its package, of which no code is run.
"""

import importlib.util
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from src.utils.audio.resampler import Resampler
from src.utils.errors import AudiosError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

RATE = 16_000
"""The rate in Hz that the network hears."""

FRAME = 512
"""Samples of a frame; the network gives one probability for each."""

FRAME_SECONDS = FRAME / RATE

SPEECH = 0.3
"""Probability from which on a frame is taken for speech. See `benchmarks/voice_activity.py`: at the
0.5 of its authors twice as many recordings of voices are taken for none."""

_CONTEXT = 64
"""Samples before a frame that the network is given with it."""

_FRAMES_AT_ONCE = 1024
_PACKAGE, _WEIGHTS = "silero_vad", "data/silero_vad_16k_sequence.onnx"
_WARNINGS_OFF = 3
"""Severity from which on the runtime logs: errors alone."""


class VoiceActivity:
    """The probability of speech of every frame of a recording that comes block by block.

    Held are the probabilities, 125 bytes a second, and less than a minute of the waveform. An hour
    takes 7 s of one core.

    Parameters
    ----------
    sample_rate : int
        Hz, of the blocks.

    Raises
    ------
    AudiosError
        When the weights are not installed.
    """

    def __init__(self, sample_rate: int) -> None:
        self._session = _load()
        self._resampler = Resampler(sample_rate, RATE)
        self._context = np.zeros(_CONTEXT, np.float32)
        self._state = [np.zeros((1, 1, 128), np.float32) for _ in range(2)]
        self._found: list[np.ndarray] = []

    def add(self, mono: np.ndarray) -> None:
        """Add a block.

        Parameters
        ----------
        mono : numpy.ndarray
            float32, shape (samples,), full scale at 1.
        """
        self._resampler.add(mono)
        while (part := self._resampler.take(_FRAMES_AT_ONCE * FRAME)) is not None:
            self._hear(part)

    def finish(self) -> np.ndarray:
        """Return the probability of speech of every frame, float32 of shape (frames,), and end.

        The last frame is filled up with silence.
        """
        rest = self._resampler.finish()
        if len(rest):
            self._hear(np.pad(rest, (0, -len(rest) % FRAME)))
        return np.concatenate([np.zeros(0, np.float32), *self._found])

    def _hear(self, samples: np.ndarray) -> None:
        held = np.concatenate([self._context, samples])
        starts = np.arange(0, len(samples), FRAME)[:, None]
        frames = held[starts + np.arange(_CONTEXT + FRAME)]
        given = dict(zip(("input", "h", "c"), (frames, *self._state), strict=True))
        probabilities, *self._state = self._session.run(None, given)
        self._found.append(probabilities)
        self._context = held[-_CONTEXT:]


def speech_seconds(probabilities: np.ndarray, start: float = 0.0, end: float = np.inf) -> float:
    """Return how many seconds of a recording, or of a stretch of it, hold speech.

    Parameters
    ----------
    probabilities : numpy.ndarray
        As `VoiceActivity.finish` returns them.
    start, end : float
        Of the stretch, in seconds; frames count that begin in it.

    Examples
    --------
    >>> speech_seconds(np.array([0.9, 0.1, 0.8, 0.7]), 0.032)
    0.064
    """
    first = round(start / FRAME_SECONDS)
    last = len(probabilities) if np.isinf(end) else round(end / FRAME_SECONDS)
    return float((probabilities[first:last] >= SPEECH).sum() * FRAME_SECONDS)


@cache
def _load() -> "InferenceSession":
    # Found, not imported: its own code would load torch.
    found = importlib.util.find_spec(_PACKAGE)
    weights = Path(found.origin).parent / _WEIGHTS if found and found.origin else None
    if weights is None or not weights.is_file():
        raise AudiosError("silero-vad is not installed, which tells speech; run make setup")
    # Here, since most stages do without.
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = _WARNINGS_OFF
    return onnxruntime.InferenceSession(str(weights), options, providers=["CPUExecutionProvider"])

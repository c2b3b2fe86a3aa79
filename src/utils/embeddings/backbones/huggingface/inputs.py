"""What encoders are given: raw waveforms, log-mel frames, or log-mel windows of one fixed length.

Each kind says how a clip becomes frames of the encoder, and cuts a range of frames out of it.
"""

import math
from typing import Any, Protocol

import numpy as np

from src.utils.embeddings.backbones.waveform import Geometry, prepare_waveform
from src.utils.embeddings.backbones.windows import CONTEXT_SECONDS, WINDOW_SECONDS
from src.utils.errors import AudioError


class ModelInput(Protocol):
    """How clips are laid before an encoder.

    Attributes
    ----------
    hop : int
        Samples from one frame of the encoder to the next.
    longest : int
        Frames that the encoder sees at once, at most.
    context : int
        Frames beside those a window counts that it sees as well (see `windows.cut`).
    """

    hop: int
    longest: int
    context: int

    def prepare(self, waveform: np.ndarray) -> np.ndarray:
        """Apply what the checkpoint's preprocessor does to a whole clip.

        Parameters
        ----------
        waveform : numpy.ndarray
            float32 of shape (samples,).

        Returns
        -------
        numpy.ndarray
            float32, time along the first axis.
        """

    def n_frames(self, prepared: np.ndarray) -> int:
        """Return how many frames of the encoder are the clip's own, at least 1.

        Parameters
        ----------
        prepared : numpy.ndarray
            What `prepare` gave.
        """

    def n_computed(self, n_frames: int) -> int:
        """Return how many frames the encoder computes for a window, padding included.

        Parameters
        ----------
        n_frames : int
            How many of them are the clip's own.
        """

    def window(self, prepared: np.ndarray, start: int, stop: int) -> np.ndarray:
        """Return what the encoder is given to compute a range of the clip's frames.

        Parameters
        ----------
        prepared : numpy.ndarray
            What `prepare` gave.
        start, stop : int
            The frames, no more than `longest`. The first one that comes out is frame `start`.

        Returns
        -------
        numpy.ndarray
            float32, in the shape that the encoder takes, without the axis of the batch.
        """


class Waveform:
    """Raw samples, normalised over the whole clip and cut to what the frames are computed from.

    A clip shorter than a frame is padded with zeros to one.

    Parameters
    ----------
    processor : transformers.Wav2Vec2FeatureExtractor
        The checkpoint's preprocessor.
    geometry : Geometry
        How the model's frames lie over samples.

    Attributes
    ----------
    receptive_field : int
        Samples that one frame is computed from.
    """

    def __init__(self, processor: Any, geometry: Geometry) -> None:
        self._processor = processor
        self._geometry = geometry
        self.receptive_field = geometry.receptive_field
        self.hop = geometry.hop
        self.longest = round(WINDOW_SECONDS * processor.sampling_rate / self.hop)
        self.context = round(CONTEXT_SECONDS * processor.sampling_rate / self.hop)

    def prepare(self, waveform: np.ndarray) -> np.ndarray:
        """Normalise the clip (see `ModelInput.prepare`)."""
        return prepare_waveform(waveform, self._processor, self.receptive_field)

    def n_frames(self, prepared: np.ndarray) -> int:
        """Return how many frames the clip gives (see `ModelInput.n_frames`)."""
        return self._geometry.n_frames(len(prepared))

    def n_computed(self, n_frames: int) -> int:
        """Return the window's own frames (see `ModelInput.n_computed`)."""
        return n_frames

    def window(self, prepared: np.ndarray, start: int, stop: int) -> np.ndarray:
        """Cut out the samples that the frames are computed from (see `ModelInput.window`).

        At the clip's end also those that do not suffice for another frame: a normalisation over
        time (wav2vec 2.0's group norm) sees them.
        """
        first = start * self.hop
        if stop == self.n_frames(prepared):
            return prepared[first:]
        return prepared[first : first + self._geometry.n_samples(stop - start)]


class LogMel:
    """Log-mel frames of a whole clip, normalised over it by its preprocessor.

    Frames that the preprocessor appends to fill up a stride are dropped: the encoder would be
    told to ignore them. A clip too short to be normalised is padded with zeros before.

    Parameters
    ----------
    processor : transformers.SequenceFeatureExtractor
        The checkpoint's preprocessor, which gives `input_features` and an attention mask.
    subsampling : int
        How many of the preprocessor's frames make one of the encoder's.
    """

    FRAME_SAMPLES, FRAME_HOP = 400, 160
    """Kaldi's frames of 25 ms every 10 ms at 16 kHz, which these preprocessors compute."""

    def __init__(self, processor: Any, subsampling: int = 1) -> None:
        self._processor = processor
        self._subsampling = subsampling
        stride = getattr(processor, "stride", 1)
        self.hop = self.FRAME_HOP * stride * subsampling
        self.longest = round(WINDOW_SECONDS * processor.sampling_rate / self.hop)
        self.context = round(CONTEXT_SECONDS * processor.sampling_rate / self.hop)
        # Two frames at least: of a single one, the variance that it is divided by is not defined.
        self._at_least = self.FRAME_SAMPLES + (max(2, stride) - 1) * self.FRAME_HOP

    def prepare(self, waveform: np.ndarray) -> np.ndarray:
        """Compute the clip's log-mel frames (see `ModelInput.prepare`).

        Raises
        ------
        AudioError
            When they do not vary and the preprocessor divides by their deviation.
        """
        missing = self._at_least - len(waveform)
        padded = np.pad(waveform, (0, missing)) if missing > 0 else waveform
        with np.errstate(divide="ignore", invalid="ignore"):
            found = self._processor(
                padded,
                sampling_rate=self._processor.sampling_rate,
                return_tensors="np",
                return_attention_mask=True,
            )
        real = int(found["attention_mask"][0].sum())
        frames = found["input_features"][0, :real].astype(np.float32)
        if not np.isfinite(frames).all():
            raise AudioError("is silent: its log-mel frames cannot be normalised")
        return frames

    def n_frames(self, prepared: np.ndarray) -> int:
        """Return how many frames the encoder makes of the clip's (see `ModelInput.n_frames`)."""
        return math.ceil(len(prepared) / self._subsampling)

    def n_computed(self, n_frames: int) -> int:
        """Return the window's own frames (see `ModelInput.n_computed`)."""
        return n_frames

    def window(self, prepared: np.ndarray, start: int, stop: int) -> np.ndarray:
        """Cut out the log-mel frames (see `ModelInput.window`)."""
        return prepared[start * self._subsampling : stop * self._subsampling]


class FixedLogMel:
    """Log-mel windows of one length, which the preprocessor fills up with silence (Whisper).

    The encoder sees the silence, as it did in training; frames that begin behind the clip's end
    are no frames of the clip, and are never counted.

    Parameters
    ----------
    processor : transformers.WhisperFeatureExtractor
        The checkpoint's preprocessor.
    longest : int
        Frames of the encoder in a window.
    """

    SUBSAMPLING = 2
    """The stride of Whisper's second convolution."""

    def __init__(self, processor: Any, longest: int) -> None:
        self._processor = processor
        self.hop = processor.hop_length * self.SUBSAMPLING
        self.longest = longest
        context = round(CONTEXT_SECONDS * processor.sampling_rate / self.hop)
        # The share that it has in Whisper's 30 s, should a window be shorter.
        self.context = min(context, longest // 12)

    def prepare(self, waveform: np.ndarray) -> np.ndarray:
        """Leave the clip's waveform as it is (see `ModelInput.prepare`).

        What a window holds is normalised by its own loudest part.
        """
        return waveform.astype(np.float32)

    def n_frames(self, prepared: np.ndarray) -> int:
        """Return how many frames begin before the clip's end (see `ModelInput.n_frames`)."""
        return math.ceil(len(prepared) / self.hop)

    def n_computed(self, n_frames: int) -> int:
        """Return the frames of a whole window (see `ModelInput.n_computed`)."""
        return self.longest

    def window(self, prepared: np.ndarray, start: int, stop: int) -> np.ndarray:
        """Compute the log-mel frames of a range and the silence behind (see `ModelInput.window`).

        Shape (mel bands, mel frames of a whole window).
        """
        found: np.ndarray = self._processor(
            prepared[start * self.hop : stop * self.hop],
            sampling_rate=self._processor.sampling_rate,
            return_tensors="np",
        )["input_features"][0]
        return found

"""What encoders are pretrained on: windows of recordings, with what is masked in them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from src.networks.pretraining.learner import MASK, NEGATIVES, SAMPLES, UNITS, WINDOWS
from src.networks.pretraining.masks import draw_negatives, draw_spans
from src.networks.pretraining.recordings import read_window, samples_of
from src.networks.pretraining.settings import PretrainingSettings
from src.networks.pretraining.units import Units
from src.utils.dataset.waveforms import Waveforms
from src.utils.embeddings.backbones.waveform import Geometry, prepare_waveform
from src.utils.errors import AudioError
from src.utils.parallel import attempt
from src.utils.seeding import file_generator


@dataclass(frozen=True)
class PretrainingExamples:
    """A window of each recording, at another place and masked otherwise in every epoch.

    Attributes
    ----------
    files : tuple of str
        The names of recordings, which what is drawn is seeded by.
    waveforms : Waveforms
        Theirs.
    processor : transformers.SequenceFeatureExtractor
        What clips are prepared by.
    geometry : Geometry
        How frames lie over samples.
    settings : PretrainingSettings
        What is masked.
    seed : int
        Of all that is drawn.
    n_negatives : int
        Distractors of a masked frame; 0 for none.
    units : Units or None
        Of the recordings' frames, where they are predicted.
    """

    files: tuple[str, ...]
    waveforms: Waveforms
    processor: Any
    geometry: Geometry
    settings: PretrainingSettings
    seed: int
    n_negatives: int = 0
    units: Units | None = None

    @property
    def frames(self) -> int:
        """Frames of a window."""
        rate = int(self.processor.sampling_rate)
        return self.geometry.n_frames(round(self.settings.seconds * rate))

    def __len__(self) -> int:
        return len(self.files)

    def example(self, epoch: int, number: int) -> Mapping[str, np.ndarray] | None:
        """Return a window and its mask (see `Examples.example`).

        Parameters
        ----------
        epoch, number : int
            See `Examples.example`.

        Returns
        -------
        mapping of str to numpy.ndarray or None
            `windows`, float32 (samples,), padded with zeros; `samples`, how many are not padding;
            `mask`, bool (frames,); `negatives`, int64 (frames, negatives), and `units`, int64
            (frames,), where there are some.
        """
        random = file_generator(self.seed, f"epoch{epoch}/{self.files[number]}")
        hop, n_samples = self.geometry.hop, self.geometry.n_samples(self.frames)
        length = samples_of(self.waveforms, number)
        # At a frame of the whole recording, since units are of those.
        first = int(random.integers(max(0, length - n_samples) // hop + 1))
        count = min(n_samples, length - first * hop)
        window = attempt(lambda row: read_window(self.waveforms, row, first * hop, count), number)
        if isinstance(window, AudioError):
            return None
        frames = self.geometry.n_frames(len(window))
        mask = np.zeros(self.frames, bool)
        settings = self.settings
        mask[:frames] = draw_spans(frames, settings.mask_length, settings.mask_share, random)
        found = {
            WINDOWS: np.zeros(n_samples, np.float32),
            SAMPLES: np.array(len(window)),
            MASK: mask,
        }
        field = self.geometry.receptive_field
        found[WINDOWS][: len(window)] = prepare_waveform(window, self.processor, field)
        if self.n_negatives:
            found[NEGATIVES] = draw_negatives(mask, self.n_negatives, random)
        if self.units is not None:
            found[UNITS] = np.zeros(self.frames, np.int64)
            found[UNITS][:frames] = self.units[number][first : first + frames]
        return found

"""HuBERT's units: frames of all recordings in clusters, by their MFCC or by a hidden layer."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
import torch
from safetensors.numpy import save_file
from sklearn.cluster import MiniBatchKMeans
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from src.networks.pretraining.recordings import read_window
from src.networks.pretraining.settings import MFCC, PretrainingSettings
from src.networks.pretraining.start import Start
from src.utils.audio.mfcc import compute_mfcc
from src.utils.dataset.waveforms import Waveforms
from src.utils.embeddings.backbones.checkpoint import Checkpoint
from src.utils.embeddings.backbones.huggingface import ARCHITECTURES
from src.utils.embeddings.backbones.huggingface.backbone import HiddenStates
from src.utils.embeddings.backbones.waveform import Geometry, prepare_waveform
from src.utils.errors import ArgumentError, CheckpointError, DatasetError, RunError
from src.utils.files import replacing
from src.utils.parallel import map_ahead, n_workers
from src.utils.tensor_file import first_line, load_tensors

UNITS_FILE = "units.safetensors"
"""In a run's folder while it is trained."""

_MOST_FRAMES = 200_000
"""That clusters are found on: a bit more than an hour."""
_PIECE_FRAMES = 1_000
"""Of a hidden layer at once: 20 s, so that attention over a long recording fits the memory."""

Features = Callable[[np.ndarray], np.ndarray]
"""Gives the features of a waveform's frames, float32 of shape (frames, width)."""


@dataclass(frozen=True)
class Units:
    """The unit of every frame of recordings.

    Attributes
    ----------
    of : numpy.ndarray
        int16, shape (frames of all recordings,): those of the first recording first.
    starts : numpy.ndarray
        int64, shape (recordings + 1,): where those of each begin, and where the last one's end.
    count : int
        How many units there are.
    """

    of: np.ndarray
    starts: np.ndarray
    count: int

    def __getitem__(self, recording: int) -> np.ndarray:
        """Return the units of a recording's frames, int16 of shape (frames,)."""
        return self.of[self.starts[recording] : self.starts[recording + 1]]

    def rows(self, first: int, count: int) -> "Units":
        """Return those of some recordings in a row.

        Parameters
        ----------
        first, count : int
            The first recording, and how many.
        """
        starts = self.starts[first : first + count + 1]
        return Units(self.of[starts[0] : starts[-1]], starts - starts[0], self.count)

    @cached_property
    def counts(self) -> np.ndarray:
        """How often each unit occurs, int64 of shape (units,)."""
        return np.bincount(self.of, minlength=self.count)

    def chance_on(self, others: "Units") -> float:
        """Return the loss of one that knows how often units occur here, and nothing else.

        Parameters
        ----------
        others : Units
            Those that it predicts.

        Returns
        -------
        float
            Nats a frame.
        """
        # One more of each, so that none is impossible.
        shares = (self.counts + 1) / (self.counts + 1).sum()
        return float(-np.log(shares[others.of]).mean())

    def write(self, path: Path) -> None:
        """Write them, atomically.

        Parameters
        ----------
        path : pathlib.Path
            The file.
        """
        parts = {"of": self.of, "starts": self.starts, "count": np.array([self.count])}
        with replacing(path) as temporary:
            save_file(parts, temporary)

    @classmethod
    def read(cls, path: Path, n_recordings: int) -> Self:
        """Read what `write` wrote.

        Parameters
        ----------
        path : pathlib.Path
            The file.
        n_recordings : int
            Of how many recordings they are.

        Raises
        ------
        RunError
            When the file is damaged.
        """
        try:
            parts = load_tensors(path, "np")
            of, starts, count = parts["of"], parts["starts"], int(parts["count"][0])
            kinds = [(one.dtype.str[1:], one.ndim) for one in (of, starts)]
            if kinds != [("i2", 1), ("i8", 1)] or len(starts) != n_recordings + 1:
                raise ValueError("its arrays have other shapes")
            if (starts[0], starts[-1]) != (0, len(of)) or (np.diff(starts) < 0).any():
                raise ValueError("its recordings do not follow each other")
            if not (
                2 <= count <= np.iinfo(np.int16).max and (of >= 0).all() and (of < count).all()
            ):
                raise ValueError("it holds no units")
        except (KeyError, IndexError, OSError, RuntimeError, TypeError, ValueError) as error:
            raise RunError(
                f"{path} is damaged ({first_line(error)}); remove it, and run this again"
            ) from error
        return cls(of, starts, count)


def find_units(
    waveforms: Sequence[Waveforms], features: Features, count: int, seed: int, stage: str
) -> Units:
    """Find units on the first recordings, and say which every frame of all of them is.

    Parameters
    ----------
    waveforms : sequence of Waveforms
        Those of training first: clusters are found on frames of theirs, chosen at random.
    features : callable
        What clusters are of.
    count : int
        How many units there are.
    seed : int
        Of what is chosen, and of the clusters' beginnings.
    stage : str
        For the progress bar.

    Returns
    -------
    Units
        Of all recordings, in their order.

    Raises
    ------
    AudioError
        When a recording has changed since it was decoded.
    DatasetError
        When there are fewer frames than units.
    """
    centres = _find_centres(waveforms[0], features, count, seed, stage)
    each = [
        _nearest(frames, centres)
        for part in waveforms
        for frames in _frames_of(part, range(len(part)), features, f"{stage}: units")
    ]
    starts = np.cumsum([0, *map(len, each)], dtype=np.int64)
    return Units(np.concatenate(each), starts, count)


def features_of(start: Start, settings: PretrainingSettings) -> Features:
    """Return what units are clusters of, as settings say.

    Parameters
    ----------
    start : Start
        The encoder that is pretrained, whose frames they are.
    settings : PretrainingSettings
        With `units` and `units_from`.

    Raises
    ------
    ArgumentError
        When no checkpoint has the hidden layer.
    CheckpointError
        When it cannot be loaded, or its frames are others.
    """
    rate, geometry = start.sample_rate, start.geometry
    if settings.units == MFCC:

        def mfcc(waveform: np.ndarray) -> np.ndarray:
            return compute_mfcc(waveform, rate, geometry.hop, geometry.n_frames(len(waveform)))

        return mfcc
    given = settings.units_from or (start.name if start.checkpoint else None)
    if given is None:
        raise ArgumentError(
            f"--units={settings.units} is a hidden layer: say of which checkpoint, by "
            f"--units-from=FOLDER or --checkpoint=FOLDER"
        )
    checkpoint = Checkpoint(given)
    layer, architecture = int(settings.units), ARCHITECTURES.get(str(checkpoint.model_type))
    if architecture is None or not hasattr(checkpoint.config, "conv_stride"):
        raise CheckpointError(f"{checkpoint.name} is no encoder of raw samples, as units are of")
    last = getattr(checkpoint.config, architecture.n_layers)
    if layer > last:
        raise ArgumentError(f"--units={layer}: {checkpoint.name} has the layers 0 to {last}")
    if Geometry.of(checkpoint.config) != geometry or checkpoint.processor.sampling_rate != rate:
        raise CheckpointError(
            f"the frames of {checkpoint.name} do not lie where those of {start.name} do"
        )
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = HiddenStates(
        checkpoint.model(architecture.encoder), architecture, (layer, layer), device
    )

    def hidden(waveform: np.ndarray) -> np.ndarray:
        values = prepare_waveform(waveform, checkpoint.processor, geometry.receptive_field)
        n_frames, parts = geometry.n_frames(len(values)), []
        with torch.inference_mode():
            for first in range(0, n_frames, _PIECE_FRAMES):
                count = min(_PIECE_FRAMES, n_frames - first)
                begin = first * geometry.hop
                piece = values[begin : begin + geometry.n_samples(count)]
                parts.append(model(piece[None])[0, 0].float().cpu().numpy())
        return np.concatenate(parts)

    return hidden


def _find_centres(
    waveforms: Waveforms, features: Features, count: int, seed: int, stage: str
) -> np.ndarray:
    """Return the centres of clusters, float32 of shape (count, width)."""
    random, chosen, total = np.random.default_rng(seed), [], 0
    order = random.permutation(len(waveforms)).tolist()
    for found in _frames_of(waveforms, order, features, f"{stage}: clusters"):
        chosen.append(found)
        total += len(found)
        if total >= _MOST_FRAMES:
            break
    if total < count:
        raise DatasetError(
            f"the recordings have {total:,} frames, fewer than --n-units={count}; ask for fewer"
        )
    frames = np.concatenate(chosen)
    if total > _MOST_FRAMES:
        frames = frames[np.sort(random.choice(total, _MOST_FRAMES, replace=False))]
    clusters = MiniBatchKMeans(
        count, batch_size=10_000, max_no_improvement=100, n_init=5, random_state=seed
    )
    # Sums over several threads differ in their last bits from one time to the next.
    with threadpool_limits(1):
        return np.asarray(clusters.fit(frames).cluster_centers_, np.float32)


def _nearest(frames: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Return the nearest centre of each frame, int16."""
    distances = np.square(centres).sum(1) - 2 * frames @ centres.T
    return distances.argmin(1).astype(np.int16)


def _frames_of(
    waveforms: Waveforms, rows: Sequence[int], features: Features, description: str
) -> Iterator[np.ndarray]:
    """Yield the features of recordings, in their order."""
    found = map_ahead(
        lambda row: features(read_window(waveforms, row)), rows, ahead=n_workers() + 1
    )
    yield from tqdm(found, description, len(rows), unit="clip", leave=False)

"""HuBERT's units: frames of all recordings in clusters, by their MFCC or by a hidden layer."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
import torch
from safetensors.numpy import save_file
from sklearn.cluster import MiniBatchKMeans
from threadpoolctl import threadpool_limits

from src.networks.pretraining.recordings import read_recording
from src.networks.pretraining.settings import MFCC, PretrainingSettings
from src.networks.pretraining.start import Start
from src.utils.audio.mfcc import compute_mfcc
from src.utils.dataset.presence import Presence
from src.utils.dataset.split_recordings import SplitRecordings
from src.utils.embeddings.backbones.checkpoint import Checkpoint
from src.utils.embeddings.backbones.huggingface import ARCHITECTURES
from src.utils.embeddings.backbones.huggingface.backbone import HiddenStates
from src.utils.embeddings.backbones.waveform import Geometry, prepare_waveform
from src.utils.errors import ArgumentError, CheckpointError, DatasetError, RunError
from src.utils.files import replacing
from src.utils.parallel import for_each_file
from src.utils.tensor_file import first_line, load_tensors

UNITS_FILE = "units.safetensors"
"""In a run's folder while it is trained."""

_MOST_FRAMES = 200_000
"""That clusters are found on: a bit more than an hour."""
_PIECE_FRAMES = 1_000
"""Of a hidden layer at once: 20 s, so that attention over a long recording fits the memory."""

Features = Callable[[Path], np.ndarray]
"""Gives the features of a recording's frames, float32 of shape (frames, width)."""


@dataclass(frozen=True)
class Units:
    """The unit of every frame of recordings.

    Attributes
    ----------
    of : numpy.ndarray
        int16, shape (frames of all recordings,): those of the first recording first.
    starts : numpy.ndarray
        int64, shape (recordings + 1,): where those of each begin, and where the last one's end. A
        recording that cannot be read has none.
    count : int
        How many units there are.
    """

    of: np.ndarray
    starts: np.ndarray
    count: int

    def __getitem__(self, recording: int) -> np.ndarray:
        """Return the units of a recording's frames, int16 of shape (frames,)."""
        return self.of[self.starts[recording] : self.starts[recording + 1]]

    @cached_property
    def counts(self) -> np.ndarray:
        """How often each unit occurs, int64 of shape (units,)."""
        return np.bincount(self.of, minlength=self.count)

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
            if not (2 <= count <= np.iinfo(np.int16).max and (of >= 0).all() and (of < count).all()):
                raise ValueError("it holds no units")
        except (KeyError, IndexError, OSError, RuntimeError, TypeError, ValueError) as error:
            raise RunError(
                f"{path} is damaged ({first_line(error)}); remove it, and run this again"
            ) from error
        return cls(of, starts, count)


def find_units(
    recordings: list[SplitRecordings], features: Features, count: int, seed: int, stage: str
) -> tuple[list[Units], dict[str, str]]:
    """Find units on the first recordings, and say which every frame of all of them is.

    Parameters
    ----------
    recordings : list of SplitRecordings
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
    units : list of Units
        Of each of the splits.
    rejected : dict of str to str
        The reason of each recording that cannot be read.

    Raises
    ------
    DatasetError
        When there are fewer frames than units.
    """
    centres = _find_centres(recordings[0], features, count, seed, stage)
    found, rejected = [], {}
    for part in recordings:
        named, presence = _by_name(part), Presence(part.source)
        done = for_each_file(
            lambda file, named=named: _nearest(features(named[file]), centres),
            list(named),
            f"{stage}: units",
            presence.note,
        )
        rejected |= done.rejected
        each = [np.zeros(0, np.int16) if one is None else one for one in done.results]
        starts = np.cumsum([0, *map(len, each)], dtype=np.int64)
        found.append(Units(np.concatenate(each), starts, count))
    return found, rejected


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

        def mfcc(path: Path) -> np.ndarray:
            waveform = read_recording(path, rate)
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

    def hidden(path: Path) -> np.ndarray:
        waveform = read_recording(path, rate)
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
    part: SplitRecordings, features: Features, count: int, seed: int, stage: str
) -> np.ndarray:
    """Return the centres of clusters, float32 of shape (count, width)."""
    random, named = np.random.default_rng(seed), _by_name(part)
    files, chosen, total = list(named), [], 0
    order = [files[number] for number in random.permutation(len(files)).tolist()]
    step = 64
    for first in range(0, len(order), step):
        some = order[first : first + step]
        done = for_each_file(lambda file: features(named[file]), some, f"{stage}: clusters")
        chosen += [one for one in done.results if one is not None]
        total += sum(len(one) for one in done.results if one is not None)
        if total >= _MOST_FRAMES:
            break
    if total < count:
        raise DatasetError(
            f"{part.split} has {total:,} frames, fewer than --n-units={count}; ask for fewer units"
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


def _by_name(part: SplitRecordings) -> dict[str, Path]:
    return {str(file): part.path(row) for row, file in enumerate(part.clips.files)}

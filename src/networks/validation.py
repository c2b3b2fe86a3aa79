"""How well a network tells the recordings of a split apart, while it is trained and behind it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from src.networks.learner import DetectorLearner
from src.networks.settings import NetworkSettings
from src.networks.trained import TrainedNetwork
from src.networks.trainer.learner import Learner, Measured
from src.networks.trainer.processes import Processes
from src.utils.dataset.waveforms import Waveforms
from src.utils.metrics.eer import compute_eer
from src.utils.parallel import map_ahead

_CLIPS = 8
"""Recordings whose windows are computed together."""


def vectors_of(
    trained: TrainedNetwork, waveforms: Waveforms, rows: np.ndarray, processes: Processes
) -> np.ndarray:
    """Return the vectors of recordings, float32 of shape (rows, dim), shared out among processes.

    Parameters
    ----------
    trained : TrainedNetwork
        The network.
    waveforms : Waveforms
        The waveforms of the recordings.
    rows : numpy.ndarray
        int, shape (rows,): which of them.
    processes : Processes
        All of them call this, and are given all vectors.
    """
    mine = rows[processes.number :: processes.count]
    parts = [trained.vectors(prepared) for prepared in _prepared(trained, waveforms, mine)]
    found = processes.gather(np.concatenate(parts) if parts else None)
    dim = next(part.shape[1] for part in found if part is not None)
    vectors = np.empty((len(rows), dim), np.float32)
    for number, part in enumerate(found):
        if part is not None:
            vectors[number :: processes.count] = part
    return vectors


def _prepared(
    trained: TrainedNetwork, waveforms: Waveforms, rows: np.ndarray
) -> Iterator[list[np.ndarray]]:
    """Yield what the network is given of some recordings at once."""
    groups = [rows[start : start + _CLIPS].tolist() for start in range(0, len(rows), _CLIPS)]
    yield from map_ahead(
        lambda group: [trained.prepare(waveforms.part(row)) for row in group], groups, threads=1
    )


@dataclass(frozen=True)
class DetectorValidator:
    """Measures a network on recordings as it will be used: by clip (see `Validator`).

    Attributes
    ----------
    settings : NetworkSettings
        Of the network, with the length of a window.
    waveforms : Waveforms
        The waveforms of the recordings.
    labels : numpy.ndarray
        int8, shape (recordings,): 1 bona-fide, 0 spoof.
    processes : Processes
        Those that share the recordings out.
    """

    settings: NetworkSettings
    waveforms: Waveforms
    labels: np.ndarray
    processes: Processes

    def measure(self, learner: Learner) -> Measured:
        """Return the loss of the recordings' vectors, and accuracy and EER of their scores.

        Parameters
        ----------
        learner : DetectorLearner
            The one that is trained.
        """
        assert isinstance(learner, DetectorLearner)
        trained = TrainedNetwork(self.settings, learner.network)
        rows = np.arange(len(self.waveforms))
        vectors = vectors_of(trained, self.waveforms, rows, self.processes)
        x, y = (
            torch.from_numpy(values).to(trained.device)
            for values in (vectors, self.labels.astype(np.float32))
        )
        loss = float(learner.loss(learner.network.head(x), y).mean())
        scores = trained.score(vectors)
        if not np.isfinite([loss, *scores]).all():
            return Measured(float("nan"))
        eer, threshold = compute_eer(scores, self.labels)
        accuracy = float(((scores >= threshold) == self.labels).mean())
        return Measured(loss, accuracy, float(eer))

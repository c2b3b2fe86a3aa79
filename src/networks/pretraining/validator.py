"""How an encoder does on the recordings that its pretraining is validated on."""

import logging
from collections.abc import Iterator, Mapping
from typing import cast

import numpy as np
import torch
from torch import Tensor

from src.networks.pretraining.collapse import Expected, find_collapse
from src.networks.pretraining.examples import PretrainingExamples
from src.networks.pretraining.hubert import perplexity_of
from src.networks.pretraining.learner import PretrainingLearner
from src.networks.trainer.learner import Learner, Measured
from src.networks.trainer.processes import Processes
from src.utils.parallel import map_ahead, n_workers

PERPLEXITY, SPREAD = "perplexity", "spread"
"""What is measured besides the loss and the accuracy."""

_KEPT_BYTES = 512 * 2**20
"""Of examples that stay in memory: they are the same in every epoch."""

log = logging.getLogger(__name__)

Example = Mapping[str, np.ndarray]


class PretrainingValidator:
    """Measures loss, accuracy of picking the positive or the unit, and perplexity.

    What speaks of collapse is logged as soon as it shows.

    Parameters
    ----------
    examples : PretrainingExamples
        Of validation; those of the first epoch are taken, every time.
    expected : Expected
        What collapse is told by.
    batch_size : int
        Examples that are computed at once.
    processes : Processes
        Each of which computes its share.
    n_before : int
        Epochs that were finished before a resume: what shows in the very first is not told.
    """

    def __init__(
        self,
        examples: PretrainingExamples,
        expected: Expected,
        batch_size: int,
        processes: Processes,
        n_before: int = 0,
    ) -> None:
        self._examples, self._expected, self._batch_size = examples, expected, batch_size
        self._processes = processes
        self._kept: list[Example] = []
        self._told: list[str] | None = [] if n_before else None

    def measure(self, learner: Learner) -> Measured:
        """Return how a learner does (see `Validator.measure`).

        Parameters
        ----------
        learner : PretrainingLearner
            The one that is trained.

        Raises
        ------
        AudiosError
            When no recording can be read.
        """
        learner = cast(PretrainingLearner, learner)
        device = next(learner.parameters()).device
        mine = [learner.examine(batch) for batch in self._batches(device)]
        found = [one for part in self._processes.gather(mine) for one in part]
        frames = sum(one.frames for one in found)
        if not frames:
            raise self._processes.failure("not one recording of validation can be read")
        uses = np.sum([one.uses for one in found], axis=0)
        measured = Measured(
            loss=sum(one.loss for one in found) / frames,
            accuracy=sum(one.correct for one in found) / frames,
            more={
                PERPLEXITY: float(np.mean([perplexity_of(one) for one in uses])),
                SPREAD: float(np.mean([one.spread for one in found])),
            },
        )
        if self._processes.is_main:
            self._tell(measured)
        return measured

    def _batches(self, device: torch.device) -> Iterator[dict[str, Tensor]]:
        waiting: list[Example] = []
        for example in self._read():
            waiting.append(example)
            if len(waiting) == self._batch_size:
                yield _stacked(waiting, device)
                waiting = []
        if waiting:
            yield _stacked(waiting, device)

    def _read(self) -> Iterator[Example]:
        if self._kept:
            yield from self._kept
            return
        held, kept = 0, []
        numbers = range(self._processes.number, len(self._examples), self._processes.count)
        for example in map_ahead(
            lambda number: self._examples.example(0, number), numbers, ahead=2 * n_workers()
        ):
            if example is not None:
                held += sum(one.nbytes for one in example.values())
                if held <= _KEPT_BYTES:
                    kept.append(example)
                yield example
        if held <= _KEPT_BYTES:
            self._kept = kept

    def _tell(self, measured: Measured) -> None:
        """Log what speaks of collapse when it begins to; before that, all are at chance."""
        more = measured.more
        found = find_collapse(self._expected, measured.loss, more[PERPLEXITY], more[SPREAD])
        subjects = [one.partition(":")[0] for one in found]
        if self._told is not None:
            for sentence, subject in zip(found, subjects, strict=True):
                if subject not in self._told:
                    log.warning("%s; a lower learning rate or a longer warm-up may help", sentence)
        # The first epoch begins where everything is constant and at chance.
        self._told = [] if self._told is None else subjects


def _stacked(examples: list[Example], device: torch.device) -> dict[str, Tensor]:
    return {
        name: torch.from_numpy(np.stack([one[name] for one in examples])).to(device)
        for name in examples[0]
    }

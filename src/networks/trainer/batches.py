"""Batches of examples: in which order, for which process, and read by worker processes."""

import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from src.networks.trainer.learner import Examples
from src.networks.trainer.processes import Processes
from src.networks.trainer.settings import TrainerSettings
from src.utils.errors import AudiosError
from src.utils.parallel import n_workers

_AHEAD = 4
"""Batches that each worker process has ready."""

_MOST_WORKERS = 16

Place = tuple[int, int]
"""The epoch and the number of an example."""

_Example = tuple[Mapping[str, np.ndarray], bool]
"""Its arrays, and whether it stands in place of another."""

Batch = tuple[dict[str, Tensor], int]
"""Arrays of examples, stacked, and how many of them stand in place of others."""


class Plan:
    """Which examples each step of each epoch is made of.

    A step takes the batches of all processes; every process computes those that are its own. The
    last step of an epoch is what is left; its batches are smaller, but each has an example.

    Parameters
    ----------
    n_examples : int
        In an epoch.
    settings : TrainerSettings
        With the size of a batch and how many are summed.
    seed : int
        Of the order.
    processes : Processes
        This one and the others.

    Attributes
    ----------
    step_size, steps : int
        Examples of a step, and steps of an epoch.
    n_seen : int
        Examples of an epoch; more than there are where there are fewer than processes.
    """

    def __init__(
        self, n_examples: int, settings: TrainerSettings, seed: int, processes: Processes
    ) -> None:
        self._n_examples, self._seed = n_examples, seed
        self._processes, self._settings = processes, settings
        self.step_size = settings.batch_size * settings.accumulate * processes.count
        self.steps = -(-n_examples // self.step_size)
        last = n_examples - (self.steps - 1) * self.step_size
        self.n_seen = n_examples + max(processes.count - last, 0)

    def epoch(self, epoch: int, first: int = 0) -> Iterator[tuple[int, list[list[int]]]]:
        """Yield, of each step of an epoch, its number of examples, and the batches of this process.

        Parameters
        ----------
        epoch : int
            From 0 on.
        first : int
            The step to begin with.
        """
        # Seeded by the epoch's number, so that a resumed training shuffles as an unbroken one.
        order = np.random.default_rng([self._seed, epoch]).permutation(self._n_examples)
        count, accumulate = self._processes.count, self._settings.accumulate
        for step in range(first, self.steps):
            chosen = order[step * self.step_size : (step + 1) * self.step_size]
            # No process may be left without an example: the others would wait for its gradient.
            chosen = np.resize(chosen, max(len(chosen), count))
            accumulated = min(accumulate, len(chosen) // count)
            parts = np.array_split(chosen, count * accumulated)
            mine = parts[self._processes.number :: count]
            yield len(chosen), [part.tolist() for part in mine]


class Reader:
    """Reads batches, by worker processes that stay from one epoch to the next.

    Parameters
    ----------
    examples : Examples
        What is read; it is pickled for each worker process.
    workers : int or None
        Worker processes of each process; 0 reads in this one, None for a number that suits the
        machine.
    device : torch.device
        Where batches are computed on.
    """

    def __init__(self, examples: Examples, workers: int | None, device: torch.device) -> None:
        self._places = _Places()
        self._device = device
        count = default_workers() if workers is None else workers
        options: dict[str, Any] = {}
        if count:
            # Spawned: a forked one would have this process' threads' locks, and its GPU.
            options = {
                "num_workers": count,
                "multiprocessing_context": "spawn",
                "persistent_workers": True,
                "prefetch_factor": _AHEAD,
                "worker_init_fn": _begin_worker,
            }
        self._loader = DataLoader(
            _Read(examples),
            batch_sampler=self._places,
            collate_fn=_stack,
            # Which it seeds its workers by, and nothing here is drawn from.
            generator=torch.Generator(),
            pin_memory=device.type == "cuda",
            **options,
        )

    def read(self, epoch: int, batches: Sequence[Sequence[int]]) -> Iterator[Batch]:
        """Yield batches in their order, on the device.

        Parameters
        ----------
        epoch : int
            Whose.
        batches : sequence of sequence of int
            The numbers of the examples of each.

        Raises
        ------
        AudiosError
            When none of the examples can be read, or a worker process was killed.
        """
        self._places.batches = [[(epoch, number) for number in batch] for batch in batches]
        with _told_of_workers():
            for found in self._loader:
                if isinstance(found, AudiosError):
                    raise found
                arrays, n_unread = found
                there = {
                    name: value.to(self._device, non_blocking=True)
                    for name, value in arrays.items()
                }
                yield there, n_unread


def default_workers() -> int:
    """Return how many worker processes suit this machine: all cores but one, in a GPU's service.

    Without a GPU the cores are for the network, and a fourth of them read ahead.
    """
    cores = max(n_workers() // int(os.environ.get("LOCAL_WORLD_SIZE", 1)), 1)
    wanted = cores - 1 if torch.cuda.is_available() else cores // 4
    return min(max(wanted, 1), _MOST_WORKERS)


class _Places:
    """The batches of the epoch that is read."""

    def __init__(self) -> None:
        self.batches: list[list[Place]] = []

    def __iter__(self) -> Iterator[list[Place]]:
        return iter(self.batches)

    def __len__(self) -> int:
        return len(self.batches)


class _Read(Dataset):
    def __init__(self, examples: Examples) -> None:
        self._examples = examples

    def __getitem__(self, place: Place) -> _Example | AudiosError:
        epoch, number = place
        count = len(self._examples)
        try:
            for further in range(count):
                found = self._examples.example(epoch, (number + further) % count)
                if found is not None:
                    return found, further > 0
        except AudiosError as error:
            # Raised in a worker process it would arrive as its traceback.
            return error
        return AudiosError(f"none of {count} examples could be read")


def _stack(found: Sequence[_Example | AudiosError]) -> Batch | AudiosError:
    examples = []
    for one in found:
        if isinstance(one, AudiosError):
            return one
        examples.append(one)
    names = examples[0][0].keys()
    stacked = {
        name: torch.from_numpy(np.stack([arrays[name] for arrays, _ in examples])) for name in names
    }
    return stacked, sum(is_another for _, is_another in examples)


def _begin_worker(number: int) -> None:
    # Ctrl-C is for the process that they read for, which ends them.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # One core each: torch sees to itself, and this to what numpy and scipy compute with.
    _LIMITS.enter_context(threadpool_limits(1))


_LIMITS = ExitStack()
"""Held by a worker process until it ends."""


@contextmanager
def _told_of_workers() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        if "DataLoader worker" not in str(error):
            raise
        raise AudiosError(
            "a process that reads examples was killed, perhaps because memory ran out; run this "
            "again to go on, or with fewer --workers"
        ) from error

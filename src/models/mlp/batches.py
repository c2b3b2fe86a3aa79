"""The shuffled batches that several networks are given, each of its own clips."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from src.models.mlp.networks import Batch
from src.models.mlp.problem import Problem


class Clips:
    """The training clips of all problems in one array; those of one `x` are there once.

    Parameters
    ----------
    problems : sequence of Problem
        In the order of their numbers.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.counts = [len(one.x) for one in problems]
        arrays = {id(one.x): one.x for one in problems}
        starts, begin = {}, 0
        for key, array in arrays.items():
            starts[key] = begin
            begin += len(array)
        self.starts = [starts[id(one.x)] for one in problems]
        whole = [array.flatten(1) for array in arrays.values()]
        self.x = whole[0] if len(whole) == 1 else torch.cat(whole)
        self.labels = [one.y for one in problems]
        self.weights = [one.weights for one in problems]


class Batches:
    """The batches of one pass of each network over its own shuffled clips.

    Where a network has fewer clips than others, its batch is filled up by clips that count nothing.

    Parameters
    ----------
    clips : Clips
        Of all problems.
    order : list of int
        The problems that are trained on, those of the most clips first.
    chances : list of torch.Generator
        Of each problem, in the order of their numbers.
    size : int
        Clips a batch.
    """

    def __init__(
        self, clips: Clips, order: list[int], chances: list[torch.Generator], size: int
    ) -> None:
        self.counts = [clips.counts[i] for i in order]
        self.size = min(size, self.counts[0])
        steps = -(-self.counts[0] // self.size)
        shape, device = (len(order), steps * self.size), clips.x.device
        rows = torch.zeros(shape, dtype=torch.int64, device=device)
        labels, weights = (torch.zeros(shape, device=device) for _ in range(2))
        lengths = torch.ones(shape, device=device)
        for number, (i, count) in enumerate(zip(order, self.counts, strict=True)):
            shuffled = torch.randperm(count, generator=chances[i]).to(device)
            rows[number, :count] = shuffled + clips.starts[i]
            labels[number, :count] = clips.labels[i][shuffled]
            weights[number, :count] = clips.weights[i][shuffled]
            whole = count - count % size
            lengths[number, :whole], lengths[number, whole:] = size, max(count - whole, 1)
        self.rows = self._by_step(rows)
        self.labels, self.weights, self.shares = (
            self._by_step(values)[..., None] for values in (labels, weights, weights / lengths)
        )

    def _by_step(self, values: Tensor) -> Tensor:
        """Return values (networks, clips) in the shape (steps, networks, batch)."""
        return values.unflatten(1, (-1, self.size)).transpose(0, 1).contiguous()

    def __iter__(self) -> Iterator[Batch]:
        """Go through the steps of the pass."""
        arrays = zip(self.rows, self.labels, self.shares, strict=True)
        for step, (rows, labels, shares) in enumerate(arrays):
            left = [count - step * self.size for count in self.counts]
            sizes = [min(count, self.size) for count in left if count > 0]
            part = (slice(len(sizes)), slice(sizes[0]))
            yield Batch(rows[part], sizes, labels[part], shares[part])

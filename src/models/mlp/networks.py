"""MLPs of one shape that learn side by side: their arithmetic, written out.

What autograd would do is done by hand here, with buffers that stay: a step of so small a network
takes well under a millisecond, of which autograd, new memory and torch's own dropout, which draws
a number of 32 bits for each unit at eleven nanoseconds, would take half.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

ROWS = 4096
"""Clips that are scored at once, so that their hidden units take little memory."""


@dataclass(frozen=True)
class Batch:
    """The clips of one step, of the first so many networks.

    Attributes
    ----------
    rows : torch.Tensor
        Which clips each network is given, shape (networks, batch).
    sizes : sequence of int
        How many of them are each network's own; the others only fill its batch up.
    labels, counts : torch.Tensor
        Their labels, and what the loss of each counts in the network's, shape (networks, batch, 1).
    """

    rows: Tensor
    sizes: Sequence[int]
    labels: Tensor
    counts: Tensor


class _Workspace:
    """Where a step of so many networks with so many clips each puts what it computes.

    The views of parameters and gradients are kept as well: making them anew takes a good part of
    the smallest steps.

    Parameters
    ----------
    networks, clips, width : int
        How many, and how long a clip's vectors are in all.
    values, gradients : list of torch.Tensor
        Of all networks, the first so many of which are stepped.
    """

    def __init__(
        self,
        networks: int,
        clips: int,
        width: int,
        values: list[Tensor],
        gradients: list[Tensor],
    ) -> None:
        like, hidden = values[0], values[0].shape[1]
        self.first, self.before, self.second, self.after, *self.layers = (
            one[:networks] for one in values
        )
        self.first_t, self.second_t = self.first.mT, self.second.mT
        self.to_first, self.to_before, self.to_second, self.to_after, *self.to_layers = (
            one[:networks] for one in gradients
        )
        self.rows = like.new_empty(networks * clips, width)
        self.given = self.rows.view(networks, clips, width)
        self.hidden = like.new_empty(networks, clips, hidden)
        self.gradient = like.new_empty(networks, clips, hidden)
        self.gradient_t = self.gradient.mT
        self.error = like.new_empty(networks, clips, 1)
        self.error_t = self.error.mT
        # Sixteen bits of each number decide on a unit: dropout is exact to 1 in 65,536.
        self.numbers = torch.empty(
            networks, clips, -(-hidden // 4), dtype=torch.int64, device=like.device
        )
        self.bits = self.numbers.view(torch.int16)[:, :, :hidden]


class Networks:
    """One hidden layer of rectified units with dropout each, trained by Adam with L2 decay.

    Every array has the networks as its first axis. A network has its own generator, learning rate
    and moments, and does not depend on those beside it.

    Parameters
    ----------
    dim, hidden, layers : int
        Numbers of a layer's vector, hidden units, and layers that are weighed; 0 layers for
        vectors that are of one.
    generators : sequence of torch.Generator
        Of the CPU, one a network; draws initial weights as `nn.Linear` does, and the seed of its
        dropout.
    dropout : float
        Share of hidden units that are left out.
    weight_decay : float
        L2 penalty, added to gradients.
    device : torch.device
        Where all lies.
    """

    def __init__(
        self,
        dim: int,
        hidden: int,
        layers: int,
        generators: Sequence[torch.Generator],
        dropout: float,
        weight_decay: float,
        device: torch.device,
    ) -> None:
        self._decay, self._layers, self._dim = weight_decay, layers, dim
        made = [_initial(dim, hidden, layers, generator) for generator in generators]
        self._values = [torch.stack(values).to(device) for values in zip(*made, strict=True)]
        self._gradients = [torch.zeros_like(values) for values in self._values]
        self._means = [torch.zeros_like(values) for values in self._values]
        self._squares = [torch.zeros_like(values) for values in self._values]
        self._steps = torch.zeros(len(generators), device=device)
        self._has_dropout, self._scale = dropout > 0, 1 / (1 - dropout)
        # A number of another kind than what it is compared with or times would be copied each time.
        least = min(round(dropout * 2**16) - 2**15, 2**15 - 1)
        self._least = torch.tensor(least, dtype=torch.int16, device=device)
        self._scale_tensor = torch.tensor(self._scale, dtype=torch.float32, device=device)
        self._one = torch.ones((), device=device)
        self._chances = [torch.Generator(device) for _ in generators]
        for chance, generator in zip(self._chances, generators, strict=True):
            chance.manual_seed(int(torch.randint(2**62, (), generator=generator)))
        self._workspace = lru_cache(8)(self._make_workspace)
        self._groups = lru_cache(8)(self._make_groups)

    def __len__(self) -> int:
        return len(self._steps)

    def keep(self, which: list[int]) -> None:
        """Go on with these networks alone, `which` by their numbers."""
        for arrays in (self._values, self._gradients, self._means, self._squares):
            arrays[:] = [array[which] for array in arrays]
        self._steps = self._steps[which]
        self._chances = [self._chances[i] for i in which]
        self._workspace.cache_clear()
        self._groups.cache_clear()

    def weights(self, number: int) -> tuple[Tensor, ...]:
        """Return copies of the arrays of network `number`, without the axis of networks.

        First layer's weights (hidden, dim) and biases (hidden,), second layer's (1, hidden) and
        (1,), and where layers are weighed, their logits (layers,).
        """
        of_first, before, of_second, after, *logits = (one[number].clone() for one in self._values)
        return of_first, before[0], of_second, after[0], *(one[0] for one in logits)

    def logits(self, number: int, x: Tensor) -> Tensor:
        """Return what network `number` says of vectors `x`, without dropout, shape (clips,)."""
        of_first, before, of_second, after, *layers = (one[number] for one in self._values)
        found = []
        for part in x.split(ROWS):
            if layers:
                part = torch.matmul(layers[0].softmax(1), part).squeeze(1)
            hidden = torch.addmm(before, part, of_first.mT).relu_()
            found.append(torch.addmm(after, hidden, of_second.mT).squeeze(1))
        return torch.cat(found)

    def step(self, x: Tensor, batch: Batch, rates: tuple[float, ...], out: Tensor) -> None:
        """Make one step of Adam with the first so many networks, and put their logits into `out`.

        Parameters
        ----------
        x : torch.Tensor
            Vectors of all clips, shape (clips, dim) or (clips, layers * dim).
        batch : Batch
            Which clips each network is given.
        rates : tuple of float
            Learning rates.
        out : torch.Tensor
            Logits, shape (networks, batch, 1).
        """
        self.find_gradients(x, batch, out)
        active = len(batch.sizes)
        self._steps[:active].add_(self._one)
        for rate, arrays in self._groups(rates[:active]):
            torch._fused_adam_(
                *arrays,
                lr=rate,
                beta1=0.9,
                beta2=0.999,
                weight_decay=self._decay,
                eps=1e-8,
                amsgrad=False,
                maximize=False,
            )

    def find_gradients(self, x: Tensor, batch: Batch, out: Tensor) -> list[Tensor]:
        """Return the gradients of the loss, an array for each of `weights`, networks first.

        Parameters
        ----------
        x, batch, out
            See `step`.
        """
        active, clips = batch.rows.shape
        at = self._workspace(active, clips, x.shape[1])
        torch.index_select(x, 0, batch.rows.reshape(-1), out=at.rows)
        given = at.given
        if self._layers:
            of_layers = given.view(active, clips, self._layers, self._dim)
            shares = at.layers[0].softmax(2)
            given = torch.matmul(shares[:, None], of_layers).squeeze(2)
        torch.baddbmm(at.before, given, at.first_t, out=at.hidden).relu_()
        if self._has_dropout:
            # As many as it has clips, so that a network's chance does not depend on others.
            for numbers, size, chance in zip(at.numbers, batch.sizes, self._chances, strict=False):
                numbers[:size].random_(-(2**63), None, generator=chance)
            at.hidden.mul_(torch.ge(at.bits, self._least, out=at.gradient))
        torch.baddbmm(at.after, at.hidden, at.second_t, alpha=self._scale, out=out)

        torch.sigmoid(out, out=at.error).sub_(batch.labels).mul_(batch.counts)
        torch.sum(at.error, 1, keepdim=True, out=at.to_after)
        at.error.mul_(self._scale_tensor)
        torch.bmm(at.error_t, at.hidden, out=at.to_second)
        torch.mul(at.error, at.second, out=at.gradient)
        torch.ops.aten.threshold_backward.grad_input(
            at.gradient, at.hidden, 0, grad_input=at.gradient
        )
        torch.bmm(at.gradient_t, given, out=at.to_first)
        torch.sum(at.gradient, 1, keepdim=True, out=at.to_before)
        if self._layers:
            # Of each clip the gradient of its mean vector, times each layer's vector.
            along = torch.matmul(of_layers, torch.bmm(at.gradient, at.first)[..., None])
            to_shares = along.sum(1).mT
            inner = (shares * to_shares).sum(2, keepdim=True)
            torch.mul(shares, to_shares - inner, out=at.to_layers[0])
        return self._gradients

    def _make_workspace(self, active: int, clips: int, width: int) -> _Workspace:
        return _Workspace(active, clips, width, self._values, self._gradients)

    def _make_groups(self, rates: tuple[float, ...]) -> list[tuple[float, list[list[Tensor]]]]:
        """Return the arrays that Adam steps at once: those of one learning rate."""
        members = defaultdict(list)
        for number, rate in enumerate(rates):
            members[rate].append(number)
        kinds = (self._values, self._gradients, self._means, self._squares)
        return [
            (
                rate,
                [
                    *([array[i] for i in numbers for array in arrays] for arrays in kinds),
                    [],
                    [self._steps[i] for i in numbers for _ in self._values],
                ],
            )
            for rate, numbers in members.items()
        ]


def _initial(dim: int, hidden: int, layers: int, generator: torch.Generator) -> list[Tensor]:
    """Draw weights and biases evenly within 1 over the root of a layer's inputs."""
    made = []
    for inputs, outputs in ((dim, hidden), (hidden, 1)):
        bound = inputs**-0.5
        for shape in ((outputs, inputs), (1, outputs)):
            made.append(torch.empty(shape).uniform_(-bound, bound, generator=generator))
    return made + [torch.zeros(1, layers)] * (layers > 0)

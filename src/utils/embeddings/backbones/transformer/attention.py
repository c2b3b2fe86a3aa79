"""Self-attention within sequences, and WavLM's gated relative position bias."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from src.utils.embeddings.backbones.precision import has_matrix_unit
from src.utils.embeddings.backbones.transformer.kernels import Linear
from src.utils.embeddings.backbones.transformer.ragged import Group, Ragged

SCORES_AT_ONCE = 1 << 21
"""How many attention scores a CPU holds at once: 4 MB in bfloat16, which stay in the cache."""


Gated = tuple[Tensor, Tensor]
"""A gate and what it lets through, multiplied as late as possible: the product is large."""


class Attention:
    """Multi-head self-attention over every sequence of a table of frames.

    Parameters
    ----------
    module : torch.nn.Module
        transformers' attention, float32: `q_proj`, `k_proj`, `v_proj`, `out_proj`.
    n_heads : int
        How many heads share the channels.
    device : torch.device
        Where it computes.
    dtype : torch.dtype
        float32 or bfloat16.
    """

    def __init__(self, module: Any, n_heads: int, device: torch.device, dtype: torch.dtype) -> None:
        self._n_heads = n_heads
        q, k, v = module.q_proj, module.k_proj, module.v_proj
        # The scores' scaling is a part of the queries' weights.
        scale = (q.weight.shape[0] // n_heads) ** -0.5
        weight = torch.cat([q.weight * scale, k.weight, v.weight])
        bias = torch.cat([q.bias * scale, k.bias, v.bias])
        self._project = Linear(weight.to(device, dtype), bias.to(device, dtype))
        self._finish = Linear.of(module.out_proj, device, dtype)
        # torch's fused CPU kernel multiplies bfloat16 well on matrix units only.
        self._in_blocks = device.type == "cpu" and dtype == torch.bfloat16 and not has_matrix_unit()

    def __call__(
        self,
        frames: Tensor,
        residual: Tensor,
        ragged: Ragged,
        biases: Sequence[Tensor] | None = None,
        gate: "PositionGate | None" = None,
    ) -> Tensor:
        """Return `residual` plus the attention's output, of shape (rows, channels).

        Parameters
        ----------
        frames, residual : torch.Tensor
            Shape (rows, channels).
        ragged : Ragged
            How the sequences lie in them.
        biases : sequence of torch.Tensor, optional
            For WavLM, what `PositionBias` gives for these sequences.
        gate : PositionGate, optional
            For WavLM.
        """
        projected = self._project(frames)
        mixed = torch.zeros_like(frames)
        for number, group in enumerate(ragged.groups):
            padded = group.pad(projected)
            n_sequences, longest, _ = padded.shape
            parts = padded.view(n_sequences, longest, 3, self._n_heads, -1)
            query, key, value = parts.permute(2, 0, 3, 1, 4)
            position = None
            if biases is not None and gate is not None:
                position = gate(group.pad(frames)), biases[number]
            found = self._attend(query, key, value, position, group)
            group.unpad_into(found.transpose(1, 2).flatten(2), mixed)
        return self._finish(mixed, residual)

    def _attend(
        self, query: Tensor, key: Tensor, value: Tensor, position: Gated | None, group: Group
    ) -> Tensor:
        """Return (sequences, heads, longest, channels of a head)."""
        if self._in_blocks and group.mask is None and len(query) == 1:
            if position is not None:
                position = position[0][0], position[1][0]
            return _attend_in_blocks(query[0], key[0], value[0], position)[None]
        added = None if position is None else position[0] * position[1]
        if group.mask is not None:
            real = group.mask[:, None, None]
            added = real if added is None else added.masked_fill(~real, -math.inf)
        return functional.scaled_dot_product_attention(
            query, key, value, attn_mask=added, scale=1.0
        )


def _attend_in_blocks(query: Tensor, key: Tensor, value: Tensor, position: Gated | None) -> Tensor:
    """Attend with queries in blocks, so that their scores stay in the cache."""
    heads, length, _ = query.shape
    query, value = query.contiguous(), value.contiguous()
    turned = key.contiguous().transpose(1, 2)
    result = torch.empty_like(query)
    step = max(Ragged.ROWS, SCORES_AT_ONCE // (heads * length))
    for start in range(0, length, step):
        block = slice(start, start + step)
        if position is None:
            scores = torch.bmm(query[:, block], turned)
        else:
            gate, bias = position
            scores = torch.baddbmm(gate[:, block] * bias[:, block], query[:, block], turned)
        result[:, block] = torch.bmm(torch.softmax(scores, dim=-1), value)
    return result


class PositionBias:
    """WavLM's bias by relative position, shared by all layers (Chen et al. 2022, section III-B).

    Distances are put into buckets, exact when small and logarithmic when large (Raffel et al.
    2020, "T5"), and each bucket has a number per head.

    Parameters
    ----------
    module : torch.nn.Module
        The first layer's attention, which holds the numbers.
    device : torch.device
        Where it computes.
    dtype : torch.dtype
        float32 or bfloat16.
    """

    def __init__(self, module: Any, device: torch.device, dtype: torch.dtype) -> None:
        self._numbers = module.rel_attn_embed.weight.to(device, dtype)
        self._n_buckets = module.num_buckets // 2
        self._max_distance = module.max_distance
        self._device = device

    def __call__(self, ragged: Ragged) -> list[Tensor]:
        """Return (1, heads, longest, longest) for every group of sequences."""
        lengths = [group.longest for group in ragged.groups]
        by_length = {length: self._of(length) for length in set(lengths)}
        return [by_length[length] for length in lengths]

    def _of(self, length: int) -> Tensor:
        offsets = torch.arange(1 - length, length, device=self._device)
        by_offset = self._numbers[self._bucket(offsets)].T
        # Row i holds the offsets -i to length - 1 - i, a window one step further left each.
        return by_offset.unfold(1, length, 1).flip(1)[None]

    def _bucket(self, offsets: Tensor) -> Tensor:
        exact = self._n_buckets // 2
        distance = offsets.abs()
        ratio = torch.log(distance.float() / exact) / math.log(self._max_distance / exact)
        far = (exact + ratio * (self._n_buckets - exact)).clamp(max=self._n_buckets - 1).long()
        return torch.where(distance < exact, distance, far) + (offsets > 0) * self._n_buckets


class PositionGate:
    """How much of the position bias a layer's frames let in (Chen et al. 2022, equation 5).

    Parameters
    ----------
    module : torch.nn.Module
        The layer's attention.
    device : torch.device
        Where it computes.
    dtype : torch.dtype
        float32 or bfloat16.
    """

    def __init__(self, module: Any, device: torch.device, dtype: torch.dtype) -> None:
        linear = module.gru_rel_pos_linear
        # Its eight outputs are only ever summed by fours.
        self._weight = linear.weight.unflatten(0, (2, 4)).sum(1).to(device, dtype)
        self._bias = linear.bias.unflatten(0, (2, 4)).sum(1).to(device, dtype)
        self._constant = module.gru_rel_pos_const.to(device, dtype)
        self._n_heads = module.num_heads

    def __call__(self, frames: Tensor) -> Tensor:
        """Map (sequences, longest, channels) to (sequences, heads, longest, 1)."""
        by_head = frames.unflatten(2, (self._n_heads, -1)).transpose(1, 2)
        gates = torch.sigmoid(functional.linear(by_head, self._weight, self._bias))
        update, reset = gates[..., :1], gates[..., 1:]
        return update * (reset * self._constant - 1.0) + 2.0

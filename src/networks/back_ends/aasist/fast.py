"""The encoder of AASIST on CPUs, for scoring: the same numbers, several times faster.

The plain layers go over maps of many megabytes one by one. Here a few hundred frames at a time go
through all layers of a block, so that what lies between them stays in the cache; maps are laid
out by time, then band, then channel, in which oneDNN convolves near the speed of its matrix
products and three frames are pooled in one sweep; the filters are a matrix; and the normalisation
is folded into the convolution before it. What is folded is made anew at each call, which costs a
thousandth of it, so that it can never be that of older weights.
"""

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, selu

from src.networks.back_ends.aasist.encoder import (
    POOLED,
    Encoder,
    FilterBank,
    ResidualBlock,
    bias_of,
    running_of,
)

_onednn = torch.ops.mkldnn

_NUMBERS_AT_ONCE = 150_000
"""Of a map, a thread: as many as the second-level cache holds, and so many that the calls of the
operators, which one thread makes, take a tenth of what they compute."""

_NUMBERS_TOGETHER = 1_000_000
"""Of the first block's maps of windows that go through the encoder together, a thread."""

_GROUPS_AT_ONCE = 3072
"""Frames that are filtered at once, a thread."""

ALPHA = 1.6732632423543772
SCALE = 1.0507009873554805
"""Of SELU: scale * (max(x, 0) + alpha * (exp(min(x, 0)) - 1))."""

LOG2_E = math.log2(math.e)
_OFFSET = ALPHA * LOG2_E


def is_on_cpu(frames: Tensor) -> bool:
    """Say whether what is made for CPUs can be used: no other device, and nothing is traced.

    Parameters
    ----------
    frames : torch.Tensor
        What the network is given.
    """
    return (
        frames.device.type == "cpu"
        and frames.dtype == torch.float32
        and not torch.jit.is_tracing()
        and not torch.compiler.is_compiling()
        and torch.backends.mkldnn.is_available()
    )


def is_fast(frames: Tensor) -> bool:
    """Say whether the fast encoder can be used: as `is_on_cpu`, in float32 without a gradient.

    Parameters
    ----------
    frames : torch.Tensor
        What the network is given.
    """
    is_exact = not torch.is_grad_enabled() and not torch.is_autocast_enabled("cpu")
    return is_exact and is_on_cpu(frames)


def numbers_at_once() -> int:
    """Return how many numbers of a map go through several steps before those after them do."""
    return _NUMBERS_AT_ONCE * torch.get_num_threads()


def pool_filtered(bank: FilterBank, windows: Tensor) -> Tensor:
    """Return what a bank pools before it normalises, laid out by time: (batch, frames, bands, 1).

    Parameters
    ----------
    bank : FilterBank
        Its filters are used; nothing of it has a gradient.
    windows : torch.Tensor
        Shape (batch, samples).
    """
    n_bands, taps = len(bank.filters) // POOLED, bank.filters.shape[-1]
    filters = bank.filters[: n_bands * POOLED, 0]
    # A row for each filter of three and each sample of three: what is pooled is a maximum of rows.
    shifted = torch.stack([pad(filters, (at, POOLED - 1 - at)) for at in range(POOLED)])
    matrix = shifted.view(POOLED, n_bands, POOLED, -1).transpose(1, 2).flatten(0, 2).contiguous()
    n_frames = (windows.shape[1] - taps + 1) // POOLED
    windows = windows.contiguous()
    result = windows.new_empty(len(windows), n_frames, n_bands, 1)

    at_once = _GROUPS_AT_ONCE * torch.get_num_threads()
    for window, to in zip(windows, result[..., 0], strict=True):
        first = window.storage_offset()
        for start, part in enumerate(to.split(at_once)):
            shape, strides = (len(part), matrix.shape[1]), (POOLED, 1)
            groups = window.as_strided(shape, strides, first + start * at_once * POOLED)
            filtered = torch.mm(matrix, groups.contiguous().t()).abs_()
            part.copy_(filtered.view(-1, n_bands, len(part)).amax(dim=0).t())
    return result


def filter_fast(bank: FilterBank, windows: Tensor) -> Tensor:
    """Return what a bank in evaluation gives, laid out by time: (batch, frames, bands, 1).

    Parameters
    ----------
    bank, windows
        See `pool_filtered`.
    """
    gain, shift = _folded(bank.norm)
    return selu(pool_filtered(bank, windows).mul_(gain).add_(shift), inplace=True)


def encode_fast(encoder: Encoder, maps: Tensor) -> Tensor:
    """Return what an encoder in evaluation gives of maps, both laid out by time.

    Parameters
    ----------
    encoder : Encoder
        In evaluation mode.
    maps : torch.Tensor
        Shape (batch, frames, bands, channels).
    """
    blocks = [_FastBlock(block) for block in encoder.blocks()]
    shapes = [maps.shape]
    for block in blocks:
        shapes.append(block.shape_of(shapes[-1]))
    result = maps.new_empty(shapes[-1])
    of_window = max(shapes[1][1:].numel(), 1)
    together = max(_NUMBERS_TOGETHER * torch.get_num_threads() // of_window, 1)
    # Memory that the system hands out anew is slow to touch, so all windows go through the same.
    sizes = [together * shape[1:].numel() for shape in shapes]
    spare = [maps.new_empty(max(of_turn)) for of_turn in (sizes[1::2], sizes[2::2])]
    for windows, to in zip(maps.split(together), result.split(together), strict=True):
        for number, (block, shape) in enumerate(zip(blocks, shapes[1:], strict=True)):
            shape = torch.Size((len(windows), *shape[1:]))
            is_last = number == len(blocks) - 1
            made = to if is_last else spare[number % 2][: shape.numel()].view(shape)
            block(windows, made)
            windows = made
    return result


def _folded(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Return what a normalisation in evaluation multiplies with, and what it adds then."""
    mean, variance = running_of(norm)
    gain = norm.weight / torch.sqrt(variance + norm.eps)
    return gain, norm.bias - mean * gain


class _Convolution:
    """A convolution over maps laid out by time, with weights that are packed once."""

    def __init__(self, weight: Tensor, bias: Tensor, bands_padded: int) -> None:
        self._weight, self._bias = weight.transpose(2, 3), bias
        self._is_of_one = weight.shape[1] == 1
        self._geometry = ([0, bands_padded], [1, 1], [1, 1], 1)
        self._padded = bands_padded
        self._span = self._weight.shape[2:]
        if not self._is_of_one:
            shape = [1, weight.shape[1], 384, 24]
            packed = self._weight.contiguous(memory_format=torch.channels_last)
            self._weight = _onednn._reorder_convolution_weight(packed, *self._geometry, shape)

    def __call__(self, maps: Tensor) -> Tensor:
        """Map (batch, frames, bands, channels) to fewer frames."""
        if self._is_of_one:
            return self._of_one(maps[..., 0])
        return _by_time(
            _onednn._convolution_pointwise(
                _by_channel(maps), self._weight, self._bias, *self._geometry, "none", [], ""
            )
        )

    def add_to(self, result: Tensor, maps: Tensor) -> None:
        """Add what it makes of maps to a result."""
        _onednn._convolution_pointwise_.binary(
            _by_channel(result),
            _by_channel(maps),
            self._weight,
            self._bias,
            *self._geometry,
            "add",
            1.0,
            None,
            [],
            None,
        )

    def _of_one(self, maps: Tensor) -> Tensor:
        """Convolve one channel, as a matrix product with all neighbourhoods."""
        maps = pad(maps, (self._padded, self._padded))
        height, width = self._span
        frames, bands = maps.shape[1] - height + 1, maps.shape[2] - width + 1
        taps = [
            maps[:, down : down + frames, right : right + bands]
            for down in range(height)
            for right in range(width)
        ]
        # The bias is what one more neighbour, of ones, is weighed with.
        around = torch.stack([*taps, torch.ones_like(taps[0])]).flatten(1)
        weight = torch.cat([self._weight.flatten(1), self._bias[:, None]], dim=1).t()
        return torch.mm(around.t(), weight).view(-1, frames, bands, weight.shape[1])


class _FastBlock:
    """A residual block in evaluation, over maps laid out by time."""

    def __init__(self, block: ResidualBlock) -> None:
        gain, shift = _folded(block.norm)
        # What is exponentiated is a power of two, which torch computes three times as fast on some
        # processors: x stands for log2(e) times what the normalisation gives.
        weight = block.first.weight * (gain * LOG2_E)[:, None, None, None]
        self._first = _Convolution(weight, (bias_of(block.first) * gain + shift) * LOG2_E, 1)
        # Between the two there is max(x, 0) + offset * min(2 ** x, 1): scale and offset of SELU are
        # folded into what follows, and the padding is what SELU makes 0 of.
        weight = block.second.weight * (SCALE / LOG2_E)
        self._second = _Convolution(
            weight, bias_of(block.second) - _OFFSET * weight.sum(dim=(1, 2, 3)), 0
        )
        past = block.past
        self._past = None if past is None else _Convolution(past.weight, bias_of(past), 0)
        self._pooled, self._channels = block.pooled, len(block.second.weight)

    def shape_of(self, shape: torch.Size) -> torch.Size:
        """Return the shape of what it gives of maps of a shape."""
        batch, frames, bands, _ = shape
        return torch.Size((batch, frames // self._pooled, bands, self._channels))

    def __call__(self, maps: Tensor, result: Tensor) -> None:
        """Map (batch, frames, bands, channels) to (batch, fewer frames, bands, channels)."""
        for rows, start, stop in self._cut(*maps.shape[:3]):
            to = slice(start // self._pooled, stop // self._pooled)
            self._part(maps[rows], start, stop, result[rows, to])

    def _cut(self, batch: int, frames: int, bands: int) -> Iterator[tuple[slice, int, int]]:
        """Yield parts that fit into the cache: rows of the batch, and frames from and to."""
        frames -= frames % self._pooled
        of_step = bands * self._channels * self._pooled
        at_once = max(numbers_at_once() // of_step, 1) * self._pooled
        rows = max(at_once // frames, 1)
        for row in range(0, batch, rows):
            for start in range(0, frames, at_once):
                yield slice(row, row + rows), start, min(start + at_once, frames)

    def _part(self, maps: Tensor, start: int, stop: int, to: Tensor) -> None:
        n_frames = maps.shape[1]
        before, after = max(2 - start, 0), max(stop + 2 - n_frames, 0)
        part = maps[:, max(start - 2, 0) : stop + 2]
        if before or after:
            part = pad(part, (0, 0, 0, 0, before, after))
        between = self._first(part)
        below = between.exp2().clamp_max_(1)
        between.relu_().add_(below, alpha=_OFFSET)
        if start == 0:
            between[:, 0] = _OFFSET
        if stop == n_frames:
            between[:, -1] = _OFFSET
        past = self._past
        result = part[:, 2:-2].clone() if past is None else past(part[:, 1:-1])
        self._second.add_to(result, between)
        if self._pooled == 1:
            to.copy_(result)
        else:
            first, second, *others = result.unflatten(1, (-1, self._pooled)).unbind(2)
            # `amax` would begin with a sweep that fills what it writes to.
            torch.maximum(first, second, out=to)
            for other in others:
                torch.maximum(to, other, out=to)


def _by_channel(maps: Tensor) -> Tensor:
    """Return (batch, channels, frames, bands) of maps laid out by time, without a copy."""
    return maps.permute(0, 3, 1, 2)


def _by_time(image: Tensor) -> Tensor:
    return image.permute(0, 2, 3, 1)

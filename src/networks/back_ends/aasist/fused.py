"""Training of AASIST's encoder on CPUs: the plain layers' numbers and gradients, in less time.

Maps are laid out by time, then band, then channel, as in scoring (see `fast`): oneDNN convolves
and torch normalises them without reordering. The fixed filters have no gradient, so that nothing
of them is kept, and of a pooling, what is kept says in two bytes which frame was the greatest.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, pad

from src.networks.back_ends.aasist.encoder import Encoder, ResidualBlock, bias_of, running_of
from src.networks.back_ends.aasist.fast import ALPHA, LOG2_E, SCALE, numbers_at_once


class _GreatestOfThree(torch.autograd.Function):
    """The greatest of each three frames in a row; the first of equal ones takes the gradient."""

    @staticmethod
    def forward(context: Any, maps: Tensor) -> Tensor:
        batch, n_frames, *rest = maps.shape
        greatest = maps.new_empty(batch, n_frames // 3, *rest)
        # As whole numbers: with truth values, torch compares and weighs several times slower.
        is_second, is_third = (torch.empty_like(greatest, dtype=torch.int8) for _ in range(2))
        for threes, to, second, third in _by_window(maps, greatest, is_second, is_third):
            one, two, three = threes.unflatten(0, (-1, 3)).unbind(1)
            torch.gt(two, one, out=second)
            torch.maximum(one, two, out=to)
            torch.gt(three, to, out=third)
            torch.maximum(to, three, out=to)
        context.save_for_backward(is_second, is_third)
        context.n_frames = n_frames
        return greatest

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> Tensor:
        (is_second, is_third), (gradient,) = context.saved_tensors, gradients
        batch, frames, *rest = gradient.shape
        result = gradient.new_empty(batch, context.n_frames, *rest)
        result[:, frames * 3 :] = 0
        for threes, told, second, third in _by_window(result, gradient, is_second, is_third):
            one, two, three = threes.unflatten(0, (-1, 3)).unbind(1)
            torch.mul(told, third.to(told.dtype), out=three)
            of_others = told - three
            torch.mul(of_others, second.to(told.dtype), out=two)
            torch.sub(of_others, two, out=one)
        return result


def _by_window(maps: Tensor, *pooled: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """Yield the frames of maps, three of them for each of the pooled, that fit into the cache."""
    numbers = pooled[0][0, :1].numel()
    at_once = max(numbers_at_once() // (3 * numbers), 1)
    n_frames = pooled[0].shape[1]
    for window, *others in zip(maps, *pooled, strict=True):
        threes = window[: 3 * n_frames].split(3 * at_once)
        yield from zip(threes, *(other.split(at_once) for other in others), strict=True)


_FRAMES_AT_ONCE = 400
"""Of a window, whose neighbourhoods and outputs stay in the cache."""


class _OneChannel(torch.autograd.Function):
    """A convolution of one channel, as matrix products with the neighbourhoods of few frames.

    The neighbourhoods are found again for the gradient; kept, they would be seven maps.
    """

    @staticmethod
    @torch.amp.custom_fwd(device_type="cpu", cast_inputs=torch.float32)
    def forward(context: Any, image: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        context.save_for_backward(image, weight)
        height, width = weight.shape[1:]
        rows, columns = image.shape[1] - height + 1, image.shape[2] - width + 1
        matrix = torch.cat([weight.flatten(1), bias[:, None]], dim=1).t()
        result = image.new_empty(len(image), rows, columns, len(bias))
        for window, to in zip(image, result, strict=True):
            for start, part in enumerate(to.split(_FRAMES_AT_ONCE)):
                around = _around(window[start * _FRAMES_AT_ONCE :], part.shape[:2], weight)
                torch.mm(around.t(), matrix, out=part.view(-1, len(bias)))
        return result

    @staticmethod
    @torch.amp.custom_bwd(device_type="cpu")
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        (image, weight), (gradient,) = context.saved_tensors, gradients
        outputs, height, width = weight.shape
        of_image = torch.zeros_like(image)
        of_matrix = weight.new_zeros(height * width + 1, outputs)
        back = weight.flatten(1).t()
        for window, to, told in zip(image, of_image, gradient.contiguous(), strict=True):
            for start, part in enumerate(told.split(_FRAMES_AT_ONCE)):
                shape, start = part.shape[:2], start * _FRAMES_AT_ONCE
                part = part.view(-1, outputs)
                of_matrix += torch.mm(_around(window[start:], shape, weight), part)
                of_taps = torch.mm(back, part.t()).view(height * width, *shape)
                for tap, of_tap in zip(_taps(to[start:], shape, weight), of_taps, strict=True):
                    tap += of_tap
        of_weight = of_matrix[:-1].t().reshape(weight.shape)
        return of_image, of_weight, of_matrix[-1]


def _taps(image: Tensor, shape: tuple[int, ...], weight: Tensor) -> list[Tensor]:
    """Return what each tap of a kernel sees of an image, in views of (rows, columns)."""
    (rows, columns), (height, width) = shape, weight.shape[1:]
    return [
        image[down : down + rows, right : right + columns]
        for down in range(height)
        for right in range(width)
    ]


def _around(image: Tensor, shape: tuple[int, ...], weight: Tensor) -> Tensor:
    """Return the taps as rows of a matrix, and ones, with which a bias is weighed."""
    taps = _taps(image, shape, weight)
    return torch.stack([*taps, torch.ones_like(taps[0])]).flatten(1)


class _NormalizedSelu(torch.autograd.Function):
    """The SELU of maps that are normalised by their own means and variances, and both of these.

    A part that fits into the cache goes through all steps before the next one. The sums are exact
    to float32, where those of torch over channels that lie side by side lose two digits.
    """

    @staticmethod
    @torch.amp.custom_fwd(device_type="cpu", cast_inputs=torch.float32)
    def forward(
        context: Any, maps: Tensor, weight: Tensor, bias: Tensor, eps: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        rows = maps.flatten(0, -2)
        mean, variance = _moments(rows)
        scale = torch.rsqrt(variance + eps)
        gain = weight * scale * LOG2_E
        shift = (bias - mean * weight * scale) * LOG2_E
        result = torch.empty_like(rows)
        for part, to in _by_parts(rows, result):
            # As in scoring: of two to the power of what stands for log2(e) times what is meant.
            torch.addcmul(shift, part, gain, out=to)
            below = to.exp2().clamp_max_(1).sub_(1)
            to.relu_().mul_(SCALE / LOG2_E).add_(below, alpha=SCALE * ALPHA)
        context.save_for_backward(rows, weight, mean, scale, result)
        context.mark_non_differentiable(mean, variance)
        return result.view(maps.shape), mean, variance

    @staticmethod
    @torch.amp.custom_bwd(device_type="cpu")
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        rows, weight, mean, scale, selu_of = context.saved_tensors
        gradient = gradients[0].contiguous()
        of_maps = torch.empty_like(rows)
        of_bias, of_weight = (weight.new_zeros(len(weight), dtype=torch.float64) for _ in range(2))
        for told, part, made, to in _by_parts(gradient.view_as(rows), rows, selu_of, of_maps):
            torch.ops.aten.elu_backward.grad_input(told, ALPHA, SCALE, 1, True, made, grad_input=to)
            of_bias += _sums(to)
            of_weight += _sums((part - mean).mul_(to))
        of_weight, of_bias = (of_weight * scale).float(), of_bias.float()
        # d maps = weight * scale * (d - mean of d - normalised * mean of d * normalised)
        times = weight * scale
        slope = -times * scale * of_weight / len(rows)
        offset = -times * of_bias / len(rows) - slope * mean
        for part, to in _by_parts(rows, of_maps):
            to.mul_(times).addcmul_(part, slope).add_(offset)
        return of_maps.view(gradient.shape), of_weight, of_bias, None


def _by_parts(*matrices: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """Yield the rows of matrices in parts that fit into the cache of all threads together."""
    at_once = numbers_at_once() // matrices[0].shape[1]
    return zip(*(matrix.split(at_once) for matrix in matrices), strict=True)


def _sums(rows: Tensor) -> Tensor:
    """Return the sums over all rows."""
    return rows.new_ones(len(rows)) @ rows


def _moments(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and variance over rows, in float32, with sums in float64 over the parts."""
    near = rows[:1000].mean(dim=0)
    total, squared = (rows.new_zeros(rows.shape[1], dtype=torch.float64) for _ in range(2))
    for (part,) in _by_parts(rows):
        off = part - near
        total += _sums(off)
        squared += _sums(off.square_())
    total, squared = total / len(rows), squared / len(rows)
    return (near + total).float(), (squared - total.square()).float()


def _convolve(maps: Tensor, weight: Tensor, bias: Tensor, padded: tuple[int, int]) -> Tensor:
    """Convolve maps laid out by time by a weight over bands and frames, padded at both ends."""
    bands, frames = padded
    weight = weight.transpose(2, 3)
    if weight.shape[1] > 1:
        weight = weight.contiguous(memory_format=torch.channels_last)
        found = conv2d(maps.permute(0, 3, 1, 2), weight, bias, padding=(frames, bands))
        return found.permute(0, 2, 3, 1)
    return _OneChannel.apply(pad(maps[..., 0], (bands, bands, frames, frames)), weight[:, 0], bias)


def train_encoder(encoder: Encoder, maps: Tensor) -> Tensor:
    """Return what an encoder in training gives of maps, both laid out by time.

    Parameters
    ----------
    encoder : Encoder
        Its running means move, as in its own forward pass.
    maps : torch.Tensor
        Shape (batch, frames, bands, channels).
    """
    for block in encoder.blocks():
        maps = _train_block(block, maps)
    return maps


def _train_block(block: ResidualBlock, maps: Tensor) -> Tensor:
    between = _convolve(maps, block.first.weight, bias_of(block.first), (1, 1))
    between = _normalize(block.norm, between)
    result = _convolve(between, block.second.weight, bias_of(block.second), (0, 1))
    past = block.past
    result = result + (
        maps if past is None else _convolve(maps, past.weight, bias_of(past), (0, 1))
    )
    return result if block.pooled == 1 else _GreatestOfThree.apply(result)


def _normalize(norm: nn.BatchNorm2d, maps: Tensor) -> Tensor:
    """Return the SELU of what a normalisation in training gives, whose running means move."""
    # Else its running means would be of all batches alike, which no norm here asks for.
    assert norm.momentum is not None and norm.num_batches_tracked is not None
    norm.num_batches_tracked.add_(1)
    result, mean, variance = _NormalizedSelu.apply(maps, norm.weight, norm.bias, norm.eps)
    count = maps.numel() // len(mean)
    running_mean, running_variance = running_of(norm)
    with torch.no_grad():
        running_mean.lerp_(mean, norm.momentum)
        running_variance.lerp_(variance * (count / (count - 1)), norm.momentum)
    return result

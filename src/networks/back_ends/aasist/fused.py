"""Training of AASIST's encoder on CPUs: the plain layers' numbers and gradients, in less time.

Maps are laid out by time, then band, then channel, as in scoring (see `fast`): oneDNN convolves
and torch normalises them without reordering. The fixed filters have no gradient, so that nothing
of them is kept, and of a pooling, what is kept says in two bytes which frame was the greatest.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import batch_norm, conv2d, pad, selu

from src.networks.back_ends.aasist.encoder import Encoder, ResidualBlock, bias_of, running_of


class _GreatestOfThree(torch.autograd.Function):
    """The greatest of each three frames in a row; the first of equal ones takes the gradient."""

    @staticmethod
    def forward(context: Any, maps: Tensor) -> Tensor:
        one, two, three = maps[:, : maps.shape[1] // 3 * 3].unflatten(1, (-1, 3)).unbind(2)
        greatest = torch.maximum(one, two)
        is_second, is_third = torch.gt(two, one), torch.gt(three, greatest)
        torch.maximum(greatest, three, out=greatest)
        context.save_for_backward(is_second, is_third)
        context.n_frames = maps.shape[1]
        return greatest

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> Tensor:
        (is_second, is_third), (gradient,) = context.saved_tensors, gradients
        batch, frames, *rest = gradient.shape
        result = gradient.new_empty(batch, context.n_frames, *rest)
        result[:, frames * 3 :] = 0
        one, two, three = result[:, : frames * 3].unflatten(1, (frames, 3)).unbind(2)
        none = gradient.new_zeros(())
        torch.where(is_third, gradient, none, out=three)
        of_others = torch.where(is_third, none, gradient)
        torch.where(is_second, of_others, none, out=two)
        torch.where(is_second, none, of_others, out=one)
        return result


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
    image = batch_norm(
        maps.permute(0, 3, 1, 2),
        *running_of(norm),
        norm.weight,
        norm.bias,
        training=True,
        momentum=norm.momentum,
        eps=norm.eps,
    )
    return selu(image, inplace=True).permute(0, 2, 3, 1)

"""Matrix multiplications and convolutions over frames, fused with what follows them.

Frames are laid out in time-major order, (clips, frames, channels): a frame's channels lie side
by side, so a linear layer, a normalisation and a convolution all read memory in one sweep and
nothing is transposed between them.

On CPUs torch's own oneDNN operators are called with weights that were packed once; they add
bias, GELU or residual while the result is still in registers. Elsewhere the plain operators do
the same one by one.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from src.utils.embeddings.backbones.precision import has_fused_kernels

_onednn = torch.ops.mkldnn

TYPICAL_FRAMES = 1024
"""What weights are packed for; any other number works as well, if not at quite the same speed."""


FEWEST_CHANNELS = 16
"""Inputs a group from which on oneDNN's bfloat16 convolution is right with Intel AMX.

Measured with torch 2.11 on a Xeon with AMX: with 2 to 8 inputs a group, kernels of 64 frames and
more come out wrong by as much as the result itself, through every operator of torch; with 16 to 64
they are right. The models that are published have 48 or 64.
"""


def _is_fused(weight: Tensor) -> bool:
    return weight.device.type == "cpu" and has_fused_kernels(weight.dtype)


def _is_wrong_in_bfloat16(weight: Tensor, groups: int) -> bool:
    is_cpu = weight.device.type == "cpu" and weight.dtype == torch.bfloat16
    return is_cpu and groups > 1 and weight.shape[1] < FEWEST_CHANNELS


def _activation(gelu: bool) -> tuple[str, list, str]:
    """Return the last three arguments of a fused operator: what follows it, and in which form."""
    return ("gelu", [], "none") if gelu else ("none", [], "")


class Linear:
    """`frames @ weight.T + bias`, then GELU if asked for.

    Parameters
    ----------
    weight : torch.Tensor
        Shape (outputs, inputs), on the device and in the format to compute in.
    bias : torch.Tensor or None
        Shape (outputs,).
    gelu : bool
        Apply the exact GELU (by the error function) to the result.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None, gelu: bool = False) -> None:
        weight = weight.contiguous()
        self._is_fused = _is_fused(weight)
        if self._is_fused:
            weight = _onednn._reorder_linear_weight(weight, TYPICAL_FRAMES)
        self._weight = weight
        self._bias = bias
        self._gelu = gelu

    @classmethod
    def of(
        cls, module: torch.nn.Linear, device: torch.device, dtype: torch.dtype, gelu: bool = False
    ) -> "Linear":
        """Make it of a module's weights.

        Parameters
        ----------
        module : torch.nn.Linear
            float32; only read.
        device : torch.device
            Where it computes.
        dtype : torch.dtype
            float32 or bfloat16.
        gelu : bool
            Apply the exact GELU to the result.
        """
        return cls(module.weight.to(device, dtype), module.bias.to(device, dtype), gelu)

    def __call__(self, frames: Tensor, residual: Tensor | None = None) -> Tensor:
        """Map (..., inputs) to (..., outputs).

        Of a layer without GELU the result may be added to a `residual` of its shape.
        """
        if not self._is_fused:
            result = functional.linear(frames, self._weight, self._bias)
            if residual is not None:
                return residual + result
            return functional.gelu(result) if self._gelu else result
        if residual is None:
            return _onednn._linear_pointwise(
                frames, self._weight, self._bias, *_activation(self._gelu)
            )
        return _onednn._linear_pointwise.binary(frames, residual, self._weight, self._bias, "add")


def project(windows: Tensor, weight: Tensor, gelu: bool) -> Tensor:
    """Multiply with weights that are used once, clip by clip.

    Parameters
    ----------
    windows : torch.Tensor
        Shape (clips, frames, inputs).
    weight : torch.Tensor
        Shape (clips, outputs, inputs).
    gelu : bool
        Apply the exact GELU to the result.

    Returns
    -------
    torch.Tensor
        Shape (clips, frames, outputs).
    """
    if len(windows) == 1 and _is_fused(weight):
        return _onednn._linear_pointwise(windows, weight[0], None, *_activation(gelu))
    result = torch.bmm(windows, weight.transpose(1, 2))
    return functional.gelu(result) if gelu else result


class TimeConvolution:
    """A convolution over time, then GELU if asked for.

    Parameters
    ----------
    weight : torch.Tensor
        Shape (outputs, inputs / groups, kernel), on the device and in the format to compute in.
    bias : torch.Tensor or None
        Shape (outputs,).
    stride : int
        In frames.
    groups : int
        Channels are split into so many groups, which do not see each other.
    gelu : bool
        Apply the exact GELU to the result.
    """

    def __init__(
        self,
        weight: Tensor,
        bias: Tensor | None,
        stride: int = 1,
        groups: int = 1,
        gelu: bool = False,
    ) -> None:
        self._dtype = weight.dtype
        if _is_wrong_in_bfloat16(weight, groups):
            weight, bias = weight.float(), None if bias is None else bias.float()
        # As an image one pixel high, whose channels-last order is our time-major order.
        image = weight[:, :, None].contiguous(memory_format=torch.channels_last)
        self._geometry = ([0, 0], [1, stride], [1, 1], groups)
        self._is_fused = _is_fused(weight)
        if self._is_fused:
            typical = [1, weight.shape[1] * groups, 1, TYPICAL_FRAMES]
            pad, step, dilation, _ = self._geometry
            image = _onednn._reorder_convolution_weight(image, pad, step, dilation, groups, typical)
        self._weight = image
        self._bias = bias
        self._gelu = gelu

    def __call__(self, frames: Tensor) -> Tensor:
        """Map (clips, frames, inputs) to (clips, fewer frames, outputs)."""
        image = frames.to(self._weight.dtype).transpose(1, 2).unsqueeze(2)
        padding, stride, dilation, groups = self._geometry
        if self._is_fused:
            result = _onednn._convolution_pointwise(
                image,
                self._weight,
                self._bias,
                padding,
                stride,
                dilation,
                groups,
                *_activation(self._gelu),
            )
        else:
            result = functional.conv2d(
                image, self._weight, self._bias, stride, padding, dilation, groups
            )
            result = functional.gelu(result) if self._gelu else result
        return result.to(self._dtype).squeeze(2).transpose(1, 2)


class LayerNorm:
    """A normalisation over channels.

    Parameters
    ----------
    module : torch.nn.LayerNorm
        With a gain and a bias for each channel.
    device : torch.device
        Where it computes.
    dtype : torch.dtype
        float32 or bfloat16.
    """

    def __init__(self, module: Any, device: torch.device, dtype: torch.dtype) -> None:
        self._weight = module.weight.to(device, dtype)
        self._bias = module.bias.to(device, dtype)
        self._epsilon = module.eps

    def __call__(self, frames: Tensor) -> Tensor:
        """Normalise the last axis."""
        return functional.layer_norm(
            frames, self._weight.shape, self._weight, self._bias, self._epsilon
        )

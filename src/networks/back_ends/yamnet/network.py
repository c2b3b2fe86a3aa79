"""YAMNet: MobileNet-v1 over log-mel patches.

Howard et al. (2017), "MobileNets: efficient convolutional neural networks for mobile vision
applications"; as YAMNet it was trained on AudioSet
(https://github.com/tensorflow/models/tree/master/research/audioset/yamnet).
"""

from collections import OrderedDict
from collections.abc import Iterator

import torch
from torch import nn
from torch.nn import functional

N_CLASSES = 521
"""Number of classes of AudioSet; the first is "Speech"."""

EPSILON = 1e-4
"""Epsilon of the batch norms; torch's default would give other scores."""

_KERNEL = 3
_FIRST = (2, 32)
_SEPARABLE = (
    *((1, 64), (2, 128), (1, 128), (2, 256), (1, 256), (2, 512)),
    *((1, 512), (1, 512), (1, 512), (1, 512), (1, 512), (2, 1024), (1, 1024)),
)
"""Stride and channels of each layer."""


class ConvolutionUnit(nn.Module):
    """A convolution without bias, batch norm and ReLU.

    Padding is TensorFlow's `SAME`: where it is odd, the end gets one more than the start. The
    batch norm has an offset and no scale, so its weight stays 1.

    Parameters
    ----------
    channels, out_channels : int
        Number of input and output channels.
    kernel, stride : int
        Size and stride of the kernel, in both dimensions.
    is_depthwise : bool
        Whether the convolution is depthwise: each channel is filtered by itself.
    """

    def __init__(
        self,
        channels: int,
        out_channels: int,
        kernel: int = _KERNEL,
        stride: int = 1,
        is_depthwise: bool = False,
    ) -> None:
        super().__init__()
        groups = channels if is_depthwise else 1
        self.conv = nn.Conv2d(channels, out_channels, kernel, stride, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(out_channels, eps=EPSILON)
        self.norm.weight.requires_grad_(False)

    def convolve(self, x: torch.Tensor) -> torch.Tensor:
        """Return the convolution of `x`, without batch norm and ReLU."""
        (height, width), (kernel, _) = x.shape[2:], self.conv.kernel_size
        top, bottom = _same(height, kernel, self.conv.stride[0])
        left, right = _same(width, kernel, self.conv.stride[1])
        if (top, left) == (bottom, right):
            # Even padding costs no copy.
            weight, stride, groups = self.conv.weight, self.conv.stride, self.conv.groups
            return functional.conv2d(x, weight, None, stride, (top, left), 1, groups)
        return self.conv(functional.pad(x, (left, right, top, bottom)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the activations for `x`, float32 of shape (batch, channels, height, width)."""
        return functional.relu(self.norm(self.convolve(x)), inplace=True)

    def fold(self) -> None:
        """Make the batch norm the identity but for its offset, as if it were folded."""
        self._set_norm(torch.zeros(()), torch.tensor(1.0 - EPSILON))

    @torch.no_grad()
    def unfold(self, x: torch.Tensor) -> torch.Tensor:
        """Unfold the batch norm by the statistics of the inputs `x` (see `YamNet.unfold`).

        Returns
        -------
        torch.Tensor
            The activations, which are the same before and after.
        """
        x = self.convolve(x)
        activations = functional.relu(x + self.norm.bias[:, None, None])
        variance, mean = torch.var_mean(x, dim=(0, 2, 3), unbiased=False)
        self._set_norm(mean, variance)
        self.norm.bias.add_(mean)
        return activations

    @torch.no_grad()
    def _set_norm(self, mean: torch.Tensor, variance: torch.Tensor) -> None:
        """Set the running statistics, and the scale such that only the offset has an effect."""
        expected = {"running_mean": mean, "running_var": variance}
        for name, value in expected.items():
            self.norm.get_buffer(name).copy_(value)
        self.norm.weight.copy_(torch.sqrt(variance + EPSILON))


class YamNet(nn.Module):
    """The network; `layers` holds its 27 units by the names that weights go by.

    Parameters
    ----------
    n_outputs : int or None
        Number of logits: 521 for the classes of AudioSet; None for a network without its last
        layer.
    width : float
        Width multiplier of the number of channels; 1 is YAMNet.
    """

    def __init__(self, n_outputs: int | None = N_CLASSES, width: float = 1.0) -> None:
        super().__init__()
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        stride, channels = _FIRST[0], _scaled(_FIRST[1], width)
        layers["1"] = ConvolutionUnit(1, channels, stride=stride)
        for number, (stride, wanted) in enumerate(_SEPARABLE, 2):
            out = _scaled(wanted, width)
            layers[f"{number}_depthwise"] = ConvolutionUnit(
                channels, channels, stride=stride, is_depthwise=True
            )
            layers[f"{number}_pointwise"] = ConvolutionUnit(channels, out, kernel=1)
            channels = out
        self.layers = nn.Sequential(layers)
        self.n_features = channels
        self.classifier = None if n_outputs is None else nn.Linear(channels, n_outputs)

    def units(self) -> Iterator[tuple[str, ConvolutionUnit]]:
        """Yield each unit with its name, in order."""
        for name, unit in self.layers.named_children():
            assert isinstance(unit, ConvolutionUnit)
            yield name, unit

    def forward(self, patches: torch.Tensor) -> torch.Tensor:
        """Return logits.

        Parameters
        ----------
        patches : torch.Tensor
            Log-mel patches, float32 of shape (patches, 96, 64).

        Returns
        -------
        torch.Tensor
            float32, shape (patches, n_outputs).
        """
        assert self.classifier is not None
        logits: torch.Tensor = self.classifier(self.features(patches))
        return logits

    def features(self, patches: torch.Tensor) -> torch.Tensor:
        """Return the inputs of the last layer for patches: float32 (patches, 1024 * width)."""
        return self.layers(_as_images(patches)).mean(dim=(2, 3))

    def unfold(self, patches: torch.Tensor) -> None:
        """Unfold all batch norms from their convolutions.

        Networks made for inference have each norm folded into the convolution before it. In
        training, a norm brings what comes from the convolution to mean 0 and variance 1, and what
        is learnt already would be lost; so the norms are given the mean and the variance that they
        meet with `patches`, and what the network computes stays the same.

        Parameters
        ----------
        patches : torch.Tensor
            As in `forward`; a few hundred suffice.
        """
        x = _as_images(patches)
        for _, unit in self.units():
            x = unit.unfold(x)


def _as_images(patches: torch.Tensor) -> torch.Tensor:
    return patches[:, None]


def _scaled(channels: int, width: float) -> int:
    return max(1, round(channels * width))


def _same(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Return how much TensorFlow puts before and behind."""
    whole = max(0, (-(-size // stride) - 1) * stride + kernel - size)
    return whole // 2, whole - whole // 2

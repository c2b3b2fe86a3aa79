"""The convolutional front end: from samples to frames, 20 ms apart."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from src.utils.embeddings.backbones.transformer.kernels import LayerNorm, TimeConvolution, project
from src.utils.embeddings.backbones.transformer.ragged import round_up, to_device
from src.utils.embeddings.backbones.waveform import Geometry

CPU_CHUNK_FRAMES = 256
"""On CPUs a chunk's activations should stay in the cache on their way through the layers: of 16 to
512 frames, 128 to 256 ran fastest."""

GPU_CHUNK_FRAMES = 512
GPU_CHUNKS_FRAMES = 4096
"""How many frames of chunks go through at once: 270 MB in bfloat16 at the widest layer. It keeps
the narrow layers behind busy as well, and fits a card of 8 GB beside a large model."""

ROUNDING = 8
"""A chunk's frames are a multiple of this, so that few shapes ever occur (see `Ragged.ROWS`)."""

MOMENT_ROWS = 1 << 18
"""Windows whose second moments are summed at once: 20 MB of float64 a clip."""


class FrontEnd:
    """wav2vec 2.0's feature encoder (Baevski et al. 2020), every clip by itself.

    Nothing here reaches across clips. Base models normalise each channel of the first
    convolution over the clip's whole length (a group norm over time). That convolution is a
    linear map of windows of ten samples, so the mean and variance of its output follow from the
    windows' mean and covariance: they are known before it runs, and the normalisation becomes
    part of its weights. Since then no layer looks further than its kernel, clips of any length
    go through in chunks of equal size.

    Parameters
    ----------
    module : torch.nn.Module
        transformers' feature encoder, float32.
    config : transformers.PretrainedConfig
        The checkpoint's settings: kernels, strides and which normalisation.
    device : torch.device
        Where it computes.
    dtype : torch.dtype
        float32 or bfloat16.
    one_by_one : bool
        Chunks go through singly (CPU) or many at once (GPU).
    """

    def __init__(
        self, module: Any, config: Any, device: torch.device, dtype: torch.dtype, one_by_one: bool
    ) -> None:
        self._device, self._dtype, self._one_by_one = device, dtype, one_by_one
        self.geometry = Geometry.of(config)
        self._kernel, self._stride = config.conv_kernel[0], config.conv_stride[0]
        first, *others = module.conv_layers
        # In float64, as the statistics that are folded into it.
        self._weight = first.conv.weight[:, 0].to(device, torch.float64)
        self._group_norm = None
        if config.feat_extract_norm == "group":
            group_norm = first.layer_norm
            self._group_norm = (
                group_norm.weight.to(device, torch.float64),
                group_norm.bias.to(device, torch.float64),
                group_norm.eps,
            )
        self._norms: list[LayerNorm | None] = [None] * len(module.conv_layers)
        if config.feat_extract_norm == "layer":
            self._norms = [LayerNorm(m.layer_norm, device, dtype) for m in module.conv_layers]
        self._convolutions = [
            TimeConvolution(
                layer.conv.weight.to(device, dtype),
                None if layer.conv.bias is None else layer.conv.bias.to(device, dtype),
                stride,
                gelu=norm is None,
            )
            for layer, stride, norm in zip(
                others, config.conv_stride[1:], self._norms[1:], strict=True
            )
        ]
        self._fixed_weight = None
        if self._group_norm is None:
            bias = first.conv.bias
            bias = torch.zeros_like(self._weight[:, 0]) if bias is None else bias.to(self._weight)
            self._fixed_weight = self._spread_weight(self._weight[None], bias[None])

    def __call__(self, clips: Sequence[Tensor]) -> Tensor:
        """Map float32 clips of shape (samples,) to a table of all their frames.

        Returns
        -------
        torch.Tensor
            Shape (frames of all clips in turn, channels).
        """
        weights = self._weights(clips)
        frames = []
        for group in self._groups([self.geometry.n_frames(len(clip)) for clip in clips]):
            samples = torch.stack([self._samples(clips[c.clip], c, group[0]) for c in group])
            weight = weights[group[0].clip : group[-1].clip + 1]
            if len(group) > 1:
                chosen = torch.tensor([chunk.clip - group[0].clip for chunk in group])
                weight = weight[to_device(chosen, self._device)]
            found = self._convolve(samples, weight)
            if len(group) == 1:
                frames.append(found[0, : group[0].n_frames])
            else:
                steps = torch.arange(found.shape[1])
                real = steps < torch.tensor([chunk.n_frames for chunk in group])[:, None]
                places = to_device(real.flatten().nonzero().squeeze(1), self._device)
                frames.append(found.flatten(0, 1)[places])
        return torch.cat(frames)

    def _groups(self, n_frames: Sequence[int]) -> Iterator[list["_Chunk"]]:
        """Cut clips into chunks; those of one group go through together, all of one size."""
        at_most = CPU_CHUNK_FRAMES if self._one_by_one else GPU_CHUNK_FRAMES
        group: list[_Chunk] = []
        # Clips of similar length are neighbours, so one size serves a group.
        size = min(at_most, round_up(max(n_frames), ROUNDING))
        for clip, count in enumerate(n_frames):
            for start in range(0, count, at_most):
                real = min(at_most, count - start)
                if self._one_by_one:
                    yield [_Chunk(clip, start, real, round_up(real, ROUNDING))]
                    continue
                group.append(_Chunk(clip, start, real, size))
                if len(group) * size >= GPU_CHUNKS_FRAMES:
                    yield group
                    group = []
        if group:
            yield group

    def _samples(self, clip: Tensor, chunk: "_Chunk", like: "_Chunk") -> Tensor:
        """Return what a chunk's frames are computed from, zeros behind the clip's end."""
        start = chunk.start * self.geometry.hop
        n_samples = (like.size - 1) * self.geometry.hop + self.geometry.receptive_field
        part = clip[start : start + n_samples]
        return functional.pad(part, (0, n_samples - len(part)))

    def _convolve(self, samples: Tensor, weight: Tensor) -> Tensor:
        """Map (chunks, samples) to (chunks, frames, channels)."""
        norm = self._norms[0]
        frames = project(self._spread_windows(samples), weight, gelu=norm is None)
        if norm is not None:
            frames = functional.gelu(norm(frames))
        for convolution, norm in zip(self._convolutions, self._norms[1:], strict=True):
            frames = convolution(frames)
            if norm is not None:
                frames = functional.gelu(norm(frames))
        return frames

    def _spread_windows(self, samples: Tensor) -> Tensor:
        """Return the first kernel's windows, (chunks, windows, inputs), for `_spread_weight`.

        bfloat16 keeps eight bits of a sample, which would bury what is 50 dB below the peak. So
        a sample is the sum of two such numbers, and a weight too; of the four products only the
        smallest is left out. The columns of ones carry the bias.
        """
        windows = samples.unfold(1, self._kernel, self._stride)
        ones = torch.ones_like(windows[:, :, :1])
        if self._dtype == torch.float32:
            return torch.cat([windows, ones], dim=2)
        high = windows.to(self._dtype)
        low = (windows - high).to(self._dtype)
        ones = ones.to(self._dtype)
        return torch.cat([high, low, high, ones, ones], dim=2)

    def _spread_weight(self, weight: Tensor, bias: Tensor) -> Tensor:
        """Lay (clips, channels, kernel) and (clips, channels) out for `_spread_windows`."""
        bias = bias[:, :, None]
        if self._dtype == torch.float32:
            return torch.cat([weight, bias], dim=2).to(self._dtype)
        high, bias_high = weight.to(self._dtype), bias.to(self._dtype)
        low, bias_low = (weight - high).to(self._dtype), (bias - bias_high).to(self._dtype)
        return torch.cat([high, high, low, bias_high, bias_low], dim=2)

    def _weights(self, clips: Sequence[Tensor]) -> Tensor:
        """Return the first convolution's weights for every clip, as `_spread_weight` lays them."""
        if self._fixed_weight is not None:
            return self._fixed_weight.expand(len(clips), -1, -1)
        if not self._one_by_one:
            return self._normalising_weights(clips)
        return torch.cat([self._normalising_weights([clip]) for clip in clips])

    def _normalising_weights(self, clips: Sequence[Tensor]) -> Tensor:
        """Fold the group norm of each clip into the first convolution's weights."""
        assert self._group_norm is not None
        gain, offset, epsilon = self._group_norm
        padded = torch.nn.utils.rnn.pad_sequence(list(clips), batch_first=True)
        windows = padded.unfold(1, self._kernel, self._stride)
        counts = torch.tensor([(len(c) - self._kernel) // self._stride + 1 for c in clips])
        counts = to_device(counts.double()[:, None], self._device)
        total = self._weight.new_zeros(len(clips), self._kernel)
        products = self._weight.new_zeros(len(clips), self._kernel, self._kernel)
        step = MOMENT_ROWS // len(clips)
        for start in range(0, windows.shape[1], step):
            rows = windows[:, start : start + step].double()
            if len(clips) > 1:
                number = start + torch.arange(rows.shape[1], device=self._device)
                rows = rows * (number < counts)[:, :, None]
            total += rows.sum(1)
            products += rows.transpose(1, 2) @ rows
        mean = total / counts
        covariance = products / counts[:, :, None] - mean[:, :, None] * mean[:, None]
        weight = self._weight[None]
        variance = ((weight @ covariance) * weight).sum(2).clamp(min=0)
        scale = gain / torch.sqrt(variance + epsilon)
        # The convolution's own bias, if any, is taken away by the mean.
        shift = offset - scale * (mean @ self._weight.T)
        return self._spread_weight(weight * scale[:, :, None], shift)


@dataclass(frozen=True)
class _Chunk:
    """A stretch of a clip: its real frames, and those computed to fill up a usual size."""

    clip: int
    start: int
    n_frames: int
    size: int

"""The transformer encoder behind the front end, layer by layer."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from src.utils.embeddings.backbones.transformer.attention import (
    Attention,
    PositionBias,
    PositionGate,
)
from src.utils.embeddings.backbones.transformer.kernels import LayerNorm, Linear, TimeConvolution
from src.utils.embeddings.backbones.transformer.ragged import Group, Ragged, round_up


class Encoder:
    """Feature projection, positional convolution and transformer layers.

    Parameters
    ----------
    model : transformers.PreTrainedModel
        float32; only read.
    last_layer : int
        The highest hidden layer wanted; what lies behind it is never computed.
    device : torch.device
        Where it computes.
    dtype : torch.dtype
        float32 or bfloat16.
    """

    def __init__(
        self, model: Any, last_layer: int, device: torch.device, dtype: torch.dtype
    ) -> None:
        config, encoder = model.config, model.encoder
        projection = model.feature_projection
        norm = getattr(projection, "layer_norm", None)
        self._feature_norm = None if norm is None else LayerNorm(norm, device, dtype)
        self._projection = Linear.of(projection.projection, device, dtype)
        self._position = _PositionalConvolution(encoder.pos_conv_embed.conv, device, dtype)
        self._norm = LayerNorm(encoder.layer_norm, device, dtype)
        self._is_pre_norm = bool(config.do_stable_layer_norm)
        self._layers = [
            _Layer(layer, config, device, dtype) for layer in encoder.layers[:last_layer]
        ]
        is_wavlm = config.model_type == "wavlm"
        attention = encoder.layers[0].attention
        self._bias = PositionBias(attention, device, dtype) if is_wavlm else None

    def hidden_states(self, features: Tensor, ragged: Ragged) -> Iterator[Tensor]:
        """Yield the input of the first layer, then each layer's output.

        Parameters
        ----------
        features : torch.Tensor
            The front end's frames, (frames, channels).
        ragged : Ragged
            How the sequences lie in them.

        Yields
        ------
        torch.Tensor
            Shape (rows, channels); rows behind the last frame are without meaning.
        """
        frames = ragged.table(features)
        frames = frames if self._feature_norm is None else self._feature_norm(frames)
        frames = self._projection(frames)
        frames = frames + self._position(frames, ragged)
        if not self._is_pre_norm:
            frames = self._norm(frames)
        yield frames
        biases = None if self._bias is None else self._bias(ragged)
        for layer in self._layers:
            frames = layer(frames, ragged, biases)
            yield frames


class _PositionalConvolution:
    """The convolution that tells frames where they stand, then GELU."""

    def __init__(self, module: Any, device: torch.device, dtype: torch.dtype) -> None:
        self._kernel = module.kernel_size[0]
        bias = module.bias.to(device, dtype)
        self._convolution = TimeConvolution(
            module.weight.to(device, dtype), bias, groups=module.groups, gelu=True
        )

    def __call__(self, frames: Tensor, ragged: Ragged) -> Tensor:
        """Map (rows, channels) to the same shape; around a sequence there are zeros."""
        result = torch.zeros_like(frames)
        for group in ragged.groups:
            group.unpad_into(self._convolve(group.pad(frames), group), result)
        return result

    def _convolve(self, padded: Tensor, group: Group) -> Tensor:
        if group.mask is not None:
            padded = padded * group.mask[:, :, None]
        length = padded.shape[1]
        # An even kernel gives a frame too many, which wav2vec 2.0 drops at the end. Lengths are
        # rounded up, since compiling for a new one takes oneDNN tens of milliseconds.
        left = self._kernel // 2
        right = self._kernel - 1 - left + round_up(length, Ragged.ROWS) - length
        return self._convolution(functional.pad(padded, (0, 0, left, right)))[:, :length]


class _Layer:
    """One transformer layer, normalised after its parts (base) or before (large)."""

    def __init__(self, module: Any, config: Any, device: torch.device, dtype: torch.dtype) -> None:
        self._attention = Attention(module.attention, config.num_attention_heads, device, dtype)
        is_wavlm = config.model_type == "wavlm"
        self._gate = PositionGate(module.attention, device, dtype) if is_wavlm else None
        self._norm = LayerNorm(module.layer_norm, device, dtype)
        self._final_norm = LayerNorm(module.final_layer_norm, device, dtype)
        dense = module.feed_forward.intermediate_dense
        self._widen = Linear.of(dense, device, dtype, gelu=True)
        self._narrow = Linear.of(module.feed_forward.output_dense, device, dtype)
        self._is_pre_norm = bool(config.do_stable_layer_norm)

    def __call__(self, frames: Tensor, ragged: Ragged, biases: Sequence[Tensor] | None) -> Tensor:
        """Map (rows, channels) to the same shape."""
        if self._is_pre_norm:
            frames = self._attention(self._norm(frames), frames, ragged, biases, self._gate)
            return self._narrow(self._widen(self._final_norm(frames)), frames)
        frames = self._norm(self._attention(frames, frames, ragged, biases, self._gate))
        return self._final_norm(self._narrow(self._widen(frames), frames))

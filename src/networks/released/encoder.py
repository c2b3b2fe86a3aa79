"""The encoders within released detectors: fairseq's names and shapes of wav2vec 2.0 and HuBERT.

Their state dicts hold the whole encoder, so that its configuration follows from shapes; what does
not show in shapes is what all published encoders have in common.
"""

import re
from typing import Any

from src.networks.released.released import Shapes, renamed, require

WAV2VEC2, HUBERT = "wav2vec2", "hubert"

STRIDES = {10: 5, 3: 2, 2: 2}
"""The stride of a convolution of the feature encoder by its kernel."""

_BASE_WIDTH, _BASE_HEADS, _HEADS = 768, 12, 16
"""The base models have 12 attention heads; the large ones, of 1,024 to 1,920 numbers, 16."""

PRETRAINING = re.compile(
    r"mask_emb|label_embs_concat|(quantizer|input_quantizer|project_q|project_inp|final_proj"
    r"|target_glu)\..+"
)
"""The names of what served pretraining alone."""

_LAYER = {
    "attention": "self_attn",
    "layer_norm": "self_attn_layer_norm",
    "intermediate_dense": "fc1",
    "output_dense": "fc2",
}

_AROUND = {
    "feature_projection.layer_norm": "layer_norm",
    "feature_projection.projection": "post_extract_proj",
    "encoder.layer_norm": "encoder.layer_norm",
    "encoder.pos_conv_embed.conv.parametrizations.weight.original0": "encoder.pos_conv.0.weight_g",
    "encoder.pos_conv_embed.conv.parametrizations.weight.original1": "encoder.pos_conv.0.weight_v",
    "encoder.pos_conv_embed.conv.bias": "encoder.pos_conv.0.bias",
}


def published_encoder(name: str, is_layer_normed: bool) -> str:
    """Return what fairseq calls a tensor of an encoder.

    Parameters
    ----------
    name : str
        As transformers' `Wav2Vec2Model` and `HubertModel` have it.
    is_layer_normed : bool
        Whether every convolution of the feature encoder has a layer norm, as large models have.
    """
    layer = re.fullmatch(r"encoder\.layers\.(\d+)\.(.+)", name)
    if layer:
        inner = renamed(layer[2].removeprefix("feed_forward."), _LAYER)
        return f"encoder.layers.{layer[1]}.{inner}"
    convolution = re.fullmatch(r"feature_extractor\.conv_layers\.(\d+)\.(\w+)\.(\w+)", name)
    if convolution:
        norm = "2.1" if is_layer_normed else "2"
        place = "0" if convolution[2] == "conv" else norm
        return f"feature_extractor.conv_layers.{convolution[1]}.{place}.{convolution[3]}"
    if name in _AROUND:
        return _AROUND[name]
    stem, _, leaf = name.rpartition(".")
    return f"{_AROUND.get(stem, stem)}.{leaf}"


def is_layer_normed(shapes: Shapes, prefix: str) -> bool:
    """Say whether every convolution of the feature encoder has a layer norm.

    Parameters
    ----------
    shapes : mapping of str to tuple of int
        The shape of each tensor of the file, by its published name.
    prefix : str
        What the names of the encoder begin with.
    """
    return f"{prefix}feature_extractor.conv_layers.0.2.1.weight" in shapes


def architecture(shapes: Shapes, prefix: str) -> str:
    """Return which encoder a file holds: `wav2vec2`, which quantises, or `hubert`.

    Parameters
    ----------
    shapes, prefix
        See `is_layer_normed`.
    """
    return HUBERT if f"{prefix}label_embs_concat" in shapes else WAV2VEC2


def encoder_config(shapes: Shapes, prefix: str) -> dict[str, Any]:
    """Return the configuration of an encoder as transformers has it.

    Parameters
    ----------
    shapes, prefix
        See `is_layer_normed`.

    Raises
    ------
    ValueError
        When a tensor is missing by which it is told, or the feature encoder is of a shape that no
        published one has.
    """
    inner = {
        name.removeprefix(prefix): shape
        for name, shape in shapes.items()
        if name.startswith(prefix)
    }
    layers = {int(found[1]) for name in inner if (found := _FIRST_OF_LAYER.fullmatch(name))}
    convolutions: list[tuple[int, ...]] = []
    while (name := f"feature_extractor.conv_layers.{len(convolutions)}.0.weight") in inner:
        kernel = require(inner, name, 3)
        if kernel[2] not in STRIDES:
            raise ValueError(f"its feature encoder has a kernel of shape {kernel}")
        convolutions.append(kernel)
    if not layers or not convolutions:
        raise ValueError(f"it lacks {prefix}encoder.layers.0.fc1.weight or the feature encoder")
    width = require(inner, "post_extract_proj.weight", 2)[0]
    places = require(inner, "encoder.pos_conv.0.weight_v", 3)
    normed = is_layer_normed(shapes, prefix)
    return {
        "model_type": architecture(shapes, prefix),
        "hidden_size": width,
        "num_hidden_layers": len(layers),
        "num_attention_heads": _BASE_HEADS if width == _BASE_WIDTH else _HEADS,
        "intermediate_size": require(inner, "encoder.layers.0.fc1.weight", 2)[0],
        "conv_dim": [kernel[0] for kernel in convolutions],
        "conv_kernel": [kernel[2] for kernel in convolutions],
        "conv_stride": [STRIDES[kernel[2]] for kernel in convolutions],
        "conv_bias": "feature_extractor.conv_layers.0.0.bias" in inner,
        "num_conv_pos_embeddings": places[2],
        "num_conv_pos_embedding_groups": width // places[1],
        # Published encoders whose convolutions have layer norms put the norms of the transformer
        # before its layers, the others behind them.
        "feat_extract_norm": "layer" if normed else "group",
        "do_stable_layer_norm": normed,
        "apply_spec_augment": False,
        "layerdrop": 0.0,
    }


_FIRST_OF_LAYER = re.compile(r"encoder\.layers\.(\d+)\.fc1\.weight")

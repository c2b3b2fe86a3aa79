"""Small models with the structure of the real ones, and what the plain path says of them."""

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from torch import Tensor, nn

from src.utils.embeddings.backbones.huggingface import ARCHITECTURES
from src.utils.embeddings.backbones.huggingface.backbone import HiddenStates
from src.utils.embeddings.backbones.transformer.model import SpeechModel
from src.utils.embeddings.backbones.transformer.ragged import Ragged

N_LAYERS = 3
HOP, FIELD = 320, 400

_BASE = {"feat_extract_norm": "group", "conv_bias": False, "do_stable_layer_norm": False}
_LARGE = {"feat_extract_norm": "layer", "conv_bias": True, "do_stable_layer_norm": True}

_KINDS = {
    "wav2vec2-base": (transformers.Wav2Vec2Config, transformers.Wav2Vec2Model, _BASE),
    "hubert-base": (transformers.HubertConfig, transformers.HubertModel, _BASE),
    "hubert-large": (transformers.HubertConfig, transformers.HubertModel, _LARGE),
    "wavlm-base": (transformers.WavLMConfig, transformers.WavLMModel, _BASE),
    "wavlm-large": (
        transformers.WavLMConfig,
        transformers.WavLMModel,
        _LARGE | {"conv_bias": False},
    ),
    "xls-r-300m": (transformers.Wav2Vec2Config, transformers.Wav2Vec2Model, _LARGE),
    # Rarer: some distilled HuBERTs do without the norm before the projection.
    "hubert-unnormed": (
        transformers.HubertConfig,
        transformers.HubertModel,
        _BASE | {"feat_proj_layer_norm": False},
    ),
}
SHAPES = tuple(_KINDS)
NORMALISED = ("wav2vec2-base", "hubert-base", "hubert-large", "wavlm-large", "xls-r-300m")
"""Whose preprocessors bring clips to zero mean and unit variance."""


def make_model(shape: str, n_layers: int = N_LAYERS, seed: int = 7, **settings: Any) -> Any:
    """Make a model that only narrows what it is named after.

    Kernels, strides, groups, buckets and all switches are the real ones.
    """
    config_class, model_class, switches = _KINDS[shape]
    config = config_class(
        hidden_size=64,
        num_hidden_layers=n_layers,
        num_attention_heads=4,
        intermediate_size=96,
        **{"conv_dim": (48,) * 7} | switches | settings,
    )
    assert getattr(config, "num_conv_pos_embeddings", 128) == 128
    assert getattr(config, "num_buckets", 320) == 320
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = model_class(config).eval()
        liven(model)
    return model


@torch.no_grad()
def liven(model: nn.Module) -> None:
    """Draw weights so that everything matters.

    transformers draws weights so small that attention is uniform, and norms and biases that do
    nothing: whatever were left out would not show.
    """
    for name, weight in model.named_parameters():
        part = f".{name}".rsplit(".", 2)[-2]
        if name.endswith("rel_attn_embed.weight"):
            weight.normal_(0, 1.5)
        elif name.endswith("gru_rel_pos_const"):
            weight.uniform_(0.5, 2)
        elif name.endswith("original0"):  # The positional convolution's norm at each step.
            weight.uniform_(0.5, 1.5).mul_((model.config.hidden_size / weight.numel()) ** 0.5)
        elif any(norm in part.lower() for norm in ("layer_norm", "layernorm", "groupnorm")):
            weight.uniform_(0.5, 1.5) if name.endswith("weight") else weight.normal_(0, 0.3)
        elif weight.dim() == 1:
            weight.normal_(0, 0.3)
        else:
            fan_in = weight[0].numel()
            # Scores have the deviation 1.7 squared.
            gain = {"q_proj": 1.7, "k_proj": 1.7, "conv": 1.5}.get(part, 1.0)
            weight.normal_(0, gain * fan_in**-0.5)


def save_model(model: Any, shape: str, folder: Path) -> Path:
    model.save_pretrained(folder)
    transformers.Wav2Vec2FeatureExtractor(
        sampling_rate=16_000, do_normalize=shape in NORMALISED
    ).save_pretrained(folder)
    return folder


def samples_of(n_frames: int, beyond: int = 0) -> int:
    """Return how many samples make so many frames, and how many are left over."""
    return (n_frames - 1) * HOP + FIELD + beyond


@torch.inference_mode()
def reference_states(model: Any, clip: np.ndarray) -> Tensor:
    """Return the plain path's hidden states of one clip, (layers, frames, channels)."""
    kind = ARCHITECTURES[model.config.model_type]
    layers = (0, model.config.num_hidden_layers)
    plain = HiddenStates(copy.deepcopy(model), kind, layers, torch.device("cpu"))
    return plain(clip[None])[:, 0]


@torch.inference_mode()
def reference_features(model: Any, clip: np.ndarray) -> Tensor:
    """Return transformers' front end's output for one clip, (frames, channels)."""
    values = torch.from_numpy(clip)[None].to(next(model.parameters()).dtype)
    return model.feature_extractor(values)[0].T


@torch.inference_mode()
def reference_states_behind(model: Any, features: Tensor) -> Tensor:
    """Return transformers' hidden states of the front end's frames (frames, channels)."""
    front_end, model.feature_extractor = model.feature_extractor, nn.Identity()
    try:
        states = model(features.T[None], output_hidden_states=True).hidden_states
    finally:
        model.feature_extractor = front_end
    return torch.cat(states)


@torch.inference_mode()
def states_of(speech: SpeechModel, clips: Sequence[np.ndarray], one_by_one: bool) -> list[Tensor]:
    """Return our hidden states, one tensor (layers, frames, channels) a clip."""
    features = speech.features(clips)
    lengths = [len(frames) for frames in features]
    joined = torch.cat(features)
    ragged = Ragged(lengths, joined.device, one_by_one)
    states = torch.stack(list(speech.encoder.hidden_states(joined, ragged)))
    return [part.float().cpu() for part in states[:, : sum(lengths)].split(lengths, dim=1)]


def pooled(states: Tensor) -> np.ndarray:
    """Return float32 of shape (layers, 2, channels): mean and deviation of hidden states."""
    states = states.double()
    return torch.stack([states.mean(1), states.std(1, correction=0)], dim=1).float().numpy()


def cosines(found: Tensor, expected: Tensor) -> Tensor:
    """Return how alike frames point, each to its counterpart."""
    return nn.functional.cosine_similarity(found.double(), expected.double(), dim=-1)

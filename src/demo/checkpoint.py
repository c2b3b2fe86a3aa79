"""Tiny speech models with random weights, saved as Hugging Face checkpoints."""

from pathlib import Path
from typing import Any

import torch
import transformers

from src.utils.embeddings.backbones.save_checkpoint import save_checkpoint

_ARCHITECTURES = {
    "wav2vec2": (transformers.Wav2Vec2Config, transformers.Wav2Vec2Model),
    "hubert": (transformers.HubertConfig, transformers.HubertModel),
    "wavlm": (transformers.WavLMConfig, transformers.WavLMModel),
}

_TINY = {
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "conv_dim": (32, 32, 32, 32, 32, 32, 32),
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 4,
    "num_feat_extract_layers": 7,
}


def make_checkpoint(folder: Path, model_type: str, seed: int = 7, large: bool = False) -> Path:
    """Save a tiny random model and its preprocessor in Hugging Face layout.

    The convolutions have the kernels and strides of the real models, so frames and receptive
    field are the same; only the widths and the depth are small.

    Parameters
    ----------
    folder : pathlib.Path
        Where the checkpoint is saved.
    model_type : {'wav2vec2', 'hubert', 'wavlm'}
        Its architecture.
    seed : int
        Seed of the weights.
    large : bool
        The layout of the large checkpoints (layer norm in the front end, pre-norm encoder,
        input normalised) in place of the base ones' (group norm over time, post-norm).

    Returns
    -------
    pathlib.Path
        `folder`.
    """
    config_class, model_class = _ARCHITECTURES[model_type]
    layout: dict[str, Any] = {
        "feat_extract_norm": "layer" if large else "group",
        "conv_bias": large,
        "do_stable_layer_norm": large,
    }
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = model_class(config_class(**_TINY, **layout))
    processor = transformers.Wav2Vec2FeatureExtractor(
        sampling_rate=16_000, do_normalize=large or model_type == "wav2vec2"
    )
    save_checkpoint(folder, model, processor)
    return folder

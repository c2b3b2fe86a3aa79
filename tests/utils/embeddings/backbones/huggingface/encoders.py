"""Small encoders of every architecture of the plain path, and what transformers says of them."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from torch import Tensor

from src.utils.embeddings.backbones.huggingface import ARCHITECTURES
from tests.utils.embeddings.backbones.shapes import liven

N_LAYERS = 3
WIDTH = 32
WINDOW_SECONDS = 3
"""What the small Whisper sees at once, in place of 30 s."""

_CONVOLUTIONS = {"conv_dim": (24,) * 7, "num_conv_pos_embeddings": 16}
_SQUEEZED = {"squeeze_factor": 2, "conv_dim": (24,) * 13, "num_conv_pos_embeddings": 16}
_LARGE = {"feat_extract_norm": "layer", "conv_bias": True, "do_stable_layer_norm": True}
_POSITIONS = {"num_conv_pos_embedding_groups": 2}

_CONFIGS: dict[str, tuple[str, dict[str, Any]]] = {
    "wav2vec2": ("Wav2Vec2Config", _CONVOLUTIONS | _POSITIONS),
    "hubert": ("HubertConfig", _CONVOLUTIONS | _POSITIONS | _LARGE),
    "wavlm": ("WavLMConfig", _CONVOLUTIONS | _POSITIONS),
    "data2vec-audio": (
        "Data2VecAudioConfig",
        {"conv_dim": (24,) * 7, "conv_pos_kernel_size": 7} | _POSITIONS,
    ),
    "unispeech": ("UniSpeechConfig", _CONVOLUTIONS | _POSITIONS),
    "unispeech-sat": ("UniSpeechSatConfig", _CONVOLUTIONS | _POSITIONS | _LARGE),
    "wav2vec2-conformer": (
        "Wav2Vec2ConformerConfig",
        _CONVOLUTIONS | _POSITIONS | {"position_embeddings_type": "relative"},
    ),
    "sew": ("SEWConfig", _SQUEEZED | _POSITIONS),
    "sew-d": (
        "SEWDConfig",
        _SQUEEZED | _POSITIONS | {"position_buckets": 16, "max_position_embeddings": 32},
    ),
    "wav2vec2-bert": ("Wav2Vec2BertConfig", {"feature_projection_input_dim": 160}),
    "speech_to_text": (
        "Speech2TextConfig",
        {
            "d_model": WIDTH,
            "encoder_layers": N_LAYERS,
            "encoder_attention_heads": 4,
            "encoder_ffn_dim": 64,
            "decoder_layers": 1,
            "decoder_attention_heads": 4,
            "decoder_ffn_dim": 32,
            "conv_channels": 48,
            "vocab_size": 40,
        },
    ),
    "whisper": (
        "WhisperConfig",
        {
            "d_model": WIDTH,
            "encoder_layers": N_LAYERS,
            "encoder_attention_heads": 4,
            "encoder_ffn_dim": 64,
            "decoder_layers": 1,
            "decoder_attention_heads": 4,
            "decoder_ffn_dim": 32,
            "max_source_positions": 50 * WINDOW_SECONDS,
            "vocab_size": 40,
            "pad_token_id": 0,
            "bos_token_id": 1,
            "eos_token_id": 2,
            "decoder_start_token_id": 1,
        },
    ),
    "moonshine": (
        "MoonshineConfig",
        {
            "encoder_num_hidden_layers": N_LAYERS,
            "encoder_num_attention_heads": 4,
            "encoder_num_key_value_heads": 4,
            "decoder_num_hidden_layers": 1,
            "decoder_num_attention_heads": 4,
            "decoder_num_key_value_heads": 4,
            "vocab_size": 40,
        },
    ),
}
MODEL_TYPES = tuple(_CONFIGS)

_PREPROCESSORS = {
    "whisper": lambda: transformers.WhisperFeatureExtractor(chunk_length=WINDOW_SECONDS),
    "wav2vec2-bert": lambda: transformers.SeamlessM4TFeatureExtractor(),
    "speech_to_text": lambda: transformers.Speech2TextFeatureExtractor(),
    "moonshine": lambda: transformers.Wav2Vec2FeatureExtractor(do_normalize=False),
}


def make_model(model_type: str, seed: int = 7, **settings: Any) -> Any:
    """Make a model that only narrows what it is named after; strides and kernels are real."""
    name, own = _CONFIGS[model_type]
    small = {
        "hidden_size": WIDTH,
        "num_hidden_layers": N_LAYERS,
        "num_attention_heads": 4,
        "intermediate_size": 64,
    }
    if "d_model" in own or model_type == "moonshine":
        small = {"hidden_size": WIDTH, "intermediate_size": 64} if "d_model" not in own else {}
    config = getattr(transformers, name)(**small | own | settings)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = transformers.AutoModel.from_config(config).eval()
        liven(model)
    return model


def save_encoder(folder: Path, model_type: str, **settings: Any) -> Path:
    """Save a small random model with the preprocessor that its kind has."""
    make_model(model_type, **settings).save_pretrained(folder)
    make = _PREPROCESSORS.get(model_type, transformers.Wav2Vec2FeatureExtractor)
    make().save_pretrained(folder)
    return folder


@torch.inference_mode()
def reference_states(folder: Path, clip: np.ndarray) -> Tensor:
    """Return transformers' hidden states of a clip alone, (layers, frames, channels).

    By its own tools from the same folder, with the attention mask where there is one. Frames
    behind the clip's end are still there.
    """
    model = transformers.AutoModel.from_pretrained(folder).eval()
    processor = transformers.AutoFeatureExtractor.from_pretrained(folder)
    given = processor(clip, sampling_rate=processor.sampling_rate, return_tensors="pt")
    architecture = ARCHITECTURES[model.config.model_type]
    encoder = model.encoder if architecture.encoder else model
    return torch.cat(encoder(**given, output_hidden_states=True).hidden_states)

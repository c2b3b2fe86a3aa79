"""Wav2Vec2, HuBERT, WavLM and XLS-R: pretrained speech models, every layer pooled over time.

The weights are transformers' own; the arithmetic from waveform to statistics is ours, laid out
for speed (`front_end`, `encoder`, `attention`, `kernels`), and gives what transformers gives.
"""

from src.utils.embeddings.backbones.transformer.backbone import (
    MODEL_TYPES,
    TransformerBackbone,
    unsupported_setting,
)

__all__ = ["MODEL_TYPES", "TransformerBackbone", "unsupported_setting"]

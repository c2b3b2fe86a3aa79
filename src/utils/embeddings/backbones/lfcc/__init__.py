"""The field's plain baseline: linear-frequency cepstral coefficients, pooled over the clip."""

from src.utils.embeddings.backbones.lfcc.backbone import LfccBackbone

__all__ = ["LfccBackbone"]

"""The built-in backbone: one descriptor per clip, nothing to download."""

from src.utils.embeddings.backbones.lfcc.backbone import LfccBackbone

__all__ = ["LfccBackbone"]

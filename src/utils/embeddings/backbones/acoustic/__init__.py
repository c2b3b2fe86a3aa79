"""The built-in backbone: one descriptor per clip, nothing to download."""

from src.utils.embeddings.backbones.acoustic.backbone import AcousticBackbone

__all__ = ["AcousticBackbone"]

"""A handcrafted acoustic descriptor of a clip, built in: nothing to download.

LFCC dynamics, band texture, modulation spectrum, linear-prediction residual, and comb lines.
"""

from src.utils.embeddings.backbones.acoustic.backbone import AcousticBackbone

__all__ = ["AcousticBackbone"]

"""Pretrained speech encoders as transformers computes them, every layer pooled over time.

Slower than `transformer`, and open to any architecture: what differs between them is a row of
`architectures`. It is also what the fast path is tested against.
"""

from src.utils.embeddings.backbones.huggingface.architectures import ARCHITECTURES
from src.utils.embeddings.backbones.huggingface.backbone import HuggingFaceBackbone

__all__ = ["ARCHITECTURES", "HuggingFaceBackbone"]

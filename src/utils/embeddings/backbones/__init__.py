"""The backbones, each made by `load_backbone` from its name."""

from src.utils.config import BACKBONES
from src.utils.embeddings.backbones.backbone import Backbone
from src.utils.errors import ArgumentError, choose

__all__ = ["Backbone", "load_backbone"]


def load_backbone(name: str, checkpoint: str | None = None) -> Backbone:
    """Make a backbone.

    Parameters
    ----------
    name : str
        A key of `config.BACKBONES`.
    checkpoint : str, optional
        A hub id or a local folder in Hugging Face layout, in place of the preset's.

    Raises
    ------
    ArgumentError
        For an unknown name, or a checkpoint where none is used.
    CheckpointError
        When the checkpoint cannot be reached or is of another architecture.
    """
    preset = BACKBONES[choose("--backbone", name, BACKBONES)]
    if preset.checkpoint is None or preset.model_type is None:
        if checkpoint is not None:
            raise ArgumentError(f"--checkpoint={checkpoint}: {name} is built in and loads none")
        from src.utils.embeddings.backbones.lfcc import LfccBackbone

        return LfccBackbone()
    # Here, since importing transformers takes seconds that lfcc does not need.
    from src.utils.embeddings.backbones.transformer import TransformerBackbone

    return TransformerBackbone(name, checkpoint or preset.checkpoint, preset.model_type)

"""The backbones, each made by `load_backbone` from its name."""

from src.utils.config import BACKBONES, PRECISIONS
from src.utils.embeddings.backbones.backbone import Backbone
from src.utils.errors import ArgumentError, choose

__all__ = ["Backbone", "load_backbone"]


def load_backbone(
    name: str,
    checkpoint: str | None = None,
    precision: str = "auto",
    layers: tuple[int, int] | None = None,
) -> Backbone:
    """Make a backbone.

    Parameters
    ----------
    name : str
        A key of `config.BACKBONES`.
    checkpoint : str, optional
        A hub id or a local folder in Hugging Face layout, in place of the preset's.
    precision : str
        A name of `config.PRECISIONS`; `auto` is bfloat16 where the hardware has it.
    layers : tuple of int, optional
        First and last hidden layer to keep; by default all.

    Raises
    ------
    ArgumentError
        For an unknown name or precision, layers that the model does not have, or a checkpoint,
        precision or layers where none are used.
    CheckpointError
        When the checkpoint cannot be reached or is of another architecture.
    """
    choose("--precision", precision, PRECISIONS)
    preset = BACKBONES[choose("--backbone", name, BACKBONES)]
    if preset.checkpoint is None or preset.model_type is None:
        if checkpoint is not None:
            raise ArgumentError(f"--checkpoint={checkpoint}: {name} is built in and loads none")
        if precision == "bfloat16" or layers not in (None, (0, 0)):
            raise ArgumentError(f"--precision and --layers: {name} has one layer, in float32")
        if name == "lfcc":
            from src.utils.embeddings.backbones.lfcc import LfccBackbone

            return LfccBackbone()
        from src.utils.embeddings.backbones.acoustic import AcousticBackbone

        return AcousticBackbone()
    # Here, since importing transformers takes seconds that acoustic does not need.
    from src.utils.embeddings.backbones.transformer import TransformerBackbone

    return TransformerBackbone(
        name, checkpoint or preset.checkpoint, preset.model_type, precision, layers
    )

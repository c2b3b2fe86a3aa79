"""The backbone that any checkpoint has: by its model type, the fast path or the plain one."""

from src.utils.embeddings.backbones.checkpoint import Checkpoint
from src.utils.embeddings.backbones.huggingface import ARCHITECTURES, HuggingFaceBackbone
from src.utils.embeddings.backbones.pretrained import PretrainedBackbone
from src.utils.embeddings.backbones.transformer import (
    MODEL_TYPES,
    TransformerBackbone,
    unsupported_setting,
)
from src.utils.errors import CheckpointError

PATHS: dict[str, type[HuggingFaceBackbone] | type[TransformerBackbone]] = {
    **dict.fromkeys(ARCHITECTURES, HuggingFaceBackbone),
    **dict.fromkeys(MODEL_TYPES, TransformerBackbone),
}
"""What computes a model type; of the fast ones, rare settings are left to transformers."""


def open_auto(
    name: str,
    checkpoint: Checkpoint,
    precision: str = "auto",
    layers: tuple[int, int] | None = None,
) -> PretrainedBackbone:
    """Make the backbone that computes a checkpoint, the fast one where there is one.

    Parameters
    ----------
    name : str
        A key of `presets.BACKBONES`.
    checkpoint : Checkpoint
        Of any of `PATHS`.
    precision : str
        One of `config.PRECISIONS`.
    layers : tuple of int, optional
        First and last hidden layer to keep. By default all.

    Raises
    ------
    ArgumentError
        When the model has no such layers.
    CheckpointError
        When it is of another model type, or cannot be read.
    """
    path = PATHS.get(str(checkpoint.model_type))
    if path is None:
        what = f"is a {checkpoint.model_type} model"
        if checkpoint.model_type is None:
            what = "names no model_type in its config.json"
        raise CheckpointError(
            f"the checkpoint {checkpoint.name} {what}; --backbone={name} takes speech encoders: "
            f"{', '.join(sorted(PATHS))}"
        )
    if path is TransformerBackbone and unsupported_setting(checkpoint.config):
        path = HuggingFaceBackbone
    return path(name, checkpoint, precision, layers)

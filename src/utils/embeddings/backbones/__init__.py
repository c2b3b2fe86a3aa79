"""The backbones, each made by `load_backbone` from its name."""

from typing import Any

from src.utils.config import PRECISIONS
from src.utils.embeddings.backbones.backbone import Backbone
from src.utils.embeddings.presets import BACKBONES
from src.utils.errors import ArgumentError, CheckpointError, choose
from src.utils.registry import LazyTable

__all__ = ["Backbone", "load_backbone"]

_MAKERS: LazyTable[Any] = LazyTable(
    "--backbone", {name: preset.maker for name, preset in BACKBONES.items()}
)


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
        A key of `presets.BACKBONES`.
    checkpoint : str, optional
        A hub id or a local folder in Hugging Face layout, in place of the preset's.
    precision : str
        A name of `config.PRECISIONS`; `auto` is bfloat16 where the hardware has it.
    layers : tuple of int, optional
        First and last hidden layer to keep; by default all.

    Raises
    ------
    ArgumentError
        For an unknown name or precision, layers that the model does not have, a checkpoint,
        precision or layers where none are used, or no checkpoint where there is no default.
    CheckpointError
        When the checkpoint cannot be reached or is of another architecture.
    """
    choose("--precision", precision, PRECISIONS)
    preset = BACKBONES[choose("--backbone", name, BACKBONES)]
    if not preset.is_pretrained:
        if checkpoint is not None:
            raise ArgumentError(f"--checkpoint={checkpoint}: {name} is built in and loads none")
        if precision == "bfloat16" or layers not in (None, (0, 0)):
            raise ArgumentError(f"--precision and --layers: {name} has one layer, in float32")
        return _MAKERS.load(name)()
    named = checkpoint or preset.checkpoint
    if named is None:
        raise ArgumentError(
            f"--backbone={name} needs --checkpoint=: a hub id or a folder in Hugging Face layout"
        )
    # Here, since importing transformers takes seconds that acoustic does not need.
    from src.utils.embeddings.backbones.checkpoint import Checkpoint

    opened = Checkpoint(named)
    if preset.model_type not in (None, opened.model_type):
        raise _of_another_type(named, opened.model_type, name, preset.model_type)
    return _MAKERS.load(name)(name, opened, precision, layers)


def _of_another_type(
    checkpoint: str, model_type: str | None, name: str, needed: str | None
) -> CheckpointError:
    from src.utils.embeddings.backbones.auto import PATHS

    remedy = "; --backbone=auto takes it" if model_type in PATHS else ""
    what = "names no model_type in its config.json"
    if model_type is not None:
        what = f"is a {model_type} model"
    return CheckpointError(
        f"the checkpoint {checkpoint} {what}; the backbone {name} needs {needed}{remedy}"
    )

"""The encoder of a front end: made of a checkpoint, or of its settings alone."""

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import transformers

from src.networks.front_ends.pretrained.parts import PARTS, REFUSED
from src.networks.front_ends.pretrained.settings import ALL_LAYERS, LAST
from src.utils.embeddings.backbones.checkpoint import Checkpoint
from src.utils.embeddings.backbones.huggingface import ARCHITECTURES
from src.utils.embeddings.backbones.measured import check_settings, without_choices
from src.utils.errors import ArgumentError, CheckpointError
from src.utils.tensor_file import first_line

_MOST_WEIGHTS = 5_000_000_000
"""Twice the largest speech encoder; what a run's settings ask for is made before its weights."""

_UNUSED = {"apply_spec_augment": False, "mask_time_prob": 0.0, "mask_feature_prob": 0.0}
_WITHOUT_DROP = {"layerdrop": 0.0}


def require_trainable(model_type: str | None, name: str, front_end: str) -> str:
    """Return a model type that a front end can be of.

    Parameters
    ----------
    model_type : str or None
        What a checkpoint says.
    name : str
        The checkpoint, for messages.
    front_end : str
        The front end, for messages.

    Raises
    ------
    CheckpointError
        When it is of another type.
    """
    if model_type in PARTS:
        return model_type
    what = "names no model_type in its config.json"
    if model_type is not None:
        what = f"is a {model_type} model"
    why = ", whose log-mel frames no gradient reaches" if model_type in REFUSED else ""
    raise CheckpointError(
        f"the checkpoint {name} {what}{why}; --front-end={front_end} takes encoders of raw "
        f"samples: {', '.join(sorted(PARTS))}"
    )


def cut_config(config: Any, layers: str) -> Any:
    """Return settings without what a detector has no use for.

    No frames are masked and no layers are left out at random, and of the transformer layers only
    those are counted that the front end's frames are computed by.

    Parameters
    ----------
    config : transformers.PreTrainedConfig
        A checkpoint's.
    layers : str
        `last`, `all` or a layer's number.

    Raises
    ------
    ArgumentError
        When there is no such layer.
    """
    config = copy.deepcopy(config)
    for name, value in (_UNUSED | _WITHOUT_DROP).items():
        if hasattr(config, name):
            setattr(config, name, value)
    if layers in (LAST, ALL_LAYERS):
        return config
    setting = ARCHITECTURES[config.model_type].n_layers
    there_are = getattr(config, setting)
    if not layers.isdecimal() or int(layers) > there_are:
        raise ArgumentError(f"--layers={layers}: the front end has the layers 0 to {there_are}")
    if int(layers) < there_are:
        # The input of the first layer is told by that layer alone.
        setattr(config, setting, max(1, int(layers)))
        # Else some would give it normalised, as only the highest of all layers is.
        config.tie_last_hidden_states = False
    return config


def read_config(told: Mapping[str, Any]) -> Any:
    """Return the settings of an encoder, a transformers.PreTrainedConfig.

    Parameters
    ----------
    told : mapping
        As a run keeps them.

    Raises
    ------
    CheckpointError
        When they are of no encoder that can be made.
    """
    values = dict(told)
    check_settings("of the run", values)
    model_type = require_trainable(values.pop("model_type", None), "of the run", "auto")
    try:
        config = transformers.AutoConfig.for_model(model_type, **values)
        with torch.device("meta"):
            made = transformers.AutoModel.from_config(copy.deepcopy(config))
    except Exception as error:  # transformers raises a dozen kinds
        raise CheckpointError(
            f"the encoder of the run cannot be made: {first_line(error)}"
        ) from error
    needed = sum(one.numel() for one in made.parameters())
    if needed > _MOST_WEIGHTS:
        raise CheckpointError(f"the encoder of the run asks for {needed:,} weights")
    return without_choices(config)


def make_encoder(config: Any) -> Any:
    """Make an encoder with random weights, which others are loaded into.

    Parameters
    ----------
    config : transformers.PreTrainedConfig
        Its settings.
    """
    model = transformers.AutoModel.from_config(config, trust_remote_code=False)
    return model.get_submodule(ARCHITECTURES[config.model_type].encoder)


def load_encoder(config: Any, checkpoint: str, revision: str | None) -> Any:
    """Make an encoder with the weights of a checkpoint.

    Parameters
    ----------
    config : transformers.PreTrainedConfig
        Its settings, which may count fewer layers than the checkpoint has.
    checkpoint : str
        A hub id or a folder.
    revision : str or None
        What the checkpoint must be.

    Raises
    ------
    CheckpointError
        When it cannot be loaded, or is another one.
    """
    if Path(checkpoint).is_absolute() and not Path(checkpoint).is_dir():
        raise CheckpointError(
            f"the checkpoint of the network is no longer at {checkpoint}; pass the folder where it "
            f"is now: --checkpoint=FOLDER"
        )
    opened = Checkpoint(checkpoint)
    if opened.model_type != config.model_type or opened.revision() != revision:
        raise CheckpointError(
            f"the checkpoint {checkpoint} is another than the network was trained on (revision "
            f"differs); pass that one: --checkpoint=FOLDER"
        )
    return opened.model(ARCHITECTURES[config.model_type].encoder, config=config)

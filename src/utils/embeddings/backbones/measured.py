"""A checkpoint measured before a model is made of it: its settings may ask for anything."""

import copy
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
import transformers

from src.utils.errors import AudiosError, CheckpointError
from src.utils.files import read_json
from src.utils.tensor_file import first_line, tensor_shapes
from src.utils.torch_file import torch_shapes

_MOST_LAYERS = 512
"""Of any part of a model; the deepest speech encoders have 48."""
_MOST_LABELS = 100_000
"""A list is made of them as soon as the settings are read."""
_MOST_ITEMS = 100_000
_MOST_DEPTH = 8
_MOST_CONVOLUTIONS = 64
_LARGEST = 1_000_000
"""A setting that is larger must be no larger than the number of weights."""

_MOST_MISSING = 4
"""How many times as many weights a model may have as its checkpoint: an encoder may come without
its decoder, which is made too."""
_FREE_WEIGHTS = 10_000_000
"""Weights that a model may have whatever its checkpoint holds, since they harm nobody."""

_RATES = (1_000, 768_000)
"""Sample rates of preprocessors in Hz."""
_PREPROCESSOR = {"feature_size": 10_000, "n_fft": 1 << 20, "hop_length": 1 << 20} | {
    name: 10_000 for name in ("num_mel_bins", "chunk_length", "nb_max_frames", "stride")
}
"""The largest value of settings that tables are made by."""


def check_settings(name: str, settings: dict[str, Any]) -> None:
    """Fail for settings that cannot be those of a speech model, before they are used.

    Parameters
    ----------
    name : str
        The checkpoint, for messages.
    settings : dict
        What its `config.json` holds.

    Raises
    ------
    CheckpointError
        Naming the setting.
    """
    if settings.get("quantization_config") is not None:
        raise CheckpointError(
            f"the checkpoint {name} is quantised (quantization_config), which is not supported; "
            f"pass the one that it was made of"
        )
    for key, value, depth in _walk(settings):
        is_long = isinstance(value, dict | list) and len(value) > (
            _MOST_CONVOLUTIONS if key.startswith("conv_") else _MOST_ITEMS
        )
        is_layers = key.endswith("layers") and not isinstance(value, bool | list | dict | None)
        if depth > _MOST_DEPTH or is_long:
            raise _absurd(name, key, "so many values")
        if is_layers and not (isinstance(value, int) and 0 <= value <= _MOST_LAYERS):
            raise _absurd(name, key, value)
        if key == "num_labels" and isinstance(value, int) and value > _MOST_LABELS:
            raise _absurd(name, key, value)
        if isinstance(value, int) and abs(value) >= 1 << 40:
            raise _absurd(name, key, value)


def check_preprocessor(name: str, path: Path) -> None:
    """Fail for a preprocessor whose tables no memory would hold.

    Parameters
    ----------
    name : str
        The checkpoint, for messages.
    path : pathlib.Path
        Its settings.

    Raises
    ------
    CheckpointError
        When they are no JSON, or naming the setting.
    """
    try:
        settings = read_json(path)
    except AudiosError as error:
        raise CheckpointError(str(error)) from error
    if not isinstance(settings, dict):
        raise CheckpointError(f"{path} is damaged: it holds no settings by name")
    for key, value, depth in _walk(settings):
        if depth > _MOST_DEPTH:
            raise _absurd(name, key, "so many values")
        if key == "sampling_rate" and not (
            isinstance(value, int | float) and _RATES[0] <= value <= _RATES[1]
        ):
            raise _absurd(name, key, value)
        most = _PREPROCESSOR.get(key)
        if most and value is not None and not (isinstance(value, int) and 0 <= value <= most):
            raise _absurd(name, key, value)


def check_size(
    name: str, config: Any, paths: Sequence[Path], architecture: Any = transformers.AutoModel
) -> None:
    """Fail for settings that ask for a larger model than the weights are of.

    The model is made without its numbers, and counted.

    Parameters
    ----------
    name : str
        The checkpoint, for messages.
    config : transformers.PreTrainedConfig
        Its settings.
    paths : sequence of pathlib.Path
        Its files of weights.
    architecture : type
        The class of transformers that makes the model.

    Raises
    ------
    CheckpointError
        When a file of weights is damaged or absurd, or the model would be too large.
    """
    n_tensors = n_weights = 0
    for path in paths:
        try:
            found = tensor_shapes(path) if path.suffix == ".safetensors" else torch_shapes(path)
        except ValueError as error:
            raise CheckpointError(
                f"the checkpoint {name} cannot be loaded: {path.name}: {error}"
            ) from error
        n_tensors += len(found)
        n_weights += sum(map(math.prod, found.values()))
    for key, value, _ in _walk(config.to_dict()):
        if isinstance(value, bool) or not isinstance(value, int):
            continue
        if value > (n_tensors if key.endswith("layers") else max(n_weights, _LARGEST)):
            raise _absurd(name, key, f"{value:,}, more than its {n_weights:,} weights are of")
    try:
        with torch.device("meta"):
            model = _made(architecture, copy.deepcopy(config))
    except Exception as error:  # transformers raises a dozen kinds
        raise CheckpointError(
            f"the checkpoint {name} cannot be loaded: {first_line(error)}"
        ) from error
    needed = sum(one.numel() for one in (*model.parameters(), *model.buffers()))
    if needed > _MOST_MISSING * n_weights + _FREE_WEIGHTS:
        raise CheckpointError(
            f"the config.json of the checkpoint {name} asks for {needed:,} weights, of which it "
            f"holds {n_weights:,}"
        )


def _made(architecture: Any, config: Any) -> Any:
    if architecture is transformers.AutoModel:
        return architecture.from_config(config, trust_remote_code=False)
    return architecture(config)


def parts_of(name: str, index: Path) -> list[str]:
    """Return the names of the files that weights are kept in, beside the list of them.

    Parameters
    ----------
    name : str
        The checkpoint, for messages.
    index : pathlib.Path
        The list: which weight is in which file.

    Raises
    ------
    CheckpointError
        When it is damaged, or names what does not lie beside it.
    """
    try:
        told = read_json(index)
    except AudiosError as error:
        raise CheckpointError(str(error)) from error
    named = told.get("weight_map") if isinstance(told, dict) else None
    if not isinstance(named, dict) or not all(isinstance(one, str) for one in named.values()):
        raise CheckpointError(f"{index} is damaged: it does not say where the weights are")
    parts = sorted(set(named.values()))
    for part in parts:
        if Path(part).name != part or part in ("", ".", "..") or "\\" in part:
            raise CheckpointError(
                f"{index} of the checkpoint {name} names weights outside its folder: {part!r}"
            )
    return parts


def without_choices(config: Any) -> Any:
    """Return settings that choose no implementation, which might be fetched and run.

    Parameters
    ----------
    config : transformers.PreTrainedConfig
        As a checkpoint has it; it is changed.
    """
    # These set the parts of a model that has some, too.
    config._attn_implementation = None
    config._experts_implementation = None
    return config


def _walk(settings: Any) -> Iterator[tuple[str, Any, int]]:
    """Yield every value with its name and its depth; what lies too deep is not entered."""
    level: list[tuple[str, Any]] = list(settings.items())
    depth = 1
    while level and depth <= _MOST_DEPTH + 1:
        below: list[tuple[str, Any]] = []
        for key, value in level:
            yield str(key), value, depth
            if isinstance(value, dict):
                below += value.items()
            elif isinstance(value, list | tuple):
                below += [(str(key), one) for one in value]
        level, depth = below, depth + 1


def _absurd(name: str, key: str, value: Any) -> CheckpointError:
    shown = value if isinstance(value, str) else repr(value)
    return CheckpointError(f"the checkpoint {name} has {key[:40]}={shown[:80]}")

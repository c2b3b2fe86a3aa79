"""What makes a pretrained front end what it is, as the manifest of a run keeps it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self

from src.utils.errors import ArgumentError, CheckpointError
from src.utils.shapes import Shape, fault_of

LAST, ALL_LAYERS = "last", "all"

NONE, CONVOLUTIONS, ALL = "none", "convolutions", "all"
"""What is frozen: nothing, the convolutions on the samples, or the whole encoder. A number is the
lowest transformer layers, and what is below them."""


class Keeps(StrEnum):
    """What of the encoder's weights a run keeps."""

    WHOLE = "whole"
    """All of them, so that the run needs no checkpoint."""
    TRAINED = "trained"
    """Those that are trained; the others come from the checkpoint."""


@dataclass(frozen=True)
class PretrainedSettings:
    """What makes a pretrained front end what it is, but for its weights.

    Attributes
    ----------
    config : dict
        The encoder's settings in transformers' names, `model_type` included. Layers that are
        above the one that is taken are not counted in it.
    sample_rate : int
        Hz.
    normalize : bool
        Whether a window is brought to mean 0 and variance 1 before.
    layers : str
        `last` for the encoder's output, `all` for every hidden layer, or the number of one.
    freeze : str
        `none`, `convolutions`, `all`, or how many transformer layers.
    lora : int or None
        Rank of the adapters that are trained in the weights' place.
    gradient_checkpointing : bool
        Whether layers are computed once more for the gradient instead of being remembered.
    keeps : Keeps
        What of the weights a run keeps.
    checkpoint : str or None
        A hub id or a folder; None where the weights come from none.
    revision : str or None
        The checkpoint's (see `Checkpoint.revision`).
    """

    config: dict[str, Any]
    sample_rate: int
    normalize: bool
    layers: str = LAST
    freeze: str = CONVOLUTIONS
    lora: int | None = None
    gradient_checkpointing: bool = False
    keeps: Keeps = Keeps.WHOLE
    checkpoint: str | None = None
    revision: str | None = None

    def describe(self) -> dict[str, Any]:
        """Return them as JSON values; what is not known is left out."""
        told = asdict(self) | {"keeps": str(self.keeps)}
        named = ("checkpoint", "revision")
        return {key: value for key, value in told.items() if key not in named or value is not None}

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """Return what `describe` told.

        Parameters
        ----------
        told : mapping
            JSON values.

        Raises
        ------
        CheckpointError
            When they are damaged.
        """
        fault = fault_of(dict(told), _Shape)
        if fault is not None:
            raise CheckpointError(f"the settings of the network's front end are damaged: {fault}")
        known = {key: told[key] for key in cls.__dataclass_fields__ if key in told}
        return cls(**known | {"keeps": Keeps(told["keeps"])})


def check_freezing(freeze: str, lora: int | None, n_layers: int) -> None:
    """Fail for what cannot be frozen, or not together with adapters.

    Parameters
    ----------
    freeze : str
        See `PretrainedSettings`.
    lora : int or None
        See `PretrainedSettings`.
    n_layers : int
        Transformer layers that the front end has.

    Raises
    ------
    ArgumentError
        Naming the flag.
    """
    if freeze.isdecimal():
        if int(freeze) > n_layers:
            raise ArgumentError(f"--freeze={freeze}: the encoder has {n_layers} layers")
    elif freeze not in (NONE, CONVOLUTIONS, ALL):
        raise ArgumentError(
            f"--freeze={freeze}: {NONE}, {CONVOLUTIONS}, {ALL} or a number of layers"
        )
    if lora is None:
        return
    if lora < 1:
        raise ArgumentError(f"--lora={lora}: a rank is at least 1")
    if freeze in (NONE, ALL) or freeze == str(n_layers) or not n_layers:
        raise ArgumentError(
            f"--lora={lora} goes with no --freeze={freeze}: adapters are trained while all else is "
            f"frozen; a number of layers that are left without them is possible"
        )


class _Shape(Shape):
    config: dict[str, Any]
    sample_rate: int
    normalize: bool
    layers: str
    freeze: str
    lora: int | None
    gradient_checkpointing: bool
    keeps: str
    checkpoint: str | None = None
    revision: str | None = None

"""The flags of networks: what is trained, and how."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from src.networks.back_ends import BACK_ENDS
from src.networks.defaults import (
    ADAPTED_RATE,
    AUGMENTED_SHARE,
    LAYERS,
    LOSS,
    PRETRAINED,
    RAW,
    SECONDS,
    SPECTRAL,
)
from src.networks.front_ends import FRONT_ENDS
from src.utils.errors import ArgumentError
from tasks import arguments
from tasks.flags import AugmentFlags, flag

if TYPE_CHECKING:
    from src.networks.choice import NetworkChoice
    from src.networks.examples import Augmenting


def _by_kind(name: str) -> str:
    """Return what a flag is by default, for each kind of front end."""
    values = [getattr(one, name) for one in (PRETRAINED, RAW, SPECTRAL)]
    pretrained, raw, spectral = (f"{value:g}" for value in values)
    if raw == spectral:
        return f"(default: {pretrained} for a pretrained front end, else {raw})"
    return f"(default: {pretrained} for a pretrained front end, {raw} for raw, else {spectral})"


@dataclass(frozen=True)
class NetworkFlags:
    """What a network is made of."""

    front_end: str | None = flag(
        None, f"What makes frames of waveforms: one of {', '.join(FRONT_ENDS)}."
    )
    back_end: str | None = flag(
        None, f"What makes one vector of frames: one of {', '.join(BACK_ENDS)}."
    )
    back_end_settings: str | None = flag(
        None, "The back end's own, name=value,name=value, such as variant=aasist-l."
    )
    front_end_settings: str | None = flag(
        None, "The own settings of log-mel or lfcc, such as coefficients=20,energy=true."
    )
    checkpoint: str | None = flag(
        None, "Of a pretrained front end: a hub id or a local folder in Hugging Face layout."
    )
    layers: str | None = flag(
        None,
        f"Of a pretrained front end: last (the encoder's output), weighted (a learned sum of all) "
        f"or a layer's number (default: {LAYERS}).",
    )
    freeze: str | None = flag(
        None,
        "Which part of a pretrained front end is not trained: convolutions (default), none, all, "
        "or how many of its lowest layers.",
    )
    lora: str | None = flag(
        None, "Train adapters of this rank in place of a pretrained front end's weights."
    )
    gradient_checkpointing: bool = flag(
        False, "Compute a pretrained front end's layers twice, which takes far less memory."
    )
    loss: str | None = flag(
        None,
        f"{LOSS} (default; with --start-from the run's own), oc-softmax or am-softmax.",
    )
    seconds: str | None = flag(
        None,
        f"Of the windows that it is trained on and scores (default: {SECONDS:g}; with --start-from "
        f"the run's own).",
    )


@dataclass(frozen=True)
class TrainerFlags:
    """How a network is trained."""

    epochs: str | None = flag(None, f"Epochs at most {_by_kind('epochs')}.")
    batch_size: str | None = flag(
        None, f"Windows that each process computes at once {_by_kind('batch_size')}."
    )
    accumulate: str | None = flag(
        None, "Batches whose gradients are summed for one step (default: 1)."
    )
    learning_rate: str | None = flag(
        None, f"The highest one, of the back end {_by_kind('learning_rate')}."
    )
    front_learning_rate: str | None = flag(
        None,
        f"The highest one of the front end (default: {PRETRAINED.front_learning_rate:g} for a "
        f"pretrained one, {ADAPTED_RATE:g} of adapters, else the back end's).",
    )
    weight_decay: str | None = flag(None, "Of AdamW (default: 1e-4); norms and biases have none.")
    warmup: str | None = flag(
        None, "Share of all steps in which learning rates rise from 0 (default: 0.1)."
    )
    schedule: str | None = flag(
        None, "How they go on: cosine (default) or linear, down to 0, or constant."
    )
    max_norm: str | None = flag(
        None, "The norm that gradients are clipped to, 0 for none (default: 1)."
    )
    patience: str | None = flag(
        None, f"Epochs without a lower validation EER before it ends {_by_kind('patience')}."
    )
    precision: str | None = flag(
        None, "auto (default: bfloat16 on GPUs that have it), float32 or bfloat16."
    )

    def given(self) -> dict[str, Any]:
        """Return what is given, by the names of `TrainerSettings`.

        Raises
        ------
        ArgumentError
            When a value cannot be read.
        """
        found: dict[str, Any] = {}
        for field in dataclasses.fields(self):
            text = getattr(self, field.name)
            if text is None:
                continue
            flag_name = f"--{field.name.replace('_', '-')}"
            if field.name in ("epochs", "batch_size", "accumulate", "patience"):
                found[field.name] = arguments.whole_number(flag_name, text, 1)
            elif field.name in ("schedule", "precision"):
                found[field.name] = text
            else:
                found[field.name] = arguments.number(flag_name, text)
        return found


@dataclass(frozen=True)
class WindowFlags(AugmentFlags):
    """How the windows of an epoch are augmented."""

    augment_probability: str | None = flag(
        None,
        f"With --augment: the share of windows that are augmented (default: {AUGMENTED_SHARE:g}).",
    )

    def asked(self) -> Augmenting | None:
        """Return how windows are augmented, None where they are not.

        Raises
        ------
        ArgumentError
            When a flag cannot be read, or flags do not go together.
        """
        recipe = self.recipe()
        if recipe is None:
            return None
        share = AUGMENTED_SHARE
        if self.augment_probability is not None:
            share = arguments.number("--augment-probability", self.augment_probability)
            if not 0 < share <= 1:
                raise ArgumentError(f"--augment-probability={share:g} must lie between 0 and 1")
        from src.networks.examples import Augmenting

        return Augmenting(recipe, share)


def network_choice(
    network: NetworkFlags, trainer: TrainerFlags, windows: WindowFlags
) -> NetworkChoice:
    """Return what the flags of a training choose.

    Parameters
    ----------
    network : NetworkFlags
        What the network is made of.
    trainer : TrainerFlags
        How it is trained.
    windows : WindowFlags
        How windows are augmented.

    Raises
    ------
    ArgumentError
        When a flag cannot be read, or flags do not go together.
    """
    front_end = arguments.optional_choice("--front-end", network.front_end, FRONT_ENDS)
    back_end = arguments.optional_choice("--back-end", network.back_end, BACK_ENDS)
    given = trainer.given()
    seconds = network.seconds
    own = arguments.settings("--back-end-settings", network.back_end_settings)
    fronts = arguments.settings("--front-end-settings", network.front_end_settings)
    lora = None if network.lora is None else arguments.whole_number("--lora", network.lora, 1)
    augmenting = windows.asked()
    from src.networks.choice import NetworkChoice

    return NetworkChoice(
        front_end=front_end,
        back_end=back_end,
        back_end_settings=own,
        front_end_settings=fronts,
        checkpoint=network.checkpoint,
        layers=network.layers,
        freeze=network.freeze,
        lora=lora,
        gradient_checkpointing=network.gradient_checkpointing,
        loss=network.loss,
        seconds=None if seconds is None else arguments.number("--seconds", seconds),
        trainer=given,
        augmenting=augmenting,
    )

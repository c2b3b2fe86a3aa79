"""From what a user chooses to what is trained, with the defaults of its kind of front end."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

from src.networks.back_ends import BACK_ENDS
from src.networks.back_ends.back_end import BackEnd
from src.networks.defaults import (
    ADAPTED_RATE,
    LAYERS,
    LOSS,
    PRETRAINED,
    RAW,
    SECONDS,
    SPECTRAL,
    Defaults,
)
from src.networks.examples import Augmenting
from src.networks.front_ends import FRONT_ENDS
from src.networks.front_ends.front_end import FrontEnd
from src.networks.losses import LOSSES
from src.networks.part_settings import complete
from src.networks.settings import MOST_SAMPLES, NetworkSettings
from src.networks.train import NetworkRecipe
from src.networks.trainer.settings import TrainerSettings
from src.networks.windows import Covers
from src.utils.errors import ArgumentError, RunError, choose
from src.utils.runs import MANIFEST, Run

if TYPE_CHECKING:
    # It loads transformers, which few networks need.
    from src.networks.front_ends.pretrained.front_end import PretrainedFrontEnd

_RAW = "raw"
_ALL_LAYERS = "all"
"""What a front end is asked for by a back end that takes all layers."""
_NOT_A = {int: "no whole number", float: "no number", bool: "neither true nor false"}
"""What is wrong with a value of a setting, by the type of its default."""


@dataclass(frozen=True)
class NetworkChoice:
    """What a user chooses of a network and of its training; None for what is left to the defaults.

    Attributes
    ----------
    front_end, back_end : str or None
        Their names; needed, unless a run's network goes on.
    back_end_settings, front_end_settings : dict of str to str
        Their own, as text.
    checkpoint : str or None
        Of a pretrained front end: a hub id or a folder.
    layers : str or None
        See `NetworkSettings`.
    freeze : str or None
        Which part of a pretrained front end is not trained.
    lora : int or None
        Rank of the adapters that are trained in its place.
    gradient_checkpointing : bool
        Whether its layers are computed again for the gradient, which takes less memory.
    loss : str or None
        A name of `LOSSES`.
    seconds : float or None
        Of a window; of a run that scores recordings whole, of those that it is trained on alone.
    trainer : dict
        What is given of `TrainerSettings`.
    augmenting : Augmenting or None
        How windows are augmented.
    """

    front_end: str | None = None
    back_end: str | None = None
    back_end_settings: Mapping[str, str] = field(default_factory=dict)
    front_end_settings: Mapping[str, str] = field(default_factory=dict)
    checkpoint: str | None = None
    layers: str | None = None
    freeze: str | None = None
    lora: int | None = None
    gradient_checkpointing: bool = False
    loss: str | None = None
    seconds: float | None = None
    trainer: Mapping[str, Any] = field(default_factory=dict)
    augmenting: Augmenting | None = None

    def recipe(self, start: Run | None = None) -> NetworkRecipe:
        """Return what is trained, and how.

        Parameters
        ----------
        start : Run, optional
            The training whose network goes on.

        Raises
        ------
        ArgumentError
            For what is unknown, missing or does not go together.
        CheckpointError
            When the checkpoint cannot be reached, or is none of its kind.
        RunError
            When the manifest of `start` is damaged.
        """
        if self.loss is not None:
            choose(LOSSES.flag, self.loss, LOSSES)
        if start is not None:
            return self._further(start)
        front, back = self._named()
        layers = self._layers(front, back)
        described = self._front(front, _ALL_LAYERS if back.takes_layers else layers)
        seconds = SECONDS if self.seconds is None else self.seconds
        network = NetworkSettings(
            front_end=front.name,
            back_end=back.name,
            samples=_samples(seconds, front, described),
            layers=layers,
            front=described,
            back=_typed(
                f"--back-end={back.name}", back.defaults, self.back_end_settings, back.choices
            ),
        )
        return self._with(network, front)

    def _named(self) -> tuple[type[FrontEnd], type[BackEnd]]:
        for registry, name in ((FRONT_ENDS, self.front_end), (BACK_ENDS, self.back_end)):
            if name is None:
                raise ArgumentError(
                    f"{registry.flag} is needed, or --start-from: one of {', '.join(registry)}"
                )
        return FRONT_ENDS.load(str(self.front_end)), BACK_ENDS.load(str(self.back_end))

    def _layers(self, front: type[FrontEnd], back: type[BackEnd]) -> str:
        if self.layers is None:
            return LAYERS
        if not front.is_pretrained:
            raise ArgumentError(f"--layers={self.layers} goes with a pretrained --front-end")
        if back.takes_layers:
            raise ArgumentError(
                f"--layers={self.layers}: --back-end={back.name} takes all layers; leave it out"
            )
        return self.layers

    def _front(self, front: type[FrontEnd], layers: str) -> dict[str, Any]:
        asked = self._training()
        if front.is_pretrained:
            what = f"--front-end={front.name}, which has a checkpoint"
            self._refuse({"front_end_settings": self.front_end_settings}, what)
            pretrained = cast("type[PretrainedFrontEnd]", front)
            return pretrained.open(self.checkpoint, layers=layers, **asked)
        what = f"--front-end={front.name}, which has no checkpoint"
        self._refuse({"checkpoint": self.checkpoint} | asked, what)
        return _typed(f"--front-end={front.name}", front.defaults, self.front_end_settings)

    def _training(self) -> dict[str, Any]:
        """Return what is said of how pretrained weights are trained."""
        told = {"freeze": self.freeze, "lora": self.lora}
        given = {name: value for name, value in told.items() if value is not None}
        return given | ({"gradient_checkpointing": True} if self.gradient_checkpointing else {})

    def _refuse(self, asked: Mapping[str, Any], what: str) -> None:
        """Refuse what is given of several flags; what is not is None, or holds no settings."""
        for name, value in asked.items():
            if value not in (None, {}):
                raise ArgumentError(f"--{name.replace('_', '-')} does not go with {what}")

    def _further(self, start: Run) -> NetworkRecipe:
        fixed = {
            "front_end": self.front_end,
            "back_end": self.back_end,
            "back_end_settings": self.back_end_settings,
            "front_end_settings": self.front_end_settings,
            "checkpoint": self.checkpoint,
            "layers": self.layers,
        }
        self._refuse(fixed, f"--start-from={start.number}, whose network goes on as it is")
        settings = NetworkSettings.of(start)
        front = FRONT_ENDS.load(settings.front_end)
        asked = self._training()
        if not front.is_pretrained:
            self._refuse(asked, f"--front-end={front.name}, which has no checkpoint")
        if settings.covers is Covers.WHOLE:
            # It scores recordings in one window of up to a minute, of which no batch would fit.
            return replace(
                self._with(settings, front, start, asked),
                samples=self._trained_samples(settings, front),
            )
        if self.seconds is not None:
            samples = _samples(self.seconds, front, settings.front)
            settings = replace(settings, samples=samples)
        return self._with(settings, front, start, asked)

    def _trained_samples(self, network: NetworkSettings, front: type[FrontEnd]) -> int:
        """Return the length of training windows of a network that scores recordings whole."""
        if self.seconds is not None:
            return _samples(self.seconds, front, network.front)
        return min(_samples(SECONDS, front, network.front), network.samples)

    def _with(
        self,
        network: NetworkSettings,
        front: type[FrontEnd],
        start: Run | None = None,
        training: Mapping[str, Any] | None = None,
    ) -> NetworkRecipe:
        values = vars(defaults_of(front))
        if front.is_pretrained and self._adapts(network, start):
            values = values | {"front_learning_rate": ADAPTED_RATE}
        elif not front.is_pretrained and "learning_rate" in self.trainer:
            # One rate for all of it, unless two are given.
            values = values | {"front_learning_rate": self.trainer["learning_rate"]}
        trainer = TrainerSettings(**(values | dict(self.trainer)))
        loss = self._loss(start)
        return NetworkRecipe(network, loss, trainer, self.augmenting, start, dict(training or {}))

    def _loss(self, start: Run | None) -> str:
        """Return the loss' name: what is given, or that of the run that goes on."""
        if self.loss is not None or start is None:
            return self.loss or LOSS
        # What others trained comes without it; all of them minimised cross-entropy.
        told = str(start.settings.get("hyperparameters", {}).get("loss", LOSS))
        if told not in LOSSES:
            raise RunError(f"{start.folder / MANIFEST} is damaged: {told} is no loss; train again")
        return told

    def _adapts(self, network: NetworkSettings, start: Run | None) -> bool:
        """Say whether adapters are trained, also those of a run that goes on as it was."""
        goes_on = start is not None and self.freeze is None and self.lora is None
        return self.lora is not None or (goes_on and network.front.get("lora") is not None)


def defaults_of(front: type[FrontEnd]) -> Defaults:
    """Return how networks with a front end are trained by default.

    Parameters
    ----------
    front : type of FrontEnd
        The front end.
    """
    if front.is_pretrained:
        return PRETRAINED
    return RAW if front.name == _RAW else SPECTRAL


def _samples(seconds: float, front: type[FrontEnd], described: Mapping[str, Any]) -> int:
    sample_rate = int(described.get("sample_rate", front.sample_rate))
    samples = round(seconds * sample_rate)
    if samples < 1:
        raise ArgumentError(f"--seconds={seconds:g} is not one sample at {sample_rate:,} Hz")
    if samples > MOST_SAMPLES:
        raise ArgumentError(
            f"--seconds={seconds:g} is above {MOST_SAMPLES / sample_rate:g}, the longest window at "
            f"{sample_rate:,} Hz"
        )
    return samples


def _typed(
    flag: str,
    defaults: Mapping[str, Any],
    given: Mapping[str, str],
    choices: Mapping[str, tuple[Any, ...]] | None = None,
) -> dict[str, Any]:
    """Return settings given as text, each of the type that its default has."""
    typed: dict[str, Any] = {}
    for name, text in given.items():
        default = defaults[choose(flag, name, defaults)]
        try:
            typed[name] = _value(text, default)
        except ValueError:
            raise ArgumentError(f"{flag}: {name}={text} is {_NOT_A[type(default)]}") from None
    # Before recordings are read.
    complete(flag, defaults, typed, choices)
    return typed


def _value(text: str, default: Any) -> Any:
    if isinstance(default, bool):
        return ("false", "true").index(text.casefold()) == 1
    # The default may be one that depends on what else is chosen.
    return text if default is None else type(default)(text)

"""Released detectors on a pretrained encoder, whose state dicts hold the encoder as well."""

from abc import abstractmethod
from typing import Any, ClassVar

from src.networks.front_ends import FRONT_ENDS
from src.networks.released.encoder import (
    HUBERT,
    PRETRAINING,
    architecture,
    encoder_config,
    is_layer_normed,
    published_encoder,
)
from src.networks.released.released import PUBLISHED_SAMPLES, Released, Shapes
from src.networks.settings import LAST, NetworkSettings
from src.networks.windows import Covers
from src.utils.config import SAMPLE_RATE
from src.utils.errors import ArgumentError

_ENCODER = "front_end.encoder."
"""What our names of an encoder begin with."""

_ALL = "all"


class ReleasedOnEncoder(Released):
    """A back end on the hidden layers of an encoder.

    Attributes
    ----------
    prefix : str
        What the published names of the encoder begin with.
    front_end : str
        A name of `FRONT_ENDS`, for encoders of wav2vec 2.0.
    layers : str
        `last` or `all`.
    normalize : bool
        Whether recordings are brought to mean 0 and variance 1.
    samples : int
        Of a window.
    covers : Covers
        Which part of a recording is scored.
    """

    prefix: ClassVar[str] = "ssl_model.model."
    front_end: ClassVar[str] = "xlsr"
    layers: ClassVar[str] = LAST
    normalize: ClassVar[bool] = False
    samples: ClassVar[int] = PUBLISHED_SAMPLES
    covers: ClassVar[Covers] = Covers.FIRST

    def settings(self, shapes: Shapes, checkpoint: str | None = None) -> NetworkSettings:
        """Return the settings of encoder, back end and output layer.

        Parameters
        ----------
        shapes, checkpoint
            See `Released.settings`.
        """
        about = self.back(shapes)
        return NetworkSettings(
            front_end=self._front_end(shapes),
            samples=self.samples,
            covers=self.covers,
            layers=LAST,
            front=self._front(shapes, checkpoint),
            **about,
        )

    @abstractmethod
    def back(self, shapes: Shapes) -> dict[str, Any]:
        """Return `back_end`, `back`, `head` and `outputs` of the settings.

        Parameters
        ----------
        shapes
            See `Released.settings`.
        """

    @abstractmethod
    def published_back(self, name: str) -> str:
        """Return the published name of a tensor of the back end or the output layer.

        Parameters
        ----------
        name : str
            Ours.
        """

    def published(self, name: str, shapes: Shapes) -> str:
        """Return the published name of a tensor (see `Released.published`)."""
        if not name.startswith(_ENCODER):
            return self.published_back(name)
        normed = is_layer_normed(shapes, self.prefix)
        return self.prefix + published_encoder(name.removeprefix(_ENCODER), normed)

    def is_unused(self, name: str) -> bool:
        """Say whether no score depends on a tensor: none does on what pretraining alone needs.

        Parameters
        ----------
        name : str
            As published.
        """
        return super().is_unused(name) or (
            name.startswith(self.prefix)
            and PRETRAINING.fullmatch(name.removeprefix(self.prefix)) is not None
        )

    def _front_end(self, shapes: Shapes) -> str:
        return HUBERT if architecture(shapes, self.prefix) == HUBERT else self.front_end

    def _front(self, shapes: Shapes, checkpoint: str | None) -> dict[str, Any]:
        front_end: Any = FRONT_ENDS.load(self._front_end(shapes))
        has_encoder = any(name.startswith(self.prefix) for name in shapes)
        if has_encoder and checkpoint is not None:
            raise ArgumentError(
                f"--checkpoint={checkpoint}: the weights hold their encoder; leave it out"
            )
        if not has_encoder and checkpoint is None:
            raise ArgumentError(
                f"--checkpoint is needed: the weights are of the back end alone, without the "
                f"encoder ({self.prefix}*)"
            )
        if has_encoder:
            told: dict[str, Any] = front_end.of_config(
                encoder_config(shapes, self.prefix),
                sample_rate=SAMPLE_RATE,
                normalize=self.normalize,
                layers=self.layers,
            )
        else:
            told = front_end.open(checkpoint, layers=self.layers, freeze=_ALL)
            told["normalize"] = self.normalize
        if self.layers == _ALL:
            # Published back ends on all layers are given the highest as the others, before the
            # norm that is behind them all.
            told["config"] |= {"tie_last_hidden_states": False}
        return told

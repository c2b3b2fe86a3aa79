"""What makes a network what it is, as the manifest of its run keeps it."""

from dataclasses import asdict, dataclass, field
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from src.models.lookup import NETWORK
from src.networks.heads import HEADS
from src.networks.windows import Covers
from src.utils.config import WEIGHTED
from src.utils.errors import ArgumentError, RunError, choose, did_you_mean
from src.utils.runs import MANIFEST, Run
from src.utils.shapes import Shape, require_shape

LAST = "last"

MOST_SAMPLES = 10_000_000
"""Of a window: beyond it a manifest is taken for damaged."""


@dataclass(frozen=True)
class NetworkSettings:
    """What makes a network what it is, but for its weights.

    Attributes
    ----------
    front_end : str
        A name of `FRONT_ENDS`.
    back_end : str
        A name of `BACK_ENDS`.
    samples : int
        Of a window at the front end's sampling rate; shorter recordings are repeated to it, unless
        they are covered whole.
    covers : Covers
        Which part of a recording is scored.
    layers : str
        What a back end of one layer is given of several: `last`, `weighted` (a learned weighted
        sum) or a layer's number.
    head : str
        A name of `HEADS`.
    outputs : int
        1, or 2 for one a class.
    front : dict
        What the front end says of itself (see `FrontEnd.describe`).
    back : dict
        The back end's own settings.
    """

    front_end: str
    back_end: str
    samples: int = 64_000
    covers: Covers = Covers.ALL
    layers: str = LAST
    head: str = "linear"
    outputs: int = 1
    front: dict[str, Any] = field(default_factory=dict)
    back: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        choose("--head", self.head, HEADS)
        if self.layers not in (LAST, WEIGHTED) and not self.layers.isdigit():
            raise ArgumentError(
                f"--layers={self.layers} is not {LAST}, {WEIGHTED} or a layer's number"
                f"{did_you_mean(self.layers, (LAST, WEIGHTED))}"
            )

    def describe(self) -> dict[str, Any]:
        """Return them as JSON values."""
        return asdict(self) | {"covers": str(self.covers)}

    @classmethod
    def of(cls, run: Run) -> Self:
        """Return the settings of the network of a run.

        Parameters
        ----------
        run : Run
            A training of a network.

        Raises
        ------
        RunError
            When its manifest is damaged.
        """
        path = run.folder / MANIFEST
        told: dict[str, Any] = run.settings.get(NETWORK) or {}
        require_shape(told, _Shape, path, "train again")
        try:
            return cls(**told | {"covers": Covers(told["covers"])})
        except (ArgumentError, TypeError) as error:
            raise RunError(f"{path} is damaged: {error}; train again") from error


class _Shape(Shape):
    front_end: str
    back_end: str
    samples: Annotated[int, Field(ge=1, le=MOST_SAMPLES)]
    covers: Literal["all", "first", "whole"]
    layers: str
    head: str
    outputs: Annotated[int, Field(ge=1, le=2)]
    front: dict[str, Any]
    back: dict[str, Any]

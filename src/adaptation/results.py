"""What `adaptation.json` holds: a detector before and after it was adapted."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, NonNegativeInt, PositiveInt

from src.adaptation.names import ADAPTATION
from src.utils.files import number_or_nan, without_nan, write_json
from src.utils.run_manifest import Rate
from src.utils.shapes import Shape, read_shaped

METRICS_TOLD = ("eer", "cllr", "hter")
"""What is measured before and after; the last of them, at the threshold, is not of the folds."""

FORGETS = 0.02
"""How much EER on the run's own test may be lost, by the upper end of its interval, so that it
counts as not forgotten."""

_REMEDY = "remove it, and its page tells nothing of what adapting brought, or adapt again"


@dataclass(frozen=True)
class Change:
    """A metric before and after.

    Attributes
    ----------
    before, after : float
        Of the run as it was, and of the adapted one.
    difference : float
        The second less the first.
    low, high : float
        The ends of the difference's 95 % interval over speakers; NaN where it cannot be told.
    p_value : float
        How likely chance makes them differ as much; NaN where it cannot be told.
    """

    before: float
    after: float
    difference: float
    low: float
    high: float
    p_value: float

    @property
    def is_better(self) -> bool:
        """Whether what is an error is lower by more than chance explains."""
        return self.high < 0

    @property
    def is_worse(self) -> bool:
        """Whether what is an error is higher by more than chance explains."""
        return self.low > 0


@dataclass(frozen=True)
class Measurement:
    """Some clips, scored before and after.

    Attributes
    ----------
    n_bona_fide, n_spoof : int
        How many they are.
    n_speakers : int
        Of how many speakers; a clip without one counts as one.
    metrics : dict of str to Change
        By the name of the metric.
    """

    n_bona_fide: int
    n_spoof: int
    n_speakers: int
    metrics: dict[str, Change]

    @property
    def eer(self) -> Change:
        """How the EER has changed."""
        return self.metrics["eer"]

    @property
    def cllr(self) -> Change:
        """How the Cllr has changed."""
        return self.metrics["cllr"]

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Return what a file holds of one, once it is checked.

        Parameters
        ----------
        values : dict
            As JSON has it.
        """
        told = {
            name: Change(**{key: number_or_nan(one) for key, one in change.items()})
            for name, change in values["metrics"].items()
        }
        return cls(**{**values, "metrics": told})


@dataclass(frozen=True)
class TriedShare:
    """How the clips that were learnt from are told at one share of the weight.

    Attributes
    ----------
    share : float
        Of the weight of the training that all of them have together.
    eer, cllr : float
        Of each scored by a training on clips of other speakers.
    """

    share: float
    eer: float
    cllr: float


@dataclass(frozen=True)
class Adaptation:
    """What adapting has brought.

    Attributes
    ----------
    folds : Measurement
        The clips that were learnt from, each scored by a training on clips of other speakers.
    n_folds : int
        How many there were.
    shares : sequence of TriedShare
        What was tried.
    apart : Measurement
        The clips of all other speakers of the data set, by which nothing was chosen.
    old_test : Measurement or None
        The run's own test; None where it could not be measured.
    no_old_test : str
        Why not; empty where it was.
    n_known, n_known_speakers : int
        Clips of the data set that were left out, since the run knows their speakers, and how many
        these are.
    n_rejected : int
        Clips that could not be embedded.
    n_without_speaker : int
        Clips of unknown speakers, each of whom counted as one of its own.
    """

    folds: Measurement
    n_folds: int
    shares: Sequence[TriedShare]
    apart: Measurement
    old_test: Measurement | None
    no_old_test: str = ""
    n_known: int = 0
    n_known_speakers: int = 0
    n_rejected: int = 0
    n_without_speaker: int = 0

    @property
    def is_forgotten(self) -> bool | None:
        """Whether the run's own test is told worse; None where it was not measured, or is unsure.

        Not forgotten: the loss of EER is below `FORGETS` as far as chance goes. Forgotten: a loss
        by more than chance that may be larger.
        """
        if self.old_test is None or self.old_test.eer.high != self.old_test.eer.high:
            return None
        if self.old_test.eer.high <= FORGETS:
            return False
        return True if self.old_test.eer.is_worse else None

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        found: dict[str, Any] = without_nan(asdict(self))
        return found

    def write(self, folder: Path) -> None:
        """Write `adaptation.json` into a run's folder."""
        write_json(folder / ADAPTATION, self.as_dict())

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what `write` wrote.

        Parameters
        ----------
        path : pathlib.Path
            The file.

        Raises
        ------
        RunError
            When it is absent or damaged.
        """
        values = read_shaped(path, _Shape, _REMEDY)
        found = {name: values[name] for name in _Shape.model_fields if name in values}
        parts = {name: _measured(found[name]) for name in ("folds", "apart", "old_test")}
        shares = [TriedShare(**_only(one, _Tried)) for one in found["shares"]]
        return cls(**{**found, **parts, "shares": shares})


def _measured(values: dict[str, Any] | None) -> Any:
    if values is None:
        return None
    told = {name: one for name in METRICS_TOLD if (one := values["metrics"].get(name))}
    metrics = {name: _only(one, _Changed) for name, one in told.items()}
    return Measurement.from_dict({**_only(values, _Measured), "metrics": metrics})


def _only(values: dict[str, Any], shape: type[Shape]) -> dict[str, Any]:
    """Leave out what a newer AUDIOS has written besides."""
    return {name: values[name] for name in shape.model_fields}


class _Changed(Shape):
    before: float
    after: float
    difference: float
    low: float | None
    high: float | None
    p_value: float | None


class _Metrics(Shape):
    eer: _Changed
    cllr: _Changed
    hter: _Changed | None = None


class _Measured(Shape):
    n_bona_fide: PositiveInt
    n_spoof: PositiveInt
    n_speakers: PositiveInt
    metrics: _Metrics


class _Tried(Shape):
    share: Rate
    eer: Rate
    cllr: float


class _Shape(Shape):
    folds: _Measured
    n_folds: PositiveInt
    shares: Annotated[list[_Tried], Field(min_length=1)]
    apart: _Measured
    old_test: _Measured | None
    no_old_test: str = ""
    n_known: NonNegativeInt = 0
    n_known_speakers: NonNegativeInt = 0
    n_rejected: NonNegativeInt = 0
    n_without_speaker: NonNegativeInt = 0

"""What a test of robustness has found, and the file that keeps it."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pydantic import Field, NonNegativeInt

from src.robustness.kept import REMEDY
from src.robustness.names import FOLDER, results_path
from src.utils.errors import RunError
from src.utils.files import number_or_nan, without_nan, write_json
from src.utils.shapes import Shape, read_shaped

MEASURED = ("eer", "hter", "far", "frr", "cllr")
"""The metrics of each condition, names of `METRICS`."""

BONA_FIDE_SHIFT, SPOOF_SHIFT = "bona_fide", "spoof"


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval.

    Attributes
    ----------
    value, low, high : float
        NaN where it is not known.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class ConditionResult:
    """How a detector does under one condition.

    Attributes
    ----------
    name, group, strength, is_track
        See `Condition`.
    steps : list of dict
        What is done: the kind of each step and the parameters that are set.
    fingerprint : str
        Of the scores that this is of (see `KeptScores`).
    n_bona_fide, n_spoof : int
        The clips that have a score under this condition and as they are.
    n_failed : int
        Clips that have none under this condition.
    failure : str
        Why, of the first of them; empty without any.
    metrics : dict of str to Estimate
        By name of `MEASURED`.
    changes : dict of str to Estimate
        How each differs from that of the same clips as they are, speakers drawn alike for both.
    shifts : dict of str to Estimate
        By class, the mean change of a clip's score.
    """

    name: str
    group: str
    strength: str
    is_track: bool
    steps: list[dict[str, Any]]
    fingerprint: str
    n_bona_fide: int
    n_spoof: int
    n_failed: int
    failure: str
    metrics: dict[str, Estimate]
    changes: dict[str, Estimate]
    shifts: dict[str, Estimate]

    @property
    def eer(self) -> float:
        """The equal error rate."""
        return self.metrics["eer"].value

    @property
    def title(self) -> str:
        """By which people know the condition."""
        return ", ".join(filter(None, (self.group, self.strength)))


@dataclass(frozen=True)
class Robustness:
    """How a detector does under all conditions that were tried.

    Attributes
    ----------
    dataset : str
        The folder of the recordings.
    dataset_name : str
        The name of the data set's own folder.
    clips : str
        A hash of the file of the clips.
    seed : int
        Of what conditions draw, and of the bootstrap.
    threshold : float
        At which decisions were made, fixed on validation.
    ci95_over : str
        What the intervals are over.
    clean : ConditionResult
        The clips as they are.
    conditions : list of ConditionResult
        In the order of the grid: those of a group together, from mild to severe.
    left_out : dict of str to str
        By name of a condition that was not tried, why.
    """

    dataset: str
    dataset_name: str
    clips: str
    seed: int
    threshold: float
    ci95_over: str
    clean: ConditionResult
    conditions: list[ConditionResult]
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def groups(self) -> dict[str, list[ConditionResult]]:
        """The conditions by group: tracks first, then those of the highest EER."""
        found: dict[str, list[ConditionResult]] = {}
        for one in self.conditions:
            found.setdefault(one.group, []).append(one)
        order = sorted(found.values(), key=lambda few: (not few[0].is_track, -worst_of(few).eer))
        return {few[0].group: few for few in order}

    def write(self, path: Path) -> None:
        """Write all of it; what is not known is null.

        Parameters
        ----------
        path : pathlib.Path
            The JSON file.
        """
        write_json(path, without_nan(asdict(self)))

    @classmethod
    def read(cls, path: Path) -> "Robustness":
        """Read what `write` has written.

        Parameters
        ----------
        path : pathlib.Path
            The JSON file.

        Raises
        ------
        AudiosError
            When it is absent or damaged.
        """
        values = read_shaped(path, _RobustnessShape, REMEDY)
        names = _RobustnessShape.model_fields
        parts = {name: value for name, value in values.items() if name in names}
        parts["clean"] = _result(parts["clean"], path)
        parts["conditions"] = [_result(one, path) for one in parts["conditions"]]
        return cls(**parts)


def worst_of(conditions: Iterable[ConditionResult]) -> ConditionResult:
    """Return the condition of the highest EER, the first of equals.

    Parameters
    ----------
    conditions : iterable of ConditionResult
        At least one.
    """
    return max(conditions, key=lambda one: one.eer)


def read_all(run: Path) -> dict[str, Robustness]:
    """Return every test of robustness that a run's folder holds, of its own data set first.

    Parameters
    ----------
    run : pathlib.Path
        The run's folder.

    Returns
    -------
    dict of str to Robustness
        By what the names of the files end in.

    Raises
    ------
    AudiosError
        When a file is damaged.
    """
    suffixes = sorted(path.stem.removeprefix(FOLDER) for path in run.glob(f"{FOLDER}*.json"))
    return {suffix: Robustness.read(results_path(run, suffix)) for suffix in suffixes}


def read_own(run: Path) -> Robustness | None:
    """Return the test of robustness on a run's own data set, None where there is none.

    Parameters
    ----------
    run : pathlib.Path
        The run's folder.

    Raises
    ------
    AudiosError
        When its file is damaged.
    """
    path = results_path(run)
    return Robustness.read(path) if path.is_file() else None


class _EstimateShape(Shape):
    value: float | None
    low: float | None
    high: float | None


class _ResultShape(Shape):
    is_track: bool
    name: str
    group: str
    strength: str
    fingerprint: str
    steps: list[dict[str, Any]]
    n_bona_fide: NonNegativeInt
    n_spoof: NonNegativeInt
    n_failed: NonNegativeInt
    failure: str
    metrics: dict[str, _EstimateShape]
    changes: dict[str, _EstimateShape]
    shifts: dict[str, _EstimateShape]


class _RobustnessShape(Shape):
    dataset: str
    dataset_name: str
    clips: str
    seed: NonNegativeInt
    threshold: float
    ci95_over: str
    clean: _ResultShape
    conditions: list[_ResultShape]
    left_out: dict[str, str] = Field(default_factory=dict)


_ESTIMATES = {
    "metrics": MEASURED,
    "changes": MEASURED,
    "shifts": (BONA_FIDE_SHIFT, SPOOF_SHIFT),
}


def _result(values: Mapping[str, Any], path: Path) -> ConditionResult:
    parts = {name: values[name] for name in _ResultShape.model_fields}
    for part, names in _ESTIMATES.items():
        missing = [name for name in names if name not in parts[part]]
        if missing:
            raise RunError(f"{path} is damaged: {parts['name']} lacks {missing[0]}; {REMEDY}")
        parts[part] = {name: _estimate(parts[part][name]) for name in names}
    eer = parts["metrics"]["eer"].value
    if not 0 <= eer <= 1:
        raise RunError(f"{path} is damaged: the EER of {parts['name']} is {eer}; {REMEDY}")
    return ConditionResult(**parts)


def _estimate(values: Mapping[str, Any]) -> Estimate:
    return Estimate(*(float(number_or_nan(values[name])) for name in ("value", "low", "high")))

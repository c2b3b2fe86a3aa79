"""The files that a test leaves: their names, and what that of the results holds.

Light to load, so that a list of many runs need not wait for what computes and draws.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, NonNegativeInt

from src.utils.errors import RunError
from src.utils.metrics.table import METRICS, TANDEM
from src.utils.run_manifest import FusionGain, Rate
from src.utils.shapes import Shape, read_shaped

RESULTS = "results.json"
"""What the results of scores of another system are kept in."""
TEST_RESULTS = "test_results"
"""What the names of the results of a training's tests begin with."""
SCORES = "scores.csv"

BREAKDOWNS = "breakdowns"
FIGURES = {
    "confusion_matrix": "Decisions at the threshold",
    "roc_curve": "ROC curve",
    "det_curve": "DET curve",
    "scores": "Scores by class",
    "reliability": "How true the probabilities are",
    "tippett": "Likelihood ratios by class (Tippett plot)",
    BREAKDOWNS: "EER by group, with intervals",
}
"""What each figure shows, by the name of its file without the ending."""


def figure_paths(folder: Path, suffix: str = "") -> dict[str, Path]:
    """Return where each of `FIGURES` is or will be, by its name.

    Parameters
    ----------
    folder : pathlib.Path
        The run's folder.
    suffix : str
        What the names of the files end in.
    """
    return {name: folder / f"{name}{suffix}.png" for name in FIGURES}


REMEDY = "remove it, and test again"


class _GroupShape(Shape):
    group: str
    n_bona_fide: NonNegativeInt
    n_spoof: NonNegativeInt
    n_speakers: NonNegativeInt
    eer: float | None
    low: float | None
    high: float | None
    far: float | None
    frr: float | None
    against: str
    is_small: bool


_Spans = dict[str, Annotated[list[float | None], Field(min_length=2, max_length=2)]]


class _ResultsShape(Shape):
    eer: Rate = 0.0
    threshold: float = 0.0
    eer_threshold: float | None = None
    n_bona_fide: NonNegativeInt = 0
    n_spoof: NonNegativeInt = 0
    true_bona_fide: NonNegativeInt = 0
    false_bona_fide: NonNegativeInt = 0
    true_spoof: NonNegativeInt = 0
    false_spoof: NonNegativeInt = 0
    confidence: float | None = None
    inconclusive: float | None = None
    error_when_decided: float | None = None
    ci95: _Spans = Field(default_factory=dict)
    ci95_over: str = ""
    ci95_attacks: _Spans = Field(default_factory=dict)
    ci95_attacks_over: str = ""
    warnings: list[str] = Field(default_factory=list)
    breakdowns: dict[str, list[_GroupShape]] = Field(default_factory=dict)
    dataset: str | None = None
    note: str | None = None
    fusion: FusionGain | None = None


def read_values(path: Path) -> dict[str, Any]:
    """Return what a file of results holds, as it is.

    Parameters
    ----------
    path : pathlib.Path
        The JSON file.

    Raises
    ------
    AudiosError
        When it is absent or damaged.
    """
    values = read_shaped(path, _ResultsShape, REMEDY)
    for name in (*METRICS, *TANDEM):
        if not isinstance(values.get(name, 0.0), int | float):
            raise RunError(f"{path} is damaged: {name} is no number; {REMEDY}")
    return values


def missing_from(values: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Return which metrics a file of results lacks, and of which it lacks the interval alone.

    Parameters
    ----------
    values : mapping
        What the file holds.

    Returns
    -------
    missing, missing_intervals : list of str
        See `Results`.
    """
    there = values.get("ci95", {})
    missing = [name for name in METRICS if name not in values]
    return missing, [name for name in METRICS if name in values and name not in there]

"""The results of a detector on many test sets side by side, and their files.

Light to load, so that whoever only shows them need not wait for what computes.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, NonNegativeInt

from src.utils.errors import RunError
from src.utils.files import number_or_nan, without_nan, write_json
from src.utils.metrics.table import METRICS
from src.utils.shapes import Shape, read_shaped

SETS = "test_sets"
"""What the names of the files begin with that tell of many test sets at once."""

_REMEDY = "remove it, and test again"

Spans = dict[str, tuple[float, float]]


@dataclass(frozen=True)
class SetRow:
    """The metrics of one test set, or of several taken together.

    Attributes
    ----------
    name : str
        Of the data set, no two alike among sets tested at once.
    values : dict of str to float
        By metric of `METRICS`, NaN where it cannot be told.
    ci95 : dict of str to (float, float)
        By metric, the 95 % interval over `ci95_over`; NaN where it cannot be told.
    ci95_over : str
        What was resampled, with its number.
    n_bona_fide, n_spoof : int
        Clips of each class.
    dataset, embeddings : str
        The folders of the recordings and of the vectors; empty for several sets.
    is_own : bool
        Whether it is of the data set that the run was trained on.
    """

    name: str
    values: dict[str, float]
    ci95: Spans
    ci95_over: str
    n_bona_fide: int
    n_spoof: int
    dataset: str = ""
    embeddings: str = ""
    is_own: bool = False

    @property
    def title(self) -> str:
        """The name, with a word for the run's own data set."""
        return f"{self.name} (own)" if self.is_own else self.name


@dataclass(frozen=True)
class SetResults:
    """The results on many test sets.

    Attributes
    ----------
    threshold : float
        Fixed on validation, the same for all sets.
    sets : list of SetRow
        Each set, the run's own first, then by name.
    average : SetRow
        The unweighted mean of each metric over the sets.
    pooled : SetRow
        All clips together, with one threshold.
    gender : str or None
        `F` or `M` for a test on clips of one gender.
    failed : dict of str to str
        Why sets could not be tested, by the folder of their vectors.
    """

    threshold: float
    sets: list[SetRow]
    average: SetRow
    pooled: SetRow
    gender: str | None = None
    failed: dict[str, str] = field(default_factory=dict)

    def worst(self, metric: str) -> SetRow:
        """Return the set that is worst by a metric.

        Parameters
        ----------
        metric : str
            A name of `METRICS`.
        """
        sign = 1 if METRICS[metric].is_error else -1
        return max(self.sets, key=lambda one: sign * one.values[metric])

    def write(self, path: Path) -> None:
        """Write them as JSON, and a row a set as CSV beside it.

        Parameters
        ----------
        path : pathlib.Path
            The JSON file.
        """
        # Here, since pandas is heavy and reading does without it.
        import pandas as pd

        from src.utils.tables import write_csv

        rows = [*self.sets, self.average, self.pooled]
        write_csv(path.with_suffix(".csv"), pd.DataFrame([_flat(row) for row in rows]))
        worst = {
            name: {"set": self.worst(name).name, "value": self.worst(name).values[name]}
            for name in METRICS
        }
        about = {"threshold": self.threshold, "gender": self.gender, "failed": self.failed}
        sets = [_as_json(row) for row in self.sets]
        told = {"sets": sets, "average": _as_json(self.average), "pooled": _as_json(self.pooled)}
        write_json(path, without_nan(about | told | {"worst": worst}))

    @classmethod
    def read(cls, path: Path) -> "SetResults":
        """Read what `write` wrote; a metric that was not measured yet is NaN.

        Parameters
        ----------
        path : pathlib.Path
            The JSON file.

        Raises
        ------
        RunError
            When it is absent or damaged.
        """
        values = read_shaped(path, _SetsShape, _REMEDY)
        rows = [*values["sets"], values["average"], values["pooled"]]
        for row in rows:
            for name in METRICS:
                if not isinstance(number_or_nan(row.get(name)), int | float):
                    raise RunError(f"{path} is damaged: {name} is no number; {_REMEDY}")
        *sets, average, pooled = map(_row, rows)
        about = values["gender"], values["failed"]
        return cls(values["threshold"], sets, average, pooled, *about)


class _RowShape(Shape):
    name: str
    ci95: dict[str, Annotated[list[float | None], Field(min_length=2, max_length=2)]]
    ci95_over: str
    n_bona_fide: NonNegativeInt
    n_spoof: NonNegativeInt
    dataset: str
    embeddings: str
    is_own: bool


class _SetsShape(Shape):
    threshold: float
    gender: str | None
    failed: dict[str, str]
    sets: Annotated[list[_RowShape], Field(min_length=1)]
    average: _RowShape
    pooled: _RowShape


def _as_json(row: SetRow) -> dict[str, Any]:
    """Return a row with its metrics flat, as the results of a single test have them."""
    values = asdict(row)
    return {"name": values.pop("name")} | values.pop("values") | values


def _flat(row: SetRow) -> dict[str, Any]:
    spans = {
        f"{name}_{end}": value
        for name, span in row.ci95.items()
        for end, value in zip(("low", "high"), span, strict=True)
    }
    told = _as_json(row)
    del told["ci95"]
    return told | spans


def _row(values: Mapping[str, Any]) -> SetRow:
    spans = values["ci95"]
    unknown = (None, None)
    return SetRow(
        name=values["name"],
        values={name: number_or_nan(values.get(name)) for name in METRICS},
        ci95={
            name: (number_or_nan(low), number_or_nan(high))
            for name, (low, high) in ((name, spans.get(name, unknown)) for name in METRICS)
        },
        **{name: values[name] for name in _RowShape.model_fields if name not in ("name", "ci95")},
    )


def sets_paths(folder: Path, gender: str | None = None) -> tuple[Path, Path]:
    """Return where the results of many test sets are or will be, and where their figure is.

    Parameters
    ----------
    folder : pathlib.Path
        The run's folder.
    gender : str, optional
        For the clips of one gender.
    """
    stem = SETS if gender is None else f"{SETS}_{gender}"
    return folder / f"{stem}.json", folder / f"{stem}.png"

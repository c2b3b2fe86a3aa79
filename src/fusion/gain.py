"""Whether a fusion is better than its best member alone, by pairs of the same speakers."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from src.evaluation.paired import compare_all
from src.evaluation.trials import Trials
from src.utils.files import number_or_nan, without_nan

GAIN = "fusion"
"""The entry of the results of a validation or of a test that holds it."""

_METRICS = ("eer", "cllr")


@dataclass(frozen=True)
class Difference:
    """A metric of a fusion, of its best member, and how they differ.

    Attributes
    ----------
    alone, fused : float
        Of the member and of the fusion.
    difference : float
        The fusion's less the member's.
    low, high : float
        The ends of the difference's 95 % interval over speakers; NaN where it cannot be told.
    p_value : float
        How likely chance makes them differ as much; NaN where it cannot be told.
    """

    alone: float
    fused: float
    difference: float
    low: float
    high: float
    p_value: float


@dataclass(frozen=True)
class Gain:
    """What fusing has brought on some clips.

    Attributes
    ----------
    best : str
        The label of the member whose validation EER is the lowest.
    eer, cllr : Difference
        How the fusion differs from it.
    """

    best: str
    eer: Difference
    cllr: Difference

    @property
    def is_better(self) -> bool:
        """Whether its EER is lower by more than chance explains."""
        return self.eer.high < 0

    @property
    def is_worse(self) -> bool:
        """Whether its EER is higher by more than chance explains."""
        return self.eer.low > 0

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        found: dict[str, Any] = without_nan(asdict(self))
        return found

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Gain":
        """Return what `as_dict` gave, once it is checked.

        Parameters
        ----------
        values : mapping
            As a file has it.
        """
        found = {
            name: Difference(**{key: number_or_nan(one) for key, one in values[name].items()})
            for name in _METRICS
        }
        return cls(best=values["best"], **found)


def measure_gain(fused: Trials, best: str, seed: int) -> Gain:
    """Compare a fusion with one of its members on the same clips.

    Parameters
    ----------
    fused : Trials
        The clips with the fusion's scores and its members' ratios.
    best : str
        The label of the member.
    seed : int
        Of the bootstrap over speakers.
    """
    llrs = fused.members[best].to_numpy(np.float64)
    alone = replace(fused, scores=llrs, llrs=llrs)
    # Neither metric knows a threshold.
    [found] = compare_all(alone, 0.0, [(fused, 0.0)], seed=seed, metrics=_METRICS)
    rows = found.set_index("metric")
    columns = ["first", "second", "difference", "low", "high", "p_value"]
    told = {name: Difference(*map(float, rows.loc[name, columns])) for name in _METRICS}
    return Gain(best=best, **told)

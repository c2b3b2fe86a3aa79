"""The best trials of a study once more with other seeds, by which the best of them is taken.

A trial that is trained with one seed may be the best by that seed's chance. The best few are
trained with several; the one with the lowest mean validation EER is taken, with the study's own
seed: which seed is the luckiest says nothing about other clips.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from src.search.choice import ranking
from src.utils.config import VALIDATION_CLLR, VALIDATION_EER

MOST_FINALISTS = 3


@dataclass(frozen=True)
class Finalists:
    """The best trials, each with several seeds.

    Attributes
    ----------
    table : pandas.DataFrame
        `number` (of the trial in its study), `run`, `seed`, `validation_eer`, `validation_cllr`:
        a row a training, the best trials of the search first, each with the study's seed first.
    """

    table: pd.DataFrame

    @property
    def best(self) -> int:
        """The number of the trial with the lowest mean EER, of equal ones with the lowest Cllr."""
        means = self.table.groupby("number", sort=False)[[VALIDATION_EER, VALIDATION_CLLR]].mean()
        return int(means.index[ranking(means[VALIDATION_EER], means[VALIDATION_CLLR])[0]])

    def seeds_of(self, number: int) -> dict[str, Any] | None:
        """Return the mean and the standard deviation of a trial's EER over its seeds.

        Parameters
        ----------
        number : int
            Of the trial in its study.

        Returns
        -------
        dict or None
            `n`, `mean` and `std`; None of a trial that was not among the best.
        """
        eers = self.table.loc[self.table["number"] == number, VALIDATION_EER].to_numpy(float)
        if not len(eers):
            return None
        spread = float(eers.std(ddof=1)) if len(eers) > 1 else 0.0
        return {"n": len(eers), "mean": float(np.mean(eers)), "std": spread}

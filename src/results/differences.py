"""How runs differ on the same clips, and whether chance alone may explain it."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from src.evaluation.paired import compare_all, holm
from src.evaluation.results import Results
from src.evaluation.trials import Trials
from src.results.naming import describe, name_of
from src.results.outcomes import Outcome
from src.results.robust_differences import RobustnessPairs
from src.utils.runs import Run

COMPARED = ("eer", "min_dcf", "cllr")
"""Metrics in which runs are compared; more of them would find more differences by chance."""

MOST_CURVES = 20
"""How many DET curves one figure shows, the best first: more cannot be told apart."""

TABLE = "comparison.csv"
FIGURE = "det_curves.png"
PAGE = "comparison.html"
COMBINATIONS = "combinations.csv"


@dataclass(frozen=True)
class Entry:
    """One of the runs that are compared.

    Attributes
    ----------
    run : Run
        A training, or an evaluation of scores.
    outcome : Outcome
        The test that counts here.
    results : Results
        What came out.
    trials : Trials
        The clips of that test with their scores.
    """

    run: Run
    outcome: Outcome
    results: Results
    trials: Trials

    @property
    def name(self) -> str:
        """The run's name."""
        return name_of(self.run)

    @property
    def clips(self) -> frozenset[tuple[str, int]]:
        """What it was tested on: each file with its label."""
        files, labels = self.trials.files.tolist(), self.trials.labels.tolist()
        return frozenset(zip(files, labels, strict=True))


@dataclass(frozen=True)
class Comparison:
    """Runs that were compared, and where that was written.

    Attributes
    ----------
    run : Run
        The comparison's own.
    entries : list of Entry
        By rising EER; of searches the best by validation first.
    pairs : pandas.DataFrame
        Each run against the best of those tested on the same clips, a row a metric: `run, best,
        metric, difference` (the run's metric less the best's), `low, high, p_value` and `p_holm`,
        corrected for the number of runs.
    notes : list of str
        What could not be paired, or was tested before all of it was measured, a sentence each.
    robustness : RobustnessPairs or None
        The runs under conditions, each against the one of the lowest EER; None where fewer than two
        were tested under any.
    combinations : pandas.DataFrame or None
        Where the runs are the best of searches: `backbone, classifier, layer, pooling,
        validation_eer, test_eer, low, high, cllr, run` of each, and its `difference` of the EER
        from the first, `difference_low, difference_high, p_value, p_holm`.
    """

    run: Run
    entries: list[Entry]
    pairs: pd.DataFrame
    notes: list[str]
    robustness: RobustnessPairs | None = None
    combinations: pd.DataFrame | None = None

    @property
    def n_pairs(self) -> int:
        """How many runs are compared with a best one."""
        return len(set(self.pairs["run"]))

    @property
    def page(self) -> Path:
        """The report for a browser."""
        return self.run.folder / PAGE


def curves_title(n_runs: int) -> str:
    """Say which DET curves the figure of a comparison shows.

    Parameters
    ----------
    n_runs : int
        How many runs are compared.
    """
    best = f"the {MOST_CURVES} best of " if n_runs > MOST_CURVES else ""
    return f"DET curves of {best}{n_runs:,} runs"


def tabulate(entries: list[Entry], pairs: pd.DataFrame) -> pd.DataFrame:
    """Return a row a run and metric: its value and interval, and its difference from the best.

    Parameters
    ----------
    entries : list of Entry
        The runs.
    pairs : pandas.DataFrame
        Their differences, as in `Comparison`.
    """
    rows = []
    for entry in entries:
        for metric in COMPARED:
            low, high = entry.results.ci95[metric]
            row = {"run": entry.name, "what": describe(entry.run)}
            row |= {"tested_on": entry.outcome.dataset, "metric": metric}
            row |= {"value": getattr(entry.results.detection, metric)}
            rows.append(row | {"low": low, "high": high})
    table = pd.DataFrame(rows)
    renamed = pairs.rename(columns={"low": "difference_low", "high": "difference_high"})
    return table.merge(renamed, "left", on=["run", "metric"])


def pair_up(entries: list[Entry], seed: int) -> tuple[pd.DataFrame, list[str]]:
    """Compare each run with the best of those that were tested on the same clips.

    Parameters
    ----------
    entries : list of Entry
        The best first.
    seed : int
        Of the bootstrap.

    Returns
    -------
    pairs : pandas.DataFrame
    notes : list of str
        As in `Comparison`.
    """
    groups: dict[frozenset, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.clips, []).append(entry)
    rows, notes = [], []
    for group in groups.values():
        best, *others = _share_speakers(group)
        tables = compare_all(
            best.trials,
            best.results.detection.threshold,
            [(other.trials, other.results.detection.threshold) for other in others],
            seed=seed,
            metrics=COMPARED,
        )
        rows += [
            found.assign(run=other.name, best=best.name)
            for other, found in zip(others, tables, strict=True)
        ]
        if not others and len(groups) > 1:
            notes.append(
                f"{best.name} was tested on other clips ({len(best.trials):,} of "
                f"{best.outcome.dataset or 'another set'}) than the rest, and cannot be paired"
            )
    columns = ["run", "best", "metric", "difference", "low", "high", "p_value", "p_holm"]
    if not rows:
        return pd.DataFrame(columns=columns), notes
    pairs = pd.concat(rows, ignore_index=True)
    # Each metric is a question of its own, asked as often as there are pairs.
    pairs["p_holm"] = pairs.groupby("metric")["p_value"].transform(lambda p: holm(p.to_numpy()))
    return pairs[columns], notes


def _share_speakers(group: list[Entry]) -> list[Entry]:
    """Give all runs on the same clips the speakers that any one of them knows."""
    known = next((one.trials for one in group if one.trials.has_speakers), None)
    if known is None:
        return group
    speaker_of = dict(zip(known.files.tolist(), known.speakers.tolist(), strict=True))
    return [
        replace(
            one,
            trials=replace(
                one.trials,
                speakers=np.array([speaker_of[file] for file in one.trials.files.tolist()]),
            ),
        )
        for one in group
    ]

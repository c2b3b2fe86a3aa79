"""The trials of a hyperparameter search, and what can be said of the choice among them."""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan
from typing import TYPE_CHECKING, Any

from src.results.blocks.blocks import (
    BEST,
    Block,
    Cell,
    Interval,
    Paragraph,
    Table,
    Warning,
    percent,
)
from src.utils.config import VALIDATION_CLLR, VALIDATION_EER
from src.utils.metrics.table import EER, METRICS

if TYPE_CHECKING:
    import pandas as pd

_METRICS = {VALIDATION_EER: EER, VALIDATION_CLLR: METRICS["cllr"]}

_NAMES = ("trial", "run")
"""Columns that tell which trial it is, and are no numbers to compare."""


def best_trials_table(
    trials: pd.DataFrame, best_run: int | None, top: pd.DataFrame | None = None
) -> Table:
    """Return a row a search trial, the study's best one marked, with the intervals of EERs.

    Columns that say nothing of any of these trials are left out.

    Parameters
    ----------
    trials : pandas.DataFrame
        `trial, run, validation_eer, validation_cllr`, the classifier where several were searched,
        the layer and the hyperparameters: finished trials, the best first.
    best_run : int or None
        The run of the study's best trial, by other seeds too; None where that is not known.
    top : pandas.DataFrame, optional
        `run, eer_low, eer_high` of some of them.
    """
    told = {name: [_cell(name, value) for value in trials[name]] for name in trials.columns}
    told = {name: cells for name, cells in told.items() if name != "state" and any(cells)}
    # Of a table with trials that have no run, they may be fractions.
    runs = [int(float(run)) for run in trials.get("run", ())]
    columns: dict[str, list[Cell]] = {}
    for name, cells in told.items():
        columns[title_of(name)] = cells
        if name == VALIDATION_EER and top is not None and len(top):
            spans = {
                int(one.run): _interval(float(one.eer_low), float(one.eer_high))
                for one in top.itertuples()
            }
            columns["95 % interval"] = [spans.get(run) for run in runs]
    marked = runs.index(best_run) if best_run in runs else None
    right = [number for number, name in enumerate(columns) if name not in _NAMES]
    rows = [list(row) for row in zip(*columns.values(), strict=True)]
    return Table(list(columns), rows, right, {} if marked is None else {marked: BEST})


def finalists_table(found: pd.DataFrame, best_run: int | None) -> Table:
    """Return a row a trial of the best, with its EER by every seed, their mean and their spread.

    Parameters
    ----------
    found : pandas.DataFrame
        `number`, `run`, `seed`, `validation_eer`; the study's own seed first.
    best_run : int or None
        The run of the study's best trial.
    """
    seeds = sorted(set(found["seed"]))
    rows: list[list[Cell]] = []
    kinds = {}
    for _, of_one in found.groupby("number", sort=False):
        eers = dict(zip(of_one["seed"], of_one[VALIDATION_EER].astype(float), strict=True))
        run = int(of_one["run"].iloc[0])
        if run == best_run:
            kinds[len(rows)] = BEST
        values = list(eers.values())
        mean = sum(values) / len(values)
        spread = None if len(values) < 2 else f"{100 * _deviation(values):.2f} points"
        by_seed = [EER.write(eers[seed]) if seed in eers else None for seed in seeds]
        rows.append([str(run), *by_seed, EER.write(mean), spread])
    header = ["run", *(f"seed {seed}" for seed in seeds), "mean EER", "standard deviation"]
    return Table(header, rows, range(1, len(header)), kinds)


def _deviation(values: list[float]) -> float:
    mean = sum(values) / len(values)
    return float((sum((one - mean) ** 2 for one in values) / (len(values) - 1)) ** 0.5)


def _interval(low: float, high: float) -> Interval | None:
    return None if isnan(low) or isnan(high) else Interval(EER.write(low), EER.write(high))


def count_trials(trials: pd.DataFrame, n_elsewhere: int = 0) -> str:
    """Say how many trials finished, were pruned, failed, or are still tried.

    Parameters
    ----------
    trials : pandas.DataFrame
        Those that have ended, with `state` and `validation_eer`; may lack both.
    n_elsewhere : int
        Trials that other processes are at work on.
    """
    finished = int(trials[VALIDATION_EER].notna().sum()) if VALIDATION_EER in trials else 0
    pruned = int((trials["state"] == "pruned").sum()) if "state" in trials else 0
    failed = len(trials) - finished - pruned
    told = [f"{finished:,} finished"]
    told += [f"{pruned:,} pruned, given up before the last fold"] if pruned else []
    told += [f"{failed:,} failed"] if failed else []
    told += [f"{n_elsewhere:,} still at work in other processes"] if n_elsewhere else []
    return "; ".join(told)


def by_classifier(trials: pd.DataFrame) -> str:
    """Say how well the best trial of each classifier did; empty where one alone was searched.

    Parameters
    ----------
    trials : pandas.DataFrame
        With `validation_eer`, and `classifier` where several were searched.
    """
    if "classifier" not in trials or VALIDATION_EER not in trials:
        return ""
    done = trials[trials[VALIDATION_EER].notna()]
    lowest = done.groupby("classifier")[VALIDATION_EER].agg(["min", "size"])
    told = [
        f"{name} {EER.write(float(eer))} ({size:,} trial{'' if size == 1 else 's'})"
        for name, eer, size in lowest.sort_values("min", kind="stable").itertuples()
    ]
    return f"Lowest validation EER of each classifier: {', '.join(told)}."


def choice_among_trials(best: Mapping[str, Any]) -> list[Block]:
    """Return how many trials tie with the best, and whether choosing among them means anything.

    Parameters
    ----------
    best : mapping
        What a study keeps of its best trial; of before `choice` was kept, nothing is said.
    """
    choice = best.get("choice")
    if not choice:
        return []
    blocks: list[Block] = []
    if choice["n_tied"] > 1:
        cllr = best.get(VALIDATION_CLLR)
        of_it = "" if cllr is None else f" of {METRICS['cllr'].write(cllr)}"
        # The lowest is the best one's, unless other seeds have decided.
        lowest = f" of {EER.write(choice['eer'])}; the best of them has the lowest validation Cllr"
        how = f"{lowest}{of_it}, of scores calibrated on the same clips."
        if best.get("seeds"):
            how = ", so that they were ranked by validation Cllr, and the first few by other seeds."
        blocks.append(
            Paragraph(
                f"{choice['n_tied']:,} of {choice['n_trials']:,} finished trials tie at the lowest "
                f"validation EER{how}"
            )
        )
    if not choice["is_decisive"]:
        blocks.append(Warning(_doubt(choice)))
    return blocks


def _doubt(choice: Mapping[str, Any]) -> str:
    """Say why the choice of the best trial means little, as a sentence that begins small."""
    speakers = "unknown speakers"
    if choice["n_speakers"] is not None:
        plural = "" if choice["n_speakers"] == 1 else "s"
        speakers = f"{choice['n_speakers']:,} speaker{plural} in the class that has fewer"
    clips = (
        f"{choice['n_bona_fide']:,} bona-fide and {choice['n_spoof']:,} spoof clips of validation, "
        f"with {speakers}"
    )
    if choice["n_trials"] == 1:
        return f"only one trial has finished, so that nothing was chosen ({clips})"
    one_clip = 50 / min(choice["n_bona_fide"], choice["n_spoof"])
    return (
        f"the validation is too small to choose by: {clips}, cannot tell the best trial "
        f"(EER {EER.write(choice['eer'])}{_span(choice['low'], choice['high'])}) from a middling "
        f"one ({EER.write(choice['median_eer'])}; better by "
        f"{_points(choice['gain_low'], choice['gain_high'])}); one clip moves an EER by up to "
        f"{one_clip:.1f} points, and {choice['n_inside']:,} of {choice['n_trials']:,} trials lie "
        f"within the best one's interval. The default hyperparameters may do as well; a larger "
        f"--downstream-val or a corpus of more speakers would tell"
    )


def _span(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f", 95 % interval {EER.write_interval(low, high)}"


def _points(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return "an unknown margin"
    return f"{100 * low:.1f} to {100 * high:.1f} points"


def importances_table(found: pd.DataFrame) -> Table:
    """Return how much each hyperparameter explains of what the trials differ in.

    Parameters
    ----------
    found : pandas.DataFrame
        `hyperparameter, importance, of`, the largest importance first.
    """
    rows = [
        [str(row.hyperparameter).replace("_", " "), percent(float(row.importance))]
        for row in found.itertuples()
    ]
    return Table(["hyperparameter", "share of the variance"], rows, (1,))


def title_of(column: str) -> str:
    """Return what a column of trials is called.

    Parameters
    ----------
    column : str
        A metric of validation, a hyperparameter or another column of `trials.csv`.
    """
    if column in _METRICS:
        return f"validation {_METRICS[column].label}"
    return column.replace("_", " ")


def _cell(column: str, value: object) -> Cell:
    text = str(value)
    if text in ("", "nan", "<NA>", "None"):
        return None
    try:
        if column in _METRICS:
            return _METRICS[column].write(float(text))
        return text if text.lstrip("-").isdigit() else f"{float(text):.4g}"
    except ValueError:
        return text

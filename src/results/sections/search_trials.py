"""The trials of a hyperparameter search, and what can be said of the choice among them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from src.results.blocks.blocks import BEST, FAINT, Block, Cell, Paragraph, Table, Warning, percent
from src.utils.config import VALIDATION_CLLR, VALIDATION_EER
from src.utils.metrics.table import EER, METRICS

if TYPE_CHECKING:
    import pandas as pd

_METRICS = {VALIDATION_EER: EER, VALIDATION_CLLR: METRICS["cllr"]}

_NAMES = ("trial", "run", "state")
"""Columns that tell which trial it is, and are no numbers to compare."""


def search_trials_table(trials: pd.DataFrame) -> Table:
    """Return a row a search trial, the first one as the best, failed ones faint.

    Parameters
    ----------
    trials : pandas.DataFrame
        `trial, run, state, validation_eer, validation_cllr`, the layer and the hyperparameters,
        the best first, the EER of a trial that failed as NaN; may lack the state and the Cllr.
    """
    rows = [
        [_cell(name, value) for name, value in zip(trials.columns, row, strict=True)]
        for row in trials.itertuples(index=False)
    ]
    is_failed = trials[VALIDATION_EER].isna().tolist()
    kinds = dict.fromkeys(range(min(1, len(rows))), BEST)
    kinds |= {number: FAINT for number, failed in enumerate(is_failed) if failed}
    right = [number for number, name in enumerate(trials.columns) if name not in _NAMES]
    return Table([title_of(name) for name in trials.columns], rows, right, kinds)


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
        blocks.append(
            Paragraph(
                f"{choice['n_tied']:,} of {choice['n_trials']:,} finished trials tie at the lowest "
                f"validation EER of {EER.write(choice['eer'])}; the best of them has the lowest "
                f"validation Cllr{of_it}, of scores calibrated on the same clips."
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
    if text in ("", "nan"):
        return None
    try:
        if column in _METRICS:
            return _METRICS[column].write(float(text))
        return text if text.lstrip("-").isdigit() else f"{float(text):.4g}"
    except ValueError:
        return text

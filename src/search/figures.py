"""The figures of a study, each where there are enough trials to show something."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from src.models.lookup import detector_name
from src.search.names import HISTORY, IMPORTANCES_FIGURE, LAYERS, PARALLEL, SLICES
from src.search.space import Space
from src.utils.config import VALIDATION_EER
from src.utils.runs import Run
from src.visualize.search_plots import (
    Dimension,
    plot_importances,
    plot_parallel,
    plot_search,
    plot_search_layers,
    plot_slices,
)

ENOUGH = 5
"""Finished trials from which on it shows something how they differ."""

_MEASURES = ("trial", "run", "state", VALIDATION_EER, "validation_cllr")


def draw_study(
    run: Run,
    table: pd.DataFrame,
    best: Mapping[str, Any],
    importances: pd.DataFrame | None,
    space: Space,
    data: str,
) -> None:
    """Draw the figures of a study into its folder.

    Parameters
    ----------
    run : Run
        The study.
    table : pandas.DataFrame
        Its trials (see `Outcomes.table`).
    best : mapping
        What is kept of the best one.
    importances : pandas.DataFrame or None
        Of `measure_importances`.
    space : Space
        What the trials were drawn from.
    data : str
        The name of the data set, for the titles.
    """
    about = f"{detector_name(run)}, {data}"
    plot_search(table, run.folder / HISTORY, f"Validation EER of each search trial\n{about}")
    if importances is not None:
        title = f"Importance of hyperparameters\n{about}"
        plot_importances(importances, run.folder / IMPORTANCES_FIGURE, title)
    done = table[table[VALIDATION_EER].notna()]
    if len(done) < ENOUGH:
        return
    winner = int(best["run_number"])
    shown = _dimensions(done, space)
    if shown:
        title = f"Validation EER over each hyperparameter\n{about}"
        plot_slices(done, shown, winner, run.folder / SLICES, title)
        title = f"Search trials by what they have drawn\n{about}"
        across = _across(done, shown, best, space)
        plot_parallel(done, across, winner, run.folder / PARALLEL, title)
    if _differs(done["layer"]):
        title = f"Validation EER by layer\n{about}"
        plot_search_layers(done, winner, run.folder / LAYERS, title)


def _dimensions(done: pd.DataFrame, space: Space) -> list[Dimension]:
    """Return what trials differ in."""
    return [
        Dimension(name, space.is_logarithmic(name), space.values_of(name))
        for name in done.columns
        if name not in _MEASURES and _differs(done[name])
    ]


def _differs(column: pd.Series) -> bool:
    return len(set(column.dropna())) > 1


def _across(
    done: pd.DataFrame, shown: list[Dimension], best: Mapping[str, Any], space: Space
) -> list[Dimension]:
    """Return the axes of parallel coordinates: of all trials first, then of the classifier best."""
    everywhere = [one for one in shown if done[one.column].notna().all()]
    rest = [one for one in shown if one not in everywhere]
    own = best["hyperparameters"]
    return [*everywhere, *(one for one in rest if not space.are_many or one.column in own)]

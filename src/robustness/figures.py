"""The figures (pictures) of a test of robustness, beside its results."""

from pathlib import Path

import pandas as pd

from src.models.lookup import detector_name
from src.robustness.names import FIGURES, figure_paths
from src.robustness.results import ConditionResult, Robustness
from src.utils.runs import Run
from src.visualize.robustness_plots import plot_bars, plot_heat_map


def draw_figures(run: Run, found: Robustness, suffix: str = "") -> list[Path]:
    """Draw all figures into a run's folder.

    Parameters
    ----------
    run : Run
        The training that was tested.
    found : Robustness
        What came out.
    suffix : str
        What the names of the files end in.

    Returns
    -------
    list of pathlib.Path
        The files; none where there is no condition but the clean one.
    """
    paths = figure_paths(run.folder, suffix)
    if not found.conditions:
        return []
    title = f"{detector_name(run)}: test of {found.dataset_name}"
    about = {name: (paths[name], f"{shown}\n{title}") for name, shown in FIGURES.items()}
    groups = {name: [_row(one) for one in few] for name, few in found.groups.items()}
    tables = {name: pd.DataFrame(rows) for name, rows in groups.items()}
    plot_heat_map(tables, found.clean.eer, *about["robustness_heatmap"])
    plot_bars(tables, pd.DataFrame([_row(found.clean)]), *about["robustness_bars"])
    return [*paths.values()]


def _row(one: ConditionResult) -> dict[str, str | float]:
    eer = one.metrics["eer"]
    return {"strength": one.strength, "eer": eer.value, "low": eer.low, "high": eer.high}

"""The figures (pictures) of a test, beside its results."""

from pathlib import Path

import pandas as pd

from src.evaluation.results import Results
from src.evaluation.results_file import BREAKDOWNS, FIGURES, figure_paths
from src.evaluation.trials import Trials
from src.utils.metrics.eer import det_curve
from src.visualize.score_plots import (
    plot_breakdowns,
    plot_confusion,
    plot_det,
    plot_reliability,
    plot_roc,
    plot_scores,
    plot_tippett,
)


def draw_figures(
    trials: Trials, results: Results, folder: Path, suffix: str, title: str
) -> list[Path]:
    """Draw all figures of a test into a folder.

    Parameters
    ----------
    trials : Trials
        The trials of the test.
    results : Results
        The results of these trials.
    folder : pathlib.Path
        Where the figures go.
    suffix : str
        What the names of the files end in.
    title : str
        What was tested, which stands above each figure behind what it shows.

    Returns
    -------
    list of pathlib.Path
        The files, without the one of groups where there are none.
    """
    paths = figure_paths(folder, suffix)
    about = {name: (paths[name], f"{shown}\n{title}") for name, shown in FIGURES.items()}
    detection = results.detection
    scores, labels, llrs = trials.scores, trials.labels, trials.llrs
    curve = det_curve(scores, labels)
    plot_confusion(detection, *about["confusion_matrix"])
    plot_roc(curve, detection, *about["roc_curve"])
    plot_det(curve, detection, *about["det_curve"])
    plot_scores(scores, labels, detection.threshold, *about["scores"])
    plot_reliability(llrs, labels, results.decided.confidence, *about["reliability"])
    plot_tippett(llrs, labels, *about["tippett"])
    if not results.breakdowns:
        paths.pop(BREAKDOWNS).unlink(missing_ok=True)
        return [*paths.values()]
    groups = {
        name: pd.DataFrame([vars(group) for group in found])
        for name, found in results.breakdowns.items()
    }
    plot_breakdowns(groups, detection.eer, *about[BREAKDOWNS])
    return [*paths.values()]

"""The figures (pictures) of a test, beside its results."""

from pathlib import Path

import pandas as pd

from src.evaluation.results import Results
from src.evaluation.results_file import BREAKDOWNS, figure_paths
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
        Stands above each figure.

    Returns
    -------
    list of pathlib.Path
        The files, without the one of groups where there are none.
    """
    paths = figure_paths(folder, suffix)
    detection = results.detection
    curve = det_curve(trials.scores, trials.labels)
    plot_confusion(detection, paths["confusion_matrix"], title)
    plot_roc(curve, detection, paths["roc_curve"], title)
    plot_det(curve, detection, paths["det_curve"], title)
    plot_scores(trials.scores, trials.labels, detection.threshold, paths["scores"], title)
    confidence = results.decided.confidence
    plot_reliability(trials.llrs, trials.labels, confidence, paths["reliability"], title)
    plot_tippett(trials.llrs, trials.labels, paths["tippett"], title)
    if not results.breakdowns:
        paths.pop(BREAKDOWNS).unlink(missing_ok=True)
        return [*paths.values()]
    groups = {
        name: pd.DataFrame([vars(group) for group in found])
        for name, found in results.breakdowns.items()
    }
    plot_breakdowns(groups, detection.eer, paths[BREAKDOWNS], title)
    return [*paths.values()]

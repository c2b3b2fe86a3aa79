"""How a training did on its validation clips, while it is not tested."""

import tempfile
from pathlib import Path

from src.evaluation.trials import Trials
from src.models.calibrate import (
    CALIBRATED_ON,
    VALIDATION_SCORES,
    calibration_of,
    fitted_on,
)
from src.results.blocks.blocks import Block, Cell, Figure, Heading, Paragraph, SideBySide, Table
from src.results.metric_cells import interval
from src.results.naming import describe
from src.utils.config import ALL, CLEAN, MATCHED
from src.utils.metrics.bootstrap import intervals, resample_eer
from src.utils.metrics.detection import DetectionMetrics, evaluate_scores
from src.utils.metrics.eer import det_curve
from src.utils.metrics.table import BY_SCORE, METRICS
from src.utils.runs import Run
from src.visualize.score_plots import plot_det, plot_scores

_PICTURES = {"det_curve.png": "DET curve of validation", "scores.png": "Scores of validation"}

_FITTED = {
    CLEAN: "The threshold and the calibration were fitted on these very clips",
    MATCHED: "The threshold and the calibration were fitted on degraded copies of these clips",
    ALL: "The threshold and the calibration were fitted on these clips and degraded copies of them",
}


def validation(run: Run) -> list[Block]:
    """Return metrics and curves of the validation clips, nothing where there are no scores yet.

    Parameters
    ----------
    run : Run
        A training.

    Raises
    ------
    AudiosError
        When the scores or the calibration are damaged.
    """
    path = run.folder / VALIDATION_SCORES
    if not path.is_file():
        return []
    calibration = calibration_of(run)
    trials = Trials.read(path, calibration.llrs)
    found = evaluate_scores(trials.scores, trials.labels, calibration.threshold, trials.llrs)
    return [
        Heading("Validation"),
        Paragraph(
            f"{found.n_bona_fide:,} bona-fide and {found.n_spoof:,} spoof clips. "
            f"{_FITTED[fitted_on(run)]}{_chosen_by(run)}, so that all of this flatters."
        ),
        validation_table(run, trials, found),
        SideBySide(_draw(trials, found, describe(run))),
    ]


def _chosen_by(run: Run) -> str:
    if CALIBRATED_ON in run.manifest:
        return ""
    return ", and hyperparameters and layer may have been chosen by them"


def validation_table(run: Run, trials: Trials, found: DetectionMetrics) -> Table:
    """Return the metrics of scores, the EER alone with an interval.

    Parameters
    ----------
    run : Run
        A training.
    trials : Trials
        Its validation clips with their scores.
    found : DetectionMetrics
        Their metrics.
    """
    clusters = trials.clusters
    seed = int(run.settings.get("seed", 7))
    drawn = resample_eer(trials.scores, trials.labels, clusters.speakers, seed=seed)
    n_clusters = clusters.count(trials.labels)
    low, high = intervals({"eer": drawn}, n_clusters, points={"eer": found.eer})["eer"]
    rows: list[list[Cell]] = [
        [
            METRICS[name].label,
            METRICS[name].write(getattr(found, name)),
            interval(name, low, high) if name == "eer" else "",
            METRICS[name].meaning,
        ]
        for name in BY_SCORE
    ]
    return Table(["", "value", "95 % interval", "what it tells"], rows, (1, 2))


def _draw(trials: Trials, found: DetectionMetrics, name: str) -> list[Figure]:
    """Draw what is only looked at here, and is not kept as files that a test would make stale."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in _PICTURES]
        titles = [f"{_PICTURES[path.name]}\n{name}" for path in paths]
        plot_det(det_curve(trials.scores, trials.labels), found, paths[0], titles[0])
        plot_scores(trials.scores, trials.labels, found.threshold, paths[1], titles[1])
        return [
            Figure(path, _PICTURES[path.name], _PICTURES[path.name], path.read_bytes())
            for path in paths
        ]

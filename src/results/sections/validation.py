"""The part of a page that tells how a training did on its validation clips."""

import tempfile
from pathlib import Path

from src.evaluation.measures import BY_SCORE, EER
from src.evaluation.trials import Trials
from src.models.calibrate import VALIDATION_SCORES, calibration_of
from src.results.blocks import html as page
from src.utils.metrics.bootstrap import intervals, resample_eer
from src.utils.metrics.detection import Detection, evaluate_scores
from src.utils.metrics.eer import det_curve
from src.utils.runs import Run
from src.visualize.score_plots import plot_det, plot_scores

_HEADER = ("", "value", "95 % interval", "what it tells")
_PICTURES = {"det_curve.png": "DET curve of validation", "scores.png": "Scores of validation"}


def tell_validation(run: Run) -> list[str]:
    """Return figures and curves of the validation clips, nothing where there are no scores yet.

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
        page.heading("Validation"),
        page.paragraph(
            f"{found.n_bona_fide:,} bona-fide and {found.n_spoof:,} spoof clips. The threshold and "
            f"the calibration were fitted on these very clips, and hyperparameters and layer may "
            f"have been chosen by them, so that all of this flatters."
        ),
        page.table(_HEADER, _rows(run, trials, found), (1, 2)),
        page.side_by_side(_draw(trials, found)),
    ]


def _rows(run: Run, trials: Trials, found: Detection) -> list[tuple[str, ...]]:
    units = trials.units
    seed = int(run.settings.get("seed", 7))
    drawn = resample_eer(trials.scores, trials.labels, units.speakers, seed=seed)
    n_units = units.count(trials.labels)
    span = intervals({"eer": drawn}, n_units, figures={"eer": found.eer})["eer"]
    return [
        (
            measure.label,
            measure.write(getattr(found, name)),
            EER.write_span(*span, " – ") if name == "eer" else "",
            measure.tells,
        )
        for name, measure in BY_SCORE.items()
    ]


def _draw(trials: Trials, found: Detection) -> list[str]:
    """Draw what is only looked at here, and is not kept as files that a test would make stale."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in _PICTURES]
        plot_det(det_curve(trials.scores, trials.labels), found, paths[0], "validation")
        plot_scores(trials.scores, trials.labels, found.threshold, paths[1], "validation")
        return [page.image(path, _PICTURES[path.name], _PICTURES[path.name]) for path in paths]

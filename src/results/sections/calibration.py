"""The threshold and the calibration of a training."""

from collections.abc import Mapping
from pathlib import Path

from src.adaptation.names import is_adapted
from src.models.calibrate import (
    CALIBRATED_ON,
    VALIDATION_SCORES,
    calibration_of,
    fitted_on,
)
from src.results.blocks.blocks import Cell
from src.utils.config import ALL, BONA_FIDE, CLEAN, MATCHED, SPOOF
from src.utils.runs import Run

_CLIPS = {
    CLEAN: "validation",
    MATCHED: "validation, degraded as the training's copies are",
    ALL: "validation, as recorded and degraded as the training's copies are",
}


def calibration_facts(run: Run) -> list[tuple[str, Cell]]:
    """Return the threshold and the line to ratios as rows of facts, none before validation.

    Parameters
    ----------
    run : Run
        A training.

    Raises
    ------
    AudiosError
        When its calibration is damaged.
    """
    if not (run.folder / VALIDATION_SCORES).is_file():
        return []
    fixed, clips = calibration_of(run), _CLIPS[fitted_on(run)]
    if is_adapted(run):
        clips = "those that it was adapted with, in folds by speaker"
    anew = run.manifest.get(CALIBRATED_ON)
    if isinstance(anew, Mapping):
        clips = f"{anew.get('split')} of {Path(str(anew.get('dataset'))).name}"
    return [
        ("threshold", f"{fixed.threshold:.6g}, fixed on {clips}"),
        (
            "calibration",
            f"natural log-likelihood ratio = {fixed.slope:.6g} · score {fixed.offset:+.6g}, fitted "
            f"on {fixed.n_bona_fide:,} {BONA_FIDE} and {fixed.n_spoof:,} {SPOOF} clips of "
            f"{clips}",
        ),
    ]

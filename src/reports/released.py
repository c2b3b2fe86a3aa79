"""What the stages print that import detectors and calibrate runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from src.reports.dataset import report_rejected
from src.results.blocks.blocks import Block, Paragraph
from src.results.sections.warnings import warnings

if TYPE_CHECKING:
    from src.predict.calibrating import Calibrated
    from src.utils.runs import Run


def report_imported(run: Run, calibrated: Calibrated | None = None) -> list[Block]:
    """Show where the run of a released detector is, and its calibration or how it gets one.

    Parameters
    ----------
    run : Run
        The run that was made of it.
    calibrated : Calibrated, optional
        How it was calibrated, if it was.
    """
    if calibrated is not None:
        return report_calibrated(calibrated)
    return [
        *warnings(run),
        Paragraph(
            f"it has no threshold and no calibration yet; fit them on clips of your own: fab "
            f"CalibrateRun --run-number={run.number} --dataset=FOLDER"
        ),
        Paragraph(f"report: {run.report}"),
        Paragraph(f"run {run.number}: {run.folder}"),
    ]


def report_calibrated(done: Calibrated) -> list[Block]:
    """Show what a calibration was fitted on, the EER there, and where the run is.

    Parameters
    ----------
    done : Calibrated
        The run with its new calibration.
    """
    run, clips = done.run, done.clips
    n_bona_fide = int(clips.y.sum())
    lines = [
        f"fitted on {done.source.split} of {done.source.dataset}: {n_bona_fide:,} bona-fide and "
        f"{len(clips) - n_bona_fide:,} spoof clips",
        f"validation EER {done.validation_eer:.2%} at the threshold {done.threshold:.4f}",
    ]
    if done.was_tested:
        lines.append("what was tested before was decided by the earlier threshold: test it again")
    return [
        *warnings(run),
        *map(Paragraph, lines),
        *report_rejected(done.rejected),
        Paragraph(f"report: {run.report}"),
        Paragraph(f"run {run.number}: {run.folder}"),
    ]

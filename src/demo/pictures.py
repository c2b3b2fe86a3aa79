"""The demonstration's pictures: a report, an audit and a verdict at a glance, for the README."""

from pathlib import Path
from textwrap import fill
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from src.models.data import TEST
from src.models.lookup import find_training
from src.results.blocks.blocks import Verdict
from src.results.naming import describe, name_of
from src.results.pages.training import training_page
from src.results.wording import capital
from src.stages.predict import predict
from src.utils.audio.io import read_waveform
from src.utils.audio.writing import write_waveform
from src.utils.config import BONA_FIDE, SPOOF
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.split.store import read_split
from src.utils.runs import Run
from src.visualize.figure import saved_figure

REPORT, AUDIT, VERDICT = "report.webp", "audit.webp", "verdict.webp"
RECORDING = "spliced.wav"
"""A voice with a spoof of it in its midst, of which the picture of a verdict is."""

_WIDTH = 5.6
"""Of a picture, in inches: small, since they are committed."""
_LETTERS = 96
_BEFORE, _FIRST, _WITHIN = 4, 2, 3
"""How many clips stand on either side, and which of the spoofs between them."""


def draw_pictures(
    dataset: Path, runs: Path, audit: Path, reported: int, judging: int, folder: Path
) -> list[Path]:
    """Draw the three pictures from what the demonstration's runs hold.

    Parameters
    ----------
    dataset : pathlib.Path
        The data set that was divided.
    runs : pathlib.Path
        The runs folder.
    audit : pathlib.Path
        The folder of the audit.
    reported : int
        The number of the tested training whose report is drawn.
    judging : int
        The number of the training that judges a spliced recording.
    folder : pathlib.Path
        Where the pictures go.

    Raises
    ------
    AudiosError
        When a run does not hold what is drawn, or a picture cannot be written.
    """
    _draw_report(find_training(runs, run_number=reported), runs, folder / REPORT)
    _shrink(audit / "shortcuts.png", folder / AUDIT)
    recording = folder / RECORDING
    _splice(Dataset.open(dataset), recording)
    predict(recording, runs, run_number=judging, plot=folder)
    drawn = folder / f"{recording.name}.png"
    _shrink(drawn, folder / VERDICT)
    drawn.unlink()
    return [folder / name for name in (REPORT, AUDIT, VERDICT)]


def _draw_report(run: Run, runs: Path, path: Path) -> None:
    """Draw what a report begins with, and two of its figures."""
    blocks = training_page(run, runs)
    verdict = next(block for block in blocks if isinstance(block, Verdict))
    points = [
        fill(point, _LETTERS, initial_indent="•  ", subsequent_indent="    ")
        for point in verdict.points
    ]
    lines = sum(point.count("\n") + 1 for point in points) + 4
    height = 0.16 * lines
    with saved_figure(path, (_WIDTH, height + 2.3)) as figure:
        rows = figure.add_gridspec(2, 2, height_ratios=[height, 2.2], width_ratios=[1.05, 0.9])
        text = figure.add_subplot(rows[0, :])
        text.axis("off")
        title = capital(f"{name_of(run)}: {describe(run)}")
        text.text(0, 1, title, va="top", fontsize=11, fontweight="bold")
        about: dict[str, Any] = {
            "fontsize": 7.2,
            "va": "top",
            "linespacing": 1.35,
            "parse_math": False,
        }
        text.text(0, 0.80, verdict.statement, fontweight="bold", **about)
        text.text(0, 0.66, "\n".join(points), **about)
        for column, name in enumerate(("scores.png", "det_curve.png")):
            axes = figure.add_subplot(rows[1, column])
            axes.imshow(plt.imread(run.folder / name), interpolation="lanczos")
            axes.axis("off")


def _shrink(figure: Path, path: Path) -> None:
    """Write a figure anew at the width of the pictures."""
    pixels = plt.imread(figure)
    size = (_WIDTH, _WIDTH * pixels.shape[0] / pixels.shape[1])
    with saved_figure(path, size) as small:
        small.set_layout_engine("none")
        axes = small.add_axes((0, 0, 1, 1))
        axes.imshow(pixels, interpolation="lanczos")
        axes.axis("off")


def _splice(dataset: Dataset, path: Path) -> None:
    """Write a voice of the test with spoofs of it in its midst."""
    clips = read_split(dataset, TEST)
    speaker = clips.loc[clips["label"] == SPOOF, "speaker"].iloc[-1]
    own = clips[clips["speaker"] == speaker]
    voice, spoofs = (own.loc[own["label"] == label, "file"] for label in (BONA_FIDE, SPOOF))
    within = spoofs[_FIRST : _FIRST + _WITHIN]
    order = [*voice[:_BEFORE], *within, *voice[_BEFORE : 2 * _BEFORE]]
    write_waveform(path, np.concatenate([read_waveform(dataset.path(file)) for file in order]))

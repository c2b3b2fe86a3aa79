"""Figures of judged recordings, of the lowest probability first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from src.predict.verdict import Verdict, most_suspicious
from src.utils.shown_text import visible

if TYPE_CHECKING:
    from src.visualize.clip_plot import JudgedClip


@dataclass(frozen=True)
class Drawing:
    """A request for figures of recordings.

    Attributes
    ----------
    folder : pathlib.Path
        Where the PNG files go.
    most : int
        The most recordings to draw, those of the lowest probability first.
    """

    folder: Path
    most: int


def draw_verdicts(
    drawing: Drawing,
    verdicts: Sequence[Verdict],
    paths: Mapping[str, Path],
    confidence: float,
    stream: int | None = None,
) -> list[Path]:
    """Draw judged recordings, one PNG each, and return the paths of the figures.

    Parameters
    ----------
    drawing : Drawing
        How many to draw, and where.
    verdicts : sequence of Verdict
        All verdicts; refused recordings are not drawn.
    paths : mapping of str to pathlib.Path
        Where each recording lies; they are read again.
    confidence : float
        Probability that a verdict takes, in either direction.
    stream : int, optional
        Which audio stream was heard.
    """
    # Here, since verdicts need no figures.
    from src.visualize.clip_plot import plot_clip
    from src.visualize.overview import take_overview

    judged = [verdict for verdict in verdicts if not verdict.is_refused]
    judged.sort(key=lambda verdict: verdict.probability or 0.0)
    chosen = judged[: drawing.most]
    figures = []
    for verdict in tqdm(chosen, "figures", unit="clip", leave=False):
        # With its suffix: a.wav and a.flac are two recordings.
        path = drawing.folder / f"{verdict.file}.png"
        channel = None if verdict.channel is None else verdict.channel - 1
        overview = take_overview(paths[verdict.file], stream, channel)
        plot_clip(overview, _judged_clip(verdict, confidence), path)
        figures.append(path)
    return figures


def _judged_clip(verdict: Verdict, confidence: float) -> JudgedClip:
    from src.visualize.clip_plot import JudgedClip

    windows = most_suspicious(verdict.windows)
    return JudgedClip(
        file=visible(verdict.file),
        verdict=verdict.verdict,
        probability=verdict.probability or 0.0,
        confidence=confidence,
        windows=[(window.start, window.end, window.probability) for window in verdict.windows],
        suspicious=(windows[0].start, windows[-1].end) if windows else None,
        stretches=[(stretch.start, stretch.end) for stretch in verdict.stretches],
        reason=verdict.reason,
    )

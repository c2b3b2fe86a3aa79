"""Figures of judged recordings: the most suspicious first, and no more than asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from src.predict.verdict import Verdict, most_suspicious
from src.visualize.clip_plot import Judged, plot_clip
from src.visualize.overview import take_overview


@dataclass(frozen=True)
class Drawing:
    """What to draw.

    Attributes
    ----------
    folder : pathlib.Path
    most : int
        How many recordings, those of the lowest probability first.
    """

    folder: Path
    most: int


def draw(
    drawing: Drawing, verdicts: Sequence[Verdict], paths: Mapping[str, Path], confidence: float
) -> list[Path]:
    """Draw judged recordings, one PNG each, and return where they are.

    Parameters
    ----------
    drawing : Drawing
    verdicts : sequence of Verdict
    paths : mapping of str to pathlib.Path
        Where each file lies; they are read again.
    confidence : float
        What a probability has to reach for a verdict.
    """
    judged = [one for one in verdicts if not one.is_refused]
    judged.sort(key=lambda one: one.probability or 0.0)
    chosen = judged[: drawing.most]
    figures = []
    for one in tqdm(chosen, "figures", unit="clip", leave=False):
        # With its suffix: a.wav and a.flac are two recordings.
        path = drawing.folder / f"{one.file}.png"
        plot_clip(take_overview(paths[one.file]), _judged(one, confidence), path)
        figures.append(path)
    return figures


def _judged(one: Verdict, confidence: float) -> Judged:
    found = most_suspicious(one.windows)
    return Judged(
        file=one.file,
        verdict=one.verdict,
        probability=one.probability or 0.0,
        confidence=confidence,
        windows=[(window.start, window.end, window.probability) for window in one.windows],
        suspicious=(found[0].start, found[-1].end) if found else None,
        reason=one.reason,
    )

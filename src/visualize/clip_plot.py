"""The figure of one judged recording: waveform, spectrogram and probability over time."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator, PercentFormatter

from src.utils.config import BONA_FIDE, INCONCLUSIVE, SPOOF
from src.visualize.figure import COLOURS, saved_figure
from src.visualize.overview import Overview

VERDICT_COLOURS = {**COLOURS, INCONCLUSIVE: "#7A6A00"}
"""Of a verdict that is none of these, with stretches of spoof, the colour is that of spoof."""

_INK = "#30363C"
_EDGE = "#FFD9B0"
_RANGE_DB = 80.0
_LONGEST_TITLE = 70
_MINUTES_FROM = 120.0
_NARROWEST = 0.005
_MOST_TICKS = 12
_MOST_SPANS = 3
_STEPS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
"""Candidate tick spacings in seconds."""


@dataclass(frozen=True)
class JudgedClip:
    """The verdict on a recording, as far as its figure shows it.

    Attributes
    ----------
    file, verdict : str
        The recording's name, and its class as decided.
    probability, confidence : float
        The probability of bona-fide, and the one that a verdict takes, in either direction.
    windows : sequence of (float, float, float or None)
        Start and end in seconds and the probability of each window; None where not judged.
    suspicious : (float, float) or None
        Start and end in seconds of the most suspicious part.
    reason : str
        Warnings, or empty.
    stretches : sequence of (float, float)
        Start and end in seconds of what is taken for spoof; shown in place of the most suspicious
        part.
    """

    file: str
    verdict: str
    probability: float
    confidence: float
    windows: Sequence[tuple[float, float, float | None]] = ()
    suspicious: tuple[float, float] | None = None
    reason: str = ""
    stretches: Sequence[tuple[float, float]] = ()

    @property
    def marked(self) -> Sequence[tuple[float, float]]:
        """What the figure marks."""
        if self.stretches:
            return self.stretches
        return () if self.suspicious is None else (self.suspicious,)


def plot_clip(overview: Overview, judged: JudgedClip, path: Path) -> None:
    """Draw a recording with its verdict, what is spoof or most suspicious of it shaded.

    Parameters
    ----------
    overview : Overview
        The waveform's envelope and the spectrogram.
    judged : JudgedClip
        The verdict, and the probability of each window.
    path : pathlib.Path
        The PNG file to write.
    """
    heights = [1.0, 1.8, 1.2][: 3 if judged.windows else 2]
    with (
        warnings.catch_warnings(action="ignore", category=UserWarning),
        saved_figure(path, (10.0, 1.2 + 1.6 * sum(heights))) as figure,
    ):
        # What is ignored are letters of a file's name that the font does not have.
        rows = figure.subplots(len(heights), sharex=True, height_ratios=heights, squeeze=False)
        axes: list[Axes] = list(rows[:, 0])
        _draw_waveform(axes[0], overview)
        _draw_spectrogram(axes[1], overview)
        if judged.windows:
            _draw_curve(axes[2], judged, overview.duration)
        for seconds in judged.marked:
            _mark(axes, seconds, overview.duration)
        axes[0].set_title(
            _shortened(judged.file), loc="left", fontsize=11, color=_INK, parse_math=False
        )
        axes[0].set_title(
            f"{judged.verdict}: P(bona-fide) = {judged.probability:.2f}",
            loc="right",
            fontsize=12,
            fontweight="bold",
            color=VERDICT_COLOURS.get(judged.verdict, COLOURS[SPOOF] if judged.stretches else _INK),
        )
        axes[-1].set_xlim(0, overview.duration)
        steps = (step for step in _STEPS if overview.duration / step <= _MOST_TICKS)
        axes[-1].xaxis.set_major_locator(MultipleLocator(next(steps, overview.duration)))
        clock = _clock(overview.duration)
        axes[-1].xaxis.set_major_formatter(FuncFormatter(lambda seconds, _: clock(seconds)))
        axes[-1].set_xlabel("time (s)" if overview.duration < _MINUTES_FROM else "time (min:s)")
        if judged.reason:
            figure.supxlabel(judged.reason, fontsize=9, color="#8a4b00", wrap=True)


def _mark(axes: Sequence[Axes], seconds: tuple[float, float], duration: float) -> None:
    """Shade an interval, and frame it in the spectrogram, where shade would look like sound."""
    # Four seconds of an hour would be thinner than a line.
    wider = max(0.0, _NARROWEST * duration - (seconds[1] - seconds[0])) / 2
    start, end = seconds[0] - wider, seconds[1] + wider
    for one in (axes[0], *axes[2:]):
        one.axvspan(start, end, color=COLOURS[SPOOF], alpha=0.18 if not wider else 0.6, linewidth=0)
    for edge in (start, end):
        axes[1].axvline(edge, color=_EDGE, linewidth=1.6, linestyle="--")


def _draw_waveform(axes: Axes, overview: Overview) -> None:
    times = _column_centres(overview)
    axes.fill_between(
        times, overview.lowest, overview.highest, color=_INK, linewidth=0.3, step="mid"
    )
    top = 1.05 * max(np.abs(overview.lowest).max(), np.abs(overview.highest).max(), 1e-3)
    axes.set(ylim=(-top, top), ylabel="amplitude")
    axes.yaxis.set_major_locator(MaxNLocator(3, symmetric=True))


def _draw_spectrogram(axes: Axes, overview: Overview) -> None:
    top = overview.spectrum.max()
    axes.imshow(
        overview.spectrum,
        origin="lower",
        aspect="auto",
        extent=(0, overview.duration, 0, overview.sample_rate / 2000),
        cmap="magma",
        vmin=top - _RANGE_DB,
        vmax=top,
        interpolation="nearest",
    )
    axes.set_ylabel("kHz")
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axes.grid(False)


def _draw_curve(axes: Axes, judged: JudgedClip, duration: float) -> None:
    times = [(start + end) / 2 for start, end, _ in judged.windows]
    values = [np.nan if p is None else p for _, _, p in judged.windows]
    axes.axhspan(0, 1 - judged.confidence, color=COLOURS[SPOOF], alpha=0.07, linewidth=0)
    axes.axhspan(judged.confidence, 1, color=COLOURS[BONA_FIDE], alpha=0.07, linewidth=0)
    few = len(times) <= 60
    width, marker = (1.3, "o") if few else (max(0.5, 1.3 - len(times) / 2000), "")
    axes.plot(times, values, color=_INK, linewidth=width, marker=marker, markersize=3.5)
    axes.set(ylim=(-0.03, 1.03), ylabel="P(bona-fide)")
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_yticks([0, 0.5, 1])
    if judged.marked:
        clock, unit = _clock(duration), " s" if duration < _MINUTES_FROM else ""
        spans = [" to ".join(map(clock, seconds)) + unit for seconds in judged.marked]
        if len(spans) > _MOST_SPANS:
            spans[_MOST_SPANS:] = [f"{len(spans) - _MOST_SPANS} more"]
        what = "spoof" if judged.stretches else "most suspicious"
        axes.set_title(f"{what}: {', '.join(spans)}", loc="right", fontsize=10, color=_INK)


def _column_centres(overview: Overview) -> np.ndarray:
    count = len(overview.lowest)
    return (np.arange(count) + 0.5) * overview.duration / count


def _clock(duration: float) -> Callable[[float], str]:
    """Return a formatter of times: in seconds, or in minutes for a long recording."""

    def format_time(seconds: float) -> str:
        if duration < _MINUTES_FROM:
            return f"{seconds:.4g}"
        return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"

    return format_time


def _shortened(name: str) -> str:
    return name if len(name) <= _LONGEST_TITLE else "..." + name[3 - _LONGEST_TITLE :]

"""The figure of a judged recording, and what it is drawn from."""

import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.text import Text

from src.visualize import figure, overview
from src.visualize.clip_plot import JudgedClip, plot_clip
from src.visualize.overview import COLUMNS, Overview, take_overview


def sweep(seconds: float, rate: int) -> np.ndarray:
    """Half of it at 500 Hz with peak 0.2, half at 3 kHz with peak 0.6."""
    time = np.arange(round(seconds * rate)) / rate
    low, high = 0.2 * np.sin(2 * np.pi * 500 * time), 0.6 * np.sin(2 * np.pi * 3000 * time)
    return np.where(time < seconds / 2, low, high).astype(np.float32)


@pytest.mark.parametrize("seconds", [0.3, 3.0, 70.0])
def test_an_overview_shows_extremes_and_spectrum(
    tmp_path: Path, write_audio: Callable, seconds: float
) -> None:
    """Of 70 s, so that blocks of 30 s meet inside a column."""
    view = take_overview(write_audio(tmp_path / "a.wav", sweep(seconds, 8_000), 8_000))
    assert (view.duration, view.sample_rate) == (pytest.approx(seconds), 8_000)
    assert len(view.lowest) == view.spectrum.shape[1] == COLUMNS
    hertz = np.linspace(0, 4_000, len(view.spectrum))
    for column, frequency, peak in ((200, 500, 0.2), (800, 3_000, 0.6)):
        assert hertz[view.spectrum[:, column].argmax()] == pytest.approx(frequency, abs=40)
        # A sine of that peak, in dBFS.
        assert view.spectrum[:, column].max() == pytest.approx(20 * np.log10(peak), abs=1)
        if seconds > 1:
            assert view.highest[column] == pytest.approx(peak, rel=0.1)
            assert view.lowest[column] == pytest.approx(-peak, rel=0.1)


def test_blocks_leave_no_seam(tmp_path: Path, write_audio: Callable, monkeypatch) -> None:
    path = write_audio(tmp_path / "a.wav", sweep(5.0, 8_000), 8_000)
    whole = take_overview(path)
    monkeypatch.setattr(overview, "BLOCK_SECONDS", 0.3)
    parts = take_overview(path)
    for name in ("lowest", "highest"):
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))
    np.testing.assert_allclose(parts.spectrum, whole.spectrum, atol=1e-3)


def test_hardly_a_recording(tmp_path: Path, write_audio: Callable) -> None:
    view = take_overview(write_audio(tmp_path / "a.wav", np.zeros(30, np.float32)))
    assert np.isfinite(view.spectrum).all()
    assert (view.lowest == 0).all()
    plot_clip(view, JudgedClip("a", "spoof", 0.1, 0.9), tmp_path / "a.png")


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory, write_audio: Callable) -> Overview:
    folder = tmp_path_factory.mktemp("overview")
    return take_overview(write_audio(folder / "a.wav", sweep(9.0, 8_000), 8_000))


def drawn(view: Overview, judged: JudgedClip, path: Path, monkeypatch) -> plt.Figure:
    seen = []
    with monkeypatch.context() as patch:
        patch.setattr(figure.plt, "close", seen.append)
        plot_clip(view, judged, path)
    plt.close(seen[0])
    assert path.read_bytes().startswith(b"\x89PNG")
    return seen[0]


def test_verdict_curve_and_suspicious_seconds(view: Overview, tmp_path: Path, monkeypatch) -> None:
    curve = [(t, t + 4.0, p) for t, p in enumerate((0.9, 0.2, None, 0.8, 0.7, 0.9))]
    judged = JudgedClip("voices/a.wav", "inconclusive", 0.62, 0.9, curve, (1.0, 5.0), "odd")
    shown = drawn(view, judged, tmp_path / "a.png", monkeypatch)
    assert len(shown.axes) == 3
    titles = {axes.get_title(where) for axes in shown.axes for where in ("left", "right")}
    assert {"voices/a.wav", "inconclusive: P(bona-fide) = 0.62"} <= titles
    assert "most suspicious: 1 to 5 s" in titles
    line = shown.axes[2].get_lines()[0]
    np.testing.assert_array_equal(line.get_xdata(), [2, 3, 4, 5, 6, 7])
    np.testing.assert_array_equal(line.get_ydata(), [0.9, 0.2, np.nan, 0.8, 0.7, 0.9])
    edges = [edge.get_xdata()[0] for edge in shown.axes[1].get_lines()]
    assert edges == [1.0, 5.0]
    assert shown.axes[2].get_xlim() == (0, 9)
    assert "odd" in shown.get_supxlabel()


def test_a_short_one_has_no_curve(view: Overview, tmp_path: Path, monkeypatch) -> None:
    shown = drawn(view, JudgedClip("a.wav", "spoof", 0.1, 0.9), tmp_path / "a.png", monkeypatch)
    assert len(shown.axes) == 2


@pytest.mark.parametrize(
    ("duration", "marked"), [(100.0, (10.0, 14.0)), (3604.0, (12 - 9.01, 12 + 9.01))]
)
def test_seconds_of_an_hour_can_be_seen(
    view: Overview, tmp_path: Path, monkeypatch, duration: float, marked: tuple[float, float]
) -> None:
    judged = JudgedClip("a.wav", "spoof", 0.1, 0.9, [(0.0, 4.0, 0.5)], (10.0, 14.0))
    long = replace(view, duration=duration)
    shown = drawn(long, judged, tmp_path / "a.png", monkeypatch)
    edges = [edge.get_xdata()[0] for edge in shown.axes[1].get_lines()]
    assert edges == pytest.approx(marked)
    told = {"most suspicious: 10 to 14 s", "most suspicious: 0:10 to 0:14"}
    assert len(told & {shown.axes[2].get_title("right")}) == 1
    ticks = [tick for tick in shown.axes[2].get_xticks() if 0 <= tick <= duration]
    assert 5 < len(ticks) <= 13
    assert all(float(tick).is_integer() for tick in ticks)


def test_any_name_and_any_length(view: Overview, tmp_path: Path) -> None:
    curve = [(t, t + 4.0, 0.5) for t in range(3600)]
    long = replace(view, duration=3604.0)
    with warnings.catch_warnings(action="error"):
        for name in ("$x_{", "声音.wav", "a" * 300):
            judged = JudgedClip(name, "spoof", 0.1, 0.9, curve, (10.0, 14.0), "why " * 80)
            plot_clip(long, judged, tmp_path / "a.png")
    assert not plt.get_fignums()


def test_stretches_are_marked_in_place_of_the_most_suspicious(
    view: Overview, tmp_path: Path, monkeypatch
) -> None:
    """In the colour of spoof, as the verdict that they make."""
    curve = [(t, t + 4.0, 0.5) for t in range(6)]
    stretches = [(0.0, 4.0), (4.5, 8.5)]
    judged = JudgedClip("a.wav", "partly-spoof", 0.02, 0.9, curve, (1.0, 5.0), "", stretches)
    shown = drawn(view, judged, tmp_path / "a.png", monkeypatch)
    edges = [edge.get_xdata()[0] for edge in shown.axes[1].get_lines()]
    assert edges == [0.0, 4.0, 4.5, 8.5]
    assert shown.axes[2].get_title("right") == "spoof: 0 to 4 s, 4.5 to 8.5 s"
    assert shown.axes[0].get_title("right") == "partly-spoof: P(bona-fide) = 0.02"
    [title] = [text for text in shown.axes[0].findobj(Text) if "partly" in text.get_text()]
    assert title.get_color() == figure.COLOURS["spoof"]
    many = replace(judged, stretches=[(float(t), t + 0.5) for t in range(6)])
    shown = drawn(view, many, tmp_path / "a.png", monkeypatch)
    assert shown.axes[2].get_title("right").endswith("2 to 2.5 s, 3 more")


def test_an_overview_of_a_channel(tmp_path: Path, write_audio: Callable) -> None:
    left = sweep(2.0, 8_000)
    path = write_audio(tmp_path / "a.wav", np.stack([left, 0.1 * left], axis=1), 8_000)
    peaks = [take_overview(path, channel=channel).highest.max() for channel in (0, 1)]
    assert peaks == pytest.approx([0.6, 0.06], rel=0.01)

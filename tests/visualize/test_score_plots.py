"""Every figure of scores is a PNG that appears whole, and shows what a count by hand finds."""

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from scipy.special import expit
from scipy.stats import norm

from src.utils.metrics.detection import evaluate_scores
from src.utils.metrics.eer import det_curve
from src.visualize import score_plots as plots

CASES = {
    "plain": ([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1], 0.3),
    "perfect": ([0.0, 1.0], [0, 1], 1.0),
    "reversed": ([1.0, 0.0], [0, 1], 0.5),
    "equal": ([1.0, 1.0], [0, 1], 9.0),
}


def is_png(path: Path) -> bool:
    return path.read_bytes().startswith(b"\x89PNG") and path.stat().st_size > 2000


@pytest.mark.parametrize("case", CASES)
def test_curves(tmp_path: Path, case: str) -> None:
    scores, labels, threshold = (np.array(part) for part in CASES[case])
    curve, found = det_curve(scores, labels), evaluate_scores(scores, labels, float(threshold))
    plots.plot_roc(curve, found, tmp_path / "roc.png", case)
    plots.plot_det(curve, found, tmp_path / "det.png", case)
    plots.plot_confusion(found, tmp_path / "confusion.png", case)
    assert all(is_png(path) for path in tmp_path.iterdir())
    assert len(list(tmp_path.iterdir())) == 3


def test_the_cells_of_a_confusion_matrix(tmp_path: Path, monkeypatch) -> None:
    seen = {}

    def heatmap(shares, annot, **options):
        seen.update(shares=shares, cells=annot, **options)

    monkeypatch.setattr(plots.seaborn, "heatmap", heatmap)
    scores = np.array([0, 0, 1, 0, 1, 1, 1, 1.0])
    labels = np.array([0, 0, 0, 1, 1, 1, 1, 1])
    plots.plot_confusion(evaluate_scores(scores, labels, 0.5), tmp_path / "a.png", "a")
    assert seen["yticklabels"] == seen["xticklabels"] == ["bona-fide", "spoof"]
    cells = [[cell.split("\n")[0] for cell in row] for row in seen["cells"]]
    assert cells == [["4", "1"], ["1", "2"]]  # rows are true, columns decided
    np.testing.assert_allclose(seen["shares"], [[0.8, 0.2], [1 / 3, 2 / 3]])


@pytest.fixture
def drawn(tmp_path: Path, monkeypatch) -> Iterator[Callable[..., Axes]]:
    """Draw with a function of the module, without a warning, and return the axes as saved."""
    with monkeypatch.context() as patch:
        patch.setattr("src.visualize.figure.plt.close", lambda figure: None)

        def draw(name: str, *given, title: str = "t") -> Axes:
            path = tmp_path / f"{name}.png"
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                getattr(plots, name)(*given, path, title)
            assert is_png(path)
            return plt.gcf().axes[0]

        yield draw
    plt.close("all")


def legend_of(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.get_legend().get_texts()]


def two_classes(n: int = 200, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(seed)
    labels = (np.arange(n) % 4 == 0).astype(int)
    return chance.normal(size=n) + 1.5 * labels, labels


def test_curves_over_each_other(drawn: Callable) -> None:
    curves = {name: det_curve(*two_classes(seed=seed)) for seed, name in enumerate("ab")}
    axes = drawn("plot_dets", curves)
    assert legend_of(axes) == [f"EER {curves[name].eer:.1%}: {name}" for name in "ab"]
    lines = axes.get_lines()
    for curve, line, dot in zip(curves.values(), lines[::2], lines[1::2], strict=False):
        assert line.get_color() == dot.get_color()
        np.testing.assert_allclose(norm.cdf(dot.get_xydata()), [[curve.eer] * 2])
        # Each point of the curve is one of its own, both rates with their axis.
        points = norm.cdf(line.get_xydata())
        allowed = np.stack([curve.far, curve.frr], axis=1).clip(0.0005, 0.97)
        assert len(points) > 10
        assert np.abs(points[:, None] - allowed).max(axis=2).min(axis=1).max() < 1e-9
    assert lines[0].get_color() != lines[2].get_color()


def test_more_curves_than_colours(drawn: Callable) -> None:
    curves = {f"run {n}": det_curve(*two_classes(seed=n)) for n in range(11)}
    assert len(legend_of(drawn("plot_dets", curves))) == 11


NAMES = {
    "formula": "$_$ and $x$",
    "an underscore before": "_5$",
    "escaped": r"\$\alpha$",
    "long": "a_very_long_name_" * 20 + "end",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_names_are_drawn_as_they_are(drawn: Callable, name: str) -> None:
    """In titles, legends and ticks; long ones shortened, for the axes to keep their room."""
    scores, labels = two_classes()
    axes = drawn("plot_dets", {name: det_curve(scores, labels)}, title=name)
    [label] = legend_of(axes)
    assert label.endswith(name if len(name) <= 40 else "name_end")
    assert not axes.title.get_parse_math()
    assert not axes.get_legend().get_texts()[0].get_parse_math()
    renderer = axes.figure.canvas.get_renderer()
    assert axes.figure.bbox.contains(*axes.title.get_window_extent(renderer).min)
    assert axes.figure.bbox.contains(*axes.title.get_window_extent(renderer).max)
    axes = drawn("plot_breakdowns", {"attack": groups(2, group=name)}, 0.1, title=name)
    tick = axes.get_yticklabels()[1]
    assert tick.get_text().endswith(" (1 + 5)")
    # What is left of a formula's marks says whether matplotlib reads one.
    assert tick.get_text().replace(r"\$", "").count("$") == 0
    assert axes.get_window_extent().width > 0.3 * axes.figure.bbox.width


def groups(n: int, **columns) -> pd.DataFrame:
    clips = np.arange(n) % 50
    table = pd.DataFrame({"group": [f"g{i}" for i in range(n)], "eer": 0.2, "is_small": False})
    table = table.assign(low=0.1, high=0.4, n_bona_fide=1, n_spoof=5 + clips)
    return table.assign(**columns)


def test_groups(drawn: Callable) -> None:
    tables = {
        "attack": groups(2, eer=[0.1, 0.5], low=[0.0, np.nan], high=[0.3, np.nan]),
        "gender": groups(1, n_bona_fide=1234, is_small=True),
    }
    axes = drawn("plot_breakdowns", tables, 0.25)
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names[1:3] == ["g0 (1 + 5)", "g1 (1 + 6)"]
    assert names[4] == "g0 (1,234 + 5)"
    assert "attack" in names[0] and "gender" in names[3]
    bars, dots = axes.get_lines()[0:6:2], axes.get_lines()[1:6:2]
    np.testing.assert_allclose(bars[0].get_xdata(), [0, 30])
    assert np.isnan(bars[1].get_xdata()).all()
    assert [dot.get_xdata()[0] for dot in dots] == pytest.approx([10, 50, 20])
    assert [dot.get_ydata()[0] for dot in dots] == [1, 2, 4]
    assert dots[0].get_color() == dots[1].get_color() != dots[2].get_color()
    told = [text.get_text() for text in axes.figure.legends[0].get_texts()]
    assert told[0] == "all: 25.0%" and "too small to say anything" in told
    # Downwards, as a table is read.
    assert axes.get_ylim()[0] > axes.get_ylim()[1]


def test_very_many_groups(drawn: Callable) -> None:
    """The largest are drawn in their order, and it is said that there are more."""
    axes = drawn("plot_breakdowns", {"attack": groups(200), "codec": groups(40)}, 0.1)
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert len(names) == 41 + 41
    assert names[0].endswith(" (40 largest of 200)")
    assert "largest" not in names[41]
    assert names[1].startswith("g40 (") and names[40].startswith("g199 (")
    assert axes.get_window_extent().height < 6000


def test_spread_of_scores(drawn: Callable) -> None:
    scores, labels = two_classes(1000)
    scores[0] = 1e9
    axes = drawn("plot_scores", scores, labels, 0.7)
    bona_fide, spoof = (
        np.array([bar.get_height() for bar in bars]) for bars in axes.containers[:2]
    )
    # Every clip is in a bar, the outlier too, and the others are not squeezed by it.
    assert bona_fide.sum() == pytest.approx(100) and spoof.sum() == pytest.approx(100)
    assert (bona_fide > 0).sum() > 20
    edges = [bar.get_x() for bar in axes.containers[1]]
    assert np.average(edges, weights=spoof) == pytest.approx(scores[labels == 0].mean(), abs=0.1)
    assert axes.get_lines()[0].get_xdata()[0] == 0.7
    assert legend_of(axes) == ["bona-fide", "spoof", "threshold"]


def test_reliability(drawn: Callable) -> None:
    chance = np.random.default_rng(0)
    labels = np.repeat([1, 0], [100, 400])
    llrs = 3 * (labels - 0.5) + chance.normal(0, 2, 500)
    axes = drawn("plot_reliability", llrs, labels, 0.9)
    found = {round(line.get_xdata()[0], 6): line.get_ydata()[0] for line in axes.get_lines()[2::2]}
    expected = {}
    for low in np.arange(0, 1, 0.1):
        inside = [i for i in range(500) if low <= expit(llrs[i]) < low + 0.1]
        # A bona-fide clip stands for four spoofs, so that the classes weigh alike.
        weights = [4 if labels[i] else 1 for i in inside]
        said = sum(w * expit(llrs[i]) for w, i in zip(weights, inside, strict=True)) / sum(weights)
        share = sum(w * labels[i] for w, i in zip(weights, inside, strict=True)) / sum(weights)
        expected[round(100 * said, 6)] = pytest.approx(100 * share)
    assert found == expected
    counts = [int(text.get_text().replace(",", "")) for text in axes.texts]
    assert sum(counts) == 500
    for bar, dot in zip(axes.get_lines()[1::2], axes.get_lines()[2::2], strict=True):
        low, high = bar.get_ydata()
        assert 0 <= low <= dot.get_ydata()[0] + 1e-9 and dot.get_ydata()[0] - 1e-9 <= high <= 100


def test_wilson_interval() -> None:
    # Of 10 clips all right: z² / (10 + z²) is lost, by the formula of Wilson (1927).
    z2 = norm.ppf(0.975) ** 2
    assert plots._wilson(1.0, 10) == pytest.approx((10 / (10 + z2), 1.0))
    assert plots._wilson(0.5, 100) == pytest.approx((0.4038315, 0.5961685))


def test_tippett(drawn: Callable) -> None:
    scores, labels = two_classes()
    scores[:8] = 0.0
    axes = drawn("plot_tippett", scores, labels)
    curves = {line.get_label(): line for line in axes.get_lines()}
    for name, value in (("bona-fide", 1), ("spoof", 0)):
        x, y = curves[name].get_data()
        assert curves[name].get_drawstyle() == "steps-pre"
        for ten in (-0.5, -0.01, 0.0, 0.01, 0.3, 1.0):
            expected = 100 * np.mean(scores[labels == value] / np.log(10) >= ten)
            # Drawn as steps that end at their point.
            assert y[np.searchsorted(x, ten)] == pytest.approx(expected), (name, ten)
    wrong = [np.mean(scores[labels == 1] < 0), np.mean(scores[labels == 0] > 0)]
    told = [text for text in legend_of(axes) if "wrong" in text]
    assert told == [f"  {share:.1%} point the wrong way" for share in wrong]


def test_ratios_of_one_point_neither_way(drawn: Callable) -> None:
    axes = drawn("plot_tippett", np.zeros(6), np.array([0, 1, 0, 1, 0, 1]))
    assert [text for text in legend_of(axes) if "wrong" in text] == [
        "  0.0% point the wrong way"
    ] * 2


NEXT_TO_ONE = float(np.nextafter(1.0, 2.0))
HARDLY_ANY = {
    "constant": ([0.0, 0, 0, 0], [0, 1, 0, 1]),
    "constant and huge": ([-1e20] * 4, [0, 1, 0, 1]),
    "differing by rounding": ([1.0, NEXT_TO_ONE, 1.0, NEXT_TO_ONE], [0, 1, 0, 1]),
    "one clip a class": ([-3.0, 2.0], [0, 1]),
    "certain": ([-1e4, 1e4, -1e4, 1e4], [0, 1, 0, 1]),
}


@pytest.mark.parametrize("case", HARDLY_ANY)
def test_hardly_any_scores(drawn: Callable, case: str) -> None:
    scores, labels = map(np.array, HARDLY_ANY[case])
    axes = drawn("plot_scores", scores, labels, float(scores[0]))
    for bars in axes.containers:
        assert sum(bar.get_height() for bar in bars) == pytest.approx(100)
    drawn("plot_reliability", scores, labels, 0.9)
    drawn("plot_tippett", scores, labels)


def test_a_million_trials(drawn: Callable) -> None:
    """Curves keep no more points than an eye can tell apart."""
    scores, labels = two_classes(1_000_000)
    for axes in (
        drawn("plot_scores", scores, labels, 0.7),
        drawn("plot_reliability", scores, labels, 0.9),
        drawn("plot_tippett", scores, labels),
        drawn("plot_dets", {"a": det_curve(scores, labels)}),
    ):
        assert sum(len(line.get_xdata()) for line in axes.get_lines()) < 250_000

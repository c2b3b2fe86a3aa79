"""Figures of scored trials, one function each, which writes a PNG."""

from collections.abc import Mapping
from itertools import cycle
from pathlib import Path

import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from scipy.special import expit
from scipy.stats import norm

from src.utils.config import BONA_FIDE, LABEL_VALUE, SPOOF
from src.utils.metrics.detection import DetectionMetrics
from src.utils.metrics.eer import DetCurve
from src.visualize.figure import COLOURS, figure_axes, shortened

_LINES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
_DET_TICKS = np.array([0.001, 0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.95])
_DET_LOW, _DET_HIGH = 0.0005, 0.97
_BINS = 10
_MOST_GROUPS = 40
_FEW = 20
"""Clips that a bin needs to be drawn in full colour."""


def plot_confusion(detection: DetectionMetrics, path: Path, title: str) -> None:
    """Draw the confusion matrix at the threshold in use: counts and row shares.

    Parameters
    ----------
    detection : DetectionMetrics
        The counts and rates of a test.
    path : pathlib.Path
        The PNG file to write.
    title : str
        Title of the figure.
    """
    counts = np.array(
        [
            [detection.true_bona_fide, detection.false_spoof],
            [detection.false_bona_fide, detection.true_spoof],
        ]
    )
    shares = counts / counts.sum(axis=1, keepdims=True)
    cells = [
        [f"{count}\n{share:.1%}" for count, share in zip(*rows, strict=True)]
        for rows in zip(counts, shares, strict=True)
    ]
    names = [BONA_FIDE, SPOOF]
    with figure_axes(path, title) as axes:
        seaborn.heatmap(
            shares,
            annot=np.array(cells),
            fmt="",
            cmap="Blues",
            vmin=0,
            vmax=1,
            xticklabels=names,
            yticklabels=names,
            cbar=False,
            square=True,
            annot_kws={"size": 13},
            ax=axes,
        )
        axes.set(xlabel="decided", ylabel="true")


def plot_roc(curve: DetCurve, detection: DetectionMetrics, path: Path, title: str) -> None:
    """Draw the ROC curve, the point of the EER and the point of the threshold in use.

    Parameters
    ----------
    curve : DetCurve
        The error rates over all thresholds.
    detection, path, title
        See `plot_confusion`.
    """
    with figure_axes(path, title) as axes:
        axes.plot(*_thin(curve.far, 1 - curve.frr), color=COLOURS[BONA_FIDE])
        axes.plot([0, 1], [0, 1], color="#999999", linestyle=":", label="chance")
        axes.plot(
            detection.eer,
            1 - detection.eer,
            "o",
            color=COLOURS[SPOOF],
            label=f"EER {detection.eer:.1%}",
        )
        far, frr = _rates(detection)
        axes.plot(far, 1 - frr, "s", color="#333333", label="threshold")
        axes.set(
            xlabel="spoof accepted (false acceptance rate)",
            ylabel="bona-fide accepted",
            xlim=(-0.01, 1.01),
            ylim=(-0.01, 1.01),
            aspect="equal",
        )
        axes.legend(loc="lower right", title=f"AUC {detection.auc:.3f}")


def plot_det(curve: DetCurve, detection: DetectionMetrics, path: Path, title: str) -> None:
    """Draw the DET curve on normal-deviate axes.

    Martin et al. (1997), "The DET curve in assessment of detection task performance".

    Parameters
    ----------
    curve, detection, path, title
        See `plot_roc` and `plot_confusion`.
    """
    with figure_axes(path, title) as axes:
        _draw_det(axes, curve, COLOURS[BONA_FIDE], "")
        at_eer = _deviate(detection.eer)
        axes.plot(at_eer, at_eer, "o", color=COLOURS[SPOOF], label=f"EER {detection.eer:.1%}")
        in_use = [_deviate(rate) for rate in _rates(detection)]
        axes.plot(*in_use, "s", color="#333333", label="threshold")
        _set_det_axes(axes)


def plot_dets(curves: Mapping[str, DetCurve], path: Path, title: str) -> None:
    """Draw the DET curves of several detectors in one plot, each with its EER.

    Parameters
    ----------
    curves : mapping of str to DetCurve
        By name of the detector.
    path : pathlib.Path
        The PNG file to write.
    title : str
        Title of the figure.
    """
    with figure_axes(path, title, (7.0, 6.0)) as axes:
        for (name, curve), colour in zip(curves.items(), cycle(_LINES)):
            # The name last: what begins with an underscore is left out of legends.
            _draw_det(axes, curve, colour, f"EER {curve.eer:.1%}: {shortened(name)}")
            axes.plot(_deviate(curve.eer), _deviate(curve.eer), "o", color=colour)
        _set_det_axes(axes)


def plot_scores(
    scores: np.ndarray, labels: np.ndarray, threshold: float, path: Path, title: str
) -> None:
    """Draw the histogram of the scores of each class, and the decision threshold.

    Parameters
    ----------
    scores, labels : numpy.ndarray
        Shape (trials,); label 1 is bona-fide.
    threshold : float
        Scores from here on are decided as bona-fide.
    path : pathlib.Path
        The PNG file to write.
    title : str
        Title of the figure.
    """
    # Outliers would squeeze all other scores into a line.
    low, high = np.quantile(np.r_[scores, threshold], [0.002, 0.998])
    # Bins must be wide enough for floats to tell their edges apart.
    least = 1000 * np.spacing(max(abs(low), abs(high)))
    if high - low < least:
        low, high = low - max(0.5, least), high + max(0.5, least)
    with figure_axes(path, title, (7.0, 4.5)) as axes:
        for label, value in LABEL_VALUE.items():
            shown = scores[labels == value].clip(low, high)
            weights = np.full(len(shown), 100 / len(shown))
            axes.hist(
                shown,
                bins=60,
                range=(float(low), float(high)),
                weights=weights,
                color=COLOURS[label],
                alpha=0.55,
                label=label,
            )
        axes.axvline(threshold, color="#333333", linestyle="--", label="threshold")
        axes.set(xlabel="score (higher: bona-fide)", ylabel="clips of the class (%)")
        axes.legend()


def plot_reliability(
    llrs: np.ndarray, labels: np.ndarray, confidence: float, path: Path, title: str
) -> None:
    """Draw the reliability diagram: observed frequency against predicted probability.

    DeGroot & Fienberg (1983), "The comparison and evaluation of forecasters". Both classes have
    equal weight, as the probabilities are those at a prior of one half; error bars are 95 % Wilson
    intervals (1927) over clips, narrower than they would be over speakers.

    Parameters
    ----------
    llrs, labels : numpy.ndarray
        Natural log-likelihood ratios and classes, shape (trials,).
    confidence : float
        Probability that a verdict takes, in either direction; what is inconclusive is shaded.
    path : pathlib.Path
        The PNG file to write.
    title : str
        Title of the figure.
    """
    likely = expit(llrs)
    weights = np.where(labels == 1, 0.5 / (labels == 1).sum(), 0.5 / (labels == 0).sum())
    bins = np.minimum((likely * _BINS).astype(int), _BINS - 1)
    with figure_axes(path, title) as axes:
        axes.axvspan(
            100 * (1 - confidence), 100 * confidence, color="#eeeeee", label="inconclusive"
        )
        axes.plot([0, 100], [0, 100], color="#999999", linestyle=":", label="as said")
        for number in np.unique(bins):
            inside = bins == number
            said = np.average(likely[inside], weights=weights[inside])
            share = weights[inside & (labels == 1)].sum() / weights[inside].sum()
            size = weights[inside].sum() ** 2 / np.square(weights[inside]).sum()
            low, high = _wilson(share, size)
            colour = COLOURS[BONA_FIDE] if inside.sum() >= _FEW else "#88b8d8"
            axes.plot([100 * said] * 2, [100 * low, 100 * high], color=colour)
            axes.plot(100 * said, 100 * share, "o", color=colour)
            axes.annotate(
                f"{inside.sum():,}",
                (100 * said, 100 * share),
                xytext=(5, -11),
                textcoords="offset points",
                fontsize=7,
                color="#555555",
            )
        axes.set(
            xlabel="said: probability of bona-fide (%)",
            ylabel="found: bona-fide (%), classes weighing alike",
            xlim=(-2, 102),
            ylim=(-2, 102),
            aspect="equal",
        )
        axes.legend(loc="upper left")


def plot_tippett(llrs: np.ndarray, labels: np.ndarray, path: Path, title: str) -> None:
    """Draw the Tippett plot: for each class, the share of clips at or above a likelihood ratio.

    It is used in forensic voice comparison (Meuwly 2001). At a ratio of 1, which is 0 on the axis,
    the height of the spoofs' curve is the rate of misleading evidence for spoofs, and 100 % minus
    the height of the bona-fide curve is that for bona-fide clips. A ratio of 1 points neither way.

    Parameters
    ----------
    llrs, labels : numpy.ndarray
        Natural log-likelihood ratios and classes, shape (trials,).
    path : pathlib.Path
        The PNG file to write.
    title : str
        Title of the figure.
    """
    tens = llrs / np.log(10)
    low, high = np.quantile(tens, [0.002, 0.998])
    reach = max(abs(low), abs(high), 0.5) * 1.05
    with figure_axes(path, title, (7.0, 4.5)) as axes:
        for label, value in LABEL_VALUE.items():
            shown = np.sort(tens[labels == value])
            at_or_above = 100 * np.arange(len(shown), 0, -1) / len(shown)
            axes.step(
                *_thin(np.r_[-reach, shown.clip(-reach, reach), reach], np.r_[100, at_or_above, 0]),
                where="pre",
                color=COLOURS[label],
                label=label,
            )
            wrong = np.mean(shown < 0) if value else np.mean(shown > 0)
            axes.plot([], [], " ", label=f"  {wrong:.1%} point the wrong way")
        axes.axvline(0, color="#999999", linestyle=":")
        axes.set(
            xlabel="log10 likelihood ratio (0: neither, 1: ten times likelier bona-fide)",
            ylabel="clips at or above (%)",
            xlim=(-reach, reach),
            ylim=(-1, 101),
        )
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)


def plot_breakdowns(groups: Mapping[str, pd.DataFrame], eer: float, path: Path, title: str) -> None:
    """Draw a forest plot of the EER of every group with its interval, and the EER of all.

    Of a condition with many groups only the largest are drawn, and a label says so.

    Parameters
    ----------
    groups : mapping of str to pandas.DataFrame
        By condition: `group`, `eer`, `low`, `high`, `is_small`, `n_bona_fide` and `n_spoof`.
    eer : float
        The EER of all trials.
    path : pathlib.Path
        The PNG file to write.
    title : str
        Title of the figure.
    """
    sizes = {name: len(table) for name, table in groups.items()}
    groups = {name: _largest(table) for name, table in groups.items()}
    n_rows = sum(len(table) + 1 for table in groups.values())
    with figure_axes(path, title, (8.0, 1.2 + 0.26 * n_rows)) as axes:
        names: list[str] = []
        row = 0
        for condition, table in groups.items():
            shown = f" ({len(table)} largest of {sizes[condition]:,})"
            is_whole = len(table) == sizes[condition]
            names.append(f"$\\bf{{{condition}}}${'' if is_whole else shown}")
            row += 1
            for one in table.itertuples():
                colour = "#aaaaaa" if one.is_small else COLOURS[BONA_FIDE]
                axes.plot([100 * one.low, 100 * one.high], [row, row], color=colour)
                axes.plot(100 * one.eer, row, "o", color=colour, markersize=5)
                names.append(f"{_plain(one.group)} ({one.n_bona_fide:,} + {one.n_spoof:,})")
                row += 1
        axes.axvline(100 * eer, color=COLOURS[SPOOF], linestyle="--", label=f"all: {eer:.1%}")
        axes.plot([], [], "o-", color=COLOURS[BONA_FIDE], label="EER and 95 % interval")
        if any(table["is_small"].any() for table in groups.values()):
            axes.plot([], [], "o-", color="#aaaaaa", label="too small to say anything")
        axes.set_yticks(range(len(names)), names)
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.set_xlim(left=0)
        axes.set(xlabel="EER (%)", ylabel="group (bona-fide + spoof clips)")
        axes.grid(axis="y", visible=False)
        axes.figure.legend(loc="outside lower center", ncols=3, frameon=False)


def plot_sets(table: pd.DataFrame, path: Path, title: str) -> None:
    """Draw the EER of test sets beside the HTER at the threshold fixed beforehand.

    Parameters
    ----------
    table : pandas.DataFrame
        A row a set, and one each for several together: `name`, and of `eer` and `hter` the value,
        `_low` and `_high`.
    path : pathlib.Path
        The PNG file to write.
    title : str
        Title of the figure.
    """
    shown = {
        "eer": ("EER", COLOURS[BONA_FIDE], "o", -0.14),
        "hter": ("HTER at the threshold of validation", COLOURS[SPOOF], "s", 0.14),
    }
    with figure_axes(path, title, (8.0, 1.6 + 0.4 * len(table))) as axes:
        rows = np.arange(len(table))
        for name, (label, colour, marker, beside) in shown.items():
            ends = 100 * table[[f"{name}_low", f"{name}_high"]].to_numpy(np.float64)
            axes.hlines(rows + beside, ends[:, 0], ends[:, 1], color=colour)
            axes.plot(100 * table[name], rows + beside, marker, color=colour, label=label)
        axes.set_yticks(rows, [_plain(name) for name in table["name"]])
        axes.set_ylim(len(table) - 0.5, -0.5)
        axes.set_xlim(left=0)
        axes.set(xlabel="error rate and 95 % interval (%)")
        axes.grid(axis="y", visible=False)
        axes.figure.legend(loc="outside lower center", ncols=2, frameon=False)


def _largest(table: pd.DataFrame) -> pd.DataFrame:
    clips = table["n_bona_fide"] + table["n_spoof"]
    return table.loc[clips.nlargest(_MOST_GROUPS).index.sort_values()]


def _draw_det(axes: Axes, curve: DetCurve, colour: str, label: str) -> None:
    axes.plot(*_thin(_deviate(curve.far), _deviate(curve.frr)), color=colour, label=label or None)


def _set_det_axes(axes: Axes) -> None:
    low, high = norm.ppf(_DET_LOW), norm.ppf(_DET_HIGH)
    axes.plot([low, high], [low, high], color="#999999", linestyle=":")
    axes.set(
        xlabel="false acceptance rate: spoof taken for bona-fide (%)",
        ylabel="false rejection rate: bona-fide taken for spoof (%)",
        xlim=(low, high),
        ylim=(low, high),
        aspect="equal",
    )
    names = [f"{100 * tick:g}" for tick in _DET_TICKS]
    axes.set_xticks(norm.ppf(_DET_TICKS), names)
    axes.set_yticks(norm.ppf(_DET_TICKS), names)
    for text in axes.legend(loc="upper right").get_texts():
        text.set_parse_math(False)


def _deviate(rate: np.ndarray | float) -> np.ndarray:
    """Return the normal deviate (probit) of rates, clipped to the axes: 0 and 1 are infinite."""
    return norm.ppf(np.clip(rate, _DET_LOW, _DET_HIGH))


def _thin(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Thin a curve: drop points that look the same as the one before."""
    steps = np.stack([x, y]).round(3)
    kept = np.flatnonzero(np.r_[True, (np.diff(steps) != 0).any(axis=0)])
    kept = np.union1d(kept, [len(x) - 1])
    return x[kept], y[kept]


def _wilson(share: float, size: float) -> tuple[float, float]:
    """Return the 95 % Wilson interval of a binomial share of `size` trials."""
    z = norm.ppf(0.975)
    middle = (share + z**2 / (2 * size)) / (1 + z**2 / size)
    half = z * np.sqrt(share * (1 - share) / size + z**2 / (4 * size**2)) / (1 + z**2 / size)
    return max(0.0, middle - half), min(1.0, middle + half)


def _plain(name: str) -> str:
    """Shorten a name and escape what matplotlib would read as a formula."""
    return shortened(name).replace("$", r"\$")


def _rates(detection: DetectionMetrics) -> tuple[float, float]:
    """Return false acceptance and false rejection rate at the threshold in use."""
    return (
        detection.false_bona_fide / detection.n_spoof,
        detection.false_spoof / detection.n_bona_fide,
    )

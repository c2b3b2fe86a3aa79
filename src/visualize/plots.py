"""Every figure AUDIOS draws, one function each; all write a PNG and show nothing."""

from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import seaborn
from matplotlib.artist import Artist
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from scipy.stats import norm

from src.utils.config import BONA_FIDE, SPOOF
from src.utils.detection import Detection
from src.utils.eer import DetCurve
from src.visualize.figure import COLOURS, figure_axes

if TYPE_CHECKING:
    from src.models.classifier import History

MARKERS = {"F": "o", "M": "^", "unknown": "s"}
_CURVES = (("#0072B2", "o-"), ("#E69F00", "s-"), ("#009E73", "^-"), ("#CC79A7", "D-"))


def plot_points(points: pd.DataFrame, path: Path, title: str, axis: str) -> None:
    """Scatter two-dimensional points: colour by label, marker by gender.

    Parameters
    ----------
    points : pandas.DataFrame
        With the columns `x`, `y`, `label` and `gender`.
    path : pathlib.Path
    title : str
    axis : str
        The method's name, for the axes.
    """
    shown = points.assign(gender=points["gender"].replace("", "unknown"))
    labels = [label for label in COLOURS if (shown["label"] == label).any()]
    genders = [gender for gender in MARKERS if (shown["gender"] == gender).any()]
    with figure_axes(path, title, (8.0, 6.0)) as axes:
        seaborn.scatterplot(
            shown,
            x="x",
            y="y",
            hue="label",
            style="gender",
            palette=COLOURS,
            markers=MARKERS,
            alpha=0.7,
            s=28,
            linewidth=0.3,
            legend=False,
            ax=axes,
        )
        axes.set(xlabel=f"{axis} 1", ylabel=f"{axis} 2")
        # Squares of colour for labels and grey shapes for genders: one entry says one thing.
        keys: list[Artist] = [Patch(color=COLOURS[label], label=label) for label in labels]
        keys += [
            Line2D([], [], color="#555555", marker=MARKERS[gender], linestyle="", label=gender)
            for gender in genders
        ]
        axes.legend(handles=keys, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)


def plot_losses(history: "History", path: Path, name: str) -> None:
    """Draw training and validation loss and the validation EER, with the kept step marked."""
    steps = np.arange(1, len(history.val_losses) + 1)
    with figure_axes(path, f"{name}: learning curve", (7.0, 4.5)) as axes:
        axes.plot(steps, history.train_losses, label="training loss", color="#555555")
        axes.plot(steps, history.val_losses, label="validation loss", color=COLOURS[BONA_FIDE])
        axes.axvline(history.best + 1, color="#555555", linestyle=":", label=f"kept {history.step}")
        axes.set(xlabel=history.step, ylabel="cross-entropy (nats)")
        right = axes.twinx()
        right.plot(steps, 100 * history.val_eers, label="validation EER", color=COLOURS[SPOOF])
        right.set(ylabel="EER (%)")
        right.set_ylim(bottom=0)
        right.grid(False)
        lines = [*axes.get_lines(), *right.get_lines()]
        names = [str(line.get_label()) for line in lines]
        axes.figure.legend(lines, names, loc="outside lower center", ncols=4, frameon=False)


def plot_confusion(detection: Detection, path: Path, title: str) -> None:
    """Draw the confusion matrix at the threshold fixed on validation: counts and row shares."""
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


def plot_roc(curve: DetCurve, detection: Detection, path: Path, title: str) -> None:
    """Draw the ROC curve, the point of the EER and the point of the threshold in use."""
    with figure_axes(path, title) as axes:
        axes.plot(curve.far, 1 - curve.frr, color=COLOURS[BONA_FIDE])
        axes.plot([0, 1], [0, 1], color="#999999", linestyle=":", label="chance")
        axes.plot(
            detection.eer,
            1 - detection.eer,
            "o",
            color=COLOURS[SPOOF],
            label=f"EER {detection.eer:.1%}",
        )
        far, frr = _rates(detection)
        axes.plot(far, 1 - frr, "s", color="#333333", label="validation threshold")
        axes.set(
            xlabel="spoof accepted (false acceptance rate)",
            ylabel="bona-fide accepted",
            xlim=(-0.01, 1.01),
            ylim=(-0.01, 1.01),
            aspect="equal",
        )
        axes.legend(loc="lower right", title=f"AUC {detection.auc:.3f}")


def plot_det(curve: DetCurve, detection: Detection, path: Path, title: str) -> None:
    """Draw the DET curve on normal-deviate axes.

    Martin et al. (1997), "The DET curve in assessment of detection task performance".
    """
    ticks = np.array([0.001, 0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.95])
    low, high = norm.ppf(0.0005), norm.ppf(0.97)
    with figure_axes(path, title) as axes:
        # Rates of 0 and 1 lie at infinity; the frame's edge stands for them.
        far, frr = (norm.ppf(rate.clip(0.0005, 0.97)) for rate in (curve.far, curve.frr))
        axes.plot(far, frr, color=COLOURS[BONA_FIDE])
        axes.plot([low, high], [low, high], color="#999999", linestyle=":")
        at_eer = norm.ppf(np.clip(detection.eer, 0.0005, 0.97))
        axes.plot(at_eer, at_eer, "o", color=COLOURS[SPOOF], label=f"EER {detection.eer:.1%}")
        in_use = [norm.ppf(np.clip(rate, 0.0005, 0.97)) for rate in _rates(detection)]
        axes.plot(*in_use, "s", color="#333333", label="validation threshold")
        axes.set(
            xlabel="false acceptance rate: spoof taken for bona-fide (%)",
            ylabel="false rejection rate: bona-fide taken for spoof (%)",
            xlim=(low, high),
            ylim=(low, high),
            aspect="equal",
        )
        labels = [f"{100 * tick:g}" for tick in ticks]
        axes.set_xticks(norm.ppf(ticks), labels)
        axes.set_yticks(norm.ppf(ticks), labels)
        axes.legend(loc="upper right")


def plot_search(trials: pd.DataFrame, path: Path, title: str) -> None:
    """Draw every trial's validation EER and the best so far.

    Parameters
    ----------
    trials : pandas.DataFrame
        With the columns `trial` and `validation_eer`, NaN for a failed trial.
    path : pathlib.Path
    title : str
    """
    with figure_axes(path, title, (7.0, 4.5)) as axes:
        eer = 100 * trials["validation_eer"]
        axes.plot(trials["trial"], eer, "o", color=COLOURS[BONA_FIDE], alpha=0.6, label="trial")
        axes.step(trials["trial"], eer.cummin(), where="post", color=COLOURS[SPOOF], label="best")
        axes.set(xlabel="trial", ylabel="validation EER (%)")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_ylim(bottom=0)
        axes.legend()


def plot_layers(table: pd.DataFrame, best: pd.Series, path: Path, title: str) -> None:
    """Draw the EER over the layers, a curve a pooling in a band of its standard error.

    Parameters
    ----------
    table : pandas.DataFrame
        With the columns `layer`, `pooling`, `eer` and `standard_error`.
    best : pandas.Series
        The row to mark.
    path : pathlib.Path
    title : str
    """
    with figure_axes(path, title, (8.0, 5.0)) as axes:
        poolings = table.groupby("pooling", sort=False)
        for (pooling, rows), (colour, marker) in zip(poolings, cycle(_CURVES)):
            eer, error = 100 * rows["eer"], 100 * rows["standard_error"]
            axes.plot(rows["layer"], eer, marker, color=colour, markersize=4, label=pooling)
            if len(rows) > 1:
                axes.fill_between(
                    rows["layer"], eer - error, eer + error, color=colour, alpha=0.12, linewidth=0
                )
            else:
                axes.errorbar(rows["layer"], eer, error, color=colour, capsize=4)
        axes.plot(
            best["layer"],
            100 * best["eer"],
            "o",
            markersize=13,
            markerfacecolor="none",
            markeredgecolor="#222222",
            markeredgewidth=1.5,
            linestyle="",
            label=f"best: layer {best['layer']}, {best['pooling']}, {best['eer']:.1%}",
        )
        highest = (table["eer"] + table["standard_error"]).max()
        if highest > 0.3:
            axes.axhline(50, color="#999999", linestyle=":", label="chance")
        axes.set(xlabel="layer", ylabel="EER (%) ± standard error")
        axes.set_ylim(0, 100 * max(1.08 * highest, 0.01, 0.54 * (highest > 0.3)))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.figure.legend(loc="outside lower center", ncols=6, frameon=False)


def _rates(detection: Detection) -> tuple[float, float]:
    """Return false acceptance and false rejection rate at the threshold in use."""
    return (
        detection.false_bona_fide / detection.n_spoof,
        detection.false_spoof / detection.n_bona_fide,
    )

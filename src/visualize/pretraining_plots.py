"""Figures of pretrainings; each function writes a PNG."""

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from matplotlib.ticker import MaxNLocator

from src.utils.config import BONA_FIDE, SPOOF
from src.visualize.figure import COLOURS, saved_figure


@dataclass(frozen=True)
class PretrainingCurves:
    """The learning curves of a pretraining, one value an epoch.

    Attributes
    ----------
    train_losses, val_losses : numpy.ndarray
        Nats a masked frame, shape (epochs,).
    val_accuracies : numpy.ndarray
        Share of masked frames whose positive or unit is picked, shape (epochs,).
    perplexities : numpy.ndarray
        Of a codebook on validation, shape (epochs,).
    spreads : numpy.ndarray
        Share of the features' power that differs from frame to frame, shape (epochs,).
    best : int
        The epoch whose weights were kept.
    """

    train_losses: np.ndarray
    val_losses: np.ndarray
    val_accuracies: np.ndarray
    perplexities: np.ndarray
    spreads: np.ndarray
    best: int

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the curves by name."""
        return {one.name: getattr(self, one.name) for one in fields(self) if one.name != "best"}


def plot_pretraining(
    curves: PretrainingCurves, chance: float, codes: int, path: Path, name: str
) -> None:
    """Draw the losses of a pretraining, and below them perplexity and accuracy.

    Parameters
    ----------
    curves : PretrainingCurves
        The values of each epoch; the one kept is marked.
    chance : float
        The validation loss of one that has learned nothing, nats.
    codes : int
        Of a codebook: the highest perplexity.
    path : pathlib.Path
        The PNG file to write.
    name : str
        What was pretrained on what, for the title.
    """
    steps = np.arange(1, len(curves.val_losses) + 1)
    blue, orange, grey = COLOURS[BONA_FIDE], COLOURS[SPOOF], "#555555"
    # One epoch is a point, and no line.
    marker = "o" if len(steps) == 1 else ""
    with saved_figure(path, (7.0, 6.5), f"Learning curves of pretraining\n{name}") as figure:
        above, below = figure.subplots(2, sharex=True)
        above.plot(steps, curves.train_losses, marker=marker, label="training loss", color=grey)
        above.plot(steps, curves.val_losses, marker=marker, label="validation loss", color=blue)
        above.axhline(chance, color=orange, linestyle="--", label="chance")
        above.axvline(curves.best + 1, color=grey, linestyle=":", label="kept epoch")
        above.set(ylabel="loss (nats a masked frame)")
        above.legend()
        below.plot(steps, curves.perplexities, marker=marker, label="perplexity", color=blue)
        below.axvline(curves.best + 1, color=grey, linestyle=":")
        below.set(xlabel="epoch", ylabel=f"perplexity (at most {codes:,})")
        below.set_ylim(bottom=0)
        right = below.twinx()
        right.plot(
            steps,
            100 * curves.val_accuracies,
            marker=marker,
            linestyle="--",
            label="accuracy",
            color=orange,
        )
        right.set(ylabel="accuracy (%)")
        right.set_ylim(bottom=0)
        right.grid(False)
        lines = [*below.get_lines()[:1], *right.get_lines()]
        below.legend(lines, [str(line.get_label()) for line in lines])
        below.xaxis.set_major_locator(MaxNLocator(integer=True))

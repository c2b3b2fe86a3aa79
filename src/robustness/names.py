"""The files that a test of robustness leaves in a run's folder; light to load."""

from pathlib import Path

FOLDER = "robustness"
"""Of the scores, and what the names of all other files begin with."""
CLIPS = "clips.csv"
FIGURES = {
    "robustness_heatmap": "EER by condition and strength",
    "robustness_bars": "EER under each condition, with 95 % intervals",
}
"""What each figure shows, by the name of its file without the ending."""


def scores_folder(run: Path, suffix: str = "") -> Path:
    """Return the folder of the scores.

    Parameters
    ----------
    run : pathlib.Path
        The run's folder.
    suffix : str
        What the names of the files end in; empty for the run's own data set.
    """
    return run / f"{FOLDER}{suffix}"


def results_path(run: Path, suffix: str = "") -> Path:
    """Return the file of the results.

    Parameters
    ----------
    run, suffix
        See `scores_folder`.
    """
    return run / f"{FOLDER}{suffix}.json"


def figure_paths(run: Path, suffix: str = "") -> dict[str, Path]:
    """Return where each of `FIGURES` is or will be, by its name.

    Parameters
    ----------
    run, suffix
        See `scores_folder`.
    """
    return {name: run / f"{name}{suffix}.png" for name in FIGURES}

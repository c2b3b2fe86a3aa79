"""Where tests of a network keep scores in its run's folder; light to load."""

from pathlib import Path

FOLDER = "scored"
"""Of the scores of recordings, which outlive a kill."""


def scores_path(run: Path, suffix: str = "") -> Path:
    """Return the file of the scores of a test.

    Parameters
    ----------
    run : pathlib.Path
        The run's folder.
    suffix : str
        What the names of the test's files end in; empty for the run's own data set.
    """
    return run / FOLDER / f"test{suffix}.json"

"""The names by which an adapted training is known, for whoever must know them without the room."""

from src.utils.runs import Run

ADAPTED = "adapted"
"""The entry of a run's settings that only adapted trainings have."""

ADAPTATION = "adaptation.json"
"""In an adapted training's folder: what was measured before and after."""

FOLDER = "adapting"
"""In the embeddings' folder of a run: the vectors of the clips that it was to be adapted with, an
embeddings' folder a data set."""


def is_adapted(run: Run) -> bool:
    """Say whether a training is another one that was adapted.

    Parameters
    ----------
    run : Run
        A training.
    """
    return run.settings.get(ADAPTED) is not None

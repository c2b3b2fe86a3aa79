"""What the split behind a run makes of its metrics: the one place that says it."""

from collections.abc import Mapping
from typing import Any

from src.utils.config import BY_SPEAKER, SHARED_VOICES
from src.utils.runs import Run


def split_notes(run: Run) -> list[str]:
    """Return what to beware of since the data set was divided as it was, a sentence each.

    Parameters
    ----------
    run : Run
        A training, which keeps the units and the recipe of its split.
    """
    units = run.settings.get("units", BY_SPEAKER)
    notes = [SHARED_VOICES[units]] if units in SHARED_VOICES else []
    of_recipe = notes_of_recipe(run.manifest.get("split"))
    return [*notes, *(note for note in of_recipe if note not in notes)]


def notes_of_recipe(recipe: Any) -> list[str]:
    """Return the notes that a split was written with.

    Parameters
    ----------
    recipe : mapping or None
        What `split.json` holds, None where that is not known.
    """
    return list(recipe.get("notes", [])) if isinstance(recipe, Mapping) else []

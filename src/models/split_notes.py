"""What the split behind a run makes of its metrics: the one place that says it."""

from collections.abc import Mapping
from typing import Any

from src.fusion.names import FUSION
from src.models.trained_on import is_trained_elsewhere
from src.utils.config import BY_SPEAKER, SHARED_VOICES
from src.utils.runs import Run

TRAINED_ELSEWHERE = (
    "it was trained elsewhere, and which clips and voices it has heard there is not known: where "
    "the tested ones are among them, the metrics flatter"
)


def split_notes(run: Run) -> list[str]:
    """Return what to beware of since the data set was divided as it was, a sentence each.

    Parameters
    ----------
    run : Run
        A training, which keeps the units and the recipe of its split.
    """
    units = run.settings.get("units", BY_SPEAKER)
    is_elsewhere = is_trained_elsewhere(run) or (run.settings.get(FUSION) or {}).get("elsewhere")
    notes = [TRAINED_ELSEWHERE] if is_elsewhere else []
    if units in SHARED_VOICES:
        notes.append(SHARED_VOICES[units])
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

"""What a training learnt from besides the recordings as they are."""

from collections.abc import Mapping
from typing import Any

from src.results.blocks.blocks import Cell
from src.utils.runs import Run


def augmentation_facts(run: Run) -> list[tuple[str, Cell]]:
    """Return how the training clips were augmented as rows of facts, none where they were not.

    Parameters
    ----------
    run : Run
        A training or a study.
    """
    how = run.settings.get("augmented")
    return [("augmented", _sentence(how))] if how else []


def _sentence(how: Mapping[str, Any]) -> str:
    fewest, most = how["steps"]
    count = f"{fewest}" if fewest == most else f"{fewest} to {most}"
    low, high = how["snr_db"]
    copies = "1 copy" if how["copies"] == 1 else f"{how['copies']:,} copies"
    return (
        f"{copies} of each training clip by {count} of {', '.join(how['kinds'])} (noise at "
        f"{low:g} to {high:g} dB, seed {how['seed']})"
    )

"""Where the weights of a detector come from that others released."""

from src.models.trained_on import ELSEWHERE
from src.results.blocks.blocks import Cell
from src.utils.runs import Run

_LABELS = {
    "kind": "released as",
    "file": "file of weights",
    "sha256": "its SHA-256",
    "source": "published at",
    "licence": "licence",
}


def released_facts(run: Run) -> list[tuple[str, Cell]]:
    """Return what is known of released weights, nothing for a run that was trained here.

    Parameters
    ----------
    run : Run
        A training.
    """
    about = run.settings.get(ELSEWHERE) or {}
    return [(label, str(about[name])) for name, label in _LABELS.items() if about.get(name)]

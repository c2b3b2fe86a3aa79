"""The network of a run that was trained end to end: what it is made of, and what it hears."""

from collections.abc import Mapping
from typing import Any

from src.models.lookup import NETWORK
from src.networks.back_ends import BACK_ENDS
from src.networks.front_ends import FRONT_ENDS
from src.results.blocks.blocks import Cell
from src.results.sections.origin import flatten
from src.utils.registry import Registry
from src.utils.runs import Run

_FIRST = "first"
"""What a network's settings say where only the first window of a recording is scored."""


def network_facts(run: Run) -> list[tuple[str, Cell]]:
    """Return what a network is made of, nothing for a classifier of vectors.

    Parameters
    ----------
    run : Run
        A training.
    """
    shown = {
        name: _without_tables(value) if isinstance(value, Mapping) else value
        for name, value in _settings_of(run).items()
    }
    return flatten(shown)


def network_sentence(run: Run) -> str:
    """Say in a sentence what a network is.

    Parameters
    ----------
    run : Run
        A training of a network.
    """
    about, backbone = _settings_of(run), run.settings.get("backbone", {})
    front = _description(FRONT_ENDS, about.get("front_end", backbone.get("name", "?")))
    back = _description(BACK_ENDS, about.get("back_end", run.settings.get("classifier", "?")))
    source = ""
    if backbone.get("checkpoint"):
        source = f" (checkpoint {backbone['checkpoint']}"
        source += f", revision {backbone['revision']})" if backbone.get("revision") else ")"
    weights = run.settings.get("weights")
    start = f" from the weights of {weights['file']}" if weights else ""
    return f"{back}, on {front}{source}, trained as one network{start}"


def network_limits(run: Run) -> list[str]:
    """Return what a reader must know of the part of a recording that a network hears.

    Parameters
    ----------
    run : Run
        A training.
    """
    about = _settings_of(run)
    rate = run.settings.get("backbone", {}).get("sample_rate")
    if about.get("covers") != _FIRST or not rate:
        return []
    return [f"Of a recording the first {about['samples'] / rate:.1f} s are heard, and no more."]


def _settings_of(run: Run) -> Mapping[str, Any]:
    found: Mapping[str, Any] = run.settings.get(NETWORK) or {}
    return found


def _without_tables(about: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out the whole configuration of an encoder, which some front ends keep."""
    return {name: value for name, value in about.items() if not isinstance(value, Mapping)}


def _description(table: Registry[Any], name: str) -> str:
    return table.load(name).description if name in table else name

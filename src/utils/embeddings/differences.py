"""In what the vectors of two backbones differ."""

from typing import Any


def backbone_differences(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """Name the settings in which two backbones, as their stores describe them, differ.

    A checkpoint folder that was moved is the same one: its revision is a hash of its weights.

    Parameters
    ----------
    one, other : dict
        As `Backbone.describe` returns it, and the manifest of a store holds it.
    """
    # A store that does not say where it starts starts with the model's first layer.
    one, other = ({"first_layer": 0} | about for about in (one, other))
    keys = dict.fromkeys([*one, *other])
    return [key for key in keys if key != "checkpoint" and one.get(key) != other.get(key)]

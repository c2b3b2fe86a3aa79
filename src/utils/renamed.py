"""What was stored under a name that stands for something else now.

The handcrafted descriptor `acoustic` was called `lfcc` once, as the field's linear-frequency
cepstral coefficients are. What was pooled tells the two apart in a manifest: the descriptor is one
statistic of that name, LFCC are mean and standard deviation.
"""

from typing import Any, TypeGuard

_BEFORE, _NOW = "lfcc", "acoustic"


def is_renamed(about: Any) -> TypeGuard[dict[str, Any]]:
    """Say whether vectors are of the descriptor, described when it was called `lfcc`.

    Parameters
    ----------
    about : dict or None
        What `Backbone.describe` said, as a manifest keeps it; anything else is not renamed.
    """
    return (
        isinstance(about, dict)
        and about.get("name") == _BEFORE
        and about.get("stats") == ["descriptor"]
    )


def backbone_of(about: Any) -> str | None:
    """Return the name that a backbone has now, None where it has none.

    Parameters
    ----------
    about : dict or None
        What `Backbone.describe` said, as a manifest keeps it.

    Examples
    --------
    >>> backbone_of({"name": "lfcc", "stats": ["mean", "std"]})
    'lfcc'
    >>> backbone_of({"name": "lfcc", "stats": ["descriptor"]})
    'acoustic'
    """
    if is_renamed(about):
        return _NOW
    return about.get("name") if isinstance(about, dict) else None


def label_of(about: Any) -> str | None:
    """Return what people are told of a backbone's name: the one of now, and the other one.

    Parameters
    ----------
    about : dict or None
        What `Backbone.describe` said, as a manifest keeps it.

    Examples
    --------
    >>> label_of({"name": "lfcc", "stats": ["descriptor"]})
    'acoustic (was lfcc)'
    """
    name = backbone_of(about)
    return f"{name} (was {_BEFORE})" if is_renamed(about) else name

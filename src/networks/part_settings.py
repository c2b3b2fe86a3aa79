"""The settings of a front end or a back end: names and values, held against its own."""

from collections.abc import Mapping
from typing import Any

from src.utils.errors import ArgumentError, choose


def complete(
    flag: str,
    defaults: Mapping[str, Any],
    given: Mapping[str, Any] | None,
    choices: Mapping[str, tuple[Any, ...]] | None = None,
) -> dict[str, Any]:
    """Return the settings given, and the defaults of all others.

    Parameters
    ----------
    flag : str
        What they are settings of, as the user types it, for the message.
    defaults : mapping
        Names and values; a value has the type of its default, and numbers are above 0, or at
        least 0 where the default is.
    given : mapping, optional
        In place of defaults.
    choices : mapping, optional
        The values that a setting may have, where they are few.

    Raises
    ------
    ArgumentError
        For an unknown name, or a value that cannot be.

    Examples
    --------
    >>> complete("--back-end=mhfa", {"heads": 32, "size": 256}, {"heads": 8})
    {'heads': 8, 'size': 256}
    """
    for name, value in (given or {}).items():
        default = defaults[choose(flag, name, defaults)]
        if type(value) is not type(default):
            raise ArgumentError(f"{flag}: {name}={value} is not of the kind of {default}")
        if choices and name in choices:
            choose(f"{flag}: {name}", value, choices[name])
        elif isinstance(value, int | float) and not (value > 0 or value == default == 0):
            least = "at least" if default == 0 else "above"
            raise ArgumentError(f"{flag}: {name}={value} is not {least} 0")
    return {**defaults, **(given or {})}

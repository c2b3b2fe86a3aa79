"""The errors a user can cause or mend; each message is one line made for people."""

import difflib
from collections.abc import Iterable, Sequence


class AudiosError(Exception):
    """Base of every expected failure; its text is shown without a traceback.

    Attributes
    ----------
    exit_code : int
        Exit status of the process: 2 for bad arguments, 1 for anything else.
    """

    exit_code = 1

    def _render_traceback_(self) -> list[str]:
        """Show the text alone in a notebook, where IPython would show a traceback."""
        return [str(self)]


class ArgumentError(AudiosError):
    """A flag is missing, misspelt or out of range."""

    exit_code = 2


class AudioError(AudiosError):
    """One recording cannot be used; the text is the reason, without the file's name."""


class StorageError(AudiosError):
    """A disk or folder fails, or is full: no recording's fault, and the stage can go on later."""


class InUseError(AudiosError):
    """Another process holds what only one may write to."""


class DatasetError(AudiosError):
    """A data set, table or split is absent, broken or cannot serve the stage."""


class ArchiveError(AudiosError):
    """An archive is absent, damaged, unsafe or not the corpus it should be."""


class EmbeddingError(AudiosError):
    """An embedding store is absent, broken or does not fit its neighbours."""


class CheckpointError(AudiosError):
    """A pretrained checkpoint cannot be found, read or used as the backbone asked for."""


class RunError(AudiosError):
    """A run or study folder is absent, incomplete or of another kind."""


def choose(flag: str, value: str, choices: Iterable[str], also: Iterable[str] = ()) -> str:
    """Return `value` when it is one of `choices`.

    Parameters
    ----------
    flag : str
        The flag as the user typed it, for the message.
    value : str
        The value that was given.
    choices : iterable of str
        The allowed values.
    also : iterable of str
        Further ones, too many to list: the message names one that is near, and no other.

    Raises
    ------
    ArgumentError
        Naming the choices, and the nearest one when `value` looks like a slip.
    """
    allowed, more = list(choices), list(also)
    if value in allowed or value in more:
        return value
    hint = did_you_mean(value, [*allowed, *more])
    raise ArgumentError(f"{flag}={value} is not one of {', '.join(allowed)}{hint}")


def did_you_mean(value: str, choices: Sequence[str]) -> str:
    """Return what an error ends with: the choice that is most like a value, if any is.

    Parameters
    ----------
    value : str
        What was given.
    choices : sequence of str
        What could be.

    Examples
    --------
    >>> did_you_mean("weighed", ["last", "weighted"])
    '; did you mean weighted?'
    """
    near = difflib.get_close_matches(value, choices, n=1)
    return f"; did you mean {near[0]}?" if near else ""


def shorten(items: Iterable[object], limit: int = 5) -> str:
    """Join the first `limit` items with commas and say how many more there are.

    >>> shorten("abcdefg", 2)
    'a, b and 5 more'
    """
    texts = [str(item) for item in items]
    more = f" and {len(texts) - limit:,} more" if len(texts) > limit else ""
    return ", ".join(texts[:limit]) + more

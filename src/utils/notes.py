"""What is told beside a result: warnings that arise while something is read.

A reader deep below a stage may find what a person has to know, and go on. `note` says it once;
whoever made the result takes what was said along by `gather`. Said outside of any `gather`, it
goes to the log, so that nothing is ever lost.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

log = logging.getLogger(__name__)

_GATHERED: ContextVar[dict[str, None] | None] = ContextVar("gathered", default=None)


def note(text: str) -> None:
    """Tell something once to the innermost `gather`, or else to the log.

    Parameters
    ----------
    text : str
        A sentence without a full stop that names the file it is about.
    """
    gathered = _GATHERED.get()
    if gathered is None:
        log.warning("warning: %s", text)
    else:
        gathered[text] = None


@contextmanager
def gather() -> Iterator[dict[str, None]]:
    """Yield what is noted within, in order and each text once, as the keys of a dict."""
    gathered: dict[str, None] = {}
    token = _GATHERED.set(gathered)
    try:
        yield gathered
    finally:
        _GATHERED.reset(token)

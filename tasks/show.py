"""How tasks answer: the one place that prints what stages report."""

import json
import logging
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout
from math import isfinite
from typing import TYPE_CHECKING, Any, TextIO

from src.utils.shown_text import visible
from tasks.flags import AnswerFlags

if TYPE_CHECKING:
    from src.audit.summary import Audited
    from src.results.blocks.blocks import Block


def say(text: str, at_once: bool = False) -> None:
    """Print lines.

    Parameters
    ----------
    text : str
        What is printed, but for what a terminal would act upon.
    at_once : bool
        Whether whoever reads a pipe has them before more is printed.
    """
    print(_shown(text), flush=at_once)


def show(report: "Sequence[Block]") -> None:
    """Print a report.

    Parameters
    ----------
    report : sequence of Block
        As a function of `src.reports` returns it.
    """
    from src.reports import render_text

    print(render_text(report))


def answer(
    flags: AnswerFlags,
    *,
    report: Callable[[], Sequence["Block"]],
    essence: Callable[[], Iterable[str]],
    document: Callable[[], Any],
) -> None:
    """Print a task's answer in the form that is asked for.

    Parameters
    ----------
    flags : AnswerFlags
        The task's.
    report : callable
        Returns the whole report, as a function of `src.reports` does.
    essence : callable
        Returns the lines of `--quiet`: what the task was asked, and nothing else.
    document : callable
        Returns the document of `--json`: dictionaries, sequences, text, numbers, paths and None.
        A number that is not finite becomes null.
    """
    if flags.json:
        print(json_text(document()), file=_of_documents or sys.stdout)
    elif flags.quiet:
        say("\n".join(essence()))
    else:
        show(report())


def json_text(value: Any) -> str:
    """Return a value as strict JSON in ASCII, which every terminal and reader takes.

    Parameters
    ----------
    value : object
        As the document of `answer`.
    """
    return json.dumps(_strict(value), indent=2, allow_nan=False)


def _strict(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _strict(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_strict(item) for item in value]
    # A number of numpy, by its method: numpy is too heavy for what the command line loads.
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, float) and not isfinite(value):
        return None
    return value if value is None or isinstance(value, str | int | float) else str(value)


_of_documents: TextIO | None = None
"""Where documents go while everything else is kept off stdout."""


@contextmanager
def answering(flags: AnswerFlags | None) -> Iterator[None]:
    """Keep away, while a task works, what its form of answer excludes.

    With `--json` whatever is printed meanwhile goes to stderr, also by libraries; with `--quiet`
    there are no bars of progress, and of the log only warnings.

    Parameters
    ----------
    flags : AnswerFlags or None
        The task's; None for one without.

    Raises
    ------
    ArgumentError
        When both forms are asked for.
    """
    global _of_documents
    with ExitStack() as stack:
        if flags is not None:
            flags.check()
            if flags.json:
                _of_documents = sys.stdout
                stack.enter_context(redirect_stdout(sys.stderr))
            if flags.quiet:
                stack.enter_context(_without_progress())
        try:
            yield
        finally:
            _of_documents = None


@contextmanager
def _without_progress() -> Iterator[None]:
    from tqdm import tqdm

    logger, begin = logging.getLogger("src"), tqdm.__init__
    level = logger.level

    def begin_unseen(self: tqdm, *args: Any, **options: Any) -> None:
        begin(self, *args, **{**options, "disable": True})

    logger.setLevel(logging.WARNING)
    tqdm.__init__ = begin_unseen
    try:
        yield
    finally:
        tqdm.__init__ = begin
        logger.setLevel(level)


def show_audit(audited: "Audited | None") -> None:
    """Print what the newest audit says of the recordings that are about to be learnt from.

    Parameters
    ----------
    audited : Audited or None
        None where there is no audit of them.
    """
    from src.reports import report_audited

    show(report_audited(audited))


def tell(text: str) -> None:
    """Print what one of many stages has to say, at once and under its title.

    Parameters
    ----------
    text : str
        The title, and the report from the second line on.
    """
    title, _, body = text.partition("\n")
    print(f"\n== {visible(title)}\n{_shown(body)}", flush=True)


def _shown(lines: str) -> str:
    return "\n".join(map(visible, lines.split("\n")))

"""How tasks answer: the one place that prints what stages report."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from src.utils.shown_text import visible

if TYPE_CHECKING:
    from src.audit.summary import Audited
    from src.results.blocks.blocks import Block


def say(text: str) -> None:
    """Print lines.

    Parameters
    ----------
    text : str
        What is printed, but for what a terminal would act upon.
    """
    print(_shown(text))


def show(report: "Sequence[Block]") -> None:
    """Print a report.

    Parameters
    ----------
    report : sequence of Block
        As a function of `src.reports` returns it.
    """
    from src.reports import render_text

    print(render_text(report))


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

"""How tasks answer: the one place that prints what stages report."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from src.audit.summary import Audited


def show(report: str) -> None:
    """Print a report.

    Parameters
    ----------
    report : str
        As a function of `src.reports` returns it.
    """
    print(report)


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
    print(f"\n== {title}\n{body}", flush=True)

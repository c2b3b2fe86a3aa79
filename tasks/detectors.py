"""The task on the detectors that come with AUDIOS."""

from invoke import Context

from src import stages
from tasks.show import show
from tasks.task import stage


@stage()
def ListDetectors(c: Context) -> None:
    """12 · List the detectors that come with AUDIOS.

    What each is, how often it errs on sources that were held out of its training, the newest
    attack that it has heard, and how old it is.
    """
    from src.reports import report_detectors

    show(report_detectors(*stages.detectors.list_shipped()))

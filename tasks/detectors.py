"""The task on the detectors that come with AUDIOS."""

from invoke import Context

from src import stages
from tasks.flags import AnswerFlags
from tasks.show import answer
from tasks.task import stage


@stage()
def ListDetectors(c: Context, form: AnswerFlags) -> None:
    """List the detectors that come with AUDIOS.

    What each is, how often it errs on sources that were held out of its training, the newest
    attack that it has heard, and how old it is.

    Example: fab ListDetectors
    """
    from src.reports import answers, report_detectors

    found, faults = stages.detectors.list_shipped()
    answer(
        form,
        report=lambda: report_detectors(found, faults),
        essence=lambda: answers.essence_detectors(found),
        document=lambda: answers.document_detectors(found, faults),
    )

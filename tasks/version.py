"""The task that says which AUDIOS this is, and on what it runs."""

from invoke import Context

from src.utils.config import ROOT
from tasks.flags import AnswerFlags
from tasks.show import answer
from tasks.task import stage


@stage()
def Version(c: Context, form: AnswerFlags) -> None:
    """Tell the version, of AUDIOS and of what it uses.

    Of use in a report of an error, and to cite.

    Example: fab Version --json
    """
    from src.reports import report_version
    from src.utils.runs import describe_environment

    about = describe_environment()
    answer(
        form,
        report=lambda: report_version(about, ROOT),
        essence=lambda: [about["audios"]],
        document=lambda: {**about, "folder": ROOT},
    )

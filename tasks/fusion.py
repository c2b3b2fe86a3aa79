"""The task that fuses trainings into one detector."""

from invoke import Context

from src import stages
from src.models.registry import CLASSIFIERS
from src.utils.errors import ArgumentError
from tasks import arguments, configured
from tasks.flags import AnswerFlags
from tasks.show import answer
from tasks.task import stage


@stage(
    runs_list="The numbers of finished trainings, such as 3,7.",
    studies_list="The numbers of studies whose best trials are members, too, such as 0,2.",
    study_number="The runs of --runs-list are trials of this study.",
    classifier=f"Of the studies, where two have a number: {', '.join(CLASSIFIERS)}.",
    seed="Seed of the folds by speaker and of the intervals (default: 7).",
)
def FuseRuns(
    c: Context,
    form: AnswerFlags,
    runs_list: str | None = None,
    studies_list: str | None = None,
    study_number: str | None = None,
    classifier: str | None = None,
    runs: str | None = None,
    seed: str | None = None,
) -> None:
    """Fuse trainings into one detector.

    By a logistic regression on their calibrated scores of the validation clips. The fusion is a run
    as every other, which keeps all that it needs of its members, and says whether it is better than
    the best of them alone.

    Example: fab FuseRuns --runs-list=3,7
    """
    numbers = arguments.optional_numbers("--runs-list", runs_list, "run")
    studies = arguments.optional_numbers("--studies-list", studies_list, "study")
    if len(numbers) + len(studies) < 2:
        raise ArgumentError(
            "it takes two members or more: --runs-list=3,7, or studies by --studies-list=0,2"
        )
    study = arguments.optional_number("--study-number", study_number)
    if study is not None and not numbers:
        raise ArgumentError(f"--study-number={study} is of --runs-list, which is not given")
    if classifier is not None:
        arguments.classifier_name(classifier)
        if study is None and not studies:
            raise ArgumentError(f"--classifier={classifier} is of studies, and none is named")
    from src.reports import answers, report_fusion

    fused = stages.fusion.fuse(
        configured.folder(c, "runs", runs),
        numbers,
        studies,
        study,
        classifier,
        configured.seed(c, seed),
    )
    answer(
        form,
        report=lambda: report_fusion(fused),
        essence=lambda: answers.essence_fusion(fused),
        document=lambda: answers.document_fusion(fused),
    )

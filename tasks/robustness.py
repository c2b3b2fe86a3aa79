"""The task on how detectors hold under the conditions of the world."""

from invoke import Context

from src import stages
from tasks import arguments, configured
from tasks.flags import AnswerFlags, RunFlags
from tasks.show import answer
from tasks.task import stage


@stage(
    study_number="Test a trial of this study.",
    dataset="The data set's folder (default: the one that the run was trained on).",
    conditions="Names joined by commas: augmentations (white), tracks (messenger) or single "
    "conditions (white-25-db) (default: all; those of --noises only with it).",
    noises="A folder of noise recordings, such as MUSAN's; only read.",
    seed="Seed of the noises, rooms and intervals (default: 7).",
)
def TestRobustness(
    c: Context,
    run: RunFlags,
    form: AnswerFlags,
    conditions: str | None = None,
    noises: str | None = None,
    dataset: str | None = None,
    embeddings: str | None = None,
    runs: str | None = None,
    seed: str | None = None,
) -> None:
    """Test a run under noise, codecs, rooms and calls.

    The test clips go through each condition in memory and are scored at the run's fixed threshold.
    Scores are kept as they come: run it again to go on.

    Example: fab TestRobustness --run-number=3 --conditions=white,opus,messenger
    """
    run_number, study_number = run.numbers()
    names = None if conditions is None else conditions.split(",")
    from src.reports import report_robustness
    from src.reports import robustness as answers

    done = stages.robustness.test(
        configured.folder(c, "embeddings", embeddings),
        configured.folder(c, "runs", runs),
        arguments.optional_path("--dataset", dataset),
        run.backbone,
        run.classifier,
        run_number,
        study_number,
        names,
        arguments.optional_path("--noises", noises),
        configured.seed(c, seed),
    )
    answer(
        form,
        report=lambda: report_robustness(done),
        essence=lambda: answers.essence_robustness(done),
        document=lambda: answers.document_robustness(done),
    )

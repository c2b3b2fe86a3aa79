"""The tasks on runs that are there: listing them, comparing them, and taking scores along."""

from invoke import Context

from src import stages
from src.models.registry import CLASSIFIERS
from src.utils.errors import ArgumentError, choose
from tasks import arguments, configured
from tasks.flags import RUN_CLASSIFIERS, AnswerFlags, RunFlags
from tasks.show import answer, say
from tasks.task import stage


@stage(
    "output",
    output="The file to write.",
    format="asvspoof2019 (utt src key score), asvspoof2021 (utt score), asvspoof5 (filename and "
    "cm-score) or csv (file,label,score; default).",
    split="Of which scores: test (default), val, or what the name of another of the run's score "
    "files ends in, such as test_F.",
    values="score (default), or llr: natural log-likelihood ratios.",
    study_number="Export of a trial of this study.",
)
def ExportScores(
    c: Context,
    run: RunFlags,
    output: str | None = None,
    format: str = "csv",
    split: str = "test",
    values: str = "score",
    runs: str | None = None,
) -> None:
    """Write a run's scores for other tools.

    Example: fab ExportScores --run-number=3 --format=asvspoof2019 --output=scores.txt
    """
    if output is None:
        raise ArgumentError("--output is needed: the file to write")
    path = arguments.path("--output", output)
    run_number, study_number = run.numbers()
    done = stages.results.export_scores(
        path,
        configured.folder(c, "runs", runs),
        format,
        split,
        values,
        run.backbone,
        run.classifier,
        run_number,
        study_number,
    )
    say(f"{done.path}: {done.n_scores:,} scores of {done.run.folder}")


@stage(
    study_number="List the trials of this study.",
    classifier=f"Only this one of {', '.join(RUN_CLASSIFIERS)}.",
    sort="eer (default: lowest test EER first, then validation EER), number or time.",
)
def ListRuns(
    c: Context,
    form: AnswerFlags,
    study_number: str | None = None,
    classifier: str | None = None,
    sort: str = "eer",
    runs: str | None = None,
) -> None:
    """List all runs, the best first.

    What each is, its validation and test EER with an interval, on what it was tested and whether
    it ended well.

    Example: fab ListRuns --sort=eer
    """
    study = arguments.optional_number("--study-number", study_number)
    arguments.optional_choice("--classifier", classifier, RUN_CLASSIFIERS)
    from src.reports import answers, report_listing
    from src.results.listing import ORDERS

    choose("--sort", sort, ORDERS)
    folder = configured.folder(c, "runs", runs)
    listing = stages.results.list_all(folder, study, classifier, sort)
    answer(
        form,
        report=lambda: report_listing(listing),
        essence=lambda: answers.essence_listing(listing),
        document=lambda: answers.document_listing(listing),
    )


@stage(
    "runs_list",
    runs_list="The numbers of two or more tested runs, such as 3,7.",
    study_number="The runs are trials of this study.",
    classifier=f"Of the study, where two have the number: {', '.join(CLASSIFIERS)}.",
    tested_on="The name of the data set whose test counts (default: each run's own).",
    seed="Seed of the intervals (default: 7).",
)
def CompareRuns(
    c: Context,
    form: AnswerFlags,
    runs_list: str | None = None,
    study_number: str | None = None,
    classifier: str | None = None,
    tested_on: str | None = None,
    runs: str | None = None,
    seed: str | None = None,
) -> None:
    """Compare tested runs on the same clips.

    As a table here and as a page with their DET curves: each against the best, with the interval
    of the difference and how likely chance is to explain it.

    Example: fab CompareRuns --runs-list=3,7
    """
    numbers = arguments.run_numbers("--runs-list", runs_list)
    study = arguments.optional_number("--study-number", study_number)
    if classifier is not None:
        arguments.classifier_name(classifier)
    from src.reports import answers, report_comparison

    comparison = stages.results.compare_runs(
        configured.folder(c, "runs", runs),
        numbers,
        study,
        classifier,
        tested_on,
        configured.seed(c, seed),
    )
    answer(
        form,
        report=lambda: report_comparison(comparison),
        essence=lambda: answers.essence_comparison(comparison),
        document=lambda: answers.document_comparison(comparison),
    )

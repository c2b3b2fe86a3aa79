"""The task that evaluates the scores of any system."""

from invoke import Context

from src import stages
from src.utils.config import LABELS
from src.utils.errors import ArgumentError, choose
from tasks import arguments, configured
from tasks.show import show
from tasks.task import stage


@stage(
    "scores",
    "protocol",
    scores="Lines of 'utt score' or 'utt src key score', ASVspoof 5's filename and cm-score, or a "
    "CSV with the columns file and score.",
    columns="What the columns of the scores are, where no header says so and lines have two "
    "numbers: file, score or bona-fide and spoof, label, and - for any other, such as "
    "file,spoof,bona-fide.",
    probabilities="The scores are probabilities of what --polarity names: take their log odds.",
    protocol="The protocol of any corpus that GenerateDatasetCSV reads, or a CSV of file,label; "
    "not needed where the scores' own file tells the classes, as AASIST's lines of "
    "'utt attack key score' do, attacks included.",
    polarity="What higher scores speak for: bona-fide (default) or spoof.",
    subset="Of an ASVspoof 2021 protocol: eval (default), progress, hidden or all.",
    threshold="From which score on a trial is taken for what --polarity names (default: that of "
    "the validation scores, or 0).",
    validation_scores="Scores of another set by the same system, which calibrate these.",
    validation_protocol="The protocol of --validation-scores, where they do not tell the classes.",
    asv_scores="Scores of a speaker verifier, for the t-DCF: of ASVspoof 2019, or of 2021 with "
    "--asv-protocol.",
    asv_protocol="ASV/trial_metadata.txt of ASVspoof 2021 LA.",
    seed="Seed of the intervals (default: 7).",
)
def EvaluateScores(
    c: Context,
    scores: str | None = None,
    protocol: str | None = None,
    polarity: str = "bona-fide",
    columns: str | None = None,
    probabilities: bool = False,
    subset: str | None = None,
    threshold: str | None = None,
    validation_scores: str | None = None,
    validation_protocol: str | None = None,
    asv_scores: str | None = None,
    asv_protocol: str | None = None,
    runs: str | None = None,
    seed: str | None = None,
) -> None:
    """Evaluate the scores of any system.

    The figures, intervals, groups, plots and report of TestModel, into a new run folder.

    Example: fab EvaluateScores --scores=scores.txt --protocol=protocol.txt
    """
    choose("--polarity", polarity, LABELS)
    if scores is None:
        raise ArgumentError("--scores is needed: a file")
    if validation_protocol is not None and validation_scores is None:
        raise ArgumentError("--validation-protocol goes with --validation-scores")
    if asv_protocol is not None and asv_scores is None:
        raise ArgumentError("--asv-protocol goes with --asv-scores")
    validation = None
    if validation_scores is not None:
        validation = (
            arguments.path("--validation-scores", validation_scores),
            arguments.optional_path("--validation-protocol", validation_protocol),
        )
    from src.reports import report_score_evaluation

    evaluation = stages.evaluation.evaluate_scores(
        arguments.path("--scores", scores),
        arguments.optional_path("--protocol", protocol),
        configured.folder(c, "runs", runs),
        polarity=polarity,
        subset=subset,
        threshold=None if threshold is None else arguments.number("--threshold", threshold),
        validation=validation,
        asv_scores=arguments.optional_path("--asv-scores", asv_scores),
        asv_protocol=arguments.optional_path("--asv-protocol", asv_protocol),
        seed=configured.seed(c, seed),
        columns=None if columns is None else tuple(name.strip() for name in columns.split(",")),
        are_probabilities=probabilities,
    )
    show(report_score_evaluation(evaluation))

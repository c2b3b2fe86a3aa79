"""What the stages print that test a run or evaluate scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from src.evaluation.formatting import decided_sentence
from src.evaluation.results_file import read_values
from src.fusion.names import is_fused
from src.reports.dataset import report_rejected
from src.results.blocks.blocks import Block, Cell, Facts, Paragraph
from src.results.sections.fusion import gain_sentences
from src.results.sections.groups import groups
from src.results.sections.metrics import metric_facts
from src.results.sections.sets import sets_table, threshold_sentences
from src.results.sections.warnings import warnings
from src.utils.metrics.table import BY_DECISION, BY_SCORE, EER
from src.utils.runs import MODEL_CARD

if TYPE_CHECKING:
    from pathlib import Path

    from src.evaluation.evaluate_scores import ScoreEvaluation
    from src.evaluation.results import Results
    from src.models.evaluate import Evaluation
    from src.models.evaluate_sets import SetsEvaluation
    from src.utils.runs import Run


def report_evaluation(evaluation: Evaluation) -> list[Block]:
    """Show the metrics of a test with their intervals, its groups and its files.

    Parameters
    ----------
    evaluation : Evaluation
        A tested run.
    """
    run, results = evaluation.run, evaluation.results
    elsewhere = evaluation.elsewhere
    where = [Paragraph(f"tested on another data set: {elsewhere}")] if elsewhere else []
    files = [evaluation.path, run.folder / MODEL_CARD, run.report]
    return [
        *where,
        *warnings(run, results),
        *metrics_in_brief(results),
        *_fusing(run, evaluation.path),
        *(Paragraph(str(path)) for path in files),
        *report_rejected(evaluation.rejected),
    ]


def _fusing(run: Run, path: Path) -> list[Block]:
    """Say of a fusion whether it is better than its best member alone, on these clips."""
    if not is_fused(run):
        return []
    # Validation is told of where the fusion is made.
    *_, of_test = gain_sentences(run, read_values(path))
    return [Paragraph(of_test)]


def report_sets(done: SetsEvaluation) -> list[Block]:
    """Show the metrics of many test sets as one table, where the threshold fails, and the files.

    Parameters
    ----------
    done : SetsEvaluation
        A run tested on many sets.
    """
    run, results = done.run, done.results
    return [
        *warnings(run),
        sets_table(results),
        Paragraph(
            f"(HTER at the threshold fixed on validation, {results.threshold:.4g}; in brackets: "
            f"95 % intervals over speakers)"
        ),
        *map(Paragraph, threshold_sentences(results)),
        *(Paragraph(str(path)) for path in (done.path, run.folder / MODEL_CARD, run.report)),
    ]


def report_score_evaluation(evaluation: ScoreEvaluation) -> list[Block]:
    """Show the metrics of a score file and its files.

    Parameters
    ----------
    evaluation : ScoreEvaluation
        Of another system's scores.
    """
    run, results = evaluation.run, evaluation.results
    blocks: list[Block] = []
    if not evaluation.is_calibrated:
        blocks.append(
            Paragraph(
                "taken for log-likelihood ratios as they are: act_dcf, Cllr and the verdicts hold "
                "for such alone (--validation-scores= calibrates)"
            )
        )
    lines = [str(evaluation.path), f"report: {run.report}", f"run {run.number}: {run.folder}"]
    return [
        *blocks,
        *warnings(run, results),
        *metrics_in_brief(results),
        *map(Paragraph, lines),
    ]


def metrics_in_brief(results: Results) -> list[Block]:
    """Return the metrics of a test, what is likely in brackets, and its groups.

    Parameters
    ----------
    results : Results
        Of the test.
    """
    found = results.detection
    rows: list[tuple[str, Cell]] = [
        *metric_facts(results, [*BY_SCORE, *results.tandem]),
        (
            "threshold",
            f"{found.threshold:.4f}, fixed beforehand (the test's own EER lies at "
            f"{found.eer_threshold:.4f})",
        ),
        *metric_facts(results, BY_DECISION),
        (
            "bona-fide",
            f"{found.n_bona_fide:,} clips: {found.true_bona_fide:,} accepted, "
            f"{found.false_spoof:,} rejected",
        ),
        (
            "spoof",
            f"{found.n_spoof:,} clips: {found.true_spoof:,} rejected, {found.false_bona_fide:,} "
            f"accepted",
        ),
        ("verdicts", decided_sentence(results.decided)),
    ]
    blocks: list[Block] = [
        Facts(rows),
        Paragraph(f"(in brackets: 95 % intervals over {results.ci95_over})"),
    ]
    if results.ci95_attacks:
        span = EER.write_interval(*results.ci95_attacks["eer"])
        blocks.append(Paragraph(f"EER over {results.ci95_attacks_over}: {span}"))
    return [*blocks, *groups(results.breakdowns, is_brief=True)]

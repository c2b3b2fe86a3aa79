"""One test of a run: its metrics, decisions, verdicts, curves and groups."""

from src.evaluation.results import Results
from src.evaluation.results_file import BREAKDOWNS, FIGURES
from src.results.blocks.blocks import (
    SOFT,
    Block,
    Figure,
    Heading,
    Paragraph,
    SideBySide,
    Table,
    Verdict,
)
from src.results.outcomes import Outcome
from src.results.sections.groups import groups
from src.results.sections.metrics import FURTHER, metrics_table
from src.results.sections.warnings import warnings_of_test
from src.results.wording import eer_sentence, explain_threshold, explain_verdicts, sentence
from src.utils.config import BONA_FIDE, SPOOF
from src.utils.metrics.table import BY_DECISION, BY_SCORE

_GROUPS = FIGURES[BREAKDOWNS]


def main_test(outcome: Outcome, results: Results) -> list[Block]:
    """Return all that a page tells of a run's main test.

    Parameters
    ----------
    outcome : Outcome
        The test.
    results : Results
        What came out.
    """
    return [
        Heading("Metrics"),
        Paragraph(_clips(results)),
        Heading("From the scores alone", 3),
        metrics_table(results, [*BY_SCORE, *results.tandem]),
        Heading("From decisions at the threshold", 3),
        metrics_table(results, BY_DECISION),
        Heading("Decisions"),
        Paragraph(
            f"{explain_threshold(results)} On these very clips, "
            f"{results.detection.eer_threshold:.4g} would err alike on both; a threshold must not "
            f"be chosen on the clips it is judged by."
        ),
        confusion_table(results),
        Heading("Verdicts", 3),
        Paragraph(
            f"{explain_verdicts(results)} Between the two certainties it abstains; both classes "
            f"weigh alike here, as if half of all clips were spoofs."
        ),
        *curves(outcome),
        *_groups(outcome, results),
    ]


def further_test(
    outcome: Outcome, results: Results, audit: str = "", is_brief: bool = False
) -> list[Block]:
    """Return what is told of a test beside the main one.

    Parameters
    ----------
    outcome : Outcome
        The test.
    results : Results
        What came out.
    audit : str
        What an audit said of recordings that are not the run's own; may be empty.
    is_brief : bool
        For a card: without figures, groups and what each metric means.
    """
    warnings = [sentence(text) for text in warnings_of_test(results)]
    blocks: list[Block] = [
        Heading(f"On {outcome.title}", 3 if is_brief else 2),
        Verdict(eer_sentence(results), warnings, bool(warnings)),
        Paragraph(_clips(results), SOFT),
        metrics_table(results, FURTHER, is_explained=not is_brief),
    ]
    if not is_brief:
        pictures = [
            figure
            for figure in _figures(outcome)
            if figure.path.name.startswith(("det_curve", "scores"))
        ]
        blocks += [SideBySide(pictures)] if pictures else []
        blocks += groups(results.breakdowns)
    return [*blocks, Paragraph(audit, SOFT)] if audit else blocks


def confusion_table(results: Results) -> Table:
    """Return how many clips of each class were accepted and rejected.

    Parameters
    ----------
    results : Results
        Of a test.
    """
    found = results.detection
    rows = [
        (BONA_FIDE, f"{found.true_bona_fide:,}", f"{found.false_spoof:,}"),
        (SPOOF, f"{found.false_bona_fide:,}", f"{found.true_spoof:,}"),
    ]
    return Table(["clips that are", "accepted", "rejected"], rows, (1, 2))


def curves(outcome: Outcome) -> list[Block]:
    """Return the figures of a test but that of its groups.

    Parameters
    ----------
    outcome : Outcome
        The test.
    """
    pictures = [figure for figure in _figures(outcome) if figure.description != _GROUPS]
    return [Heading("Curves"), SideBySide(pictures)] if pictures else []


def _groups(outcome: Outcome, results: Results) -> list[Block]:
    pictures = [
        Figure(figure.path, figure.description)
        for figure in _figures(outcome)
        if figure.description == _GROUPS
    ]
    found = groups(results.breakdowns)
    return [Heading("Groups"), *found, *pictures] if found else []


def _figures(outcome: Outcome) -> list[Figure]:
    return [Figure(path, about, about) for path, about in outcome.figures.items()]


def _clips(results: Results) -> str:
    found = results.detection
    units = results.ci95_over.split()[-1]
    attacks = ", and further right with other attacks too" * bool(results.ci95_attacks)
    return (
        f"{found.n_bona_fide:,} bona-fide and {found.n_spoof:,} spoof clips. Intervals tell how "
        f"the metrics would be with other {units}{attacks}."
    )

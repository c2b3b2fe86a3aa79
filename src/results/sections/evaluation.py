"""The parts of a page that tell of one test: figures, verdicts, curves, groups."""

from collections.abc import Mapping

from src.evaluation.breakdown import ENOUGH_CLIPS, ENOUGH_SPEAKERS, Group
from src.evaluation.figures import BREAKDOWNS, FIGURES
from src.evaluation.measures import (
    BY_DECISION,
    BY_SCORE,
    EER,
    TANDEM_MEASURES,
    Measure,
)
from src.evaluation.results import Results
from src.results.blocks import html as page
from src.results.outcomes import Outcome
from src.results.wording import explain_threshold, explain_verdicts, sentence, tell_eer
from src.utils.config import BONA_FIDE, SPOOF

MOST_GROUPS = 40
"""Rows of a breakdown's table; a corpus may have hundreds of attacks."""

_BRIEF = ("eer", "min_dcf", "cllr", "hter", "far", "frr")


def tell_test(outcome: Outcome, results: Results) -> list[str]:
    """Return all that is told of a run's main test."""
    return [
        page.heading("Figures"),
        page.paragraph(_tell_clips(results)),
        *_tell_figures(results),
        page.heading("Decisions"),
        page.paragraph(
            f"{explain_threshold(results)} On these very clips, {_number(results)} would err alike "
            f"on both; a threshold must not be chosen on the clips it is judged by."
        ),
        _confusion(results),
        page.heading("Verdicts", 3),
        page.paragraph(
            f"{explain_verdicts(results)} Between the two certainties it abstains; both classes "
            f"weigh alike here, as if half of all clips were spoofs."
        ),
        *tell_curves(outcome),
        *tell_breakdowns(outcome, results),
    ]


def tell_briefly(outcome: Outcome, results: Results) -> list[str]:
    """Return what is told of a further test."""
    rows = [_row((BY_SCORE | BY_DECISION)[name], name, results) for name in _BRIEF]
    pictures = [
        page.image(path, about, about)
        for path, about in outcome.figures.items()
        if path.name.startswith(("det_curve", "scores"))
    ]
    warnings = [sentence(text) for text in results.warnings]
    return [
        page.heading(f"On {outcome.title}"),
        page.verdict(tell_eer(results), warnings, bool(warnings)),
        page.paragraph(_tell_clips(results), "soft"),
        page.table(_header(results), rows, range(1, 4)),
        page.side_by_side(pictures) if pictures else "",
        *_group_tables(results.breakdowns),
    ]


def tell_curves(outcome: Outcome) -> list[str]:
    """Return the figures of a test but that of its groups."""
    pictures = [
        page.image(path, about, about)
        for path, about in outcome.figures.items()
        if about != FIGURES[BREAKDOWNS]
    ]
    return [page.heading("Curves"), page.side_by_side(pictures)] if pictures else []


def tell_breakdowns(outcome: Outcome, results: Results) -> list[str]:
    """Return the tables of all groups and their figure."""
    if not results.breakdowns:
        return []
    picture = [
        page.image(path, about)
        for path, about in outcome.figures.items()
        if about == FIGURES[BREAKDOWNS]
    ]
    return [
        page.heading("Groups"),
        page.paragraph(
            f"Set apart in grey are groups too small to say anything: fewer than {ENOUGH_CLIPS} "
            f"clips or {ENOUGH_SPEAKERS} speakers of a class. A group of one class is measured "
            f"against all clips of the other. The more groups there are, the likelier one of them "
            f"looks good or bad by chance."
        ),
        *_group_tables(results.breakdowns),
        *picture,
    ]


def _tell_clips(results: Results) -> str:
    found = results.detection
    units = results.ci95_over.split()[-1]
    attacks = ", and further right with other attacks too" * bool(results.ci95_attacks)
    return (
        f"{found.n_bona_fide:,} bona-fide and {found.n_spoof:,} spoof clips. Intervals tell how "
        f"the figures would be with other {units}{attacks}."
    )


def _number(results: Results) -> str:
    return f"{results.detection.eer_threshold:.4g}"


def _tell_figures(results: Results) -> list[str]:
    by_score = [_row(measure, name, results) for name, measure in BY_SCORE.items()]
    for name, value in results.tandem.items():
        measure = TANDEM_MEASURES[name]
        by_score.append((measure.label, measure.write(value), *_no_spans(results), measure.tells))
    by_decision = [_row(measure, name, results) for name, measure in BY_DECISION.items()]
    header = _header(results)
    numbers = range(1, len(header) - 1)
    return [
        page.heading("From the scores alone", 3),
        page.table(header, by_score, numbers),
        page.heading("From decisions at the threshold", 3),
        page.table(header, by_decision, numbers),
    ]


def _header(results: Results) -> list[str]:
    over = [f"95 % over {results.ci95_over}"]
    if results.ci95_attacks:
        over.append(f"over {results.ci95_attacks_over}")
    return ["", "value", *over, "what it tells"]


def _row(measure: Measure, name: str, results: Results) -> tuple[str, ...]:
    spans = [results.ci95[name]]
    if results.ci95_attacks:
        spans.append(results.ci95_attacks[name])
    return (
        measure.label,
        measure.write(getattr(results.detection, name)),
        *(measure.write_span(*span, " – ") for span in spans),
        measure.tells,
    )


def _no_spans(results: Results) -> list[str]:
    return ["–"] * (2 if results.ci95_attacks else 1)


def _confusion(results: Results) -> str:
    found = results.detection
    rows = [
        (BONA_FIDE, f"{found.true_bona_fide:,}", f"{found.false_spoof:,}"),
        (SPOOF, f"{found.false_bona_fide:,}", f"{found.true_spoof:,}"),
    ]
    return page.table(("clips that are", "accepted", "rejected"), rows, (1, 2))


def _group_tables(breakdowns: Mapping[str, list[Group]]) -> list[str]:
    parts = []
    for condition, groups in breakdowns.items():
        shown = sorted(groups, key=lambda one: one.is_small)[:MOST_GROUPS]
        parts += [page.heading(f"By {condition}", 3), _group_table(condition, shown)]
        if len(groups) > len(shown):
            left = f"and {len(groups) - len(shown):,} more groups in the file of the results"
            parts.append(page.paragraph(left, "soft"))
    return parts


def _group_table(condition: str, groups: list[Group]) -> str:
    one_sided = any(one.against for one in groups)
    rows = [
        (
            one.group,
            page.percent(one.eer),
            EER.write_span(one.low, one.high, " – "),
            page.percent(one.far),
            page.percent(one.frr),
            f"{one.n_bona_fide:,}",
            f"{one.n_spoof:,}",
            f"{one.n_speakers:,}",
            *([f"all {one.against}" if one.against else ""] if one_sided else []),
        )
        for one in groups
    ]
    header = [condition, "EER", "95 % interval", "FAR", "FRR", BONA_FIDE, SPOOF, "speakers"]
    kinds = {number: "faint" for number, one in enumerate(groups) if one.is_small}
    return page.table(
        [*header, *(["against"] if one_sided else [])], rows, range(1, len(header)), kinds
    )

"""The page of a comparison of runs."""

from math import isnan
from typing import Any

from src.evaluation.measures import EER, MEASURES, with_interval
from src.evaluation.results import Results
from src.results.blocks import html as page
from src.results.differences import COMPARED, FIGURE, PAGE, TABLE, Comparison
from src.results.naming import describe
from src.results.sections.origin import subtitle, tell_provenance
from src.results.wording import LEVEL, judge, sentence, tell_pair


def write_comparison_page(done: Comparison) -> None:
    """Write the page into the comparison's folder.

    Raises
    ------
    AudiosError
        When it cannot be written.
    """
    best = done.entries[0]
    points = [sentence(tell_pair(row)) for row in _eers(done)]
    points += [sentence(note) for note in done.notes]
    points += [
        sentence(f"{one.name}: {text}") for one in done.entries for text in one.results.warnings
    ]
    eer = EER.write(best.results.detection.eer)
    text = f"Lowest EER: {best.name} ({describe(best.run)}) with {eer}."
    header = ["run", "what", "tested on", *(f"{MEASURES[name].label} (95 %)" for name in COMPARED)]
    rows = [
        (
            one.name,
            describe(one.run),
            f"{one.outcome.dataset or 'its test'}, {len(one.trials):,} clips",
            *(tell_value(one.results, name) for name in COMPARED),
        )
        for one in done.entries
    ]
    about = "DET curves, the lower the better, with the point of each EER"
    parts = [
        subtitle(done.run),
        page.verdict(text, points, bool(done.notes)),
        page.heading("Figures"),
        page.table(header, rows, range(3, len(header))),
        page.image(done.run.folder / FIGURE, about, about),
        *_tell_pairs(done),
        *tell_provenance(done.run),
    ]
    title = f"Comparison of {len(done.entries)} runs"
    page.write_page(done.run.folder / PAGE, title, [part for part in parts if part])


def tell_value(results: Results, name: str) -> str:
    """Write a figure with its interval in brackets."""
    return with_interval(results, name).replace(" .. ", " – ")


def _eers(done: Comparison) -> list[Any]:
    return list(done.pairs[done.pairs["metric"] == "eer"].itertuples())


def _tell_pairs(done: Comparison) -> list[str]:
    if done.pairs.empty:
        return []
    n_runs = len(set(done.pairs["run"]))
    corrected = n_runs > 1
    rows = []
    for row in done.pairs.itertuples():
        measure = MEASURES[row.metric]
        rows.append(
            (
                row.run,
                row.best,
                measure.label,
                measure.write_change(row.difference),
                measure.write_change_span(row.low, row.high, " – "),
                _p(row.p_value),
                *([_p(row.p_holm)] if corrected else []),
                judge(row.p_holm).partition(" (")[0],
            )
        )
    header = ["run", "against", "", "difference", "95 % interval", "p"]
    header += [*(["p, Holm"] if corrected else []), ""]
    kinds = {number: "faint" for number, row in enumerate(done.pairs.itertuples()) if _is_open(row)}
    by_holm = (
        f" With {n_runs} runs against the best, p-values are corrected by Holm's step-down "
        f"procedure, figure by figure."
        if corrected
        else ""
    )
    return [
        page.heading("Differences on the same clips"),
        page.paragraph(
            f"The figure of each run less that of the best of those tested on the same clips; "
            f"speakers are drawn alike for both, so that what is hard is hard for both. p is how "
            f"often chance alone would part them this far; from {LEVEL} on it may be chance. The "
            f"best was picked by these very figures, which favours it.{by_holm}"
        ),
        page.table(header, rows, range(3, len(header) - 1), kinds),
        page.paragraph(f"{TABLE} beside this page has all of it.", "soft"),
    ]


def _is_open(row: Any) -> bool:
    return not row.p_holm < LEVEL


def _p(value: float) -> str:
    if isnan(value):
        return "–"
    return f"{value:.3f}" if value >= 0.001 else "< 0.001"

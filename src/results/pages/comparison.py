"""The page of a comparison of runs."""

from src.results.blocks.blocks import SOFT, Block, Figure, Heading, Paragraph, Verdict
from src.results.differences import COMBINATIONS, FIGURE, TABLE, Comparison, curves_title
from src.results.metric_cells import value_of
from src.results.naming import describe
from src.results.robust_differences import TABLE as ROBUSTNESS_TABLE
from src.results.sections.comparison import (
    combinations_table,
    compared_table,
    differences_table,
    robustness_table,
)
from src.results.wording import CHOSEN_BY_VALIDATION, LEVEL, difference_sentence, sentence
from src.utils.metrics.table import EER


def comparison_page(done: Comparison) -> list[Block]:
    """Return what the page of a comparison tells.

    Parameters
    ----------
    done : Comparison
        The runs and how they differ.
    """
    best = done.entries[0]
    eers = done.pairs[done.pairs["metric"] == EER.name]
    points = [sentence(difference_sentence(row)) for row in eers.itertuples()]
    points += [sentence(note) for note in done.notes]
    points += [
        sentence(f"{entry.name}: {text}")
        for entry in done.entries
        for text in entry.results.warnings
    ]
    first = "Lowest EER" if done.combinations is None else "Best by validation"
    text = f"{first}: {best.name} ({describe(best.run)}) with {value_of(best.results, EER.name)}"
    text += "." if done.combinations is None else " on the test."
    about = f"{curves_title(len(done.entries))}, the lower the better, with the point of each EER"
    return [
        Verdict(text, points, bool(done.notes)),
        *_combinations(done),
        Heading("Metrics"),
        compared_table(done),
        Figure(done.run.folder / FIGURE, about, about),
        *_differences(done),
        *_robustness(done),
    ]


def _combinations(done: Comparison) -> list[Block]:
    if done.combinations is None:
        return []
    return [
        Heading("Combinations"),
        combinations_table(done.combinations),
        Paragraph(CHOSEN_BY_VALIDATION),
        Paragraph(f"{COMBINATIONS} beside this page has all of it.", SOFT),
    ]


def _robustness(done: Comparison) -> list[Block]:
    if done.robustness is None:
        return []
    first = done.robustness.names[0]
    return [
        Heading("Under conditions"),
        Paragraph(
            f"The EER of each run under each condition that all of them were tested under, and how "
            f"it differs from that of {first}, with the 95 % interval: of the same clips, speakers "
            f"drawn alike. Faint is what may be chance; of so many rows, one in twenty would stand "
            f"out by chance alone."
        ),
        robustness_table(done.robustness),
        Paragraph(f"{ROBUSTNESS_TABLE} beside this page has all of it.", SOFT),
    ]


def _differences(done: Comparison) -> list[Block]:
    if done.pairs.empty:
        return []
    by_holm = (
        f" With {done.n_pairs} runs against the best, p-values are corrected by Holm's step-down "
        f"procedure, figure by figure."
        if done.n_pairs > 1
        else ""
    )
    picked = (
        "The best was picked by these very metrics, which favours it."
        if done.combinations is None
        else "The best was picked by validation, before any test was read."
    )
    return [
        Heading("Differences on the same clips"),
        Paragraph(
            f"The figure of each run less that of the best of those tested on the same clips; "
            f"speakers are drawn alike for both, so that what is hard is hard for both. p is how "
            f"often chance alone would part them this far; from {LEVEL} on it may be chance. "
            f"{picked}{by_holm}"
        ),
        differences_table(done),
        Paragraph(f"{TABLE} beside this page has all of it.", SOFT),
    ]

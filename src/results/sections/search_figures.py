"""What a search shows of its hyperparameters: figures, and which of them mattered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from src.results.blocks.blocks import SOFT, Block, Figure, Heading, Paragraph, percent
from src.results.sections.search_trials import importances_table, title_of
from src.results.study_tables import read_importances
from src.search.importances import importances_of
from src.search.names import HISTORY, IMPORTANCES_FIGURE, LAYERS, PARALLEL, SLICES
from src.utils.config import VALIDATION_CLLR, VALIDATION_EER

if TYPE_CHECKING:
    import pandas as pd

    from src.utils.runs import Run

_FIGURES = (
    (
        "History",
        HISTORY,
        "Validation EER of each trial, and the best so far",
        "Validation EER of each trial, and the best so far. A line that still falls at its end "
        "says that more trials may find better.",
    ),
    (
        "Layers",
        LAYERS,
        "Validation EER of each trial over its layer",
        "Every point is a trial, the line joins the best of each layer, and the ring is the best "
        "of all. A layer of few points was not thought worth more, or not tried.",
    ),
    (
        "Slices",
        SLICES,
        "Validation EER over each hyperparameter, a panel each",
        "The validation EER over each hyperparameter, whatever the others were; the ring is the "
        "best trial. Where points crowd, the search looked longest; a best point at the end of a "
        "range says that the range may be too narrow.",
    ),
    (
        "Parallel coordinates",
        PARALLEL,
        "Every trial as a line across the values that it has drawn",
        "Every line is a trial: where it crosses an axis is what it has drawn. The darker, the "
        "lower the EER; dark lines that stay together show which values go together. A line ends "
        "where its classifier has no more of them.",
    ),
)


def search_figures(run: Run) -> list[Block]:
    """Return the figures of a study that are there, each below its heading.

    Parameters
    ----------
    run : Run
        The study.
    """
    blocks: list[Block] = []
    for heading, name, description, caption in _FIGURES:
        picture = run.folder / name
        if picture.is_file():
            blocks += [Heading(heading), Figure(picture, description, caption)]
    return blocks


def importances(run: Run, trials: pd.DataFrame) -> list[Block]:
    """Tell which hyperparameters mattered, or why that cannot be said.

    Parameters
    ----------
    run : Run
        The study.
    trials : pandas.DataFrame
        Its trials (see `read_search_trials`).

    Raises
    ------
    AudiosError
        When what is kept of them is damaged.
    """
    if VALIDATION_CLLR not in trials:
        return []
    heading = Heading("Importance of hyperparameters")
    column, why = importances_of(trials[VALIDATION_EER].tolist(), trials[VALIDATION_CLLR].tolist())
    found = read_importances(run)
    if column is None or found is None or found.empty:
        if column is not None and run.is_complete:
            why = "too few trials have drawn the same hyperparameters"
        return [heading, Paragraph(f"Not told: {why or 'the study is not finished'}.", SOFT)]
    about = (
        f"How much of the variance of the {title_of(column)} between trials each explains, by a "
        f"functional ANOVA of a random forest; all add up to 100 %."
    )
    if column == VALIDATION_CLLR:
        about += " Half of the trials or more share the lowest EER, which leaves little to explain."
    if (found["among"] != "").any():
        about += " What not every classifier has is told among the trials of the best one."
    picture = run.folder / IMPORTANCES_FIGURE
    if not picture.is_file():
        return [heading, Paragraph(about), importances_table(found)]
    shares = ", ".join(
        f"{one.hyperparameter} {percent(float(one.importance))}" for one in found.itertuples()
    )
    return [heading, Paragraph(about), Figure(picture, f"Share of the variance: {shares}")]

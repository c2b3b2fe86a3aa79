"""The page of a projection: the picture, and what it does not tell."""

from pathlib import Path

from src.results.blocks.blocks import SOFT, Block, Figure, Paragraph, Verdict
from src.utils.config import PROJECTION_GROUPS
from src.utils.runs import Run


def projection_page(run: Run, runs: Path) -> list[Block]:
    """Return what the page of a projection tells.

    Parameters
    ----------
    run : Run
        The projection.
    runs : pathlib.Path
        The runs folder.
    """
    method = str(run.settings.get("method", ""))
    picture = run.folder / f"{method}.png"
    split = run.settings.get("split", "a split")
    points = [
        "Neighbours were alike for the backbone. How far groups lie from each other, and how large "
        "they are, says little.",
        "Classes that part here can be told apart, but whether by the voice or by something else, "
        "no picture tells. Where the groups are sources or speakers, the backbone sees those.",
    ]
    figures = [Figure(picture, f"Clips of {split} in the plane, by class and gender")]
    for group in PROJECTION_GROUPS:
        path = run.folder / f"{method}_{group}.png"
        figures.append(Figure(path, f"Clips of {split} in the plane, by {group}"))
    return [
        Verdict("Pictures to look at, no measurements.", points),
        *(figure for figure in figures if figure.path.is_file()),
        Paragraph(f"{method}.csv beside this page has the place of every clip.", SOFT),
    ]

"""What a detector was trained and tested on."""

from collections.abc import Sequence
from math import isnan

from src.results.blocks.blocks import SOFT, Block, Cell, Facts, Heading, Paragraph, Table
from src.results.clips import Clips
from src.results.facts import Data, split_sentence
from src.results.naming import dataset_name
from src.utils.errors import shorten
from src.utils.runs import Run

LISTED = 30
"""Names of a list that are shown; a corpus may have hundreds of attacks."""

LISTS = ("attack", "source", "language", "codec")


def data_section(run: Run, data: Data) -> list[Block]:
    """Return the clips of each part by class, and what they are known to be of.

    Parameters
    ----------
    run : Run
        A training.
    data : Data
        The clips behind it.
    """
    name = dataset_name(run) or "not kept"
    blocks = [Heading("Data"), Paragraph(f"Data set: {name}. {split_sentence(run)}")]
    if data.missing:
        return [*blocks, Paragraph(f"The clips are not told: {data.missing}", SOFT)]
    blocks.append(clips_table(data.parts))
    lists = _lists(data)
    return [*blocks, Facts(lists)] if lists else blocks


def clips_table(parts: Sequence[Clips]) -> Table:
    """Return a row a part and class: clips, speakers who are named, minutes.

    Parameters
    ----------
    parts : sequence of Clips
        Training, validation and test, as far as there are such.
    """
    rows: list[list[Cell]] = [
        [
            part.name,
            label,
            f"{clips:,}",
            f"{speakers:,}" if speakers else None,
            None if isnan(minutes) else f"{minutes:,.1f}",
        ]
        for part in parts
        for label, clips, speakers, minutes in part.counts()
    ]
    return Table(["part", "class", "clips", "speakers", "minutes"], rows, (2, 3, 4))


def _lists(data: Data) -> list[tuple[str, Cell]]:
    """Return what occurs of each condition in each part, shortened."""
    return [
        (f"{condition}s of {name}", f"{len(values):,}: {shorten(values, LISTED)}")
        for condition in LISTS
        for name, values in data.values(condition).items()
    ]

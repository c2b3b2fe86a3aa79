"""The part of a page that tells what a detector was trained and tested on."""

from math import isnan

from src.results.blocks import html as page
from src.results.clips import Clips
from src.results.facts import Data, tell_split
from src.utils.errors import shorten
from src.utils.runs import Run

LISTED = 30
"""Names of a list that are shown; a corpus may have hundreds of attacks."""

LISTS = ("attack", "source", "language", "codec")


def tell_data(run: Run, data: Data) -> list[str]:
    """Return the clips of each part by class, and what they are known to be of."""
    parts = [page.heading("Data"), page.paragraph(tell_split(run))]
    if data.missing:
        return [*parts, page.paragraph(f"The clips are not told: {data.missing}", "soft")]
    header = ("part", "class", "clips", "speakers", "minutes")
    parts.append(page.table(header, count_rows(data.parts), (2, 3, 4)))
    rows = list_rows(data)
    return [*parts, page.facts(rows)] if rows else parts


def count_rows(parts: list[Clips]) -> list[tuple[str, ...]]:
    """Return a row a part and class: clips, speakers who are named, minutes."""
    return [
        (
            part.name,
            label,
            f"{clips:,}",
            f"{speakers:,}" if speakers else "–",
            "–" if isnan(minutes) else f"{minutes:,.1f}",
        )
        for part in parts
        for label, clips, speakers, minutes in part.counts()
    ]


def list_rows(data: Data) -> list[tuple[str, str]]:
    """Return what occurs of each condition in each part, shortened."""
    return [
        (f"{condition}s of {name}", f"{len(values):,}: {shorten(values, LISTED)}")
        for condition in LISTS
        for name, values in data.values(condition).items()
    ]

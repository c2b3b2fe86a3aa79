"""What the task prints that lists the detectors that come with AUDIOS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from src.models.lookup import detector_name
from src.results.blocks.blocks import Block, Cell, Interval, Paragraph, Table, Warning, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from src.predict.shipped import Shipped

_HEADER = [
    *("detector", "version", "what", "made", "EER", "95 % interval", "held out", "newest attack"),
    *("languages", "MB"),
]


def report_detectors(found: Sequence[Shipped], faults: Sequence[str]) -> list[Block]:
    """Show the detectors that come with AUDIOS, how good each is, on what, and how old.

    Parameters
    ----------
    found : sequence of Shipped
        By name.
    faults : sequence of str
        What is wrong with others, a line each.
    """
    blocks: list[Block] = [
        Paragraph("no detector comes with this AUDIOS; fab TrainModel makes one")
    ]
    if found:
        blocks = [Table(_HEADER, [_row(one) for one in found])]
        blocks.append(Paragraph(f"fab Predict --audio=FILE --detector={found[0].name}"))
    return [*blocks, *(Warning(fault) for fault in faults)]


def _row(shipped: Shipped) -> list[Cell]:
    about, held = shipped.about, shipped.about["held_out"]
    low, high = held["ci95"]
    attack = about["newest_attack"]
    return [
        shipped.name,
        about["version"],
        detector_name(shipped.run),
        about["made"],
        percent(held["eer"]),
        None if low is None else Interval(f"{low:.1%}", f"{high:.1%}"),
        f"{held['n_bona_fide'] + held['n_spoof']:,} clips of {held['n_sources']} sources",
        f"{attack['name']} ({attack['year']})" if attack else None,
        str(len(about["languages"])),
        f"{shipped.size / 1e6:.1f}",
    ]

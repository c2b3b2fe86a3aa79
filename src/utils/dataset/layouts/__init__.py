"""How a folder of recordings becomes a files table: one module per layout."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from src.utils.errors import ArgumentError, DatasetError, choose
from src.utils.notes import gather
from src.utils.registry import LazyTable

if TYPE_CHECKING:
    # Only for annotations: the names of the layouts are listed without importing pandas.
    from src.utils.dataset.layouts.layout import Layout
    from src.utils.dataset.layouts.scan import Scan

LAYOUTS: LazyTable["Layout"] = LazyTable(
    "--layout",
    {
        "cetuc": "src.utils.dataset.layouts.cetuc:LAYOUT",
        "csv": "src.utils.dataset.layouts.csv_table:LAYOUT",
        "asvspoof2019": "src.utils.dataset.layouts.asvspoof2019:LAYOUT",
        "asvspoof2021": "src.utils.dataset.layouts.asvspoof2021:LAYOUT",
        "asvspoof5": "src.utils.dataset.layouts.asvspoof5:LAYOUT",
        "in-the-wild": "src.utils.dataset.layouts.in_the_wild:LAYOUT",
        "mlaad": "src.utils.dataset.layouts.mlaad:LAYOUT",
        "wavefake": "src.utils.dataset.layouts.wavefake:LAYOUT",
        "for": "src.utils.dataset.layouts.fake_or_real:LAYOUT",
        "spoofceleb": "src.utils.dataset.layouts.spoofceleb:LAYOUT",
        "folders": "src.utils.dataset.layouts.folders:LAYOUT",
    },
)
"""By the name that `--layout` takes."""


def recognise(folder: Path, layout: str = "auto") -> "Layout":
    """Return the layout of a folder.

    Parameters
    ----------
    folder : pathlib.Path
        Where the recordings are; only read.
    layout : str
        A name of `LAYOUTS`, or `auto` to find it out.

    Raises
    ------
    ArgumentError
        For an unknown layout.
    DatasetError
        When nothing, or more than one layout, is recognised.
    """
    choose("--layout", layout, ["auto", *LAYOUTS])
    if layout != "auto":
        return LAYOUTS.load(layout)
    every = [LAYOUTS.load(name) for name in LAYOUTS]
    found = [one for one in every if not one.is_last_resort and one.matches(folder)]
    if not found:
        found = [one for one in every if one.is_last_resort and one.matches(folder)]
    if len(found) > 1:
        raise DatasetError(
            f"{folder} fits more than one layout; add --layout={found[0].name} or "
            f"--layout={found[1].name}"
        )
    if not found:
        raise DatasetError(
            f"{folder} fits no known layout ({', '.join(LAYOUTS)}); DatasetPreparation.md shows "
            f"what each expects, and --layout=NAME tells what is missing"
        )
    return found[0]


def scan_folder(folder: Path, layout: str = "auto", bona_fide: Path | None = None) -> "Scan":
    """Read a folder of recordings by its layout.

    Parameters
    ----------
    folder : pathlib.Path
        Where the recordings are; only read.
    layout : str
        A name of `LAYOUTS`, or `auto` to find it out.
    bona_fide : pathlib.Path, optional
        Where the bona-fide recordings are, for a layout that has them elsewhere.

    Raises
    ------
    ArgumentError
        For an unknown layout, or one that has no bona-fide side elsewhere.
    DatasetError
        When nothing, or more than one layout, is recognised, or the folder does not hold what
        the layout expects.
    """
    chosen = recognise(folder, layout)
    if bona_fide is not None and chosen.scan_with_bona_fide is None:
        able = [name for name in LAYOUTS if LAYOUTS.load(name).scan_with_bona_fide is not None]
        raise ArgumentError(
            f"--bona-fide goes with --layout={' or '.join(able)}; the layout of {folder} is "
            f"{chosen.name}"
        )
    with gather() as noted:
        if bona_fide is not None and chosen.scan_with_bona_fide is not None:
            scan = chosen.scan_with_bona_fide(folder, bona_fide)
        else:
            scan = chosen.scan(folder)
    if scan.files.empty:
        first = next(iter(scan.problems.items()), None)
        why = f": {first[0]} {first[1]}" if first else ""
        raise DatasetError(
            f"no recording found in {folder} by the layout {chosen.name} ({chosen.expects}){why}"
        )
    return replace(scan, warnings=(*scan.warnings, *noted))

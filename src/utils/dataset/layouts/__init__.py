"""How a folder of recordings becomes a files table: one module per layout."""

from pathlib import Path
from types import ModuleType

from src.utils.dataset.layouts import (
    asvspoof5,
    asvspoof2019,
    asvspoof2021,
    cetuc,
    csv_table,
    fake_or_real,
    folders,
    in_the_wild,
    mlaad,
    spoofceleb,
    wavefake,
)
from src.utils.dataset.layouts.scan import Scan
from src.utils.errors import ArgumentError, DatasetError, choose

LAYOUTS: dict[str, ModuleType] = {
    "cetuc": cetuc,
    "csv": csv_table,
    "asvspoof2019": asvspoof2019,
    "asvspoof2021": asvspoof2021,
    "asvspoof5": asvspoof5,
    "in-the-wild": in_the_wild,
    "mlaad": mlaad,
    "wavefake": wavefake,
    "for": fake_or_real,
    "spoofceleb": spoofceleb,
    "folders": folders,
}
"""By the name `--layout` takes; each module has `EXPECTS`, `matches` and `scan`."""

LAST_RESORT = "folders"
"""The layout that is recognised only where no other is: its folders' names occur in many."""

WITH_BONA_FIDE = "mlaad"
"""The layout whose bona-fide recordings are another corpus, named apart."""


def recognise(folder: Path, layout: str = "auto") -> str:
    """Return the layout of a folder, a key of `LAYOUTS`.

    Parameters
    ----------
    folder : pathlib.Path
    layout : str
        A key of `LAYOUTS`, or `auto` to find it out.

    Raises
    ------
    ArgumentError
        For an unknown layout.
    DatasetError
        When nothing, or more than one layout, is recognised.
    """
    choose("--layout", layout, ["auto", *LAYOUTS])
    if layout != "auto":
        return layout
    found = [
        name for name, module in LAYOUTS.items() if name != LAST_RESORT and module.matches(folder)
    ]
    if not found and LAYOUTS[LAST_RESORT].matches(folder):
        found = [LAST_RESORT]
    if len(found) > 1:
        raise DatasetError(
            f"{folder} fits more than one layout; add --layout={found[0]} or --layout={found[1]}"
        )
    if not found:
        raise DatasetError(
            f"{folder} fits no known layout ({', '.join(LAYOUTS)}); DatasetPreparation.md shows "
            f"what each expects, and --layout=NAME tells what is missing"
        )
    return found[0]


def scan_folder(folder: Path, layout: str = "auto", bona_fide: Path | None = None) -> Scan:
    """Read a folder of recordings by its layout.

    Parameters
    ----------
    folder : pathlib.Path
        Where the recordings are; only read.
    layout : str
        See `recognise`.
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
    layout = recognise(folder, layout)
    if bona_fide is None:
        scan: Scan = LAYOUTS[layout].scan(folder)
    elif layout == WITH_BONA_FIDE:
        scan = LAYOUTS[layout].scan(folder, bona_fide)
    else:
        raise ArgumentError(
            f"--bona-fide goes with --layout={WITH_BONA_FIDE}; the layout of {folder} is {layout}"
        )
    if scan.files.empty:
        first = next(iter(scan.problems.items()), None)
        why = f": {first[0]} {first[1]}" if first else ""
        expected = LAYOUTS[layout].EXPECTS
        raise DatasetError(
            f"no recording found in {folder} by the layout {layout} ({expected}){why}"
        )
    return scan

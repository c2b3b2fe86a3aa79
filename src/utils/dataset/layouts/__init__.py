"""How a folder of recordings becomes a files table: one module per layout."""

from pathlib import Path
from types import ModuleType

from src.utils.dataset.layouts import cetuc, csv_table
from src.utils.dataset.layouts.scan import Scan
from src.utils.errors import DatasetError, choose

LAYOUTS: dict[str, ModuleType] = {"cetuc": cetuc, "csv": csv_table}
"""By the name `--layout` takes; each module has `EXPECTS`, `matches` and `scan`."""


def scan_folder(folder: Path, layout: str = "auto") -> Scan:
    """Read a folder of recordings by its layout.

    Parameters
    ----------
    folder : pathlib.Path
        Where the recordings are; only read.
    layout : str
        A key of `LAYOUTS`, or `auto` to recognise it.

    Raises
    ------
    ArgumentError
        For an unknown layout.
    DatasetError
        When nothing, or more than one layout, is recognised, or the folder does not hold what
        the layout expects.
    """
    choose("--layout", layout, ["auto", *LAYOUTS])
    if layout == "auto":
        found = [name for name, module in LAYOUTS.items() if module.matches(folder)]
        if len(found) > 1:
            raise DatasetError(
                f"{folder} fits more than one layout; add --layout={found[0]}"
                f" or --layout={found[1]}"
            )
        if not found:
            expected = "; ".join(f"{name}: {mod.EXPECTS}" for name, mod in LAYOUTS.items())
            raise DatasetError(f"{folder} fits no known layout ({expected})")
        layout = found[0]
    scan: Scan = LAYOUTS[layout].scan(folder)
    if scan.files.empty:
        first = next(iter(scan.problems.items()), None)
        why = f": {first[0]} {first[1]}" if first else ""
        raise DatasetError(f"no recording found in {folder} by the layout {layout}{why}")
    return scan

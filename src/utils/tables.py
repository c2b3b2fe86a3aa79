"""Reading and writing CSV tables, every cell as text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from src.utils.cells import as_read, written
from src.utils.errors import AudiosError
from src.utils.files import replacing

if TYPE_CHECKING:
    import pandas as pd


def write_csv(path: Path, table: pd.DataFrame) -> None:
    """Write a table as UTF-8 CSV without its index, in one step (see `cells.written`)."""
    with replacing(path) as temporary:
        written(table).to_csv(temporary, index=False, lineterminator="\n")


def read_csv(path: Path) -> pd.DataFrame:
    """Read a CSV with every cell as text; an empty cell is the empty string.

    Raises
    ------
    AudiosError
        When it is absent, not UTF-8 or not a table.
    """
    # Here, since much is done without a table, and pandas takes as long as all of it.
    import pandas as pd

    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
        if not isinstance(table.index, pd.RangeIndex):
            # pandas takes the first cells for names of rows, which moves every column.
            raise ValueError("its first row has more cells than its header")
        return as_read(table)
    except OSError as error:
        raise AudiosError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, pd.errors.ParserError) as error:
        reason = " ".join(str(error).split())
        raise AudiosError(f"{path} is not a readable CSV: {reason}") from error

"""Verdicts as a file: CSV for a table, JSON with the curve of every recording."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from src.predict.verdict import Verdict
from src.utils.errors import ArgumentError
from src.utils.files import make_folder, write_json
from src.utils.tables import write_csv

SUFFIXES = (".csv", ".json")
COLUMNS = ("file", "score", "probability", "verdict", "reason", "seconds")


def check_output(path: Path) -> Path:
    """Return a path that verdicts can be written to, before work of minutes is lost.

    Raises
    ------
    ArgumentError
        When it has another suffix than `SUFFIXES`, or is a folder.
    AudiosError
        When its folder cannot be made.
    """
    if path.suffix.lower() not in SUFFIXES or path.is_dir():
        raise ArgumentError(f"--output={path} must be a file that ends in {' or '.join(SUFFIXES)}")
    make_folder(path.parent)
    return path


def write_verdicts(path: Path, verdicts: Sequence[Verdict]) -> None:
    """Write verdicts in one step, in the format that the suffix names."""
    if path.suffix.lower() == ".json":
        write_json(path, [_entry(one) for one in verdicts])
        return
    rows = [[getattr(one, name) for name in COLUMNS] for one in verdicts]
    write_csv(path, pd.DataFrame(rows, columns=list(COLUMNS)))


def _entry(one: Verdict) -> dict[str, Any]:
    return {name: getattr(one, name) for name in COLUMNS} | {
        "duration": one.duration,
        "llr": one.llr,
        "warnings": list(one.warnings),
        "windows": [
            {
                "start": window.start,
                "end": window.end,
                "score": window.score,
                "probability": window.probability,
            }
            for window in one.windows
        ],
    }

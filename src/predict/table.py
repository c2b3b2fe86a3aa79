"""Writing verdicts: CSV for a table, JSON with the windows of every recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from src.predict.verdict import Verdict
from src.utils.errors import ArgumentError
from src.utils.files import make_folder, write_json
from src.utils.tables import write_csv

SUFFIXES = (".csv", ".json")
COLUMNS = ("file", "score", "probability", "verdict", "reason", "seconds")


def check_output(path: Path) -> Path:
    """Check that verdicts can be written to `path`, before any work, and return it.

    Raises
    ------
    ArgumentError
        When its suffix is not one of `SUFFIXES`, or it is a folder.
    AudiosError
        When its folder cannot be made.
    """
    if path.suffix.lower() not in SUFFIXES or path.is_dir():
        raise ArgumentError(f"--output={path} must be a file that ends in {' or '.join(SUFFIXES)}")
    make_folder(path.parent)
    return path


def write_verdicts(path: Path, verdicts: Sequence[Verdict]) -> None:
    """Write verdicts in one step, in the format that the suffix names.

    Where a fusion judged, a table has a column `llr` and one for each member, as `llr_` and its
    label.
    """
    if path.suffix.lower() == ".json":
        write_json(path, [entry_of(verdict) for verdict in verdicts])
        return
    rows = [{name: getattr(verdict, name) for name in COLUMNS} for verdict in verdicts]
    if any(verdict.members for verdict in verdicts):
        for row, verdict in zip(rows, verdicts, strict=True):
            row["llr"] = verdict.llr
            row |= {f"llr_{label}": llr for label, llr in verdict.members.items()}
    import pandas as pd

    write_csv(path, pd.DataFrame(rows, columns=None if rows else list(COLUMNS)))


def entry_of(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as JSON values, with its windows.

    Parameters
    ----------
    verdict : Verdict
        On a recording; where its channels were judged each, theirs are in `channels`. Where a
        fusion judged, each member's ratio is in `members`.
    """
    # Known where a fusion judged, and only there.
    members = {"members": dict(verdict.members)} if verdict.members else {}
    return (
        {name: getattr(verdict, name) for name in COLUMNS}
        | members
        | {
            "duration": verdict.duration,
            "llr": verdict.llr,
            "warnings": list(verdict.warnings),
            "stretches": [asdict(stretch) for stretch in verdict.stretches],
            "channel": verdict.channel,
            "channels": [entry_of(channel) for channel in verdict.channels],
            "windows": [
                {
                    "start": window.start,
                    "end": window.end,
                    "score": window.score,
                    "probability": window.probability,
                }
                for window in verdict.windows
            ],
        }
    )

"""The batch plan: which clips share a batch, fixed before the first one is computed.

The last bits of an embedding depend on the other clips of its batch. Only equal batches give equal
bits, so the plan is kept on disk and outlives a kill.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from src.utils.files import write_text

MAX_BATCH_CLIPS = 64


@dataclass(frozen=True)
class Batch:
    """Clips that are embedded together.

    Attributes
    ----------
    rows : numpy.ndarray
        Positions in the table of clips, int32 of shape (clips,).
    seconds : float
        Length of its longest clip.
    """

    rows: np.ndarray
    seconds: float


def make_plan(files: Sequence[str], seconds: np.ndarray, batch_seconds: float) -> list[Batch]:
    """Group clips of similar length into batches, so that there is little padding.

    The longest come first, so that a lack of memory shows at the start.

    Parameters
    ----------
    files : sequence of str
        Names of the clips, by which clips of equal length are sorted.
    seconds : numpy.ndarray
        Length of each clip, shape (clips,).
    batch_seconds : float
        The most audio of a batch, padding counted.
    """
    by_name = np.array(sorted(range(len(files)), key=files.__getitem__), dtype=np.int32)
    order = by_name[np.argsort(-seconds[by_name], kind="stable")]
    batches = []
    start = 0
    while start < len(order):
        longest = float(seconds[order[start]])
        # As a float: of clips with hardly a length no whole number fits.
        fit = batch_seconds // longest if longest > 0 else MAX_BATCH_CLIPS
        count = int(min(max(1, fit), MAX_BATCH_CLIPS))
        batches.append(Batch(order[start : start + count], longest))
        start += count
    return batches


def write_plan(path: Path, plan: Sequence[Batch]) -> None:
    """Write a plan atomically as JSON lines, one a batch."""
    lines = (
        json.dumps({"rows": batch.rows.tolist(), "seconds": batch.seconds}) + "\n" for batch in plan
    )
    write_text(path, "".join(lines))


def read_plan(path: Path) -> list[Batch]:
    """Read a plan that `write_plan` has written."""
    with path.open(encoding="utf-8") as stream:
        entries = map(json.loads, stream)
        return [Batch(np.array(entry["rows"], np.int32), entry["seconds"]) for entry in entries]

"""Which clips share a batch: fixed once, before the first one is computed.

Sums of a batch depend, in their last bits, on the clips beside. Only what is computed in the same
batches is the same to the last bit, so the plan is kept on disk and outlives a kill.
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
    """Clips that are computed together.

    Attributes
    ----------
    rows : numpy.ndarray
        int32, shape (clips,): positions in the table of clips.
    seconds : float
        How long its longest clip is.
    """

    rows: np.ndarray
    seconds: float


def make_plan(files: Sequence[str], seconds: np.ndarray, batch_seconds: float) -> list[Batch]:
    """Group rows of similar length, longest first, so that batches carry little padding.

    The longest first, since memory that does not suffice should show at the start.

    Parameters
    ----------
    files : sequence of str
        Names put clips of one length in order, wherever they stand in the table.
    seconds : numpy.ndarray
        Shape (clips,).
    batch_seconds : float
        How much audio, padding counted, a batch may hold.
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
    """Write a plan in one step, one line a batch."""
    lines = (
        json.dumps({"rows": batch.rows.tolist(), "seconds": batch.seconds}) + "\n" for batch in plan
    )
    write_text(path, "".join(lines))


def read_plan(path: Path) -> list[Batch]:
    """Read what `write_plan` wrote."""
    with path.open(encoding="utf-8") as stream:
        entries = map(json.loads, stream)
        return [Batch(np.array(entry["rows"], np.int32), entry["seconds"]) for entry in entries]

"""The batch plan: which clips share a batch, fixed before the first one is computed.

The last bits of an embedding depend on the other clips of its batch. Only equal batches give equal
bits, so the plan is kept on disk and outlives a kill.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field, NonNegativeFloat, NonNegativeInt

from src.utils.files import write_text
from src.utils.shapes import Shape, fault_of
from src.utils.strict_json import parse_json

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
    versions : tuple of int
        Which versions of its clips are embedded, each together: numbers of
        `engines.engine.Versions`.
    """

    rows: np.ndarray
    seconds: float
    versions: tuple[int, ...] = (0,)


Plan = Sequence[Batch]
"""Batches in the order in which they are computed."""


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


class _Entry(Shape):
    rows: Annotated[list[NonNegativeInt], Field(min_length=1)]
    seconds: NonNegativeFloat


def read_plan(path: Path, n_clips: int) -> list[Batch]:
    """Read a plan that `write_plan` has written.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    n_clips : int
        How many clips it is of; each must be in one batch.

    Raises
    ------
    ValueError
        Saying what is wrong with it.
    """
    batches = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        entry = parse_json(line)
        fault = fault_of(entry, _Entry)
        if fault is not None:
            raise ValueError(f"line {number}: {fault}")
        batches.append(Batch(np.array(entry["rows"]), entry["seconds"]))
    rows = np.concatenate([batch.rows for batch in batches]) if batches else np.array([])
    if not np.array_equal(np.sort(rows), np.arange(n_clips)):
        raise ValueError(f"its batches are not of {n_clips:,} clips")
    return [Batch(batch.rows.astype(np.int32), batch.seconds) for batch in batches]

"""What the stage prints that exports a detector."""

from __future__ import annotations

from typing import TYPE_CHECKING

from src.reports.dataset import report_rejected
from src.results.blocks.blocks import Block, Paragraph
from src.utils.config import TORCHSCRIPT

if TYPE_CHECKING:
    from src.predict.exporting import Export


def report_export(done: Export) -> list[Block]:
    """Show what was compared, how fast it is, and where it lies.

    Parameters
    ----------
    done : Export
        The exported detector.
    """
    seconds, before = done.seconds, done.seconds_before
    lines = [
        f"compared on {done.n_clips} clips: scores differ by at most {done.largest_difference:.2g} "
        f"(allowed: {done.tolerance:.2g})",
        f"a clip of {done.clip_seconds:g} s takes {1000 * seconds:.1f} ms, a real-time factor of "
        f"{seconds / done.clip_seconds:.4f} (the run itself: {1000 * before:.1f} ms)",
    ]
    if done.is_any_length is not None:
        lengths = "windows of any length" if done.is_any_length else "windows of its own length"
        lines.append(f"takes batches of any size, of {lengths}")
    lines.append(f"exported: {done.folder} ({done.n_bytes / 1e6:.1f} MB)")
    if done.form == TORCHSCRIPT:
        lines.append("TorchScript is a program: Predict takes the format onnx alone")
    else:
        lines.append(f"judge by it: fab Predict --detector={done.folder} --audio=FILE")
    return [*report_rejected(done.rejected), *map(Paragraph, lines)]

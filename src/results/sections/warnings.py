"""What a reader must know before believing the metrics of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from src.evaluation.formatting import missing_sentence
from src.models.split_notes import split_notes
from src.results.blocks.blocks import Warning

if TYPE_CHECKING:
    from src.evaluation.results import Results
    from src.utils.runs import Run


def warning_texts(run: Run, results: Results | None = None) -> list[str]:
    """Return what to beware of, a sentence each that begins small.

    Parameters
    ----------
    run : Run
        What was trained, or evaluated.
    results : Results, optional
        Of its test.
    """
    # A test that speaks with the voices of the training says little of other voices.
    return split_notes(run) + (warnings_of_test(results) if results else [])


def warnings_of_test(results: Results) -> list[str]:
    """Return what to beware of in a test, and which metrics it lacks.

    Parameters
    ----------
    results : Results
        Of the test.
    """
    missing = missing_sentence(results.missing, results.missing_intervals)
    return [*results.warnings, *filter(None, [missing])]


def warnings(run: Run, results: Results | None = None) -> list[Warning]:
    """Return what to beware of, a block each.

    Parameters
    ----------
    run : Run
        What was trained, or evaluated.
    results : Results, optional
        Of its test.
    """
    return [Warning(text) for text in warning_texts(run, results)]

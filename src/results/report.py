"""The page of a run or a study: what it has shown, in one file to open."""

from collections.abc import Callable
from pathlib import Path

from src.evaluation.evaluate_scores import KIND as EVALUATION
from src.models.lookup import TRAINING
from src.models.probe import KIND as PROBE
from src.models.search import KIND as STUDY
from src.results.blocks.html import write_page
from src.results.model_card import write_model_card
from src.results.naming import describe, name_of
from src.results.pages.others import evaluation_parts, probe_parts, projection_parts
from src.results.pages.study import study_parts
from src.results.pages.training import run_parts
from src.utils.runs import Run
from src.visualize.projection import KIND as PROJECTION

_PARTS: dict[str, Callable[[Run, Path], list[str]]] = {
    TRAINING: run_parts,
    STUDY: study_parts,
    PROJECTION: projection_parts,
    PROBE: probe_parts,
    EVALUATION: evaluation_parts,
}


def write_report(run: Run, runs: Path) -> Path | None:
    """Write `report.html` into a run's or a study's folder, and the model card of a tested run.

    Both tell what the folder holds and what audits say of its recordings, and nothing else: written
    again they are the same.

    Parameters
    ----------
    run : Run
        Also a trial of a study that is trained or tested by itself.
    runs : pathlib.Path
        The runs folder, where audits are looked for.

    Returns
    -------
    pathlib.Path or None
        The page; None for a run that has one of its own, as an audit.

    Raises
    ------
    AudiosError
        When what the folder holds is damaged, or the page cannot be written.
    """
    parts = _PARTS.get(run.kind)
    if parts is None:
        return None
    if run.kind == TRAINING:
        # First, since the page names it.
        write_model_card(run, runs)
    name = name_of(run)
    write_page(run.report, f"{name[:1].upper()}{name[1:]}: {describe(run)}", parts(run, runs))
    return run.report

"""The page of a run or a study: what it has shown, in one file to open."""

from collections.abc import Callable, Sequence
from pathlib import Path

from src.audit.audit import PAGE as AUDIT_PAGE
from src.fusion.names import FUSION
from src.results.blocks.blocks import Block
from src.results.blocks.html import write_page
from src.results.model_card import write_model_card
from src.results.naming import describe, name_of
from src.results.pages.audit import audit_page
from src.results.pages.evaluation import evaluation_page
from src.results.pages.pretraining import pretraining_page
from src.results.pages.probe import probe_page
from src.results.pages.projection import projection_page
from src.results.pages.study import study_page
from src.results.pages.training import training_page
from src.results.sections.origin import provenance, settings, subtitle
from src.results.study_commands import with_origin
from src.results.wording import capital
from src.utils.runs import Kind, Run

_PAGES: dict[str, Callable[[Run, Path], list[Block]]] = {
    Kind.TRAINING: training_page,
    Kind.STUDY: study_page,
    Kind.PROJECTION: projection_page,
    Kind.LAYER_PROBE: probe_page,
    Kind.EVALUATION: evaluation_page,
    Kind.AUDIT: audit_page,
    Kind.PRETRAINING: pretraining_page,
}
"""By the kind of a run, what its page tells between its title and its settings."""


def write_report(run: Run, runs: Path) -> Path | None:
    """Write the page of a run or a study into its folder, and the model card of a tested run.

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
        `report.html`, or `audit.html` of an audit; None for a comparison, whose page is written
        where it is made (see `compare_runs`), since its folder does not hold all of it.

    Raises
    ------
    AudiosError
        When what the folder holds is damaged, or the page cannot be written.
    """
    page = _PAGES.get(run.kind)
    if page is None:
        return None
    if run.kind == Kind.TRAINING:
        # First, since the page names it.
        write_model_card(run, runs)
    known = with_origin(run) if run.kind == Kind.STUDY else run
    path = run.folder / AUDIT_PAGE if run.kind == Kind.AUDIT else run.report
    write_run_page(path, known, f"{name_of(run)}: {describe(run)}", page(known, runs))
    return path


def write_run_page(path: Path, run: Run, title: str, blocks: Sequence[Block]) -> None:
    """Write a page about a run, with where the run comes from around what it has shown.

    Parameters
    ----------
    path : pathlib.Path
        The file to write.
    run : Run
        What the page is of.
    title : str
        Of the page.
    blocks : sequence of Block
        What the run has shown.

    Raises
    ------
    AudiosError
        When the page cannot be written.
    """
    # Hyperparameters, and what a fusion is made of, have sections of their own.
    origin = [*settings(run, ["hyperparameters", FUSION]), *provenance(run)]
    write_page(path, capital(title), [subtitle(run), *blocks, *origin])

"""Stage 12, of runs that are there: listing and comparing them, and taking their scores along."""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from src.utils.runs import Run

__all__ = ["Export", "compare_runs", "export_scores", "list_all"]

if TYPE_CHECKING:
    from src.results.compare import compare_runs
    from src.results.listing import list_all
else:
    _PLACES = {"compare_runs": "src.results.compare", "list_all": "src.results.listing"}

    def __getattr__(name: str) -> Any:
        """Import a stage when it is first used: a list need not wait for what compares."""
        if name in _PLACES:
            return getattr(import_module(_PLACES[name]), name)
        raise AttributeError(f"module {__name__} has no attribute {name}")


@dataclass(frozen=True)
class Export:
    """Scores that were written for other tools.

    Attributes
    ----------
    run : Run
        Whose they are.
    path : pathlib.Path
        The file.
    n_scores : int
        How many it holds.
    """

    run: Run
    path: Path
    n_scores: int


def export_scores(
    path: Path,
    runs: Path,
    format: str = "csv",
    of: str = "test",
    what: str = "score",
    backbone: str | None = None,
    classifier: str | None = None,
    run_number: int | None = None,
    study_number: int | None = None,
) -> Export:
    """Write the scores of a training or of an evaluation into a file for other tools.

    Parameters
    ----------
    path : pathlib.Path
        The file to write.
    runs : pathlib.Path
        The runs folder.
    format : str
        A name of `score_files.SCORE_FORMATS`.
    of : str
        Which scores: `test`, `val`, or what else the names of the run's files end in.
    what : {'score', 'llr'}
        The scores as they are, or as natural log-likelihood ratios.
    backbone, classifier : str, optional
        Of the training; what is left out fits any.
    run_number : int, optional
        The run's number; by default the newest training that fits, or the study's best.
    study_number : int, optional
        The study that the training is a trial of.

    Raises
    ------
    RunError
        When there is no such run, or it holds no scores.
    ArgumentError
        As `export.export_scores` does.
    """
    from src.results import export

    run = export.find_scored(runs, backbone, classifier, run_number, study_number)
    return Export(run, path, export.export_scores(run, path, format, of, what))

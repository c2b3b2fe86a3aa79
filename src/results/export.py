"""ExportScores: write a run's scores in the format of another tool."""

from pathlib import Path

import numpy as np
import pandas as pd

from src.evaluation.results_file import SCORES
from src.evaluation.score_files import write_scores_as
from src.evaluation.trials import ATTACK, Trials
from src.models.calibrate import calibration_of
from src.models.lookup import find_training
from src.utils.config import BONA_FIDE, SPOOF
from src.utils.errors import RunError, choose
from src.utils.runs import Kind, Run, find_run

_PREFIX = "scores_"

SCORE, LLR = "score", "llr"


def find_scored(
    runs: Path,
    backbone: str | None = None,
    classifier: str | None = None,
    run_number: int | None = None,
    study_number: int | None = None,
) -> Run:
    """Find the run whose scores are meant: a training, or an evaluation of scores.

    Parameters
    ----------
    runs, backbone, classifier, run_number, study_number
        See `find_training`; an evaluation is found by its number.

    Parameters
    ----------
    runs : pathlib.Path
        The runs folder.
    backbone, classifier : str, optional
        Of the training, where no number names it.
    run_number, study_number : int, optional
        Of the run, and of the study whose search trial it is.

    Raises
    ------
    RunError
        When there is none.
    """
    if run_number is not None and study_number is None:
        run = find_run(runs, run_number)
        if run.kind == Kind.EVALUATION:
            return run
    return find_training(runs, backbone, classifier, run_number, study_number)


def export_scores(run: Run, path: Path, format: str, of: str = "test", what: str = SCORE) -> int:
    """Write the scores of a run in one of the formats of `score_files.SCORE_FORMATS`.

    Parameters
    ----------
    run : Run
        A training that was tested, or an evaluation of scores.
    path : pathlib.Path
        The file to write.
    format : str
        The name of the format.
    of : str
        Which scores: `test`, `val`, or what else the names of its files end in.
    what : {'score', 'llr'}
        The scores as they are, or as natural log-likelihood ratios.

    Returns
    -------
    int
        How many were written.

    Raises
    ------
    RunError
        When the run holds no scores.
    ArgumentError
        For an unknown format, or scores that it does not hold.
    """
    trials = _read(run, of)
    values = trials.scores if choose("--values", what, (SCORE, LLR)) == SCORE else trials.llrs
    table = pd.DataFrame(
        {
            "file": trials.files,
            "label": np.where(trials.labels == 1, BONA_FIDE, SPOOF),
            "score": values,
        }
    )
    if ATTACK in trials.conditions:
        table[ATTACK] = trials.conditions[ATTACK].to_numpy()
    write_scores_as(path, format, table)
    return len(table)


def _read(run: Run, of: str) -> Trials:
    if run.kind == Kind.EVALUATION:
        choose("--split", of, ("test",))
        return Trials.read(run.folder / SCORES, np.asarray)
    there = {path.stem.removeprefix(_PREFIX): path for path in run.folder.glob(f"{_PREFIX}*.csv")}
    if of == "test" and of not in there:
        raise RunError(
            f"run {run.number} was not tested; run first: fab TestModel --run-number={run.number}"
        )
    return Trials.read(there[choose("--split", of, sorted(there))], calibration_of(run).llrs)

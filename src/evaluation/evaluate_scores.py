"""Evaluating the scores of any system, whoever made them."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from src.evaluation.asv_scores import read_asv_scores
from src.evaluation.figures import draw_figures
from src.evaluation.join_scores import match_scores
from src.evaluation.results import Results, evaluate_trials
from src.evaluation.results_file import RESULTS, SCORES
from src.evaluation.score_files import CSV, ScoreFile, read_scores
from src.evaluation.trials import CONDITIONS, DURATION, Trials
from src.utils.config import BONA_FIDE, LABEL_VALUE
from src.utils.dataset.layouts.keys import is_table_of_labels, read_key
from src.utils.dataset.schema import text_column
from src.utils.errors import ArgumentError, shorten
from src.utils.files import sha256_file
from src.utils.metrics.calibration import CONFIDENCE, Calibration, fit_calibration
from src.utils.metrics.counts import Counts
from src.utils.metrics.eer import det_curve
from src.utils.metrics.table import TANDEM
from src.utils.metrics.tandem import VerifierErrors
from src.utils.notes import gather, note
from src.utils.runs import Kind, Run, new_run

NEUTRAL = 0.0
"""The log-likelihood ratio that favours neither class."""

_SMALLEST = 1e-12
"""The smallest probability whose log odds are taken as they are."""


@dataclass(frozen=True)
class ScoreSettings:
    """Which scores are evaluated, and how.

    Attributes
    ----------
    scores : pathlib.Path
        The score file.
    protocol : pathlib.Path or None
        The key of its trials; None where the score file itself tells their classes.
    polarity : {'bona-fide', 'spoof'}
        What higher scores in the files speak for.
    subset : str or None
        See `read_key`.
    threshold : float or None
        In the scores of the file: from here on a trial is taken for what `polarity` names. Without
        it, it is fitted on the validation scores, or 0.
    validation : (pathlib.Path, pathlib.Path or None) or None
        Scores and protocol of another set, by the same system, to calibrate the scores on; no
        protocol as above. Without it the scores are taken for natural log-likelihood ratios.
    asv_scores, asv_protocol : pathlib.Path or None
        Of a speaker verifier, for the tandem costs; see `read_asv_scores`.
    seed : int
        Of the bootstrap.
    columns : tuple of str or None
        What the columns of the score files are, see `read_scores`.
    are_probabilities : bool
        Whether the scores are probabilities of what `polarity` names, whose log odds are taken;
        `threshold` is one then, too.
    """

    scores: Path
    protocol: Path | None = None
    polarity: str = BONA_FIDE
    subset: str | None = None
    threshold: float | None = None
    validation: tuple[Path, Path | None] | None = None
    asv_scores: Path | None = None
    asv_protocol: Path | None = None
    seed: int = 7
    columns: tuple[str, ...] | None = None
    are_probabilities: bool = False

    @property
    def sign(self) -> int:
        """What the file's scores are multiplied with, to be higher for bona-fide."""
        return 1 if self.polarity == BONA_FIDE else -1

    @property
    def files(self) -> dict[str, Path]:
        """What is read, by name."""
        validation = (None, None) if self.validation is None else self.validation
        files = {
            "scores": self.scores,
            "protocol": self.protocol,
            "validation_scores": validation[0],
            "validation_protocol": validation[1],
            "asv_scores": self.asv_scores,
            "asv_protocol": self.asv_protocol,
        }
        return {name: path for name, path in files.items() if path is not None}

    def as_dict(self) -> dict[str, Any]:
        """Return what a run's manifest keeps, as JSON values."""
        return {name: str(path.resolve()) for name, path in self.files.items()} | {
            "polarity": self.polarity,
            "subset": self.subset,
            "threshold": self.threshold,
            "seed": self.seed,
            "columns": None if self.columns is None else list(self.columns),
            "are_probabilities": self.are_probabilities,
        }


@dataclass(frozen=True)
class ScoreEvaluation:
    """The evaluation of a score file.

    Attributes
    ----------
    run : Run
        The run that holds it.
    results : Results
        Its metrics with intervals and warnings, those of reading the files first.
    path : pathlib.Path
        The JSON file of the results.
    figures : list of pathlib.Path
        The PNG files that were drawn.
    is_calibrated : bool
        Whether the scores were calibrated, or taken for log-likelihood ratios as they are.
    """

    run: Run
    results: Results
    path: Path
    figures: list[Path]
    is_calibrated: bool


def evaluate_score_file(settings: ScoreSettings, runs: Path) -> ScoreEvaluation:
    """Evaluate a system's scores into a new run folder.

    Parameters
    ----------
    settings : ScoreSettings
        Which scores are evaluated, and how.
    runs : pathlib.Path
        The runs folder.

    Raises
    ------
    AudiosError
        When a file is absent or broken, the scores do not fit the protocol, or a class is absent.
    """
    with gather() as noted:
        table = _read(settings.scores, settings.protocol, settings)
        calibration = _calibration(settings)
        trials = _trials(table, calibration)
        tandem = _tandem(trials, settings)
    is_calibrated = settings.validation is not None
    inputs = {name: sha256_file(path) for name, path in settings.files.items()}
    with new_run(runs, Kind.EVALUATION, settings.as_dict(), inputs) as run:
        results = evaluate_trials(
            trials,
            calibration.threshold,
            calibration.confidence,
            tandem,
            is_calibrated,
            settings.seed,
        )
        results = replace(results, warnings=[*noted, *results.warnings])
        trials.write(run.folder / SCORES)
        protocol = settings.scores if settings.protocol is None else settings.protocol
        title = ", ".join(dict.fromkeys([settings.scores.name, protocol.name]))
        figures = draw_figures(trials, results, run.folder, "", title)
        path = run.folder / RESULTS
        results.write(path, {"scores": str(settings.scores), "protocol": str(protocol)})
    return ScoreEvaluation(run, results, path, figures, is_calibrated)


def _read(scores: Path, protocol: Path | None, settings: ScoreSettings) -> pd.DataFrame:
    """Return the trials with their scores, higher for bona-fide."""
    found = read_scores(scores, settings.columns)
    if found.speaks_for not in (None, settings.polarity):
        raise ArgumentError(
            f"the scores in {scores} are higher for {found.speaks_for}, as its columns are called: "
            f"add --polarity={found.speaks_for}"
        )
    if settings.are_probabilities:
        found = replace(found, scores=_log_odds(found.scores, str(scores)))
    elif found.look_like_probabilities and settings.validation is None:
        note(
            f"every score in {scores} lies between 0 and 1: if they are probabilities, "
            f"--probabilities takes their log odds, without which Cllr, act_dcf, the threshold of "
            f"{NEUTRAL:g} and the verdicts say nothing"
        )
    key = read_key(protocol, settings.subset) if protocol is not None else _own_key(found, settings)
    matched = match_scores(key, found)
    if len(matched.unused):
        note(
            f"{protocol} has no trial for {len(matched.unused):,} of the scores in {scores}: "
            f"{shorten(matched.unused)}"
        )
    return matched.trials.assign(score=settings.sign * matched.trials["score"])


def _own_key(scores: ScoreFile, settings: ScoreSettings) -> pd.DataFrame:
    """Return the classes, and what else there is, that a score file tells of its own trials."""
    key = scores.key
    if key is None:
        raise ArgumentError(
            f"--protocol is needed: {scores.path} does not tell the class of each trial"
        )
    if scores.format == CSV and is_table_of_labels(scores.path):
        # Which may tell speakers, attacks and other conditions besides.
        return read_key(scores.path, settings.subset)
    if settings.subset is not None:
        raise ArgumentError(f"--subset={settings.subset} goes with a --protocol of ASVspoof 2021")
    return key


def _log_odds(probabilities: np.ndarray, what: str) -> np.ndarray:
    """Return natural log odds; 0 and 1, to which single precision rounds, stay finite."""
    outside = (probabilities < 0) | (probabilities > 1)
    if outside.any():
        raise ArgumentError(
            f"--probabilities: {what} holds {probabilities[outside][0]:g}, which is none "
            f"({outside.sum():,} in all lie outside 0 to 1); leave it out"
        )
    kept = np.clip(probabilities, _SMALLEST, 1 - _SMALLEST)
    return np.log(kept) - np.log1p(-kept)


def _threshold(settings: ScoreSettings) -> float | None:
    """Return what was given as a threshold, of scores that are higher for bona-fide."""
    if settings.threshold is None:
        return None
    given = np.array([settings.threshold])
    if settings.are_probabilities:
        given = _log_odds(given, "--threshold")
    return float(settings.sign * given[0])


def _calibration(settings: ScoreSettings) -> Calibration:
    given = _threshold(settings)
    if settings.validation is None:
        threshold = NEUTRAL if given is None else given
        return Calibration(1.0, 0.0, threshold, CONFIDENCE, 0, 0)
    table = _read(*settings.validation, settings)
    labels = table["label"].map(LABEL_VALUE).to_numpy(np.int64)
    fitted = fit_calibration(table["score"].to_numpy(), labels)
    return fitted if given is None else replace(fitted, threshold=given)


def _tandem(trials: Trials, settings: ScoreSettings) -> dict[str, float]:
    if settings.asv_scores is None:
        return {}
    asv = read_asv_scores(settings.asv_scores, settings.asv_protocol, settings.subset)
    verifier = VerifierErrors.of_scores(asv.target, asv.nontarget, asv.spoof)
    counts = Counts(det_curve(trials.scores, trials.labels), {}, verifier=verifier)
    return {name: metric.formula(counts) for name, metric in TANDEM.items()}


def _trials(table: pd.DataFrame, calibration: Calibration) -> Trials:
    scores = table["score"].to_numpy(np.float64)
    conditions = table[[name for name in CONDITIONS if name in table]].reset_index(drop=True)
    if DURATION in conditions:
        conditions[DURATION] = pd.to_numeric(conditions[DURATION], errors="coerce")
    return Trials(
        files=table["file"].to_numpy(dtype=str),
        scores=scores,
        labels=table["label"].map(LABEL_VALUE).to_numpy(np.int64),
        llrs=calibration.llrs(scores),
        speakers=text_column(table, "speaker").to_numpy(dtype=str),
        conditions=conditions,
    )

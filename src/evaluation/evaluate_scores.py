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
from src.evaluation.score_files import read_scores
from src.evaluation.trials import CONDITIONS, DURATION, Trials
from src.utils.config import BONA_FIDE, LABEL_VALUE
from src.utils.dataset.layouts.keys import read_key
from src.utils.dataset.schema import text_column
from src.utils.files import sha256_file
from src.utils.metrics.calibration import CONFIDENCE, Calibration, fit_calibration
from src.utils.metrics.eer import det_curve
from src.utils.metrics.tandem import VerifierErrors, min_tdcf, min_tdcf_2019
from src.utils.runs import Kind, Run, new_run

RESULTS = "results.json"
SCORES = "scores.csv"

NEUTRAL = 0.0
"""The log-likelihood ratio that favours neither class."""


@dataclass(frozen=True)
class ScoreSettings:
    """Which scores are evaluated, and how.

    Attributes
    ----------
    scores, protocol : pathlib.Path
    polarity : {'bona-fide', 'spoof'}
        What higher scores in the files speak for.
    subset : str or None
        See `read_key`.
    threshold : float or None
        In the scores of the file: from here on a trial is taken for what `polarity` names. Without
        it, it is fitted on the validation scores, or 0.
    validation : (pathlib.Path, pathlib.Path) or None
        Scores and protocol of another set, by the same system, to calibrate the scores on. Without
        it the scores are taken for natural log-likelihood ratios.
    asv_scores, asv_protocol : pathlib.Path or None
        Of a speaker verifier, for the tandem costs; see `read_asv_scores`.
    seed : int
        Of the bootstrap.
    """

    scores: Path
    protocol: Path
    polarity: str = BONA_FIDE
    subset: str | None = None
    threshold: float | None = None
    validation: tuple[Path, Path] | None = None
    asv_scores: Path | None = None
    asv_protocol: Path | None = None
    seed: int = 7

    @property
    def sign(self) -> int:
        """What the file's scores are multiplied with, to be higher for bona-fide."""
        return 1 if self.polarity == BONA_FIDE else -1

    @property
    def files(self) -> dict[str, Path]:
        """What is read, by name."""
        files = {"scores": self.scores, "protocol": self.protocol}
        if self.validation is not None:
            names = "validation_scores", "validation_protocol"
            files |= dict(zip(names, self.validation, strict=True))
        verifier = {"asv_scores": self.asv_scores, "asv_protocol": self.asv_protocol}
        return files | {name: path for name, path in verifier.items() if path is not None}

    def as_dict(self) -> dict[str, Any]:
        """Return what a run's manifest keeps, as JSON values."""
        return {name: str(path.resolve()) for name, path in self.files.items()} | {
            "polarity": self.polarity,
            "subset": self.subset,
            "threshold": self.threshold,
            "seed": self.seed,
        }


@dataclass(frozen=True)
class ScoreEvaluation:
    """The evaluation of a score file.

    Attributes
    ----------
    run : Run
    results : Results
    path : pathlib.Path
        The JSON file of the results.
    figures : list of pathlib.Path
    unused : list of str
        Scores that belong to no trial of the protocol.
    is_calibrated : bool
        Whether the scores were calibrated, or taken for log-likelihood ratios as they are.
    """

    run: Run
    results: Results
    path: Path
    figures: list[Path]
    unused: list[str]
    is_calibrated: bool


def evaluate_score_file(settings: ScoreSettings, runs: Path) -> ScoreEvaluation:
    """Evaluate a system's scores into a new run folder.

    Parameters
    ----------
    settings : ScoreSettings
    runs : pathlib.Path

    Raises
    ------
    AudiosError
        When a file is absent or broken, the scores do not fit the protocol, or a class is absent.
    """
    table, unused = _read(settings.scores, settings.protocol, settings)
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
        trials.write(run.folder / SCORES)
        title = f"{settings.scores.name}, {settings.protocol.name}"
        figures = draw_figures(trials, results, run.folder, "", title)
        path = run.folder / RESULTS
        results.write(path, {"scores": str(settings.scores), "protocol": str(settings.protocol)})
    return ScoreEvaluation(run, results, path, figures, unused, is_calibrated)


def _read(scores: Path, protocol: Path, settings: ScoreSettings) -> tuple[pd.DataFrame, list[str]]:
    """Return the trials with their scores, higher for bona-fide, and the scores of no trial."""
    matched = match_scores(read_key(protocol, settings.subset), read_scores(scores))
    table = matched.trials
    return table.assign(score=settings.sign * table["score"]), matched.unused.tolist()


def _calibration(settings: ScoreSettings) -> Calibration:
    given = None if settings.threshold is None else settings.sign * settings.threshold
    if settings.validation is None:
        threshold = NEUTRAL if given is None else given
        return Calibration(1.0, 0.0, threshold, CONFIDENCE, 0, 0)
    table, _ = _read(*settings.validation, settings)
    labels = table["label"].map(LABEL_VALUE).to_numpy(np.int64)
    fitted = fit_calibration(table["score"].to_numpy(), labels)
    return fitted if given is None else replace(fitted, threshold=given)


def _tandem(trials: Trials, settings: ScoreSettings) -> dict[str, float]:
    if settings.asv_scores is None:
        return {}
    asv = read_asv_scores(settings.asv_scores, settings.asv_protocol, settings.subset)
    verifier = VerifierErrors.of_scores(asv.target, asv.nontarget, asv.spoof)
    curve = det_curve(trials.scores, trials.labels)
    return {"min_tdcf": min_tdcf(curve, verifier), "min_tdcf_2019": min_tdcf_2019(curve, verifier)}


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

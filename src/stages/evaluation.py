"""Stage 11, for the scores of any system."""

from pathlib import Path

from src.evaluation.evaluate_scores import ScoreEvaluation, ScoreSettings, evaluate_score_file
from src.results.report import write_report
from src.utils.config import BONA_FIDE


def evaluate_scores(
    scores: Path,
    protocol: Path | None,
    runs: Path,
    polarity: str = BONA_FIDE,
    subset: str | None = None,
    threshold: float | None = None,
    validation: tuple[Path, Path | None] | None = None,
    asv_scores: Path | None = None,
    asv_protocol: Path | None = None,
    seed: int = 7,
    columns: tuple[str, ...] | None = None,
    are_probabilities: bool = False,
) -> ScoreEvaluation:
    """Evaluate a file of scores, into a run folder with its page.

    Parameters
    ----------
    scores : pathlib.Path
        The scores.
    protocol : pathlib.Path or None
        Says of which class each trial is; None where the scores' own file does.
    runs : pathlib.Path
        The runs folder.
    polarity : {'bona-fide', 'spoof'}
        What higher scores speak for.
    subset : str, optional
        Of an ASVspoof 2021 protocol, see `read_key`.
    threshold : float, optional
        From which score on a trial is taken for what `polarity` names; by default that of the
        validation scores, or 0.
    validation : (pathlib.Path, pathlib.Path or None), optional
        Scores and protocol of another set by the same system, which calibrate the scores.
    asv_scores, asv_protocol : pathlib.Path, optional
        Of a speaker verifier, for the tandem costs; see `read_asv_scores`.
    seed : int
        Of the bootstrap.
    columns : tuple of str, optional
        What the columns of the score files are, where no header says so; see `read_scores`.
    are_probabilities : bool
        Take the log odds of scores that are probabilities of what `polarity` names.

    Raises
    ------
    AudiosError
        As `evaluate_score_file` does.
    """
    settings = ScoreSettings(
        scores=scores,
        protocol=protocol,
        polarity=polarity,
        subset=subset,
        threshold=threshold,
        validation=validation,
        asv_scores=asv_scores,
        asv_protocol=asv_protocol,
        seed=seed,
        columns=columns,
        are_probabilities=are_probabilities,
    )
    evaluation = evaluate_score_file(settings, runs)
    write_report(evaluation.run, runs)
    return evaluation

"""Fitting threshold and calibration of a run on validation clips of one's own."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from src.evaluation.results_file import TEST_RESULTS, figure_paths
from src.fusion.loading import load_parts
from src.fusion.names import refuse_fused
from src.models.calibrate import CALIBRATED_ON, VALIDATION_SCORES, write_calibration
from src.models.data import TRAIN, VALIDATION
from src.models.evaluate import require_apart
from src.models.record import listing_of
from src.models.reference import MOST_CLIPS, Reference, fit_reference_alone
from src.models.tested import TESTED
from src.models.trained_on import (
    TRAINED_ON,
    as_of_dataset,
    is_trained_elsewhere,
    read_trained_on,
)
from src.models.trials import trials_of
from src.robustness import names as robustness
from src.scoring.kept import KeptScores
from src.scoring.recordings import RecordingScorer
from src.utils.config import BY_SPEAKER, GENDERS
from src.utils.dataset.labelled import LabelledClips
from src.utils.dataset.split_recordings import SplitRecordings
from src.utils.metrics.calibration import fit_calibration
from src.utils.metrics.eer import compute_eer
from src.utils.run_manifest import require_training
from src.utils.runs import MANIFEST, Run
from src.utils.tables import write_csv


@dataclass(frozen=True)
class Calibrated:
    """A run whose threshold and calibration were fitted anew.

    Attributes
    ----------
    run : Run
        The training.
    source : SplitRecordings
        The recordings of the fit.
    clips : LabelledClips
        Those that could be scored.
    validation_eer, threshold : float
        EER on them, and the threshold that decides as at it.
    rejected : dict of str to str
        By recording, why it could not be scored.
    was_tested : bool
        Whether the run holds tests by an earlier threshold.
    """

    run: Run
    source: SplitRecordings
    clips: LabelledClips
    validation_eer: float
    threshold: float
    rejected: dict[str, str]
    was_tested: bool


class _Remembering:
    """Scores vectors, and keeps them."""

    def __init__(self, scorer: Any) -> None:
        self._scorer = scorer
        self.parts: list[np.ndarray] = []

    def score(self, x: np.ndarray) -> np.ndarray:
        """Return what the scorer does."""
        self.parts.append(x)
        scores: np.ndarray = self._scorer.score(x)
        return scores


def calibrate_run(run: Run, source: SplitRecordings, checkpoint: str | None = None) -> Calibrated:
    """Fit threshold and calibration of a run on recordings, and write what a training writes.

    A run without a reference fitted on its training, by which unfamiliar recordings are told, gets
    one of the same recordings. What was tested before was decided by the earlier threshold.

    Parameters
    ----------
    run : Run
        A finished training of any kind.
    source : SplitRecordings
        The recordings, which the run must not have been trained on.
    checkpoint : str, optional
        Folder or hub id of the run's checkpoint (default: where it was in training).

    Raises
    ------
    ArgumentError
        When the run is a fusion, whose scores are its members'.
    EmbeddingError
        When the recordings share a speaker with the training.
    AudiosError
        When a class is absent, or the run cannot be loaded.
    """
    require_training(run.manifest, run.folder / MANIFEST)
    refuse_fused(run, "is calibrated by them: calibrate each, and fuse them again")
    what = f"{source.split} of {source.dataset_name}"
    source.clips.require_both_classes(what)
    seen = as_of_dataset(read_trained_on(run), source.dataset)
    trained = seen[seen["split"] == TRAIN]
    require_apart(
        run, trained, source.clips, what, "calibrate on clips that it has not learnt from"
    )
    kept, vectors = _score(run, source, checkpoint)
    clips = source.clips.where(kept.is_scored)
    clips.require_both_classes(f"what can be scored of {what}")
    scores = kept.scores[kept.is_scored]
    calibration, (eer, _) = fit_calibration(scores, clips.y), compute_eer(scores, clips.y)
    reference = None
    # One that was fitted on the clips of an earlier calibration goes with it.
    if is_trained_elsewhere(run) or Reference.read(run.folder) is None:
        rows = np.unique(np.linspace(0, len(vectors) - 1, MOST_CLIPS).astype(int))
        reference = fit_reference_alone(vectors[rows])
    with run.changing():
        was_tested = bool(run.manifest.get(TESTED))
        # First, so that a kill leaves no test that seems to be of the new threshold.
        run.update(**{TESTED: {}})
        if is_trained_elsewhere(run) and run.manifest.get("dataset") != source.dataset:
            _remove_own_tests(run)
        write_csv(run.folder / TRAINED_ON, _listed(run, clips, source))
        write_calibration(run.folder, calibration)
        trials_of(clips, scores, calibration, source).write(run.folder / VALIDATION_SCORES)
        if reference is not None:
            reference.write(run.folder)
        run.update(**_told(run, source, clips, eer, calibration.threshold))
    rejected = {str(source.clips.files[row]): why for row, why in sorted(kept.failed.items())}
    return Calibrated(run, source, clips, eer, calibration.threshold, rejected, was_tested)


def _score(
    run: Run, source: SplitRecordings, checkpoint: str | None
) -> tuple[KeptScores, np.ndarray]:
    """Return the scores of all recordings, and the vectors of those that have one."""
    backbone, scorer = load_parts(run, checkpoint)
    remembering = _Remembering(scorer)
    with TemporaryDirectory() as folder:
        kept = KeptScores.open(Path(folder) / "scores.json", "", len(source))
        scoring = RecordingScorer(backbone, remembering, source)
        label = f"scoring {source.split}"
        with tqdm(None, label, len(source), unit="clip", leave=False) as bar:
            scoring.score(kept, bar.update)
    vectors = np.concatenate(remembering.parts) if remembering.parts else np.zeros((0, 1))
    return kept, vectors[np.isfinite(vectors).all(axis=1)]


def _listed(run: Run, clips: LabelledClips, source: SplitRecordings) -> pd.DataFrame:
    """Return the table of what a run has seen: a test must share nobody with these, either."""
    ours = listing_of(VALIDATION, clips, source)
    if is_trained_elsewhere(run):
        return ours
    seen = read_trained_on(run)
    return pd.concat([seen, ours]).drop_duplicates(["split", "file", "speaker"]).fillna("")


def _told(
    run: Run, source: SplitRecordings, clips: LabelledClips, eer: float, threshold: float
) -> dict[str, Any]:
    about = {"dataset": source.dataset, "split": source.split, "clips": len(clips)}
    results = run.manifest.get("results", {})
    changes: dict[str, Any] = {
        CALIBRATED_ON: about,
        "results": results | {"validation_eer": eer, "threshold": threshold},
    }
    if is_trained_elsewhere(run):
        root = None if source.root is None else str(source.root)
        changes |= {"dataset": source.dataset, "root": root, "split": source.split_recipe}
        settings = {name: value for name, value in run.settings.items() if name != "units"}
        units = {} if clips.units == BY_SPEAKER else {"units": clips.units}
        changes["settings"] = settings | units
    return changes


def _remove_own_tests(run: Run) -> None:
    """Remove what was tested on the run's own data set, which another one will be called."""
    # The scores of robustness stay: they are never taken for those of other clips.
    gone = [robustness.results_path(run.folder), *robustness.figure_paths(run.folder).values()]
    for suffix in ("", *(f"_{gender}" for gender in GENDERS)):
        gone += [
            run.folder / f"{TEST_RESULTS}{suffix}.json",
            run.folder / f"scores_test{suffix}.csv",
            *figure_paths(run.folder, suffix).values(),
        ]
    for path in gone:
        path.unlink(missing_ok=True)

"""The files that every training writes into its run folder."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from src.models.calibrate import VALIDATION_SCORES, write_calibration
from src.models.data import TRAIN, VALIDATION, ClipSource
from src.models.lookup import detector_name
from src.models.trained_on import TRAINED_ON
from src.models.trials import conditions_of, trials_of
from src.utils.config import BONA_FIDE, CLEAN, SPOOF, in_demonstration
from src.utils.dataset.labelled import LabelledClips
from src.utils.files import replacing, write_json
from src.utils.history import History
from src.utils.metrics.calibration import Calibration, fit_calibration
from src.utils.metrics.eer import compute_eer
from src.utils.runs import Run
from src.utils.tables import write_csv
from src.visualize.plots import plot_losses


@dataclass(frozen=True)
class Part:
    """The clips of training or of validation.

    Attributes
    ----------
    clips : LabelledClips
        The clips with their labels.
    source : ClipSource
        Where they come from.
    """

    clips: LabelledClips
    source: ClipSource


@dataclass(frozen=True)
class Fitted:
    """A calibration, and what it was fitted on.

    Attributes
    ----------
    calibration : Calibration
        With its threshold.
    on : {'clean', 'matched', 'all'}
        Which validation clips.
    """

    calibration: Calibration
    on: str = CLEAN


def record_inputs(
    run: Run, train: Part, validation: Part, *, others: Sequence[pd.DataFrame] = ()
) -> None:
    """Write what is known before a training: its settings and its clips.

    Parameters
    ----------
    run : Run
        The run of the training.
    train, validation : Part
        The clips it trains on, and those it validates on.
    others : sequence of pandas.DataFrame
        As of `listing_of`: clips of other data sets that it learns from besides.
    """
    # Apart from settings and inputs, by which equal runs are found wherever their data set lies.
    source = train.source
    run.update(
        dataset=source.dataset,
        root=None if source.root is None else str(source.root),
        split=source.split_recipe,
        # Known for what it is also where its data set is no longer there.
        **({"demonstration": True} if in_demonstration(Path(source.dataset)) else {}),
    )
    write_json(run.folder / "hyperparameters.json", run.settings)
    parts = [
        listing_of(split, part.clips, part.source)
        for split, part in ((TRAIN, train), (VALIDATION, validation))
    ]
    write_csv(run.folder / TRAINED_ON, pd.concat([*parts, *others]))


def record_outcome(
    run: Run,
    validation: Part,
    scores: np.ndarray,
    history: History | None,
    plot: bool = True,
    fitted: Fitted | None = None,
) -> tuple[float, float]:
    """Write the results of a training: calibration, validation scores and learning curves.

    Parameters
    ----------
    run : Run
        The run of the training.
    validation : Part
        The clips of validation.
    scores : numpy.ndarray
        Their scores by the model that is saved, shape (clips,).
    history : History or None
        The learning curves; None for a classifier that is not trained in steps.
    plot : bool
        Whether to draw the learning curves.
    fitted : Fitted, optional
        The calibration, where it is not fitted on these very clips.

    Returns
    -------
    eer, threshold : float
        The validation EER, and the decision threshold of the calibration.
    """
    clips = validation.clips
    eer, _ = compute_eer(scores, clips.y)
    if fitted is None:
        fitted = Fitted(fit_calibration(scores, clips.y))
    calibration = fitted.calibration
    write_calibration(run.folder, calibration, fitted.on)
    trials = trials_of(clips, scores, calibration, validation.source)
    trials.write(run.folder / VALIDATION_SCORES)
    results = {"validation_eer": eer, "threshold": calibration.threshold}
    if history is not None:
        for name in ("train_losses", "val_losses", "val_accuracies", "val_eers"):
            _save_array(run.folder / f"{name}.npy", getattr(history, name))
        if plot:
            name = f"{detector_name(run)}, {validation.source.dataset_name}"
            plot_losses(history, run.folder / "loss_plot.png", name)
        results |= {f"best_{history.step}": history.best, f"{history.step}s": len(history.val_eers)}
    run.update(results=results)
    return eer, calibration.threshold


def listing_of(split: str, clips: LabelledClips, source: ClipSource) -> pd.DataFrame:
    """List clips with their conditions, so that a test can tell unseen ones.

    Parameters
    ----------
    split : str
        What they are of: training or validation.
    clips : LabelledClips
        The clips.
    source : ClipSource
        Where they come from.
    """
    table = pd.DataFrame({"split": split, "file": clips.files, "speaker": clips.speaker})
    table["label"] = np.where(clips.y == 1, BONA_FIDE, SPOOF)
    return table.join(conditions_of(clips, source))


def _save_array(path: Path, values: np.ndarray) -> None:
    with replacing(path) as temporary, temporary.open("wb") as stream:
        np.save(stream, values, allow_pickle=False)

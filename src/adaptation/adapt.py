"""AdaptModel: a training that learns from a few clips of the user's own case besides."""

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from src.adaptation.drawing import draw_clips
from src.adaptation.learning import Before, Tried, try_shares
from src.adaptation.measuring import Judge, measure_clips, measure_folds
from src.adaptation.names import ADAPTED, FOLDER
from src.adaptation.results import Adaptation, Measurement, TriedShare
from src.adaptation.sources import Clips, embed_clips, load_test, open_before
from src.fusion.members import Member
from src.models.calibrate import calibration_of
from src.models.classifier import Classifier
from src.models.data import TRAIN
from src.models.probe import speaker_folds
from src.models.record import Part, listing_of, record_inputs, record_outcome
from src.models.reference import Reference, fit_reference
from src.models.registry import load_classifier
from src.models.trained_on import DATASET
from src.utils.dataset.dataset import Dataset
from src.utils.embeddings.embedding_set import EmbeddingSet
from src.utils.errors import RunError
from src.utils.history import History
from src.utils.metrics.calibration import fit_calibration
from src.utils.metrics.table import METRICS
from src.utils.runs import Kind, Run, new_run

CLIPS = 20
"""Of each class that are learnt from, where nobody says how many."""

CHANCE = 0.16
"""How often chance alone may speak for adapting in folds: a gain of one standard error."""


@dataclass(frozen=True)
class Adapted:
    """A training that was adapted.

    Attributes
    ----------
    run : Run
        The new training.
    before : Run
        The one that it was made of.
    adaptation : Adaptation
        What it brought.
    rejected : dict of str to str
        By recording, why it could not be used.
    """

    run: Run
    before: Run
    adaptation: Adaptation
    rejected: dict[str, str]


@dataclass(frozen=True)
class _Fitted:
    model: Classifier
    history: History | None
    learnt: EmbeddingSet
    tried: Tried


def adapt_run(
    run: Run,
    dataset: Dataset,
    runs: Path,
    n_clips: int = CLIPS,
    embeddings: Path | None = None,
    checkpoint: str | None = None,
    seed: int = 7,
) -> Adapted:
    """Train a run anew on a few clips of a user's own besides, and measure what it brings.

    How much these clips weigh, and whether they help at all, is told by folds by speaker over them
    alone. The clips of all other speakers of the data set, and the run's own test, are for
    measuring.

    Parameters
    ----------
    run : Run
        A finished training of a classifier of vectors.
    dataset : Dataset
        The user's labelled clips.
    runs : pathlib.Path
        The runs folder.
    n_clips : int
        How many of each class are learnt from.
    embeddings : pathlib.Path, optional
        The folder of the data set's vectors (see `embed_clips`).
    checkpoint : str, optional
        Where the run's checkpoint is now.
    seed : int
        Of the draw of clips, of the folds and of the intervals.

    Raises
    ------
    RunError
        When adapting does not help; there is no new run then.
    AudiosError
        When the run cannot be adapted, there are too few clips or speakers, or vectors are absent.
    """
    before = open_before(run)
    test, no_test = load_test(before)
    found = embed_clips(before, dataset, embeddings, checkpoint, test)
    drawn = draw_clips(found.clips, n_clips, seed)
    learnt, apart = found.clips.where(drawn.learnt), found.clips.where(drawn.apart)
    folds = speaker_folds(learnt, seed)
    as_it_is = load_classifier(run)
    tried = try_shares(before, learnt, folds)
    in_folds = measure_folds(learnt, as_it_is.score(learnt.x), tried.honest, folds, seed)
    require_help(before, in_folds, n_clips, dataset)
    fitted = _Fitted(*before.fit(learnt, tried.share), learnt, tried)
    old = Judge(as_it_is, calibration_of(run))
    new = Judge(fitted.model, fit_calibration(tried.chosen, learnt.y))
    adaptation = Adaptation(
        folds=in_folds,
        n_folds=len(folds),
        shares=[TriedShare(share, *tried.measure(share)) for share in tried.scores],
        apart=measure_clips(apart, old, new, seed),
        old_test=None if test is None else measure_clips(test, old, new, seed),
        no_old_test=no_test,
        n_known=found.n_known,
        n_known_speakers=found.n_known_speakers,
        n_rejected=len(found.rejected),
        n_without_speaker=int((found.clips.speaker == "").sum()),
    )
    settings = _settings(before, dataset, n_clips, tried.share, seed)
    inputs = {**before.stores.inputs(), FOLDER: found.store.fingerprint}
    with new_run(runs, Kind.TRAINING, settings, inputs) as adapted:
        _write(adapted, before, found, fitted, adaptation)
    return Adapted(adapted, run, adaptation, found.rejected)


def require_help(before: Before, folds: Measurement, n_clips: int, dataset: Dataset) -> None:
    """Refuse to adapt where folds by speaker over the clips do not speak for it.

    The Cllr must be lower by a standard error or more (a one-sided test at `CHANCE`, over
    speakers), and the EER not higher beyond its 95 % interval. Both detectors are calibrated alike,
    so that Cllr tells how well they tell classes apart; the EER of a few dozen clips moves in steps
    of a clip, and its interval excludes next to nothing. Measured with 12 draws of 20 clips a class
    for an SVM: adapting lowered the EER of about 2,500 clips kept apart by 1.2 to 6.3 points, and
    is refused 5 times; a test at 2.5 % would refuse 9. What is made in error is told by the clips
    kept apart, what is refused in error by nothing.

    Parameters
    ----------
    before : Before
        The training.
    folds : Measurement
        As of `measure_folds`.
    n_clips : int
        How many of each class were learnt from.
    dataset : Dataset
        The user's.

    Raises
    ------
    RunError
        Saying what was measured.
    """
    eer, cost = folds.eer, folds.cllr
    # Of a two-sided test half.
    if cost.difference < 0 and cost.p_value < 2 * CHANCE and not eer.is_worse:
        return
    rate, bits = METRICS["eer"], METRICS["cllr"]
    low_high = bits.write_change_interval(cost.low, cost.high, " to ")
    number, folder = before.run.number, shlex.quote(str(dataset.root))
    raise RunError(
        f"adapting does not help: EER {rate.write(eer.before)} before, {rate.write(eer.after)} "
        f"after in folds by speaker over {n_clips} clips of each class; {bits.label} "
        f"{bits.write(cost.before)} before, {bits.write(cost.after)} after (95 % interval of the "
        f"difference {low_high}); no run was made: try more clips (--clips), or calibrate alone: "
        f"fab CalibrateRun --run-number={number} --dataset={folder}"
    )


def _settings(
    before: Before, dataset: Dataset, n_clips: int, share: float, seed: int
) -> dict[str, Any]:
    # It is calibrated on the user's clips, whatever the run was calibrated on.
    asked = {name: value for name, value in before.run.settings.items() if name != "calibrate"}
    how = {"run": Member(before.run).title, "dataset": str(dataset.root.resolve())}
    return asked | {ADAPTED: how | {"clips": n_clips, "share": share, "seed": seed}}


def _write(run: Run, before: Before, found: Clips, fitted: _Fitted, adaptation: Adaptation) -> None:
    """Write all that a training holds, and what adapting brought."""
    train, validation = before.load()
    stores, learnt, source = before.stores, fitted.learnt, found.store
    # A later test must share no speaker with these, either.
    listed = listing_of(TRAIN, learnt, source).assign(**{DATASET: source.dataset})
    seen = Part(train.as_recorded, stores.train), Part(validation, stores.validation)
    record_inputs(run, *seen, others=[listed])
    run.update(embeddings=str(stores.train.embeddings.resolve()))
    fitted.model.save(run.folder)
    _reference(train, validation, learnt).write(run.folder)
    adaptation.write(run.folder)
    record_outcome(run, Part(learnt, source), fitted.tried.chosen, fitted.history)


def _reference(train: EmbeddingSet, validation: EmbeddingSet, learnt: EmbeddingSet) -> Reference:
    """Fit what tells unfamiliar recordings, to which the user's are familiar now."""
    together = (np.concatenate([part.x, learnt.x]) for part in (train, validation))
    return fit_reference(*together)

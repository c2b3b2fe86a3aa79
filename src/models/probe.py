"""The layer probe: the cross-validated EER of a logistic regression at each layer.

Every layer and pooling is measured by cross-validation over the clips of `downstream_train` and
`downstream_val` together, in folds by speaker; `downstream_test` is never read. On few speakers
a model may tell the classes apart by recognising the voices: where no speaker is in two folds,
that does not help it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from src.models.data import TrainingStores
from src.models.logistic_regression.pipeline import make_regression
from src.utils.config import PROBE, LayerChoice
from src.utils.dataset.labelled import LabelledClips
from src.utils.embeddings.embedding_set import EmbeddingSet, unshared
from src.utils.embeddings.selection import Selection, pooling_columns
from src.utils.errors import EmbeddingError
from src.utils.metrics.eer import compute_eer
from src.utils.runs import Kind, Run, new_run
from src.utils.tables import write_csv
from src.visualize.plots import plot_layers

TABLE = "layer_probe.csv"
FOLDS = 5

Fold = tuple[np.ndarray, np.ndarray]
"""Indices of the training clips and of the held-out clips."""


@dataclass(frozen=True)
class Probe:
    """The cross-validated EER of every layer and pooling.

    The EER is the mean of the folds' own EERs. Each fold's scores are of another model, and
    their scales differ, so one EER over all of them would count that difference as error. A
    small fold's EER moves in coarse steps; the mean evens them out, and its standard error, the
    folds' deviation over the root of their number, says how far. It is on the low side, since
    the folds share most of their training (Bengio & Grandvalet 2004, "No unbiased estimator of
    the variance of k-fold cross-validation").

    Attributes
    ----------
    table : pandas.DataFrame
        `layer, pooling, eer, standard_error`, by layer; rates are between 0 and 1.
    n_folds, n_clips, n_speakers : int
        Size of the cross-validation.
    unit : str
        What no two folds share: `speaker`, or `file` for a split by utterance.
    """

    table: pd.DataFrame
    n_folds: int
    n_clips: int
    n_speakers: int
    unit: str = "speaker"

    @property
    def best(self) -> pd.Series:
        """The row of the lowest EER; on a tie the lowest layer, then the first pooling."""
        return self.table.loc[self.table["eer"].idxmin()]

    @property
    def close(self) -> pd.DataFrame:
        """The other rows within one standard error of the best, which chance may explain."""
        limit = self.best["eer"] + self.best["standard_error"]
        others = self.table.drop(index=self.best.name)
        return others[others["eer"] <= limit]


@dataclass(frozen=True)
class ProbeRun:
    """A finished probe and the files that it was written to.

    Attributes
    ----------
    run : Run
        The run of the probe.
    probe : Probe
        The EERs.
    table, figure : pathlib.Path
        The CSV and PNG file.
    """

    run: Run
    probe: Probe
    table: Path
    figure: Path


def run_probe(stores: TrainingStores, runs: Path, seed: int = 7) -> ProbeRun:
    """Probe every layer and pooling and write a table and a figure into a run folder.

    Parameters
    ----------
    stores : TrainingStores
        The embeddings of training and validation.
    runs : pathlib.Path
        The runs folder.
    seed : int
        Seed of the folds.

    Raises
    ------
    EmbeddingError
        When there are too few speakers; no folder is made then.
    """
    speaker_folds(stores.load_together(Selection(stores.train.layers[0])), seed)
    settings = {"backbone": stores.train.backbone, "seed": seed}
    with new_run(runs, Kind.LAYER_PROBE, settings, stores.inputs()) as run:
        probe = probe_layers(stores, seed)
        done = ProbeRun(run, probe, run.folder / TABLE, run.folder / "layer_probe.png")
        write_csv(done.table, probe.table)
        title = (
            f"EER by layer: {stores.train.backbone['name']} on training and validation of "
            f"{stores.train.dataset_name}\n{probe.n_clips:,} clips of {probe.n_speakers:,} "
            f"speakers, {probe.n_folds} folds by {probe.unit}"
        )
        plot_layers(probe.table, probe.best, done.figure, title)
        run.update(results={**probe.best.to_dict(), "folds": probe.n_folds})
    return done


def choose_layer(
    stores: TrainingStores, layer: LayerChoice, seed: int = 7, pooling: str | None = None
) -> tuple[int | Literal["weighted"], Probe | None]:
    """Resolve a choice of layer into the model's own number of it.

    The probe is of what the classifier is given: all statistics, or the one pooling. It sees the
    validation clips, so the validation EER of a model trained at the layer it chose is optimistic;
    the test EER is not.

    Parameters
    ----------
    stores : TrainingStores
        The embeddings of training and validation.
    layer : int, 'probe' or 'weighted'
        A number, a negative one counted from the last layer, `probe` for the layer with the
        lowest EER, or `weighted` for all of them.
    seed : int
        Seed of the folds.
    pooling : str, optional
        The one pooling that is probed; by default all statistics.

    Returns
    -------
    layer : int or 'weighted'
        The model's own number.
    probe : Probe or None
        The probe that chose; None where nothing was to choose.

    Raises
    ------
    ArgumentError
        When there is no such layer.
    EmbeddingError
        When there are too few speakers for a probe.
    """
    if layer != PROBE:
        return stores.train.check_layer(layer), None
    if len(stores.train.layers) == 1:
        return stores.train.layers[0], None
    probe = probe_layers(stores, seed, joint_only=pooling is None, pooling=pooling)
    return int(probe.best["layer"]), probe


def fold_eer(clips: EmbeddingSet, columns: slice, fold: Fold) -> float:
    """Return the EER of a logistic regression on the held-out clips of a fold.

    Parameters
    ----------
    clips : EmbeddingSet
        The clips of all folds at one layer.
    columns : slice
        The columns of a pooling (see `pooling_columns`).
    fold : tuple of numpy.ndarray
        Indices of the training clips and of the held-out clips.
    """
    train, held_out = fold
    # The scaler sees the fold's own training rows only.
    model = make_regression()
    model.fit(clips.x[train, columns], clips.y[train])
    eer, _ = compute_eer(model.decision_function(clips.x[held_out, columns]), clips.y[held_out])
    return eer


Measure = Callable[[EmbeddingSet, slice, Fold], float]


def probe_layers(
    stores: TrainingStores,
    seed: int = 7,
    joint_only: bool = False,
    measure: Measure = fold_eer,
    pooling: str | None = None,
) -> Probe:
    """Cross-validate a logistic regression on every layer and pooling; results are cached.

    Parameters
    ----------
    stores : TrainingStores
        The embeddings of training and validation.
    seed : int
        Seed of the folds.
    joint_only : bool
        Whether to measure only all statistics concatenated, and none alone.
    measure : callable
        Gives the EER of a fold (see `fold_eer`).
    pooling : str, optional
        The only pooling that is measured, a key of `pooling_columns`.

    Raises
    ------
    EmbeddingError
        When there are too few speakers, or the two stores share one.
    """
    return _probe_layers(stores, seed, joint_only, measure, pooling)


@lru_cache(maxsize=4)
def _probe_layers(
    stores: TrainingStores, seed: int, joint_only: bool, measure: Measure, only: str | None
) -> Probe:
    layers = stores.train.layers
    poolings = pooling_columns(stores.train.stats, int(stores.train.backbone["dim"]))
    if joint_only:
        poolings = dict([*poolings.items()][-1:])
    if only is not None:
        poolings = {only: poolings[only]}
    clips = stores.load_together(Selection(layers[0]))
    folds = speaker_folds(clips, seed)
    rows = []
    # Products this small run up to forty times slower when cores share them.
    with threadpool_limits(1, "blas"):
        for layer in tqdm(layers, "layer probe", unit="layer", leave=False):
            clips = stores.load_together(Selection(layer))
            for pooling, columns in poolings.items():
                eers = np.array([measure(clips, columns, fold) for fold in folds])
                error = eers.std(ddof=1) / np.sqrt(len(eers))
                # Rounded, so that equal folds tie in whichever order they are added up.
                rows.append((layer, pooling, eers.mean().round(12), error.round(12)))
    table = pd.DataFrame(rows, columns=["layer", "pooling", "eer", "standard_error"])
    unit = unshared(clips.units)[0].removesuffix("s")
    return Probe(table, len(folds), len(clips), len(set(_speakers(clips))), unit)


def speaker_folds(clips: LabelledClips, seed: int = 7) -> list[Fold]:
    """Divide clips into stratified folds by speaker.

    A spoof belongs to the speaker it imitates, where its `speaker` says so. A clip without a
    speaker is a group of its own, and so is every clip of a split by utterance.

    Parameters
    ----------
    clips : LabelledClips
        The clips to divide.
    seed : int
        Seed of the shuffling of speakers with equal numbers of clips.

    Returns
    -------
    list of (numpy.ndarray, numpy.ndarray)
        Five folds, or fewer where a class has fewer speakers; both parts of every fold hold
        both classes.

    Raises
    ------
    EmbeddingError
        When not even two folds are possible.
    """
    try:
        return group_folds(clips.y, speakers_of(clips), FOLDS, seed)
    except EmbeddingError as error:
        raise EmbeddingError(
            f"{error}; TrainModel does without folds when --layer is a number"
        ) from error


def group_folds(
    y: np.ndarray, groups: np.ndarray, n_folds: int, seed: int, what: str = "speaker"
) -> list[Fold]:
    """Divide clips into stratified folds of whole groups.

    Parameters
    ----------
    y : numpy.ndarray
        The class of each clip, shape (clips,).
    groups : numpy.ndarray
        The group of each, str of shape (clips,).
    n_folds : int
        How many folds at most; fewer where a class has fewer groups.
    seed : int
        Seed of the shuffling of groups with equal numbers of clips.
    what : str
        What a group is, for the message.

    Raises
    ------
    EmbeddingError
        When not even two folds are possible of which both parts hold both classes.
    """
    counts = {value: len(set(groups[y == value])) for value in (1, 0)}
    for n_possible in range(min(n_folds, *counts.values()), 1, -1):
        # The splitter deals groups out greedily, so a fold may still lack a class.
        splitter = StratifiedGroupKFold(n_possible, shuffle=True, random_state=seed)
        folds = [*splitter.split(y, y, groups)]
        if all(len(set(y[rows])) == 2 for fold in folds for rows in fold):
            return folds
    raise EmbeddingError(
        f"too few {what}s for folds by {what} ({counts[1]} with bona-fide clips, {counts[0]} "
        f"with spoof clips; it takes two of each): embed clips of more {what}s"
    )


def speakers_of(clips: LabelledClips) -> np.ndarray:
    """Return what of a clip no two folds may share, str of shape (clips,).

    Its speaker, or else itself; of a split by utterance its file.

    Parameters
    ----------
    clips : LabelledClips
        The clips.
    """
    if "speaker" not in unshared(clips.units):
        return clips.files
    return _speakers(clips)


def _speakers(clips: LabelledClips) -> np.ndarray:
    """Return the group of each clip, str of shape (clips,): its speaker, or else itself."""
    # With a prefix, since a speaker may have the name of another one's file.
    return np.where(
        clips.speaker != "",
        np.char.add("s", clips.speaker),
        np.char.add("f", clips.files),
    )

"""Stage 11: testing a trained run on clips it has never seen; written once for all classifiers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import pandas as pd

from src.evaluation.figures import draw_figures
from src.evaluation.results import Results, evaluate_trials
from src.evaluation.results_file import TEST_RESULTS, figure_paths, read_values
from src.evaluation.trials import Trials
from src.models.calibrate import calibration_of
from src.models.data import TEST, ClipSource, warn_if_stale
from src.models.lookup import detector_name, require_current
from src.models.registry import load_classifier
from src.models.split_notes import notes_of_recipe, split_notes
from src.models.tested import TESTED, ending_for, keep_ending
from src.models.trained_on import as_of_dataset, read_trained_on
from src.models.trials import trials_of
from src.utils.config import BY_SPEAKER, GENDERS
from src.utils.dataset.labelled import LabelledClips
from src.utils.embeddings.differences import backbone_differences
from src.utils.embeddings.embedding_set import EmbeddingSet, unshared
from src.utils.embeddings.selection import Selection
from src.utils.embeddings.store import EmbeddingStore
from src.utils.errors import EmbeddingError, RunError, choose, shorten
from src.utils.run_manifest import require_training
from src.utils.runs import MANIFEST, Run

Clips = TypeVar("Clips", bound=LabelledClips)


@dataclass(frozen=True)
class Evaluation:
    """A finished test of one run.

    Attributes
    ----------
    run : Run
        The training that was tested.
    results : Results
        Its metrics, with intervals and groups.
    path : pathlib.Path
        The JSON file of the results.
    scores : pathlib.Path
        The table of the scored clips.
    figures : list of pathlib.Path
        The pictures that were drawn.
    elsewhere : str or None
        The folder of the recordings where they are of another data set than the run's.
    rejected : dict of str to str
        The reason by recording of those that could not be scored, where recordings are.
    """

    run: Run
    results: Results
    path: Path
    scores: Path
    figures: list[Path]
    elsewhere: str | None = None
    rejected: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Scored(Generic[Clips]):
    """Clips with their scores.

    Attributes
    ----------
    clips : LabelledClips
        Those that have one.
    scores : numpy.ndarray
        float64, shape (clips,).
    members : pandas.DataFrame or None
        The ratios of each clip by the members of a fusion (see `Trials`); None for what is none.
    """

    clips: Clips
    scores: np.ndarray
    members: pd.DataFrame | None = None


def evaluate_run(
    run: Run, embeddings: Path, gender: str | None = None, reuse: bool = False
) -> Evaluation:
    """Score the test split with a run's model and write results, scores and figures into it.

    Decisions are made at the threshold fixed on validation, and scores are turned into likelihood
    ratios by the calibration fitted there. Files on another data set than the
    run's end in its name, so that they stand beside those on its own.

    Parameters
    ----------
    run : Run
        A finished training.
    embeddings : pathlib.Path
        The embeddings' folder.
    gender : {'M', 'F'}, optional
        Only clips of this gender; the files' names then end in it.
    reuse : bool
        Return the results that are there when they are of these very clips.

    Raises
    ------
    EmbeddingError
        When the test embeddings are absent, of another model than the run's, share a speaker
        with what it was trained on, or lack a class.
    RunError
        When the model cannot be loaded, or is of before its backbone had its name.
    """
    settings = run.settings
    require_training(run.manifest, run.folder / MANIFEST)
    require_current(run)
    store = EmbeddingStore.open(embeddings, settings["backbone"]["name"], TEST)
    require_same_model(run, store)

    def load() -> EmbeddingSet:
        warn_if_stale(store)
        return store.load(*Selection.of(settings))

    def score(clips: EmbeddingSet) -> Scored[EmbeddingSet]:
        return Scored(clips, load_classifier(run).score(clips.x))

    return evaluate_clips(run, store, load, score, gender, reuse)


Tell = Callable[[Trials], Mapping[str, Any]]
"""Gives what more the results of a test hold, by the trials of it."""


def tell_nothing(_: Trials) -> Mapping[str, Any]:
    """Return nothing more for the results of a test."""
    return {}


def evaluate_clips(
    run: Run,
    source: ClipSource,
    load: Callable[[], Clips],
    score: Callable[[Clips], Scored[Clips]],
    gender: str | None = None,
    reuse: bool = False,
    tell: Tell = tell_nothing,
) -> Evaluation:
    """Test a run as `evaluate_run` does, on clips of any kind.

    Parameters
    ----------
    run : Run
        A finished training.
    source : ClipSource
        Where the clips are from.
    load : callable
        Gives the clips.
    score : callable
        Gives those of them that can be scored, with their scores.
    gender, reuse
        See `evaluate_run`.
    tell : callable, optional
        Gives what more the results hold, by the trials of the test.
    """
    if gender is not None:
        choose("--gender", gender, GENDERS)
    settings = run.settings
    ending = ending_for(run, source)
    elsewhere = source.dataset if ending else None
    suffix = "".join(f"_{word}" for word in (ending, gender) if word)
    part = f"{TEST}{suffix}"
    path = run.folder / f"{TEST_RESULTS}{suffix}.json"
    scored = run.folder / f"scores_test{suffix}.csv"
    tested = run.manifest.get(TESTED, {})
    if reuse and tested.get(part) == source.fingerprint and path.is_file():
        there = Results.read(path)
        if there.is_whole and read_values(path).get("dataset") == source.dataset:
            paths = figure_paths(run.folder, suffix).values()
            figures = [figure for figure in paths if figure.is_file()]
            return Evaluation(run, there, path, scored, figures, elsewhere)
    clips = load()
    require_unseen(run, clips, elsewhere)
    what = f"{TEST} of {source.dataset_name}" if elsewhere else TEST
    if gender is not None:
        clips = clips.where(clips.gender == gender)
        what += f" with gender {gender}"
    clips.require_both_classes(what)
    calibration = calibration_of(run)
    scored_clips = score(clips)
    clips = scored_clips.clips
    clips.require_both_classes(f"what can be scored of {what}")
    trials = trials_of(clips, scored_clips.scores, calibration, source, scored_clips.members)
    results = evaluate_trials(
        trials, calibration.threshold, calibration.confidence, seed=settings["seed"]
    )
    more = dict(tell(trials))
    with run.changing():
        if ending_for(run, source) != ending:
            raise RunError(f"run {run.number} was tested on other clips meanwhile; test it again")
        if calibration_of(run) != calibration:
            raise RunError(f"run {run.number} was calibrated anew meanwhile; test it again")
        # First, so that a kill leaves no file whose data set is not known.
        keep_ending(run, source, ending)
        trials.write(scored)
        title = f"{detector_name(run)}: {_part_of(source, gender)}"
        figures = draw_figures(trials, results, run.folder, suffix, title)
        notes = split_notes(run)
        if elsewhere:
            notes += [note for note in notes_of_recipe(source.split_recipe) if note not in notes]
        about = {"dataset": source.dataset} | ({"note": "; ".join(notes)} if notes else {})
        results.write(path, about | more)
        run.update(**{TESTED: run.manifest.get(TESTED, {}) | {part: source.fingerprint}})
    return Evaluation(run, results, path, scored, figures, elsewhere)


def _part_of(source: ClipSource, gender: str | None) -> str:
    """Return the tested clips as the titles of figures name them."""
    told = "" if gender is None else f" with gender {gender}"
    return f"{TEST} of {source.dataset_name}{told}"


def require_same_model(run: Run, store: EmbeddingStore) -> None:
    """Fail for vectors of another model than a run was trained on.

    Parameters
    ----------
    run : Run
        A training of a classifier.
    store : EmbeddingStore
        The vectors.

    Raises
    ------
    EmbeddingError
        Naming what differs.
    """
    ours = run.settings["backbone"]
    differs = backbone_differences(ours, store.backbone)
    if differs:
        raise EmbeddingError(
            f"{store.folder} was made by another {ours['name']} ({', '.join(differs)} differ) than "
            f"run {run.number} was trained on"
        )


def require_unseen(run: Run, clips: LabelledClips, elsewhere: str | None) -> None:
    """Fail for clips that share a speaker, or another unit, with what a run was trained on.

    Parameters
    ----------
    run : Run
        The training.
    clips : LabelledClips
        Those of a test.
    elsewhere : str or None
        The folder of the recordings where they are of another data set than the run's.

    Raises
    ------
    EmbeddingError
        Naming what they share.
    """
    what, remedy = TEST, "the data set was split anew; train again first"
    if elsewhere:
        what, remedy = f"{TEST} of {elsewhere}", "if they are others of the same name, rename them"
    seen = as_of_dataset(read_trained_on(run), elsewhere)
    require_apart(run, seen, clips, what, remedy)


def require_apart(
    run: Run, seen: pd.DataFrame, clips: LabelledClips, what: str, remedy: str
) -> None:
    """Fail for clips that share a speaker, or another unit, with some that a run has seen.

    Parameters
    ----------
    run : Run
        A training.
    seen : pandas.DataFrame
        Rows of what `read_trained_on` gives.
    clips : LabelledClips
        The others.
    what, remedy : str
        What they are, and what to do, for the message.

    Raises
    ------
    EmbeddingError
        Naming what they share.
    """
    for name in unshared(run.settings.get("units", BY_SPEAKER), clips.units):
        kind = name.removesuffix("s")
        shared = sorted(set(seen[kind]) & set(getattr(clips, name)) - {""})
        if shared:
            raise EmbeddingError(
                f"{what} shares {len(shared)} {kind}s with the training of run {run.number} "
                f"({shorten(shared)}): {remedy}"
            )

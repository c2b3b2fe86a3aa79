"""TestRobustness: a run's detector on its test clips under each condition."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from src.evaluation.results import number_of_clusters
from src.models.evaluate import require_unseen
from src.models.tested import ending_for, keep_ending
from src.predict.detector import Detector
from src.robustness.figures import draw_figures
from src.robustness.kept import read_clips, write_clips
from src.robustness.measure import measure_conditions, trials_of_scores
from src.robustness.names import CLIPS, results_path, scores_folder
from src.robustness.results import Robustness
from src.scoring.kept import KeptScores
from src.scoring.recordings import Change, RecordingScorer, count_done, describe_scores
from src.utils.audio.augmentations import AUGMENTATIONS
from src.utils.audio.augmentations.augmentation import Augmentation, Material
from src.utils.audio.augmentations.chain import apply_chain
from src.utils.audio.augmentations.conditions import (
    CLEAN,
    CONDITIONS,
    VERSION,
    Condition,
)
from src.utils.dataset.split_recordings import SplitRecordings
from src.utils.errors import ArgumentError, RunError
from src.utils.files import locked, make_folder, remove_partials, sha256_file, sha256_text
from src.utils.runs import Run
from src.utils.seeding import file_generator

_FORMAT = 1
"""Raised where scores of the same clips change for another reason than their conditions."""
_LOCK = ".lock"
_OF_FOLDER = "noises"
"""The augmentation that is made of what lies in a folder that is given."""


@dataclass(frozen=True)
class RobustnessTest:
    """A finished test of robustness.

    Attributes
    ----------
    run : Run
        The training that was tested.
    found : Robustness
        What came out, of all conditions whose scores are there.
    path : pathlib.Path
        The JSON file of it.
    figures : list of pathlib.Path
        The pictures that were drawn.
    n_scored, n_kept : int
        Clips, each counted under each condition, that were scored now, and whose scores were there.
    elsewhere : str or None
        The folder of the recordings where they are of another data set than the run's.
    """

    run: Run
    found: Robustness
    path: Path
    figures: list[Path]
    n_scored: int
    n_kept: int
    elsewhere: str | None = None


def measure_robustness(
    run: Run,
    source: SplitRecordings,
    conditions: Sequence[Condition] | None = None,
    noises: Path | None = None,
    seed: int = 7,
) -> RobustnessTest:
    """Score clips under conditions by a run's detector, and write what is found into its folder.

    What was scored before is not scored again; conditions that are not asked for but have scores of
    these very clips are told of, too.

    Parameters
    ----------
    run : Run
        A finished training.
    source : SplitRecordings
        The clips.
    conditions : sequence of Condition, optional
        What the clips go through; by default all of `CONDITIONS` that can be made here.
    noises : pathlib.Path, optional
        A folder of noise recordings; without one nothing is mixed with such.
    seed : int
        Of what conditions draw, and of the intervals.

    Raises
    ------
    ArgumentError
        When a condition that is asked for cannot be made.
    EmbeddingError
        When the clips share a speaker with what the run was trained on.
    DatasetError
        When the clips lack a class.
    RunError
        When the model cannot be loaded.
    """
    ending = ending_for(run, source)
    elsewhere = source.dataset if ending else None
    require_unseen(run, source.clips, elsewhere)
    source.clips.require_both_classes(f"the test of {source.dataset_name}")
    material = source.material(noises)
    detector = Detector.load(run)
    made, left_out = _make(conditions, material, detector.backbone.sample_rate)
    suffix = f"_{ending}" if ending else ""
    folder = make_folder(scores_folder(run.folder, suffix))
    with locked(folder / _LOCK, str(folder)):
        remove_partials(folder)
        write_clips(folder, source.clips)
        about = _describe(detector, source, seed)
        kept = {
            one: KeptScores.open(
                folder / f"{one.name}.json", _fingerprint(about, one, material), len(source.clips)
            )
            for one in (CLEAN, *CONDITIONS)
        }
        asked = [CLEAN, *made]
        n_kept = count_done([kept[one] for one in asked])
        _score(detector, source, seed, {one: kept[one] for one in asked}, made)
        n_scored = len(asked) * len(source.clips) - n_kept
        found = _measure(source, detector, kept, left_out, seed)
        figures = _write(run, source, ending, found)
    path = results_path(run.folder, suffix)
    return RobustnessTest(run, found, path, figures, n_scored, n_kept, elsewhere)


def _make(
    conditions: Sequence[Condition] | None, material: Material, sample_rate: int
) -> tuple[dict[Condition, Mapping[str, Augmentation]], dict[str, str]]:
    """Return what each condition is applied by, and why others are not tried here."""
    made: dict[Condition, Mapping[str, Augmentation]] = {}
    left_out: dict[str, str] = {}
    # What reads a folder of noises is made once.
    known: dict[str, Augmentation] = {}
    for condition in CONDITIONS if conditions is None else conditions:
        if condition.above_hz >= sample_rate:
            left_out[condition.name] = f"recordings are heard at {sample_rate:,} Hz anyway"
            continue
        try:
            for kind in {step.kind for step in condition.steps} - known.keys():
                known[kind] = AUGMENTATIONS.load(kind)(material)
        except ArgumentError as error:
            if conditions is not None:
                raise
            left_out[condition.name] = str(error)
            continue
        made[condition] = {step.kind: known[step.kind] for step in condition.steps}
    return made, left_out


def _score(
    detector: Detector,
    source: SplitRecordings,
    seed: int,
    kept: Mapping[Condition, KeptScores],
    made: Mapping[Condition, Mapping[str, Augmentation]],
) -> None:
    total, done = len(kept) * len(source.clips), count_done([*kept.values()])
    if done == total:
        return
    scorer = RecordingScorer(detector.backbone, detector.classifier, source, scores_again=True)
    with tqdm(None, "conditions", total, unit="clip", initial=done, leave=False) as bar:
        for condition, one in kept.items():
            if not one.is_done.all():
                bar.set_description(condition.title)
                change = _changing(condition, made.get(condition, {}), detector, source, seed)
                scorer.score(one, bar.update, change)


def _changing(
    condition: Condition,
    by: Mapping[str, Augmentation],
    detector: Detector,
    source: SplitRecordings,
    seed: int,
) -> Change | None:
    """Return what changes clips as a condition says, None for clips as they are."""
    if not condition.steps:
        return None
    clips, rate = source.clips, detector.backbone.sample_rate

    def change(waveform: np.ndarray, row: int) -> np.ndarray:
        random = file_generator(seed, f"{condition.name}/{clips.files[row]}")
        chain = condition.draw(random, by, str(clips.speaker[row]))
        return apply_chain(chain, waveform, rate, by)

    return change


def _describe(detector: Detector, source: SplitRecordings, seed: int) -> dict[str, Any]:
    """Return what scores depend on besides the condition, as JSON values."""
    return {
        "format": [_FORMAT, VERSION],
        **describe_scores(detector.run, detector.backbone, source),
        "seed": seed,
    }


def _fingerprint(about: Mapping[str, Any], condition: Condition, material: Material) -> str:
    steps = [[step.kind, step.parameters] for step in condition.steps]
    told = {**about, "condition": [condition.name, steps]}
    if any(step.kind == _OF_FOLDER for step in condition.steps):
        told["noises"] = str(material.noises and material.noises.resolve())
    return sha256_text(json.dumps(told, sort_keys=True, default=str))


def _measure(
    source: SplitRecordings,
    detector: Detector,
    kept: Mapping[Condition, KeptScores],
    left_out: dict[str, str],
    seed: int,
) -> Robustness:
    """Measure every condition of the grid whose scores are all there."""
    whole = {one: those for one, those in kept.items() if those.is_done.all()}
    folder, clean = kept[CLEAN].path.parent, kept[CLEAN]
    clips = read_clips(folder)
    trials = trials_of_scores(clips, clean.scores, detector.calibration, clean.is_scored)
    if trials is None:
        some = next(iter(clean.failed.values()))
        raise RunError(
            f"no clip of a class of the test of {source.dataset_name} can be scored: one {some}"
        )
    (first, *others), lacking = measure_conditions(clips, whole, detector.calibration, seed)
    there = {one.name for one in others}
    return Robustness(
        dataset=source.dataset,
        dataset_name=source.dataset_name,
        clips=sha256_file(folder / CLIPS),
        seed=seed,
        threshold=detector.calibration.threshold,
        ci95_over=number_of_clusters(trials),
        clean=first,
        conditions=others,
        left_out={name: why for name, why in (left_out | lacking).items() if name not in there},
    )


def _write(run: Run, source: SplitRecordings, ending: str, found: Robustness) -> list[Path]:
    suffix = f"_{ending}" if ending else ""
    with run.changing():
        if ending_for(run, source) != ending:
            raise RunError(f"run {run.number} was tested on other clips meanwhile; test it again")
        # First, so that a kill leaves no file whose data set is not known.
        keep_ending(run, source, ending)
        figures = draw_figures(run, found, suffix)
        found.write(results_path(run.folder, suffix))
    return figures

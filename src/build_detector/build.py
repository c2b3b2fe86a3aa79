"""Building a detector: choosing, measuring, calibrating, training and writing it."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from src.build_detector.card import write_card
from src.build_detector.choose import (
    BACKBONE,
    CANDIDATES,
    Candidate,
    Choice,
    choose,
    fit,
    fit_without,
    held_out_models,
    held_out_scores,
)
from src.build_detector.conditions import CONDITIONS
from src.build_detector.corpus import LAST, Corpora, deal, read_corpora
from src.build_detector.folder import write_detector
from src.build_detector.measure import Measured, describe, measure
from src.build_detector.stretches import measure_long_recordings
from src.build_detector.vectors import Vectors, embed, embed_all
from src.models.classifier import Classifier
from src.models.reference import Reference, fit_reference
from src.predict.attack_years import newest_attack
from src.predict.bandwidths import measure_bandwidths
from src.utils.embeddings.backbones import Backbone, load_backbone
from src.utils.errors import DatasetError
from src.utils.files import without_nan
from src.utils.metrics.calibration import CONFIDENCE, Calibration, fit_calibration

log = logging.getLogger(__name__)

N_FOLDS = 5


@dataclass(frozen=True)
class Recipe:
    """How a detector is built.

    Attributes
    ----------
    output : pathlib.Path
        The detector's folder, whose name is its own.
    corpora : sequence of pathlib.Path
        Folders with a `metadata.csv`.
    version : str
        Of the detector.
    made : str
        The date that it tells, as YYYY-MM-DD.
    candidates : sequence of Candidate
        What is tried.
    n_folds : int
        Into how many folds the sources are dealt.
    seed : int
        Of everything random.
    """

    output: Path
    corpora: Sequence[Path]
    version: str = "1.0"
    made: str = ""
    candidates: Sequence[Candidate] = CANDIDATES
    n_folds: int = N_FOLDS
    seed: int = 7


def build(recipe: Recipe) -> dict[str, Any]:
    """Build a detector, and return what its `detector.json` tells.

    Parameters
    ----------
    recipe : Recipe
        From what, and how.

    Raises
    ------
    AudiosError
        When the corpora cannot be used, or the detector cannot be written.
    """
    corpora = read_corpora(recipe.corpora)
    clips, backbone = corpora.clips, load_backbone(BACKBONE)
    log.info("%d clips; %d are left out for their licence", len(clips), corpora.n_left_out)
    last = last_sources(clips, recipe.n_folds)
    vectors = embed_all(backbone, clips, recipe.seed)
    measured = _measure_last(recipe, backbone, clips, vectors, last)
    best = measured.choice.best
    log.info("chosen: %s", best.name)

    # The detector itself learns from all; what it is calibrated by are sources not learnt from.
    folds = deal(clips, recipe.n_folds)
    models = held_out_models(best, clips, vectors, folds)
    scores, calibration = _calibrate(models, clips, vectors, folds)
    everything = np.ones(len(clips), dtype=bool)
    model = fit(best, clips, vectors, everything, folds)
    about = _describe(recipe, corpora, measured, clips[last])
    across = measure(scores, clips, calibration)
    about["across_all"] = {
        "eer": across.eer,
        "ci95": list(across.by_sources),
        "n_folds": len(np.unique(folds)),
    }
    log.info("judging long recordings of sources held out")
    about["long_recordings"] = measure_long_recordings(
        models, clips, folds, backbone, calibration, recipe.seed
    )
    about = without_nan(about)
    write_detector(
        recipe.output,
        model,
        calibration,
        _reference(clips, vectors, folds),
        measure_bandwidths([Path(path) for path in clips["path"]], backbone.sample_rate),
        backbone.describe(),
        about,
        measured.scores,
        write_card(about, model, calibration, measured.choice, corpora.attributions),
    )
    return about


def last_sources(clips: pd.DataFrame, n_folds: int) -> np.ndarray:
    """Return the clips of the sources that the choice never sees.

    They are the sources all of whose clips have the split `dev`; where there are none of both
    classes, those of the first of so many folds.

    Parameters
    ----------
    clips : pandas.DataFrame
        With `source`, `split`, `speaker` and `y`.
    n_folds : int
        How many folds there would be.

    Returns
    -------
    numpy.ndarray
        bool, shape (clips,).
    """
    is_dev = clips["split"] == LAST
    last = is_dev.groupby(clips["source"]).transform("all").to_numpy(bool)
    if clips["y"][last].nunique() < 2:
        last = deal(clips, n_folds) == 0
    for what, part in (("are held out", clips[last]), ("are left", clips[~last])):
        if part["y"].nunique() < 2:
            raise DatasetError(
                f"too few sources: those that {what} lack a class; add sources with both classes"
            )
    return last


@dataclass(frozen=True)
class _LastSources:
    """What was chosen without the last sources, and what it comes to on them."""

    choice: Choice
    plain: Measured
    conditions: dict[str, Measured]
    scores: pd.DataFrame


def _measure_last(
    recipe: Recipe, backbone: Backbone, clips: pd.DataFrame, vectors: Vectors, last: np.ndarray
) -> _LastSources:
    ours, own_vectors = clips[~last].reset_index(drop=True), vectors.where(~last)
    folds = deal(ours, recipe.n_folds)
    choice = choose(recipe.candidates, ours, own_vectors, folds)
    models = held_out_models(choice.best, ours, own_vectors, folds)
    _, calibration = _calibrate(models, ours, own_vectors, folds)
    model = fit_without(choice.best, clips, vectors, last, deal(clips, recipe.n_folds))
    held = clips[last].reset_index(drop=True)
    scores = {"": model.score(vectors.plain[last])}
    for name, condition in CONDITIONS.items():
        changed = embed(backbone, held, [condition] * len(held), recipe.seed, name)
        scores[name] = model.score(changed)
    found = {name: measure(values, held, calibration) for name, values in scores.items()}
    table = held[["clip", "label", "source", "attack", "language"]].copy()
    for name, values in scores.items():
        table[f"llr {name}".strip()] = calibration.llrs(values)
    return _LastSources(choice, found.pop(""), found, table)


def _calibrate(
    models: Mapping[int, Classifier], clips: pd.DataFrame, vectors: Vectors, folds: np.ndarray
) -> tuple[np.ndarray, Calibration]:
    """Fit a calibration on the scores of clips, each by a model of other sources.

    Of the clips as they are: with copies, the ratios of the same scores would be so small that
    hardly a verdict was given, and those of degraded clips no better.
    """
    scores = held_out_scores(models, vectors, folds)
    return scores[:, 0], fit_calibration(scores[:, 0], clips["y"].to_numpy())


def _reference(clips: pd.DataFrame, vectors: Vectors, folds: np.ndarray) -> Reference:
    """Fit the reference on all clips and copies, and its limit on sources that it did not see."""
    both = np.concatenate([vectors.plain, vectors.copies])
    of = np.concatenate([folds, folds])
    logs = [np.log(fit_reference(both[of != k], both[of == k]).limit) for k in np.unique(folds)]
    return replace(fit_reference(both, both), limit=float(np.exp(np.mean(logs))))


def _describe(
    recipe: Recipe, corpora: Corpora, measured: _LastSources, held: pd.DataFrame
) -> dict[str, Any]:
    clips = corpora.clips
    spoofs = clips[clips["y"] == 0]
    attack = newest_attack(set(spoofs["attack"]) - {""}, corpora.years)
    plain = measured.plain
    n_clips = clips["corpus"].value_counts()
    shares = clips["language"].replace("", "unknown").value_counts(normalize=True)
    return {
        "name": recipe.output.name,
        "version": recipe.version,
        "made": recipe.made or date.today().isoformat(),
        "backbone": BACKBONE,
        "classifier": measured.choice.best.classifier,
        "held_out": {
            **describe(plain, held),
            "over": f"{held['source'].nunique()} sources",
            "n_speakers": held["speaker"].nunique(),
            "n_sources": held["source"].nunique(),
            "n_attacks": int(held.loc[held["y"] == 0, "attack"].nunique()),
            "sources": sorted(set(held["source"])),
        },
        "conditions": [
            {
                "condition": name,
                "about": CONDITIONS[name].about,
                "is_trained": CONDITIONS[name].is_trained,
                **describe(found, held),
            }
            for name, found in measured.conditions.items()
        ],
        "verdicts": {"confidence": CONFIDENCE, "cllr": plain.cllr, **plain.rates},
        "newest_attack": attack and {"name": attack[0], "year": attack[1]},
        "n_attacks": int(spoofs["attack"].nunique()),
        "n_speakers": int(clips["speaker"].nunique()),
        "n_sources": int(clips["source"].nunique()),
        "languages": sorted(set(clips["language"]) - {""}),
        "main_language": {
            "name": str(shares.index[0]),
            "share": float(shares.iloc[0]),
        },
        "corpora": [
            {"name": name, "n_clips": int(n_clips[name])} for name in sorted(n_clips.index)
        ],
        "licences": sorted(set(clips["licence"]) - {""}),
        "sources": _sources(clips),
    }


def _sources(clips: pd.DataFrame) -> list[dict[str, Any]]:
    found = []
    for name, group in clips.groupby("source"):
        n_bona_fide = int(group["y"].sum())
        found.append(
            {
                "name": str(name),
                "n_bona_fide": n_bona_fide,
                "n_spoof": len(group) - n_bona_fide,
                "licences": sorted(set(group["licence"]) - {""}),
            }
        )
    return found

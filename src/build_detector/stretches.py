"""How often genuine recordings are called partly spoof, and how often a stretch of spoof is found.

By detectors of the recipe that have heard nothing of the sources that they judge.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from src.models.classifier import Classifier
from src.predict.detector import Detector
from src.predict.stretch_trials import LENGTHS, compose_recording, measure_stretches
from src.predict.verdict import PARTLY_SPOOF, SPOOF, Verdict
from src.utils.audio.io import read_waveform
from src.utils.embeddings.backbones import Backbone
from src.utils.metrics.calibration import Calibration
from src.utils.runs import Run

LONGEST_SECONDS = 600.0
SHORTEST_SECONDS = 30.0
"""What a source holds of genuine speech is judged from so much on."""

SPOOFS = 3
"""How many attacks of a fold are put, one at a time, into each recording of it."""


def measure_long_recordings(
    models: Mapping[int, Classifier],
    clips: pd.DataFrame,
    folds: np.ndarray,
    backbone: Backbone,
    calibration: Calibration,
    seed: int,
) -> dict[str, Any]:
    """Judge long recordings, made of the clips of sources that were held out.

    A recording holds the genuine clips of a source, each once, or is a conversation of all sources
    of a fold, where clips of small sources come again.

    Parameters
    ----------
    models : mapping of int to Classifier
        As `held_out_models` returns them.
    clips : pandas.DataFrame
        All clips.
    folds : numpy.ndarray
        The fold of each clip, in which whole sources lie.
    backbone : Backbone
        Computes the vectors.
    calibration : Calibration
        Of scores of clips of sources held out.
    seed : int
        Of the conversations, and of where spoof is put.

    Returns
    -------
    dict
        As `detector.json` has it: hours and recordings of genuine speech, how many are called
        partly spoof or spoof, and the share of stretches that is found, by their seconds.
    """
    judged: list[Verdict] = []
    with_spoof: dict[int, list[Verdict]] = {length: [] for length in LENGTHS}
    seconds = 0.0
    for fold, model in models.items():
        held = folds == fold
        detector = Detector(Run(0, Path(model.name)), backbone, model, calibration, None)
        chance = np.random.default_rng([seed, fold])
        genuine = list(_genuine(clips[held], backbone.sample_rate, chance))
        spoofs = list(_spoofs(clips[held], backbone.sample_rate))
        drawn = [spoofs[n] for n in chance.permutation(len(spoofs))[:SPOOFS]]
        found = measure_stretches(detector, genuine, drawn, seed=seed)
        seconds += sum(map(len, genuine)) / backbone.sample_rate
        judged.extend(found.genuine)
        for length, verdicts in found.with_spoof.items():
            with_spoof[length].extend(verdicts)
    return {
        "hours": round(seconds / 3600, 2),
        "longest_minutes": LONGEST_SECONDS / 60,
        "n_recordings": len(judged),
        "n_partly_spoof": _count(judged, PARTLY_SPOOF),
        "n_spoof": _count(judged, SPOOF),
        "found": [
            {
                "seconds": length,
                "n_recordings": len(verdicts),
                "n_found": _count(verdicts, PARTLY_SPOOF, SPOOF),
            }
            for length, verdicts in with_spoof.items()
        ],
    }


def _count(verdicts: Sequence[Verdict], *words: str) -> int:
    return sum(one.verdict in words for one in verdicts)


def _genuine(clips: pd.DataFrame, rate: int, chance: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield recordings of one source each, and conversations of all."""
    genuine = clips[clips["y"] == 1]
    voices = [_read(group, rate) for _, group in genuine.groupby("source")]
    for voice in voices:
        yield from _cut(np.concatenate(voice), rate)
    if len(voices) > 1:
        total = sum(len(wave) for voice in voices for wave in voice) / rate
        yield from _cut(compose_recording(voices, total, rate, chance), rate)


def _spoofs(clips: pd.DataFrame, rate: int) -> Iterator[np.ndarray]:
    """Yield the spoof of an attack of a source, where there is enough of it."""
    spoofs = clips[clips["y"] == 0]
    for _, group in spoofs.groupby(["source", "attack"]):
        wave = np.concatenate(_read(group, rate))
        if len(wave) >= max(LENGTHS) * rate:
            yield wave


def _cut(wave: np.ndarray, rate: int) -> Iterator[np.ndarray]:
    size = round(LONGEST_SECONDS * rate)
    for start in range(0, len(wave), size):
        part = wave[start : start + size]
        if len(part) >= SHORTEST_SECONDS * rate:
            yield part


def _read(clips: pd.DataFrame, rate: int) -> list[np.ndarray]:
    return [read_waveform(Path(path), rate) for path in clips["path"]]

"""FuseRuns: trainings fused on their validation scores, into a run that needs none of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from src.evaluation.trials import Trials
from src.fusion.fitting import choose_weights, cross_fit
from src.fusion.gain import GAIN, Gain, measure_gain
from src.fusion.members import Member, fingerprint_of, keep_member
from src.fusion.names import FUSION
from src.fusion.validation import Validation, read_validation
from src.fusion.weights import Weights
from src.models.calibrate import VALIDATION_SCORES, write_calibration
from src.models.lookup import detector_name
from src.models.trained_on import TRAINED_ON, is_trained_elsewhere, read_trained_on
from src.utils.config import BY_SPEAKER
from src.utils.files import write_json
from src.utils.metrics.calibration import Calibration, fit_calibration
from src.utils.metrics.eer import compute_eer
from src.utils.renamed import label_of
from src.utils.run_manifest import FusionSettings
from src.utils.runs import Kind, Run, new_run
from src.utils.tables import write_csv


@dataclass(frozen=True)
class Fused:
    """A finished fusion.

    Attributes
    ----------
    run : Run
        Its folder and manifest.
    settings : FusionSettings
        Its members with their weights.
    validation_eer : float
        By fusions that were fitted on clips of other speakers; where there are too few speakers, of
        the fusion itself on the clips it was fitted on.
    gain : Gain or None
        How it differs from its best member on validation, by the same scores; None where there are
        too few speakers.
    """

    run: Run
    settings: FusionSettings
    validation_eer: float
    gain: Gain | None


def fuse_runs(runs: Path, members: Sequence[Member], seed: int = 7) -> Fused:
    """Fuse trainings by a logistic regression on their ratios, and write a run of its own.

    Its folder keeps all that its verdicts need of the members. Threshold and calibration are fitted
    on scores of clips whose speakers had no part in the weights that scored them, so that they
    promise no more than they hold on other voices.

    Parameters
    ----------
    runs : pathlib.Path
        The runs folder.
    members : sequence of Member
        As `find_members` gives them.
    seed : int
        Of the folds by speaker and of the intervals.

    Raises
    ------
    RunError
        When validation clips differ, or what a member holds is damaged.
    """
    validation = read_validation(members)
    clips, labels = validation.clips, validation.trials.labels
    llrs = validation.llrs.to_numpy()
    weights = choose_weights(llrs, clips, seed)
    crossed = cross_fit(llrs, clips, seed)
    fitted = weights.fuse(llrs)
    honest = fitted if crossed is None else crossed
    calibration = fit_calibration(honest, labels)
    eer, fitted_eer = (compute_eer(scores, labels)[0] for scores in (honest, fitted))
    about = _about(members, validation, weights)
    inputs = {member.label: fingerprint_of(member.run) for member in members}
    with new_run(runs, Kind.TRAINING, _settings(members, about, seed), inputs) as run:
        run.update(**_origin(members))
        write_json(run.folder / "hyperparameters.json", run.settings)
        write_csv(run.folder / TRAINED_ON, _trained_on(members))
        for member in members:
            keep_member(member, run.folder)
        write_calibration(run.folder, calibration)
        trials = _trials(validation, fitted, calibration)
        trials.write(run.folder / VALIDATION_SCORES)
        gain = None
        if crossed is not None:
            held_out = _trials(validation, crossed, calibration)
            gain = measure_gain(held_out, about["best"], seed)
        run.update(
            results={
                "validation_eer": eer,
                "fitted_eer": fitted_eer,
                "threshold": calibration.threshold,
                GAIN: None if gain is None else gain.as_dict(),
            }
        )
    return Fused(run, FusionSettings.model_validate(about), eer, gain)


def _about(members: Sequence[Member], validation: Validation, weights: Weights) -> dict[str, Any]:
    """Return what a fusion is made of, as its settings keep it."""
    eers = validation.eers
    told = [
        {
            "label": member.label,
            "number": member.run.number,
            "name": detector_name(member.run),
            "backbone": label_of(member.run.settings["backbone"]) or "",
            "checkpoint": member.run.settings["backbone"].get("checkpoint"),
            "validation_eer": float(eers[member.label]),
            "weight": float(weight),
        }
        for member, weight in zip(members, weights.values, strict=True)
    ]
    return {
        "members": told,
        "offset": weights.offset,
        "shrinkage": weights.shrinkage,
        "best": min(eers, key=lambda label: eers[label]),
        # What nobody knows of a member, nobody knows of the fusion.
        "elsewhere": any(is_trained_elsewhere(member.run) for member in members),
    }


def _settings(members: Sequence[Member], about: dict[str, Any], seed: int) -> dict[str, Any]:
    first = members[0].run.settings
    units = first.get("units", BY_SPEAKER)
    rate = first["backbone"].get("sample_rate")
    return {
        **({} if units == BY_SPEAKER else {"units": units}),
        "backbone": {"name": FUSION} | ({"sample_rate": rate} if rate else {}),
        "classifier": FUSION,
        FUSION: about,
        "hyperparameters": {"shrinkage": about["shrinkage"]},
        "seed": seed,
    }


def _origin(members: Sequence[Member]) -> dict[str, Any]:
    """Return where the members' clips and vectors are, of the first that knows."""
    found: dict[str, Any] = {}
    for name in ("dataset", "root", "split", "embeddings", "demonstration"):
        known = (member.run.manifest.get(name) for member in members)
        value = next((one for one in known if one), None)
        if value is not None:
            found[name] = value
    return found


def _trained_on(members: Sequence[Member]) -> pd.DataFrame:
    """Return the clips that any member was trained or validated on, each once."""
    tables = [read_trained_on(member.run) for member in members]
    seen = pd.concat(tables, ignore_index=True).fillna("")
    return seen.drop_duplicates(["split", "file", "speaker"])


def _trials(validation: Validation, scores: np.ndarray, calibration: Calibration) -> Trials:
    llrs = calibration.llrs(scores)
    return replace(validation.trials, scores=scores, llrs=llrs, members=validation.llrs)

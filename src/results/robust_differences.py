"""How runs differ under each condition, on the same clips: from the scores that they keep."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from src.evaluation.paired import SameDraws, same_clips
from src.evaluation.trials import Trials
from src.models.calibrate import calibration_of
from src.robustness.kept import read_clips
from src.robustness.measure import trials_of_scores
from src.robustness.names import CLIPS, results_path, scores_folder
from src.robustness.results import ConditionResult, Robustness
from src.scoring.kept import KeptScores
from src.utils.errors import AudiosError
from src.utils.files import sha256_file
from src.utils.metrics.calibration import Calibration
from src.utils.metrics.table import EER
from src.utils.runs import Run

TABLE = "robustness_comparison.csv"


@dataclass(frozen=True)
class RobustnessPairs:
    """Runs under the same conditions, each against the first.

    Attributes
    ----------
    names : list of str
        Of the runs, that all others are compared with first.
    table : pandas.DataFrame
        A row a condition and run, clean clips first: `condition` (its name), `title`, `is_track`,
        `run`, `eer`, and `difference, low, high`: its EER less that of the first run with the 95 %
        interval; those of the first run itself are NaN.
    """

    names: list[str]
    table: pd.DataFrame

    @property
    def titles(self) -> list[str]:
        """The conditions as people know them, in the order of the table."""
        return list(dict.fromkeys(self.table["title"]))


@dataclass(frozen=True)
class _Tested:
    """A run whose robustness was tested."""

    name: str
    folder: Path
    found: Robustness
    clips: pd.DataFrame
    calibration: Calibration

    @property
    def conditions(self) -> dict[str, ConditionResult]:
        return {one.name: one for one in (self.found.clean, *self.found.conditions)}

    def trials(self, condition: ConditionResult) -> Trials | None:
        """Return the clips that have a score under a condition; None where they were lost."""
        try:
            kept = KeptScores.read(self.folder / f"{condition.name}.json")
        except AudiosError:
            return None
        # Those of other clips or another model may have come meanwhile.
        if kept.fingerprint != condition.fingerprint or len(kept.scores) != len(self.clips):
            return None
        return trials_of_scores(self.clips, kept.scores, self.calibration, kept.is_scored)


def pair_robustness(
    tested: Sequence[tuple[str, Run, str]], seed: int
) -> tuple[RobustnessPairs | None, list[str]]:
    """Compare runs under the conditions that all of them were tested under.

    Parameters
    ----------
    tested : sequence of (str, Run, str)
        The name of each run, the run, and what the names of its files of the test end in; that all
        others are compared with first.
    seed : int
        Of the bootstrap.

    Returns
    -------
    pairs : RobustnessPairs or None
        None where fewer than two were tested on the same clips.
    notes : list of str
        Which were left out, a sentence each.

    Raises
    ------
    AudiosError
        When a file is damaged.
    """
    there = [one for one in (_read(*item) for item in tested) if one is not None]
    if len(there) < 2:
        return None, []
    first, notes = there[0], []
    alike = [first]
    for one in there[1:]:
        if _clips_of(one) == _clips_of(first):
            alike.append(one)
        else:
            notes.append(
                f"the robustness of {one.name} was tested on other clips than that of {first.name}"
            )
    rows: list[dict[str, object]] = []
    for name, condition in first.conditions.items():
        others = [one.conditions.get(name) for one in alike]
        # The same name with other parameters, or drawn by another seed, is another condition.
        same = [other for other in others if other is not None and other.steps == condition.steps]
        if len(same) == len(alike) and len({one.found.seed for one in alike}) == 1:
            rows += _rows(alike, same, seed)
    if len(alike) < 2 or not rows:
        return None, notes
    return RobustnessPairs([one.name for one in alike], pd.DataFrame(rows)), notes


def _read(name: str, run: Run, suffix: str) -> _Tested | None:
    path, folder = results_path(run.folder, suffix), scores_folder(run.folder, suffix)
    if not path.is_file() or not (folder / CLIPS).is_file():
        return None
    found = Robustness.read(path)
    if found.clips != sha256_file(folder / CLIPS):
        return None
    return _Tested(name, folder, found, read_clips(folder), calibration_of(run))


def _clips_of(one: _Tested) -> frozenset[tuple[str, int]]:
    return frozenset(zip(one.clips["file"], one.clips["y"], strict=True))


def _rows(
    tested: Sequence[_Tested], conditions: Sequence[ConditionResult], seed: int
) -> list[dict[str, object]]:
    """Compare runs under one condition, on the clips that have a score of all."""
    scored = [one.trials(condition) for one, condition in zip(tested, conditions, strict=True)]
    trials = [one for one in scored if one is not None]
    if len(trials) < len(tested):
        return []
    common = set.intersection(*(set(one.files.tolist()) for one in trials))
    parts = [_only(one, common) for one in trials]
    first = parts[0]
    if len(np.unique(first.labels)) < 2:
        return []
    same = SameDraws(first, seed=seed, metrics=[EER.name])
    measured = []
    for one, part in zip(tested, parts, strict=True):
        order = same_clips(first, part)
        threshold = one.calibration.threshold
        measured.append(same.measure(part.scores[order], part.llrs[order], threshold))
    about: dict[str, object] = {"condition": conditions[0].name, "title": conditions[0].title}
    about |= {"is_track": conditions[0].is_track}
    rows: list[dict[str, object]] = []
    for one, those in zip(tested, measured, strict=True):
        row = {**about, "run": one.name, "eer": those.points[EER.name]}
        if one is tested[0]:
            rows.append(row | dict.fromkeys(("difference", "low", "high"), np.nan))
        else:
            found = same.compare(measured[0], those).iloc[0]
            rows.append(row | {name: float(found[name]) for name in ("difference", "low", "high")})
    return rows


def _only(trials: Trials, files: set[str]) -> Trials:
    kept = np.array([file in files for file in trials.files.tolist()])
    return Trials(
        trials.files[kept],
        trials.scores[kept],
        trials.labels[kept],
        trials.llrs[kept],
        trials.speakers[kept],
    )

"""MatchDataset: find the nuisances in which the classes differ and write a matched copy."""

from dataclasses import dataclass
from pathlib import Path

from src.audit.shortcuts import TOGETHER, Shortcut, find_shortcuts
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.derive import Derived, require_output
from src.utils.dataset.inspection import inspect_dataset
from src.utils.dataset.match import MatchSettings, match_dataset
from src.utils.dataset.match.match import STAGE
from src.utils.dataset.match.settings import KEEP

CONTRIBUTES_BELOW = 0.45
"""A nuisance whose own EER is below this is taken to contribute to the EER of all together."""

_RESAMPLES = 200


@dataclass(frozen=True)
class Matching:
    """A matched data set, and the differences that it was matched for.

    Attributes
    ----------
    derived : Derived
        The copy that was written.
    settings : MatchSettings
        The settings as decided: without `auto`.
    differing : list of Shortcut
        The nuisances in which the classes were found to differ.
    """

    derived: Derived
    settings: MatchSettings
    differing: list[Shortcut]


def match_audited(dataset: Dataset, output: Path, settings: MatchSettings) -> Matching:
    """Audit a data set for shortcuts and write a matched copy.

    Parameters
    ----------
    dataset : Dataset
        The data set to be matched, which stays as it is.
    output : pathlib.Path
        Folder of the copy.
    settings : MatchSettings
        What to match; `auto` stands for what the audit finds to differ.

    Raises
    ------
    DatasetError
        As `inspect_dataset` and `match_dataset` do.
    """
    require_output(dataset, output)
    inspection = inspect_dataset(dataset, STAGE)
    files = inspection.files
    if settings.loudness != KEEP:
        # What will differ is the distance to the voice: levels are about to be made equal.
        files = files.assign(noise_floor=files["noise_floor"] - files["rms"])
    differing = differing_nuisances(find_shortcuts(files, _RESAMPLES, settings.seed))
    decided = settings.decide([one.name for one in differing])
    derived = match_dataset(dataset, output, inspection.files, decided, inspection.rejected)
    return Matching(derived, decided, differing)


def differing_nuisances(shortcuts: list[Shortcut]) -> list[Shortcut]:
    """Choose the shortcuts to be matched.

    Those are the flagged ones and, where all nuisances together tell the classes apart better than
    chance, those that contribute to it.
    """
    is_joint = any(one.is_above_chance for one in shortcuts if one.name == TOGETHER)
    return [
        one
        for one in shortcuts
        if one.name != TOGETHER and (one.is_flagged or (is_joint and one.eer < CONTRIBUTES_BELOW))
    ]

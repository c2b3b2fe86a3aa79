"""MatchDataset: find out in what the classes differ, and write a data set where they do not."""

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
"""What tells the classes apart with an EER under this has a part in what all do together."""

_RESAMPLES = 200


@dataclass(frozen=True)
class Matching:
    """A matched data set and why it is as it is.

    Attributes
    ----------
    derived : Derived
    settings : MatchSettings
        Decided: without `auto`.
    differing : list of Shortcut
        The nuisances that were found to differ.
    """

    derived: Derived
    settings: MatchSettings
    differing: list[Shortcut]


def match_audited(dataset: Dataset, output: Path, settings: MatchSettings) -> Matching:
    """Audit a data set for shortcuts and write a matched copy.

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
    """Return what is to be matched.

    That is what is flagged, and where all together tell the classes apart better than chance, what
    has a part in it.
    """
    whole = any(one.is_above_chance for one in shortcuts if one.name == TOGETHER)
    return [
        one
        for one in shortcuts
        if one.name != TOGETHER and (one.is_flagged or (whole and one.eer < CONTRIBUTES_BELOW))
    ]

"""The validation clips that a fusion is fitted on, with the ratio that each member gives them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from src.evaluation.trials import Trials
from src.fusion.members import Member
from src.models.calibrate import VALIDATION_SCORES, calibration_of
from src.utils.config import BY_SPEAKER
from src.utils.dataset.labelled import LabelledClips
from src.utils.errors import RunError
from src.utils.metrics.eer import compute_eer


@dataclass(frozen=True)
class Validation:
    """Validation clips with the ratios by members.

    Attributes
    ----------
    trials : Trials
        The clips; scores are those of the first member, and say nothing here.
    llrs : pandas.DataFrame
        A row a clip and a column a member, by label: natural log-likelihood ratios.
    units : str
        What the split keeps whole.
    """

    trials: Trials
    llrs: pd.DataFrame
    units: str = BY_SPEAKER

    @property
    def clips(self) -> LabelledClips:
        """The clips with labels and speakers."""
        nothing = np.full(len(self.trials), "")
        return LabelledClips(
            files=self.trials.files,
            y=self.trials.labels.astype(np.int8),
            gender=nothing,
            speaker=self.trials.speakers,
            attack=nothing,
            units=self.units,
        )

    @property
    def eers(self) -> dict[str, float]:
        """The EER of each member alone, by label."""
        labels = self.trials.labels
        return {
            str(name): compute_eer(values.to_numpy(), labels)[0]
            for name, values in self.llrs.items()
        }


def read_validation(members: Sequence[Member]) -> Validation:
    """Read the validation scores of members as ratios, of the same clips.

    Parameters
    ----------
    members : sequence of Member
        Trainings with validation scores.

    Raises
    ------
    RunError
        When scores are damaged, or clips or their labels differ.
    """
    read = [(member, *_read(member)) for member in members]
    first, trials, ours = read[0]
    for member, _, theirs in read[1:]:
        _require_same(first, ours, member, theirs)
    llrs = {member.label: table.loc[trials.files, "llr"].to_numpy() for member, _, table in read}
    units = str(first.run.settings.get("units", BY_SPEAKER))
    return Validation(trials, pd.DataFrame(llrs), units)


def _read(member: Member) -> tuple[Trials, pd.DataFrame]:
    """Return a member's validation trials, and by file the label and the ratio of each."""
    # By its calibration of now, where it was calibrated anew.
    calibration = calibration_of(member.run)
    trials = Trials.read(member.run.folder / VALIDATION_SCORES, calibration.llrs)
    values = {"label": trials.labels, "llr": calibration.llrs(trials.scores)}
    table = pd.DataFrame(values, index=pd.Index(trials.files))
    if table.index.has_duplicates:
        n_twice = int(table.index.duplicated().sum())
        raise RunError(
            f"{member.title} has two validation scores of {n_twice:,} clips; train it again"
        )
    return trials, table


def _require_same(first: Member, ours: pd.DataFrame, second: Member, theirs: pd.DataFrame) -> None:
    n_first, n_second = (
        len(one.index.difference(other.index)) for one, other in ((ours, theirs), (theirs, ours))
    )
    if n_first or n_second:
        raise RunError(
            f"{first.title} and {second.title} were validated on different clips: {n_first:,} are "
            f"of {first.title} alone and {n_second:,} of {second.title} alone; train both on one "
            f"split"
        )
    n_wrong = int((ours["label"] != theirs.loc[ours.index, "label"]).sum())
    if n_wrong:
        raise RunError(
            f"{n_wrong:,} validation clips of {first.title} have another label in {second.title}; "
            f"train both on one data set"
        )

"""The clips that a detector was trained, validated and tested on, with their conditions."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from src.evaluation.trials import CONDITIONS, DURATION
from src.models.calibrate import VALIDATION_SCORES
from src.models.data import TEST, TRAIN, VALIDATION
from src.models.trained_on import TRAINED_ON, is_trained_elsewhere
from src.utils.config import LABELS, SPOOF
from src.utils.errors import RunError
from src.utils.runs import Run
from src.utils.tables import read_csv

PARTS = {TRAIN: "training", VALIDATION: "validation", TEST: "test"}


@dataclass(frozen=True)
class Clips:
    """The clips of one part.

    Attributes
    ----------
    name : str
        A value of `PARTS`.
    table : pandas.DataFrame
        A row a clip: `file`, `speaker`, `label` and those of `CONDITIONS` that are known, as text.
    """

    name: str
    table: pd.DataFrame

    @property
    def is_labelled(self) -> bool:
        """Whether classes and conditions are known; early trainings did not keep them."""
        return "label" in self.table

    @property
    def seconds(self) -> pd.Series:
        """The durations of the clips in seconds, as far as they are known."""
        if DURATION not in self.table:
            return pd.Series(dtype=float)
        return pd.to_numeric(self.table[DURATION], errors="coerce").dropna()

    def of_class(self, label: str) -> pd.DataFrame:
        """Return the rows of a class, none where classes are not known.

        Parameters
        ----------
        label : str
            `bona-fide` or `spoof`.
        """
        return self.table[self.table["label"] == label] if self.is_labelled else self.table[:0]

    def values(self, condition: str) -> list[str]:
        """Return the values that a condition takes, sorted; attacks are those of spoofs.

        Parameters
        ----------
        condition : str
            Such as `attack` or `language`.
        """
        if condition not in self.table:
            return []
        rows = self.of_class(SPOOF) if condition == "attack" else self.table
        return sorted(set(rows[condition]) - {""})

    def counts(self) -> list[tuple[str, int, int, float]]:
        """Return a row a class: its name, number of clips, of named speakers, minutes or NaN."""
        parts = {label: self.of_class(label) for label in LABELS}
        if not self.is_labelled:
            parts = {"both": self.table}
        return [
            (label, len(part), len(set(part["speaker"]) - {""}), _minutes(part))
            for label, part in parts.items()
        ]


def clips_of_training(run: Run) -> list[Clips]:
    """Return the clips of training and validation, as a run keeps them.

    Of one that was trained elsewhere they are those that it was calibrated on, if it was.

    Parameters
    ----------
    run : Run
        A training.

    Raises
    ------
    AudiosError
        When a file is absent or damaged.
    """
    splits: tuple[str, ...] = (TRAIN, VALIDATION)
    if is_trained_elsewhere(run):
        if not (run.folder / TRAINED_ON).is_file():
            return []
        splits = (VALIDATION,)
    seen = _read(run.folder / TRAINED_ON, ("split", "file", "speaker"))
    parts = []
    for split in splits:
        table = seen[seen["split"] == split]
        if "label" not in seen and split == VALIDATION:
            # A run of before more was kept of each clip has it with the scores.
            table = _read(run.folder / VALIDATION_SCORES, ("file", "speaker", "label"))
        parts.append(Clips(PARTS[split], table.reset_index(drop=True)))
    return parts


def clips_of_test(path: Path) -> Clips:
    """Return the clips whose scores a file holds.

    Parameters
    ----------
    path : pathlib.Path
        A run's scores of its test.

    Raises
    ------
    AudiosError
        When it is absent or damaged.
    """
    return Clips(PARTS[TEST], _read(path, ("file", "speaker", "label")))


def _read(path: Path, needed: tuple[str, ...]) -> pd.DataFrame:
    table = read_csv(path)
    missing = [name for name in needed if name not in table]
    if missing:
        raise RunError(f"{path} is damaged: it lacks the column {', '.join(missing)}")
    known = [name for name in ("split", "file", "speaker", "label", *CONDITIONS) if name in table]
    return table[known]


def _minutes(part: pd.DataFrame) -> float:
    if DURATION not in part:
        return float("nan")
    seconds = pd.to_numeric(part[DURATION], errors="coerce")
    return float(seconds.sum() / 60) if seconds.notna().all() else float("nan")

"""Class balance: clips, minutes and speakers of each class and of each group within it."""

from dataclasses import dataclass

import pandas as pd

from src.audit.shortcuts import FLAGGED_BELOW, category_eer
from src.utils.config import LABELS, SPOOF
from src.utils.dataset.schema import text_column

UNKNOWN = "unknown"
BY = ("gender", "language", "source", "attack")
_LOPSIDED = 4.0


@dataclass(frozen=True)
class Balance:
    """Class balance: counts of clips and minutes by class and group.

    Attributes
    ----------
    classes : pandas.DataFrame
        `label, clips, minutes, speakers`, a row a class.
    groups : dict of str to pandas.DataFrame
        By column of the files table: `value`, and clips and minutes of each class
        (`bona-fide clips`, `bona-fide minutes`, ...), the largest first. `attack` counts spoofs
        alone. A column that is empty everywhere is left out.
    eers : dict of str to float
        EER of guessing the class by `gender`, `language` or `source` alone, over the clips that
        name one, where there is more than one.
    """

    classes: pd.DataFrame
    groups: dict[str, pd.DataFrame]
    eers: dict[str, float]

    @property
    def resampled(self) -> str:
        """The unit that is drawn for a bootstrap interval (see `voice_groups`)."""
        return "speakers" if self.classes["speakers"].min() > 1 else "utterances or clips"

    @property
    def warnings(self) -> list[str]:
        """Imbalances that mislead a training or a test, a sentence each."""
        found = []
        counts = self.classes.set_index("label")["clips"]
        if counts.min() and counts.max() / counts.min() >= _LOPSIDED:
            found.append(
                f"{counts.idxmax()} has {counts.max() / counts.min():.1f} times the clips of "
                f"{counts.idxmin()}; accuracy misleads here, EER does not"
            )
        lonely = self.classes["label"][self.classes["speakers"] == 1].tolist()
        if lonely:
            found.append(
                f"{' and '.join(lonely)}: one speaker only, so what is found holds for this voice "
                f"alone"
            )
        has_none = (self.classes["clips"] > 0) & (self.classes["speakers"] == 0)
        nameless = self.classes["label"][has_none].tolist()
        if nameless:
            found.append(
                f"{' and '.join(nameless)}: no speaker is named, and nothing tells whether a voice "
                f"is on both sides of a split"
            )
        for column, eer in self.eers.items():
            if eer < FLAGGED_BELOW:
                found.append(
                    f"the {column} alone tells the classes apart with an EER of {eer:.1%}: take "
                    f"both classes from the same {column}s"
                )
        return found


def describe_balance(files: pd.DataFrame, seed: int = 7) -> Balance:
    """Count clips, minutes and speakers per class, gender, language, source and attack.

    Parameters
    ----------
    files : pandas.DataFrame
        A files table with `duration` in seconds.
    seed : int
        Seed of the cross-validation folds that the EERs are measured in.
    """
    minutes = files.assign(minutes=files["duration"] / 60)
    rows = [
        (label, len(part), part["minutes"].sum(), part["speaker"].replace("", None).nunique())
        for label in LABELS
        for part in [minutes[minutes["label"] == label]]
    ]
    groups, eers = {}, {}
    for column in BY:
        values = text_column(files, column)
        part = minutes[minutes["label"] == SPOOF] if column == "attack" else minutes
        if (values[part.index] != "").any():
            groups[column] = _count(part, values[part.index].replace("", UNKNOWN))
            # Where one class does not say, there is nothing to compare.
            told = files[values != ""]
            both = len(set(values) - {""}) > 1 and len(set(told["label"])) > 1
            if column != "attack" and both:
                eers[column] = category_eer(told[column].tolist(), told, seed)
    classes = pd.DataFrame(rows, columns=["label", "clips", "minutes", "speakers"])
    return Balance(classes, groups, eers)


def _count(files: pd.DataFrame, values: pd.Series) -> pd.DataFrame:
    names, columns = values.value_counts().index, {}
    for label in LABELS:
        here = files["label"] == label
        if here.any():
            minutes = files["minutes"][here].groupby(values[here])
            columns[f"{label} clips"] = minutes.size().reindex(names, fill_value=0)
            columns[f"{label} minutes"] = minutes.sum().reindex(names, fill_value=0.0)
    return pd.DataFrame(columns).rename_axis("value").reset_index()

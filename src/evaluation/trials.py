"""Trials: scored clips, and what is known of each."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from src.utils.config import BONA_FIDE, LABEL_VALUE, SPOOF
from src.utils.errors import AudiosError, RunError
from src.utils.metrics.clusters import Clusters
from src.utils.metrics.eer import check_trials
from src.utils.tables import read_csv, write_csv

ATTACK = "attack"
DURATION = "duration"
CONDITIONS = (ATTACK, "codec", "gender", "language", "source", DURATION)
"""The conditions that a test is broken down by, where they are known."""

_ATTACK_GROUPS_NEEDED = 2

_OF_MEMBER = "llr_"
"""What the names of columns begin with that hold the ratios of a fusion's members."""


@dataclass(frozen=True)
class Trials:
    """Scored clips.

    Attributes
    ----------
    files : numpy.ndarray
        The path of each clip, str, shape (trials,).
    scores : numpy.ndarray
        float64, shape (trials,), higher for bona-fide.
    labels : numpy.ndarray
        int64, shape (trials,): 1 bona-fide, 0 spoof.
    llrs : numpy.ndarray
        The scores as natural log-likelihood ratios, float64, shape (trials,).
    speakers : numpy.ndarray
        str, shape (trials,); empty where unknown.
    conditions : pandas.DataFrame
        A row a trial, with those of `CONDITIONS` that are known: text, empty where unknown, and
        `duration` in seconds.
    members : pandas.DataFrame
        A row a trial and a column a member of the fusion that scored it, by label: its natural
        log-likelihood ratio; no columns for what is no fusion.

    Raises
    ------
    AudiosError
        When made of parts of different lengths, or as `check_trials` does.
    """

    files: np.ndarray
    scores: np.ndarray
    labels: np.ndarray
    llrs: np.ndarray
    speakers: np.ndarray
    conditions: pd.DataFrame = field(default_factory=pd.DataFrame)
    members: pd.DataFrame = field(default_factory=pd.DataFrame)

    def __post_init__(self) -> None:
        scores, labels = check_trials(self.scores, self.labels)
        object.__setattr__(self, "scores", scores)
        object.__setattr__(self, "labels", labels)
        if self.conditions.empty:
            object.__setattr__(self, "conditions", pd.DataFrame(index=range(len(scores))))
        if self.members.empty:
            object.__setattr__(self, "members", pd.DataFrame(index=range(len(scores))))
        for name in ("files", "llrs", "speakers", "conditions", "members"):
            if len(getattr(self, name)) != len(scores):
                raise AudiosError(
                    f"{len(scores)} scores, and {len(getattr(self, name))} {name} for them"
                )

    def __len__(self) -> int:
        return len(self.scores)

    @cached_property
    def clusters(self) -> Clusters:
        """The clusters of the bootstrap: speakers, a clip of an unknown one being its own."""
        if not self.has_speakers:
            return Clusters(np.arange(len(self)))
        return Clusters(_cluster_names(self.speakers))

    @cached_property
    def has_speakers(self) -> bool:
        """Whether speakers can be resampled: each class has more than one."""
        return self.fewest_speakers > 1

    @cached_property
    def fewest_speakers(self) -> int:
        """Known speakers of the class that has fewer of them."""
        known = self.speakers != ""
        return min(
            len(np.unique(self.speakers[known & (self.labels == value)])) for value in (0, 1)
        )

    @property
    def clusters_with_attacks(self) -> Clusters | None:
        """The clusters with attacks besides; None where there are not two attacks.

        Spoofs of unknown attacks are taken for one more: each for itself, they would promise that
        the metrics hold for as many attacks.
        """
        if ATTACK not in self.conditions:
            return None
        attacks = self.conditions[ATTACK].to_numpy(dtype=str)
        if len(np.unique(attacks[(self.labels == 0) & (attacks != "")])) < _ATTACK_GROUPS_NEEDED:
            return None
        return Clusters(self.clusters.speakers, attacks)

    def write(self, path: Path) -> None:
        """Write one row a clip: `file,label,score,speaker,gender,attack,llr` and conditions.

        The ratios by members of a fusion follow on the fused one, each as `llr_` and its label.

        Parameters
        ----------
        path : pathlib.Path
            The CSV file.
        """
        columns = {
            "file": self.files,
            "label": np.where(self.labels == 1, BONA_FIDE, SPOOF),
            "score": self.scores,
            "speaker": self.speakers,
        }
        nothing = pd.Series("", index=self.conditions.index)
        for name in ("gender", ATTACK):
            columns[name] = self.conditions.get(name, nothing).to_numpy()
        others = self.conditions.drop(columns=["gender", ATTACK], errors="ignore")
        columns["llr"] = self.llrs
        columns |= {f"{_OF_MEMBER}{name}": self.members[name].to_numpy() for name in self.members}
        columns |= {name: others[name].to_numpy() for name in others}
        write_csv(path, pd.DataFrame(columns))

    @classmethod
    def read(cls, path: Path, llrs_of: Callable[[np.ndarray], np.ndarray]) -> "Trials":
        """Read what `write`, or an AUDIOS of before there were ratios, wrote.

        Parameters
        ----------
        path : pathlib.Path
            The CSV file.
        llrs_of : callable
            Turns scores into ratios where the file has none.

        Raises
        ------
        AudiosError
            When it is absent or damaged.
        """
        table = read_csv(path)
        try:
            scores = table["score"].to_numpy(np.float64)
            conditions = table[[name for name in CONDITIONS if name in table]].copy()
            if DURATION in conditions:
                conditions[DURATION] = pd.to_numeric(conditions[DURATION].replace("", None))
            of_members = [name for name in table if str(name).startswith(_OF_MEMBER)]
            members = table[of_members].astype(np.float64)
            return cls(
                files=table["file"].to_numpy(dtype=str),
                scores=scores,
                labels=table["label"].map(LABEL_VALUE).to_numpy(np.float64),
                llrs=table["llr"].to_numpy(np.float64) if "llr" in table else llrs_of(scores),
                speakers=table["speaker"].to_numpy(dtype=str),
                conditions=conditions,
                members=members.rename(columns=lambda name: name.removeprefix(_OF_MEMBER)),
            )
        except (KeyError, ValueError, AudiosError) as error:
            raise RunError(f"{path} is damaged: {error}") from error


def _cluster_names(names: np.ndarray) -> np.ndarray:
    """Return the speaker of each trial, a unique made-up one where it is unknown."""
    numbers = np.char.add("?", np.arange(len(names)).astype(str))
    return np.where(names == "", numbers, np.char.add("=", names.astype(str)))

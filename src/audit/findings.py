"""The findings of an audit, and `audit.json`, which keeps them."""

import shlex
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import NonNegativeInt

from src.audit.balance import Balance
from src.audit.leakage import CONFLICT, Leak, Seen
from src.audit.shortcuts import Shortcut
from src.utils.errors import RunError
from src.utils.files import number_or_nan, without_nan, write_json
from src.utils.shapes import Shape, read_shaped

AUDIT = "audit.json"


@dataclass(frozen=True)
class Findings:
    """The shortcuts, leaks and imbalances of a data set.

    Attributes
    ----------
    n_clips : int
        Clips that were measured.
    rejected : int
        Recordings that could not be measured.
    shortcuts : list of Shortcut
        Each nuisance, with the EER of telling the classes apart by it.
    leaks : list of Leak
        Each way in which splits may overlap, with the clips that do.
    is_split : bool
        Whether there was a split to look for leaks in.
    balance : Balance
        Clips and minutes by class and group.
    """

    n_clips: int
    rejected: int
    shortcuts: list[Shortcut]
    leaks: list[Leak]
    is_split: bool
    balance: Balance

    @property
    def flags(self) -> list[str]:
        """Faults to mend before training, a few words each."""
        shortcuts = [f"{one.label} (EER {one.eer:.1%})" for one in self.shortcuts if one.is_flagged]
        leaks = [
            f"{one.name} in {sum(seen.count for seen in one.seen.values()):,} clips"
            for one in self.leaks
            if one.is_flagged
        ]
        return shortcuts + leaks

    def next_steps(self, dataset: str) -> list[str]:
        """Return the commands that mend what is flagged.

        Parameters
        ----------
        dataset : str
            The data set's folder.
        """
        where = f"--dataset={shlex.quote(dataset)}"
        steps = []
        if any(one.is_flagged for one in self.shortcuts):
            steps.append(f"fab MatchDataset {where}")
        if any(one.is_flagged for one in self.leaks if one.name != CONFLICT):
            steps.append(f"fab SplitDataset {where}")
        return steps

    def write(self, path: Path) -> None:
        """Write `audit.json`; values that are NaN become null."""
        about = {
            "n_clips": self.n_clips,
            "n_rejected": self.rejected,
            "is_split": self.is_split,
            "flags": self.flags,
            "shortcuts": [
                asdict(one) | {"flagged": one.is_flagged, "unsure": one.is_unsure}
                for one in self.shortcuts
            ],
            "leaks": [asdict(one) | {"flagged": one.is_flagged} for one in self.leaks],
            "balance": {
                "classes": self.balance.classes.to_dict("records"),
                "groups": {k: v.to_dict("records") for k, v in self.balance.groups.items()},
                "eers": self.balance.eers,
                "warnings": self.balance.warnings,
            },
        }
        write_json(path, without_nan(about))

    @classmethod
    def read(cls, path: Path) -> "Findings":
        """Read an `audit.json` that `write` has written.

        Raises
        ------
        AudiosError
            When it is absent or damaged.
        """
        about = read_shaped(path, _Shape, _REMEDY)
        try:
            derived = ("flagged", "unsure")
            shortcuts = [
                Shortcut(**{k: number_or_nan(v) for k, v in one.items() if k not in derived})
                for one in about["shortcuts"]
            ]
            leaks = [
                Leak(
                    **{k: v for k, v in one.items() if k not in ("flagged", "seen")},
                    seen=_seen(one),
                )
                for one in about["leaks"]
            ]
            balance = Balance(
                pd.DataFrame(about["balance"]["classes"]),
                {k: pd.DataFrame(v) for k, v in about["balance"]["groups"].items()},
                about["balance"]["eers"],
            )
            counts = int(about["n_clips"]), int(about["n_rejected"])
            return cls(*counts, shortcuts, leaks, bool(about["is_split"]), balance)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise RunError(f"{path} is damaged: {error!r}; {_REMEDY}") from error


_REMEDY = "remove its folder, and run AuditDataset again"


class _ShortcutShape(Shape):
    name: str
    label: str
    eer: float | None
    low: float | None
    high: float | None
    bona_fide: str
    spoof: str
    remedy: str
    n_groups: NonNegativeInt


class _SeenShape(Shape):
    count: NonNegativeInt
    total: NonNegativeInt
    example: list[str]


class _LeakShape(Shape):
    name: str
    is_leak: bool
    seen: dict[str, _SeenShape]
    n_groups: NonNegativeInt = 0
    n_across: NonNegativeInt = 0


class _ClassShape(Shape):
    label: str
    clips: NonNegativeInt
    minutes: float | None
    speakers: NonNegativeInt


class _BalanceShape(Shape):
    classes: list[_ClassShape]
    groups: dict[str, list[dict[str, str | int | float | None]]]
    eers: dict[str, float]


class _Shape(Shape):
    n_clips: NonNegativeInt
    n_rejected: NonNegativeInt
    is_split: bool
    shortcuts: list[_ShortcutShape]
    leaks: list[_LeakShape]
    balance: _BalanceShape


def _seen(leak: dict[str, Any]) -> dict[str, Seen]:
    return {
        split: Seen(one["count"], one["total"], tuple(one["example"]))
        for split, one in leak["seen"].items()
    }

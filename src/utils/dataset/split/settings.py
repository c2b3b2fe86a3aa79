"""How a data set shall be divided."""

from dataclasses import asdict, dataclass, field
from typing import Any

from src.utils.config import (
    AUTO,
    BY_SPEAKER,
    HOLD_OUT_COLUMNS,
    MIN_FOLDS,
    SPLIT_UNITS,
)
from src.utils.dataset.split.shares import Shares
from src.utils.dataset.split_strategies import SPLIT_STRATEGIES
from src.utils.errors import ArgumentError, choose


@dataclass(frozen=True)
class HoldOut:
    """What training must not contain.

    Attributes
    ----------
    column : {'attack', 'source', 'language'}
        The column of the files table that names it.
    values : tuple of str
        The cells of that column that training must not contain.
    """

    column: str
    values: tuple[str, ...]

    def __post_init__(self) -> None:
        choose("--hold-out", self.column, HOLD_OUT_COLUMNS)
        # In one order, so that the same values are the same setting.
        object.__setattr__(self, "values", tuple(sorted(set(self.values))))

    def __str__(self) -> str:
        return f"{self.column}:{','.join(self.values)}"


@dataclass(frozen=True)
class SplitSettings:
    """What the split stage is asked to do; the seed comes apart, as in every stage.

    Attributes
    ----------
    strategy : str
        A name of `SPLIT_STRATEGIES`.
    shares : Shares
        How large the splits shall be.
    spread_without_spoofs : bool
        See `split_by_speaker`.
    units : {'speaker', 'utterance', 'clip'}
        What stays on one side.
    hold_out : HoldOut or None
        What training must not contain.
    folds, fold : int or None
        How many folds there are, and which one is tested.

    Raises
    ------
    ArgumentError
        When settings do not go together.
    """

    strategy: str = "speaker"
    shares: Shares = field(default_factory=lambda: Shares(pretext=AUTO))
    spread_without_spoofs: bool = False
    units: str = BY_SPEAKER
    hold_out: HoldOut | None = None
    folds: int | None = None
    fold: int | None = None

    def __post_init__(self) -> None:
        deals_people = _deals_people(self.strategy)
        choose("--units", self.units, SPLIT_UNITS)
        own = {
            "--units": self.units != BY_SPEAKER,
            "--hold-out": self.hold_out is not None,
            "--folds": self.folds is not None,
            "--fold": self.fold is not None,
        }
        for flag, given in own.items():
            if given and not deals_people:
                able = [name for name in SPLIT_STRATEGIES if _deals_people(name)]
                raise ArgumentError(
                    f"{flag} goes with --strategy={' or '.join(able)}, not {self.strategy}"
                )
        self._check_folds()

    def _check_folds(self) -> None:
        if self.folds is None:
            if self.fold is not None:
                raise ArgumentError(f"--fold={self.fold} needs --folds=K, the number of folds")
            return
        if self.folds < MIN_FOLDS:
            raise ArgumentError(
                f"--folds={self.folds} must be at least {MIN_FOLDS}: train, validation and test "
                f"are of different folds"
            )
        if self.fold is None:
            raise ArgumentError(
                f"--folds={self.folds} needs --fold=N, the fold to test on (0 to {self.folds - 1})"
            )
        if not 0 <= self.fold < self.folds:
            raise ArgumentError(
                f"--fold={self.fold} is not one of 0 to {self.folds - 1} (--folds={self.folds})"
            )
        if self.hold_out is not None:
            raise ArgumentError("--folds and --hold-out do not go together")
        if self.shares.pretext not in (0, AUTO):
            raise ArgumentError("--folds and --pretext do not go together: folds are of everybody")

    @property
    def deals_by_shares(self) -> bool:
        """Whether groups are dealt out by the shares, and around nothing."""
        return _deals_people(self.strategy) and self.hold_out is None and self.folds is None

    def recipe(self, seed: int) -> dict[str, Any]:
        """Return what `split.json` keeps of it.

        Parameters
        ----------
        seed : int
            Of the dealing.
        """
        held = None if self.hold_out is None else str(self.hold_out)
        return asdict(self) | {"hold_out": held, "seed": seed}


def _deals_people(name: str) -> bool:
    return SPLIT_STRATEGIES.load(name).deals_people

"""One detector trained by several seeds: how far its validation EER depends on chance."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from src.models.train import Training


class OverSeeds:
    """What is told of trainings that differ in their seed alone."""

    @property
    def eers(self) -> Sequence[float]:
        """The validation EER of each."""
        raise NotImplementedError

    @property
    def mean(self) -> float:
        """The mean of the validation EERs."""
        return fmean(self.eers)

    @property
    def spread(self) -> float:
        """Their standard deviation over seeds, 0 of a single one."""
        return stdev(self.eers) if len(self.eers) > 1 else 0.0


@dataclass(frozen=True)
class Trainings(OverSeeds):
    """Trainings of one classifier by one or several seeds.

    Attributes
    ----------
    trainings : list of Training
        One a seed.
    is_random : bool
        Whether another seed gives another model; if not, one was trained.
    """

    trainings: list[Training]
    is_random: bool = True

    @property
    def eers(self) -> list[float]:
        """The validation EER of each."""
        return [one.validation_eer for one in self.trainings]

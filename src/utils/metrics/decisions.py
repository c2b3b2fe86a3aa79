"""Metrics of decisions that were taken at a threshold; bona-fide is the positive class.

A share of nothing is 0, as scikit-learn's `zero_division=0` has it.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Decisions:
    """How many trials of each class were accepted as bona-fide.

    In a draw of the bootstrap a trial counts as often as it was drawn.

    Attributes
    ----------
    accepted_bona_fide, accepted_spoof : float
        Trials of each class that were accepted.
    n_bona_fide, n_spoof : float
        All trials of each class, more than 0.
    """

    accepted_bona_fide: float
    accepted_spoof: float
    n_bona_fide: float
    n_spoof: float

    @property
    def rejected_bona_fide(self) -> float:
        """Bona-fide trials that were rejected."""
        return self.n_bona_fide - self.accepted_bona_fide

    @property
    def rejected_spoof(self) -> float:
        """Spoof trials that were rejected."""
        return self.n_spoof - self.accepted_spoof

    @property
    def accepted(self) -> float:
        """All trials that were accepted."""
        return self.accepted_bona_fide + self.accepted_spoof

    @property
    def far(self) -> float:
        """The false acceptance rate: the share of spoofs that was accepted."""
        return self.accepted_spoof / self.n_spoof

    @property
    def frr(self) -> float:
        """The false rejection rate: the share of bona-fide trials that was rejected."""
        return self.rejected_bona_fide / self.n_bona_fide

    @property
    def hter(self) -> float:
        """The half total error rate: the mean of FAR and FRR.

        Poh & Bengio (2006), "Database, protocols and tools for evaluating score-level fusion
        algorithms in biometric authentication".
        """
        return (self.far + self.frr) / 2

    @property
    def accuracy(self) -> float:
        """The share of right decisions."""
        return (self.accepted_bona_fide + self.rejected_spoof) / (self.n_bona_fide + self.n_spoof)

    @property
    def balanced_accuracy(self) -> float:
        """The mean over both classes of the share of right decisions."""
        return 1 - self.hter

    @property
    def precision(self) -> float:
        """The share of bona-fide trials among those accepted, 0 where none is."""
        return self.accepted_bona_fide / self.accepted if self.accepted else 0.0

    @property
    def recall(self) -> float:
        """The share of bona-fide trials that was accepted."""
        return self.accepted_bona_fide / self.n_bona_fide

    @property
    def f1_score(self) -> float:
        """The harmonic mean of precision and recall."""
        return 2 * self.accepted_bona_fide / (self.accepted + self.n_bona_fide)

"""Metrics of decisions that were taken at a threshold; bona-fide is the positive class.

A share of nothing is 0, as scikit-learn's `zero_division=0` has it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np


def share(part: Any, whole: Any) -> Any:
    """Return the share that a part is of a whole, 0 of nothing.

    Parameters
    ----------
    part, whole : float or numpy.ndarray
        Numbers of trials, of one draw or of many.

    Examples
    --------
    >>> float(share(1, 4)), float(share(0, 0))
    (0.25, 0.0)
    """
    whole = np.asarray(whole, np.float64)
    return np.divide(part, whole, out=np.zeros(whole.shape), where=whole != 0)[()]


@dataclass(frozen=True)
class Decisions:
    """How many trials of each class were accepted as bona-fide.

    In a draw of the bootstrap a trial counts as often as it was drawn; the numbers of many draws
    are arrays of shape (draws,), and so are all metrics of them.

    Attributes
    ----------
    accepted_bona_fide, accepted_spoof : float or numpy.ndarray
        Trials of each class that were accepted.
    n_bona_fide, n_spoof : float or numpy.ndarray
        All trials of each class, more than 0.
    """

    accepted_bona_fide: Any
    accepted_spoof: Any
    n_bona_fide: Any
    n_spoof: Any

    @property
    def rejected_bona_fide(self) -> Any:
        """Bona-fide trials that were rejected."""
        return self.n_bona_fide - self.accepted_bona_fide

    @property
    def rejected_spoof(self) -> Any:
        """Spoof trials that were rejected."""
        return self.n_spoof - self.accepted_spoof

    @property
    def accepted(self) -> Any:
        """All trials that were accepted."""
        return self.accepted_bona_fide + self.accepted_spoof

    @property
    def far(self) -> Any:
        """The false acceptance rate: the share of spoofs that was accepted."""
        return self.accepted_spoof / self.n_spoof

    @property
    def frr(self) -> Any:
        """The false rejection rate: the share of bona-fide trials that was rejected."""
        return self.rejected_bona_fide / self.n_bona_fide

    @property
    def hter(self) -> Any:
        """The half total error rate: the mean of FAR and FRR.

        Poh & Bengio (2006), "Database, protocols and tools for evaluating score-level fusion
        algorithms in biometric authentication".
        """
        return (self.far + self.frr) / 2

    @property
    def accuracy(self) -> Any:
        """The share of right decisions."""
        return (self.accepted_bona_fide + self.rejected_spoof) / (self.n_bona_fide + self.n_spoof)

    @property
    def balanced_accuracy(self) -> Any:
        """The mean over both classes of the share of right decisions."""
        return 1 - self.hter

    @property
    def precision(self) -> Any:
        """The share of bona-fide trials among those accepted, 0 where none is."""
        return share(self.accepted_bona_fide, self.accepted)

    @property
    def recall(self) -> Any:
        """The share of bona-fide trials that was accepted."""
        return self.accepted_bona_fide / self.n_bona_fide

    @property
    def f1_score(self) -> Any:
        """The harmonic mean of precision and recall."""
        return 2 * self.accepted_bona_fide / (self.accepted + self.n_bona_fide)

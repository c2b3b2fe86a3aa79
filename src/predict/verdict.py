"""What is said of one recording."""

from collections.abc import Sequence
from dataclasses import dataclass, field

REFUSED = "refused"
"""The verdict on a recording that holds nothing a detector could judge."""

_AS_SUSPICIOUS = 0.01
"""Probabilities this close say the same."""


@dataclass(frozen=True)
class Window:
    """A stretch of a recording that was judged on its own.

    Attributes
    ----------
    start, end : float
        Seconds.
    score, probability : float or None
        As of `Verdict`; None where there is too little sound.
    is_outside : bool
        Whether it lies far outside the training data.
    """

    start: float
    end: float
    score: float | None = None
    probability: float | None = None
    is_outside: bool = False


@dataclass(frozen=True)
class Verdict:
    """What is said of one recording.

    Attributes
    ----------
    file : str
        As it is listed: relative to the folder that was given, or a file's own name.
    verdict : str
        `bona-fide`, `spoof`, `inconclusive` or `refused`.
    score, llr, probability : float or None
        The detector's score, the natural log-likelihood ratio and the probability of bona-fide at
        the prior asked for; None where it was refused.
    duration : float or None
        Seconds, None where it could not be decoded.
    refusal : str
        Why it was refused, else empty.
    warnings : sequence of str
        Why the verdict should be believed less.
    windows : sequence of Window
        In order of time; empty for a recording that is no longer than one.
    """

    file: str
    verdict: str
    score: float | None = None
    llr: float | None = None
    probability: float | None = None
    duration: float | None = None
    refusal: str = ""
    warnings: Sequence[str] = ()
    windows: Sequence[Window] = field(default=(), repr=False)

    @property
    def is_refused(self) -> bool:
        """Whether there is no verdict."""
        return self.verdict == REFUSED

    @property
    def reason(self) -> str:
        """The refusal, or the warnings."""
        return self.refusal or "; ".join(self.warnings)

    @property
    def seconds(self) -> str:
        """The most suspicious seconds, such as `12.0-16.0`; empty where there are no windows."""
        found = most_suspicious(self.windows)
        return f"{found[0].start:.1f}-{found[-1].end:.1f}" if found else ""

    @property
    def lowest(self) -> float | None:
        """The lowest probability of a window, None where there is none."""
        judged = (window.probability for window in self.windows)
        return min((one for one in judged if one is not None), default=None)


def most_suspicious(windows: Sequence[Window]) -> Sequence[Window]:
    """Return the window of the lowest probability, with the neighbours that say the same.

    >>> found = most_suspicious([Window(t, t + 4, 0, p) for t, p in enumerate((0.9, 0.2, 0.2))])
    >>> found[0].start, found[-1].end
    (1, 6)
    """
    judged = [n for n, window in enumerate(windows) if window.probability is not None]
    if not judged:
        return ()
    lowest = min(judged, key=lambda n: windows[n].probability or 0.0)
    limit = (windows[lowest].probability or 0.0) + _AS_SUSPICIOUS

    def says_the_same(n: int) -> bool:
        probability = windows[n].probability if 0 <= n < len(windows) else None
        return probability is not None and probability <= limit

    first = last = lowest
    while says_the_same(first - 1):
        first -= 1
    while says_the_same(last + 1):
        last += 1
    return windows[first : last + 1]

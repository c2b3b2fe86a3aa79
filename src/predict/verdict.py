"""The verdict on one recording, and on its windows."""

from collections.abc import Sequence
from dataclasses import dataclass, field

REFUSED = "refused"
"""The verdict on a recording that cannot be judged."""

_AS_SUSPICIOUS = 0.01
"""Tolerance of probability within which neighbouring windows are equally suspicious."""


@dataclass(frozen=True)
class JudgedWindow:
    """A window of a recording that was judged on its own.

    Attributes
    ----------
    start, end : float
        Position in seconds.
    score, probability : float or None
        As those of a `Verdict`; None where there is too little sound.
    is_outside : bool
        Whether its embedding is far outside the training data.
    """

    start: float
    end: float
    score: float | None = None
    probability: float | None = None
    is_outside: bool = False


@dataclass(frozen=True)
class Verdict:
    """The verdict on a recording.

    Attributes
    ----------
    file : str
        Its path relative to the folder that was given, or the name of a single file.
    verdict : str
        `bona-fide`, `spoof`, `inconclusive` or `refused`.
    score, llr, probability : float or None
        The detector's score, the natural log-likelihood ratio and the probability of bona-fide at
        the prior asked for; None where it was refused.
    duration : float or None
        Length in seconds, None where it could not be decoded.
    refusal : str
        Reason of a refusal, else empty.
    warnings : sequence of str
        Reasons to trust the verdict less.
    windows : sequence of JudgedWindow
        In order of time; empty for a recording that is no longer than one window.
    """

    file: str
    verdict: str
    score: float | None = None
    llr: float | None = None
    probability: float | None = None
    duration: float | None = None
    refusal: str = ""
    warnings: Sequence[str] = ()
    windows: Sequence[JudgedWindow] = field(default=(), repr=False)

    @property
    def is_refused(self) -> bool:
        """Whether the recording could not be judged."""
        return self.verdict == REFUSED

    @property
    def reason(self) -> str:
        """The refusal, or the warnings."""
        return self.refusal or "; ".join(self.warnings)

    @property
    def seconds(self) -> str:
        """The most suspicious seconds, such as `12.0-16.0`; empty where there are no windows."""
        windows = most_suspicious(self.windows)
        return f"{windows[0].start:.1f}-{windows[-1].end:.1f}" if windows else ""

    @property
    def lowest(self) -> float | None:
        """The lowest probability of any window, None where there is none."""
        judged = (window.probability for window in self.windows)
        return min((one for one in judged if one is not None), default=None)


def most_suspicious(windows: Sequence[JudgedWindow]) -> Sequence[JudgedWindow]:
    """Return the window of the lowest probability, with neighbours of the same probability.

    >>> windows = [JudgedWindow(t, t + 4, 0, p) for t, p in enumerate((0.9, 0.2, 0.2))]
    >>> found = most_suspicious(windows)
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

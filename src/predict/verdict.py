"""The verdict on one recording, and on its windows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from src.utils.config import BONA_FIDE, INCONCLUSIVE, SPOOF

PARTLY_SPOOF = "partly-spoof"
"""The verdict on a recording that is not spoof as a whole, but for a stretch of it."""

REFUSED = "refused"
"""The verdict on a recording that cannot be judged."""

VERDICTS = (SPOOF, PARTLY_SPOOF, INCONCLUSIVE, BONA_FIDE, REFUSED)
"""From the worst on."""

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
class Stretch:
    """A stretch of a recording that is taken for spoof.

    Attributes
    ----------
    start, end : float
        Position in seconds.
    probability : float
        Of its being bona-fide, by the mean of its windows' log-likelihood ratios.
    """

    start: float
    end: float
    probability: float


@dataclass(frozen=True)
class Verdict:
    """The verdict on a recording.

    That on a recording whose channels differ is the worst of the verdicts on its channels.

    Attributes
    ----------
    file : str
        Its path relative to the folder that was given, or the name of a single file.
    verdict : str
        One of `VERDICTS`.
    score, llr : float or None
        The detector's score of the whole and its natural log-likelihood ratio; None where it was
        refused.
    probability : float or None
        Of bona-fide throughout, at the prior asked for: of the whole, or where a stretch is spoof
        that of the stretch; None where it was refused.
    duration : float or None
        Length in seconds, None where it could not be decoded.
    refusal : str
        Reason of a refusal, else empty.
    warnings : sequence of str
        Reasons to trust the verdict less.
    windows : sequence of JudgedWindow
        In order of time; empty for a recording that is no longer than one window.
    stretches : sequence of Stretch
        Those taken for spoof, in order of time.
    channel : int or None
        The channel, from 1 on, that it is about, where channels differ.
    channels : sequence of Verdict
        The verdict on each channel, where they differ.
    members : mapping of str to float
        By label of a fusion's member, its natural log-likelihood ratio of the whole; empty where no
        fusion judged.
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
    stretches: Sequence[Stretch] = ()
    channel: int | None = None
    channels: Sequence["Verdict"] = field(default=(), repr=False)
    members: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_refused(self) -> bool:
        """Whether the recording could not be judged."""
        return self.verdict == REFUSED

    @property
    def reason(self) -> str:
        """The refusal, or the channel and the warnings."""
        told = [f"channel {self.channel}"] if self.channels else []
        return self.refusal or "; ".join([*told, *self.warnings])

    @property
    def seconds(self) -> str:
        """The seconds that are spoof, or else the most suspicious ones, such as `12.0-16.0`.

        Several stretches are joined by commas. Empty where there are no windows.
        """
        spans = [(one.start, one.end) for one in self.stretches]
        if not spans and (windows := most_suspicious(self.windows)):
            spans = [(windows[0].start, windows[-1].end)]
        return ", ".join(f"{start:.1f}-{end:.1f}" for start, end in spans)

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


def worst_of(verdicts: Sequence[Verdict]) -> Verdict:
    """Return the verdict on a recording whose channels were judged each.

    It is that of the channel whose verdict comes first in `VERDICTS`, and of several such the one
    of the lowest probability. Channels that were refused are told of in a warning, unless all were.

    Parameters
    ----------
    verdicts : sequence of Verdict
        One a channel, of one file, at least one.
    """
    worst = min(verdicts, key=lambda one: (VERDICTS.index(one.verdict), one.probability or 0.0))
    if worst.is_refused:
        reasons = {f"channel {one.channel} {one.refusal}" for one in verdicts}
        return replace(worst, refusal="; ".join(sorted(reasons)), channels=tuple(verdicts))
    left_out = [
        f"channel {one.channel} is not judged: it {one.refusal}"
        for one in verdicts
        if one.is_refused
    ]
    return replace(worst, warnings=[*left_out, *worst.warnings], channels=tuple(verdicts))

"""Finding stretches of a recording that are spoof while the rest of it is not.

Windows of 4 s are judged every second, some hundreds in ten minutes, so that a few of them look
like spoof by chance alone. A stretch of n windows in a row is taken for spoof when

- it lies below the band: the mean of its log-likelihood ratios makes it spoof with the confidence
  that any verdict takes, and
- it stands out from the rest of its own recording, so that a microphone or a room that moves all
  windows alike makes nothing spoof. With m the mean of its ratios, M and s the median of the
  recording's and their spread, and k = 1 + (n - 1) / 4 windows that do not overlap,

      z = sqrt(k) (M - m) / s  >=  sqrt(2 ln N) + MARGIN,

  where N, the recording's windows divided by four, is the number of places where a stretch could
  lie: the most that the highest of N normal numbers reaches is sqrt(2 ln N).

The spread is 1.4826 times the median absolute deviation, drawn towards `TYPICAL_SPREAD` as if that
had been seen in so many windows more, and widened where a recording is short and tells little of
itself: s^2 = (N d^2 + 30 * 1.2^2) / (N + 30) * (1 + 10 / N). Stretches of several lengths are tried
at every place; the one that stands out most is taken, and the search goes on beside it.

Measured with `acoustic` and the SVM on two corpora of 3,874 clips, 1,888 of them bona-fide, cut
into five parts by source: what is judged is of sources that neither classifier nor calibration has
seen. Recordings are composed of a source's bona-fide clips (31 sources, 12 recordings each), or are
conversations of three sources in turns of 5 to 30 s (4 parts, 90 each); 120 stretches of one
attack's clips are put into recordings of a source. Shares of recordings that are called partly
spoof:

    length of the recording       15 s   30 s   1 min   3 min   10 min   30 min
    genuine, one source            0 %    0 %   0.3 %   0.8 %    0.3 %      0 %
    genuine, three sources         0 %    0 %   0.3 %   1.1 %    0.3 %      0 %
    with 4 s of spoof                            26 %             28 %
    with 8 s of spoof                            45 %             51 %
    with 15 s of spoof                           56 %             67 %

At a margin of 1.9 it is 32, 55 and 68 % of ten minutes, and up to 1.7 % of genuine ones. Of other
rules, each with the limit that lets 1 % of the genuine ten minutes pass, the sum of ratios below
zero alone finds 9, 23 and 57 %, and ratios below the median in place of z 12, 29 and 55 %. A
logistic regression, whose scores have longer tails, finds 22, 38 and 44 %, and raises false alarms
in 5.8 % of such conversations. An SVM of one corpus alone raises none in 16 recordings of the
other, and finds 8, 26 and 31 %. `measure_stretches` tells it of any detector.
"""

from collections.abc import Iterator, Sequence
from math import log, sqrt

import numpy as np
from scipy.special import expit, logit

from src.predict.verdict import JudgedWindow, Stretch
from src.predict.windows import HOP_SECONDS, WINDOW_SECONDS

MARGIN = 2.3
"""By how much a stretch must stand out more than chance makes one of normal numbers: the lowest
that kept false alarms near 1 % at every length (see above)."""

FEWEST_WINDOWS = 9
"""With fewer, of 12 s, there is no rest to stand out from."""

TYPICAL_SPREAD = 1.2
"""The usual spread of the ratios within a genuine recording."""

_TYPICAL_WEIGHT = 30
_DOUBT = 10
_PER_DEVIATION = 1.4826
"""The standard deviation of normal numbers by their median absolute deviation."""

_OVERLAP = round(WINDOW_SECONDS / HOP_SECONDS)
"""So many windows hold one second: one in so many tells something of its own."""

_LENGTHS = (1, 2, 3, 5, 8, 12, 20, 32, 50, 80, 120)
_LARGEST_SHARE = 1 / 3
_MOST = 20


def find_stretches(
    windows: Sequence[JudgedWindow], llrs: np.ndarray, prior: float, confidence: float
) -> list[Stretch]:
    """Return the stretches of a recording that are spoof, in order of time.

    Parameters
    ----------
    windows : sequence of JudgedWindow
        Of the recording, in order of time, one every `HOP_SECONDS`.
    llrs : numpy.ndarray
        Natural log-likelihood ratio of each, positive where bona-fide is likelier; not finite
        where one was not judged, which ends a stretch.
    prior : float
        Prior probability of bona-fide, between 0 and 1.
    confidence : float
        What a probability must reach for a verdict, above 0.5.
    """
    band = -float(logit(confidence)) - float(logit(prior))
    found = []
    for first, last, llr in _stretches(np.array(llrs, np.float64), band):
        probability = float(expit(llr + logit(prior)))
        found.append(Stretch(windows[first].start, windows[last].end, probability))
    return sorted(found, key=lambda one: one.start)


def _stretches(llrs: np.ndarray, band: float) -> Iterator[tuple[int, int, float]]:
    """Yield first and last window and mean ratio, those that stand out most first."""
    judged = llrs[np.isfinite(llrs)]
    if len(judged) < FEWEST_WINDOWS:
        return
    places = len(judged) / _OVERLAP
    median = float(np.median(judged))
    deviation = _PER_DEVIATION * float(np.median(np.abs(judged - median)))
    variance = places * deviation**2 + _TYPICAL_WEIGHT * TYPICAL_SPREAD**2
    spread = sqrt(variance / (places + _TYPICAL_WEIGHT) * (1 + _DOUBT / places))
    limit = sqrt(2 * log(places)) + MARGIN
    lengths = [n for n in _LENGTHS if n <= _LARGEST_SHARE * len(judged)]
    for _ in range(_MOST):
        best, first, last, llr = max(_stand_out(llrs, n, median, spread, band) for n in lengths)
        if best < limit:
            return
        yield first, last, llr
        # What shares a second with it tells nothing of its own.
        llrs[max(0, first - _OVERLAP + 1) : last + _OVERLAP] = np.nan


def _stand_out(
    llrs: np.ndarray, length: int, median: float, spread: float, band: float
) -> tuple[float, int, int, float]:
    """Return how far the stretch of a length stands out that does most, and which it is."""
    means = np.convolve(llrs, np.full(length, 1 / length), "valid")
    z = sqrt(1 + (length - 1) / _OVERLAP) * (median - means) / spread
    z[~(means <= band)] = -np.inf
    first = int(z.argmax())
    return float(z[first]), first, first + length - 1, float(means[first])

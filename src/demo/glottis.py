"""The glottal source: a train of pulses with the small irregularities of a living voice."""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter, resample_poly

_OVERSAMPLING = 2
_RISE_SHARE = 0.67  # part of the open phase in which the flow still grows


def glottal_flow(
    f0: NDArray[np.float64],
    sample_rate: int,
    open_quotient: float,
    jitter: float,
    shimmer: float,
    corner: float,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    r"""Make the glottal flow and its derivative, which is what excites the vocal tract.

    One cycle is the trigonometric pulse of Rosenberg (1971), "Effect of glottal pulse shape on
    the quality of natural vowels", J. Acoust. Soc. Am. 49(2B). With the phase :math:`p` of the
    cycle in :math:`[0, 1)`, rise :math:`r` and fall :math:`s`,

    .. math::
        g(p) = \tfrac12 (1 - \cos \pi p / r) \;(p < r), \quad
        \cos(\pi (p - r) / 2s) \;(r \le p < r + s), \quad 0 \text{ otherwise.}

    The jump of the derivative at closure is rounded by one pole, as the return phase of
    Fant, Liljencrants and Lin (1985) does.

    Parameters
    ----------
    f0 : ndarray, shape (samples,)
        Fundamental frequency in Hz, above zero throughout.
    sample_rate : int
        Samples per second.
    open_quotient : float
        Part of the cycle in which the glottis is open, 0 to 1.
    jitter, shimmer : float
        Relative standard deviation of the period and of the amplitude, cycle by cycle.
    corner : float
        Frequency in Hz above which the return phase takes another 6 dB per octave.
    rng : numpy.random.Generator
        Source of the irregularities.

    Returns
    -------
    derivative : ndarray, shape (samples,)
        Flow derivative, about 1 deep at closure.
    flow : ndarray, shape (samples,)
        Flow, 0 (shut) to about 1 (widest).
    """
    samples = len(f0)
    rate = sample_rate * _OVERSAMPLING
    fine = np.interp(np.arange(samples * _OVERSAMPLING) / _OVERSAMPLING, np.arange(samples), f0)
    steps = fine / rate
    cycle = np.cumsum(steps).astype(np.int64)
    phase = np.cumsum(steps * (1.0 + jitter * rng.standard_normal(cycle[-1] + 1))[cycle])
    cycle = phase.astype(np.int64)
    phase -= cycle
    strength = (1.0 + shimmer * rng.standard_normal(cycle[-1] + 1))[cycle]

    rise = _RISE_SHARE * open_quotient
    fall = open_quotient - rise
    opening = phase < rise
    angle = np.where(opening, np.pi / rise * phase, np.pi / (2.0 * fall) * (phase - rise))
    shut = phase >= open_quotient
    sine, cosine = np.sin(angle), np.cos(angle)
    flow = np.where(opening, 0.5 - 0.5 * cosine, cosine) * strength
    # Scaled by 2 fall / pi, so that the slope at closure is -1 whatever the quotients.
    slope = np.where(opening, fall / rise * sine, -sine) * strength
    flow[shut] = 0.0
    slope[shut] = 0.0

    pole = np.exp(-2.0 * np.pi * corner / rate)
    slope = lfilter([1.0 - pole], [1.0, -pole], slope)
    return resample_poly(slope, 1, _OVERSAMPLING)[:samples], flow[::_OVERSAMPLING]

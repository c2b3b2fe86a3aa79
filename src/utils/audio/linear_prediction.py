"""The Levinson-Durbin recursion, for many frames at once."""

import numpy as np


def levinson_durbin(
    autocorrelation: np.ndarray, white_noise: float = 1e-4, floor: float = 1e-9
) -> tuple[np.ndarray, np.ndarray]:
    """Solve for the linear predictor of every frame.

    Makhoul (1975), "Linear prediction: a tutorial review", Proceedings of the IEEE 63(4).

    Parameters
    ----------
    autocorrelation : numpy.ndarray
        float64 at lags 0 to the order, shape (frames, order + 1).
    white_noise : float
        Added to the power, as a share of it; keeps the recursion well conditioned.
    floor : float
        Added to the power as it is, so that silence has a solution too.

    Returns
    -------
    inverse : numpy.ndarray
        The prediction error filter, shape (frames, order + 1), its first tap 1.
    error : numpy.ndarray
        Power of that filter's output, shape (frames,), above 0.
    """
    r = autocorrelation.copy()
    r[:, 0] = r[:, 0] * (1.0 + white_noise) + floor
    inverse = np.zeros_like(r)
    inverse[:, 0] = 1.0
    error = r[:, 0].copy()
    for order in range(1, r.shape[1]):
        reflection = -(inverse[:, :order] * r[:, order:0:-1]).sum(axis=1) / error
        mirrored = inverse[:, order::-1].copy()
        inverse[:, : order + 1] += reflection[:, None] * mirrored
        error *= np.maximum(1.0 - reflection**2, 1e-6)
    return inverse, error

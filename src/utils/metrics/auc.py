"""The area under the ROC curve (AUC)."""

from typing import Any

import numpy as np

from src.utils.metrics.eer import DetCurve


def auc(curve: DetCurve) -> Any:
    """Return the area under the ROC curve; of draws, one each.

    It is the probability that a bona-fide trial scores above a spoof, ties counted half (Hanley &
    McNeil 1982, "The meaning and use of the area under a receiver operating characteristic
    curve").

    Parameters
    ----------
    curve : DetCurve
        Of all trials, or of a draw of the bootstrap.

    Examples
    --------
    >>> from src.utils.metrics.eer import det_curve
    >>> float(auc(det_curve([0.0, 1.0, 1.0], [0, 0, 1])))
    0.75
    """
    accepted, rejected = curve.accepted_spoof, curve.rejected_bona_fide
    # By trapezoids, which count ties half.
    height = 2.0 * curve.n_spoof - accepted[:-1] - accepted[1:]
    area = (np.diff(rejected, axis=0) * height).sum(axis=0) / 2
    return area / (curve.n_bona_fide * curve.n_spoof)

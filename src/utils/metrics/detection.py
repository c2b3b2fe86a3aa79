"""Every figure of a test, from its scores and the decisions taken by them."""

from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from src.utils.metrics.cllr import cllr
from src.utils.metrics.dcf import act_dcf, min_dcf
from src.utils.metrics.eer import check_trials, det_curve


@dataclass(frozen=True)
class Detection:
    """How well scores separate the classes, and how well decisions by them do.

    Bona-fide is the positive class of precision, recall and F1. The field names are the
    keys of `test_results.json`.

    Attributes
    ----------
    eer : float
        From the scores alone, whatever the threshold; as are `min_dcf` and `auc`.
    min_dcf : float
        See `dcf.min_dcf`, with the costs of ASVspoof 5.
    act_dcf, cllr : float
        Of the log-likelihood ratios; see `dcf.act_dcf` and `cllr.cllr`.
    auc : float
        Area under the ROC curve.
    accuracy, balanced_accuracy, precision, recall, f1_score : float
        Of the decisions at `threshold`; precision is 0 where nothing is accepted.
    hter : float
        Half the total of `far` and `frr`, the half total error rate (Poh & Bengio 2006, "Database,
        protocols and tools for evaluating score-level fusion algorithms in biometric
        authentication").
    far, frr : float
        Share of spoofs accepted, and of bona-fide trials rejected, at `threshold`.
    threshold : float
        Fixed beforehand, on validation data.
    eer_threshold : float
        Where the EER of these very scores lies; far from `threshold` means the detector's
        scale has shifted.
    n_bona_fide, n_spoof : int
    true_bona_fide, false_bona_fide, true_spoof, false_spoof : int
        The confusion matrix at `threshold`: of the trials called bona-fide (or spoof), how
        many were.
    """

    eer: float
    min_dcf: float
    act_dcf: float
    cllr: float
    auc: float
    accuracy: float
    balanced_accuracy: float
    precision: float
    recall: float
    f1_score: float
    hter: float
    far: float
    frr: float
    threshold: float
    eer_threshold: float
    n_bona_fide: int
    n_spoof: int
    true_bona_fide: int
    false_bona_fide: int
    true_spoof: int
    false_spoof: int

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Detection | None":
        """Make one from what `as_dict` returned, None where a figure of today is not in it.

        Further keys are left aside.
        """
        names = [field.name for field in fields(cls)]
        return cls(**{name: values[name] for name in names}) if set(names) <= set(values) else None

    def as_dict(self) -> dict[str, float | int]:
        """Return the fields as a flat dictionary, as `test_results.json` holds it."""
        return asdict(self)


def decision_rates(
    accepted_bona_fide: float, accepted_spoof: float, n_bona_fide: float, n_spoof: float
) -> dict[str, float]:
    """Return the figures of decisions by name, from counts.

    A share of nothing is 0, as scikit-learn's `zero_division=0` has it.
    """
    rejected_spoof = n_spoof - accepted_spoof
    rejected_bona_fide = n_bona_fide - accepted_bona_fide
    far, frr = accepted_spoof / n_spoof, rejected_bona_fide / n_bona_fide
    hter = (far + frr) / 2
    called = accepted_bona_fide + accepted_spoof
    return {
        "accuracy": (accepted_bona_fide + rejected_spoof) / (n_bona_fide + n_spoof),
        "balanced_accuracy": 1 - hter,
        "precision": accepted_bona_fide / called if called else 0.0,
        "recall": accepted_bona_fide / n_bona_fide,
        "f1_score": 2 * accepted_bona_fide / (called + n_bona_fide),
        "hter": hter,
        "far": far,
        "frr": frr,
    }


def evaluate_scores(
    scores: np.ndarray, labels: np.ndarray, threshold: float, llrs: np.ndarray | None = None
) -> Detection:
    """Compute every figure of `Detection`.

    Parameters
    ----------
    scores, labels : array_like
        As in `compute_eer`.
    threshold : float
        A trial is called bona-fide when its score is at or above it.
    llrs : array_like, optional
        The scores as natural log-likelihood ratios, shape (trials,); by default the scores are
        taken for such.

    Raises
    ------
    AudiosError
        As `det_curve` does.
    """
    scores, labels = check_trials(scores, labels)
    ratios = scores if llrs is None else llrs
    curve = det_curve(scores, labels)
    accepted = scores >= threshold
    is_bona_fide = labels == 1
    true_bona_fide = int((accepted & is_bona_fide).sum())
    false_bona_fide = int((accepted & ~is_bona_fide).sum())
    return Detection(
        eer=curve.eer,
        min_dcf=min_dcf(curve),
        act_dcf=act_dcf(ratios, labels),
        cllr=cllr(ratios, labels),
        auc=curve.auc,
        **decision_rates(true_bona_fide, false_bona_fide, curve.n_bona_fide, curve.n_spoof),
        threshold=float(threshold),
        eer_threshold=float(curve.thresholds[curve.eer_point]),
        n_bona_fide=curve.n_bona_fide,
        n_spoof=curve.n_spoof,
        true_bona_fide=true_bona_fide,
        false_bona_fide=false_bona_fide,
        true_spoof=curve.n_spoof - false_bona_fide,
        false_spoof=curve.n_bona_fide - true_bona_fide,
    )

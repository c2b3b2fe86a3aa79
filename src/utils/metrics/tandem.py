"""The tandem detection cost function (t-DCF): a spoofing detector in front of a speaker verifier.

Kinnunen et al. (2020), "Tandem assessment of spoofing countermeasures and automatic speaker
verification: Fundamentals". The verifier is fixed, at the threshold of its own EER between targets
and non-targets; the detector's threshold is the best there is.
"""

from dataclasses import dataclass

import numpy as np

from src.utils.errors import AudiosError
from src.utils.metrics.eer import DetCurve, compute_eer


@dataclass(frozen=True)
class TandemCosts:
    """The priors and the costs of errors; by default those of ASVspoof 2019 and 2021.

    Attributes
    ----------
    p_spoof : float
        Share of spoofs.
    p_target_of_rest : float
        Share of the others in which speakers are whom they claim to be.
    c_miss : float
        The cost of turning such a speaker away.
    c_fa, c_fa_spoof : float
        The cost of letting in a speaker who claims to be another, and a spoof.
    """

    p_spoof: float = 0.05
    p_target_of_rest: float = 0.99
    c_miss: float = 1.0
    c_fa: float = 10.0
    c_fa_spoof: float = 10.0

    @property
    def p_target(self) -> float:
        """Share of all in which speakers are whom they claim to be."""
        return (1 - self.p_spoof) * self.p_target_of_rest

    @property
    def p_nontarget(self) -> float:
        """Share of all in which speakers claim to be others."""
        return (1 - self.p_spoof) * (1 - self.p_target_of_rest)


ASVSPOOF2019 = TandemCosts()


@dataclass(frozen=True)
class VerifierErrors:
    """The error rates of a speaker verifier at its threshold.

    Attributes
    ----------
    miss : float
        Share of targets rejected.
    fa, fa_spoof : float
        Share of non-targets, and of spoofs, accepted.
    """

    miss: float
    fa: float
    fa_spoof: float

    @classmethod
    def of_scores(
        cls, target: np.ndarray, nontarget: np.ndarray, spoof: np.ndarray
    ) -> "VerifierErrors":
        """Count errors at the threshold of the EER between targets and non-targets.

        The challenges' tools take the highest score that is rejected there for the threshold, and
        then accept it: their rates are of one trial more.

        Parameters
        ----------
        target, nontarget, spoof : array_like
            Scores, shape (trials,) each, higher for the claimed speaker.

        Raises
        ------
        AudiosError
            When a kind of trial is absent or a score is not finite.
        """
        kinds = [np.asarray(scores, np.float64) for scores in (target, nontarget, spoof)]
        for scores, kind in zip(kinds, ("target", "nontarget", "spoof"), strict=True):
            if not len(scores):
                raise AudiosError(f"no {kind} trial among the scores of the speaker verifier")
        target, nontarget, spoof = kinds
        _, threshold = compute_eer(
            np.r_[target, nontarget], np.r_[np.ones(len(target)), np.zeros(len(nontarget))]
        )
        if not np.isfinite(spoof).all():
            raise AudiosError(f"{int((~np.isfinite(spoof)).sum())} scores are not finite numbers")
        accepted = [float(np.mean(scores >= threshold)) for scores in kinds]
        return cls(1 - accepted[0], accepted[1], accepted[2])


def min_tdcf(curve: DetCurve, verifier: VerifierErrors, costs: TandemCosts = ASVSPOOF2019) -> float:
    """Return the normalised tandem cost at the best of all thresholds, as ASVspoof 2021 has it.

    The cost of a threshold is `c0 + c1 * frr + c2 * far`: c0 is what the verifier costs by itself,
    c1 what is lost by rejecting the bona-fide trials that it would have served, and c2 what the
    spoofs cost that it lets in. 1 is what the better of a detector that accepts all and one that
    rejects all costs.

    Parameters
    ----------
    curve : DetCurve
        Of the spoofing detector.
    verifier : VerifierErrors
        The errors of the speaker verifier behind it.
    costs : TandemCosts
        The priors and the costs.

    Raises
    ------
    AudiosError
        When the verifier leaves nothing to do for a detector.
    """
    c0, c1, c2 = _coefficients(verifier, costs)
    lowest = c0 + min(c1, c2)
    return float((c0 + c1 * curve.frr + c2 * curve.far).min() / lowest)


def min_tdcf_2019(
    curve: DetCurve, verifier: VerifierErrors, costs: TandemCosts = ASVSPOOF2019
) -> float:
    """Return the tandem cost as ASVspoof 2019 has it: without what the verifier costs by itself.

    Kinnunen et al. (2018), "t-DCF: a detection cost function for the tandem assessment of spoofing
    countermeasures and automatic speaker verification". The published values of that challenge are
    of this kind; they are never higher than those of `min_tdcf`.

    Parameters
    ----------
    curve, verifier, costs
        As of `min_tdcf`.

    Raises
    ------
    AudiosError
        As `min_tdcf` does.
    """
    _, c1, c2 = _coefficients(verifier, costs)
    return float((c1 * curve.frr + c2 * curve.far).min() / min(c1, c2))


def _coefficients(verifier: VerifierErrors, costs: TandemCosts) -> tuple[float, float, float]:
    c0 = (
        costs.p_target * costs.c_miss * verifier.miss + costs.p_nontarget * costs.c_fa * verifier.fa
    )
    c1 = costs.p_target * costs.c_miss - c0
    c2 = costs.p_spoof * costs.c_fa_spoof * verifier.fa_spoof
    if c1 <= 0 or c2 <= 0:
        raise AudiosError(
            "the scores of the speaker verifier leave nothing for a spoofing detector to do: it "
            + ("accepts no spoof" if c2 <= 0 else "errs so often that it serves nobody")
        )
    return c0, c1, c2

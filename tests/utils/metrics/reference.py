"""Every metric once more, from its published definition: plain, slow, and knowing nothing of src.

Labels are 1 for bona-fide and 0 for spoof; a trial is accepted when its score is at or above the
threshold. Rates are exact fractions, so that a difference is never one of rounding here.
"""

import math
from collections.abc import Sequence
from fractions import Fraction

Scores = Sequence[float]
Labels = Sequence[int]


def of_class(scores: Scores, labels: Labels, value: int) -> list[float]:
    return [float(s) for s, label in zip(scores, labels, strict=True) if label == value]


def error_rates(scores: Scores, labels: Labels, threshold: float) -> tuple[Fraction, Fraction]:
    """FRR and FAR: bona-fide trials below the threshold, spoofs at or above it."""
    bona_fide, spoof = of_class(scores, labels, 1), of_class(scores, labels, 0)
    return (
        Fraction(sum(s < threshold for s in bona_fide), len(bona_fide)),
        Fraction(sum(s >= threshold for s in spoof), len(spoof)),
    )


def all_error_rates(scores: Scores, labels: Labels) -> list[tuple[float, Fraction, Fraction]]:
    """Threshold, FRR and FAR, from accepting all to accepting none."""
    thresholds = [*sorted({float(s) for s in scores}), math.inf]
    return [(at, *error_rates(scores, labels, at)) for at in thresholds]


def eer(scores: Scores, labels: Labels) -> tuple[float, float]:
    """The mean of FRR and FAR where they lie nearest, and the threshold; of equals the lowest."""
    nearest = min(all_error_rates(scores, labels), key=lambda point: abs(point[1] - point[2]))
    threshold, frr, far = nearest
    return float((frr + far) / 2), threshold


def eer_parting_ties(scores: Scores, labels: Labels) -> float:
    """The EER as the challenges' tools sweep: trial by trial, bona-fide first among equals."""
    order = sorted(zip(scores, labels, strict=True), key=lambda trial: (trial[0], -trial[1]))
    n_bona_fide = sum(labels)
    n_spoof = len(labels) - n_bona_fide
    rejected, accepted = 0, n_spoof
    points = [(Fraction(0), Fraction(1))]
    for _, label in order:
        rejected, accepted = rejected + label, accepted - (1 - label)
        points.append((Fraction(rejected, n_bona_fide), Fraction(accepted, n_spoof)))
    frr, far = min(points, key=lambda point: abs(point[0] - point[1]))
    return float((frr + far) / 2)


def auc(scores: Scores, labels: Labels) -> float:
    """How often a bona-fide trial beats a spoof, each with each; a tie is half a win."""
    bona_fide, spoof = of_class(scores, labels, 1), of_class(scores, labels, 0)
    twice = sum(2 * (b > s) + (b == s) for b in bona_fide for s in spoof)
    return float(Fraction(twice, 2 * len(bona_fide) * len(spoof)))


def dcf(frr: Fraction, far: Fraction, p_spoof: str, c_miss: str, c_fa: str) -> Fraction:
    """Normalised cost, the parameters as decimals in text (a twentieth is no float)."""
    miss = Fraction(c_miss) * (1 - Fraction(p_spoof))
    false_alarm = Fraction(c_fa) * Fraction(p_spoof)
    return (miss * frr + false_alarm * far) / min(miss, false_alarm)


def min_dcf(
    scores: Scores, labels: Labels, p_spoof: str = "0.05", c_miss: str = "1", c_fa: str = "10"
) -> float:
    return float(
        min(dcf(frr, far, p_spoof, c_miss, c_fa) for _, frr, far in all_error_rates(scores, labels))
    )


def act_dcf(
    llrs: Scores, labels: Labels, p_spoof: str = "0.05", c_miss: str = "1", c_fa: str = "10"
) -> float:
    """The cost of deciding at -log(beta), beta = C_miss (1 - P_spoof) / (C_fa P_spoof)."""
    beta = Fraction(c_miss) * (1 - Fraction(p_spoof)) / (Fraction(c_fa) * Fraction(p_spoof))
    return float(dcf(*error_rates(llrs, labels, -math.log(beta)), p_spoof, c_miss, c_fa))


def cllr(llrs: Scores, labels: Labels) -> float:
    """Half the sum of the classes' means of log2(1 + 1 / LR) and of log2(1 + LR)."""
    of_bona_fide = [math.log2(1 + math.exp(-llr)) for llr in of_class(llrs, labels, 1)]
    of_spoof = [math.log2(1 + math.exp(llr)) for llr in of_class(llrs, labels, 0)]
    mean_bona_fide = math.fsum(of_bona_fide) / len(of_bona_fide)
    return (mean_bona_fide + math.fsum(of_spoof) / len(of_spoof)) / 2


def tandem_coefficients(
    miss: Fraction, fa: Fraction, fa_spoof: Fraction
) -> tuple[Fraction, Fraction, Fraction]:
    """c0, c1 and c2 at the challenges' priors and costs."""
    p_spoof = Fraction("0.05")
    p_target, p_nontarget = (1 - p_spoof) * Fraction("0.99"), (1 - p_spoof) * Fraction("0.01")
    c0 = p_target * 1 * miss + p_nontarget * 10 * fa
    return c0, p_target * 1 - c0, p_spoof * 10 * fa_spoof


def min_tdcf(scores: Scores, labels: Labels, rates: tuple[Fraction, Fraction, Fraction]) -> float:
    """Kinnunen et al. 2020, as ASVspoof 2021 has it; rates are miss, fa and fa_spoof."""
    c0, c1, c2 = tandem_coefficients(*rates)
    costs = [c0 + c1 * frr + c2 * far for _, frr, far in all_error_rates(scores, labels)]
    return float(min(costs) / (c0 + min(c1, c2)))


def min_tdcf_2019(
    scores: Scores, labels: Labels, rates: tuple[Fraction, Fraction, Fraction]
) -> float:
    _, c1, c2 = tandem_coefficients(*rates)
    costs = [c1 * frr + c2 * far for _, frr, far in all_error_rates(scores, labels)]
    return float(min(costs) / min(c1, c2))


def confusion(scores: Scores, labels: Labels, threshold: float) -> tuple[int, int, int, int]:
    """True and false acceptances, true and false rejections."""
    bona_fide, spoof = of_class(scores, labels, 1), of_class(scores, labels, 0)
    return (
        sum(s >= threshold for s in bona_fide),
        sum(s >= threshold for s in spoof),
        sum(s < threshold for s in spoof),
        sum(s < threshold for s in bona_fide),
    )


def far(scores: Scores, labels: Labels, threshold: float) -> float:
    return float(error_rates(scores, labels, threshold)[1])


def frr(scores: Scores, labels: Labels, threshold: float) -> float:
    return float(error_rates(scores, labels, threshold)[0])


def hter(scores: Scores, labels: Labels, threshold: float) -> float:
    return float(sum(error_rates(scores, labels, threshold)) / 2)


def accuracy(scores: Scores, labels: Labels, threshold: float) -> float:
    true_accepted, _, true_rejected, _ = confusion(scores, labels, threshold)
    return float(Fraction(true_accepted + true_rejected, len(labels)))


def balanced_accuracy(scores: Scores, labels: Labels, threshold: float) -> float:
    """The mean of the two classes' recalls."""
    frr, far = error_rates(scores, labels, threshold)
    return float(((1 - frr) + (1 - far)) / 2)


def precision(scores: Scores, labels: Labels, threshold: float) -> float:
    true_accepted, false_accepted, _, _ = confusion(scores, labels, threshold)
    accepted = true_accepted + false_accepted
    return float(Fraction(true_accepted, accepted)) if accepted else 0.0


def recall(scores: Scores, labels: Labels, threshold: float) -> float:
    true_accepted, _, _, false_rejected = confusion(scores, labels, threshold)
    return float(Fraction(true_accepted, true_accepted + false_rejected))


def f1_score(scores: Scores, labels: Labels, threshold: float) -> float:
    """Van Rijsbergen's F with both weighing alike, from the counts."""
    true_accepted, false_accepted, _, false_rejected = confusion(scores, labels, threshold)
    wrong = false_accepted + false_rejected
    return float(Fraction(2 * true_accepted, 2 * true_accepted + wrong))


OF_SCORES = {"eer": lambda scores, labels: eer(scores, labels)[0], "min_dcf": min_dcf, "auc": auc}
OF_RATIOS = {"act_dcf": act_dcf, "cllr": cllr}
OF_DECISIONS = {
    "accuracy": accuracy,
    "balanced_accuracy": balanced_accuracy,
    "precision": precision,
    "recall": recall,
    "f1_score": f1_score,
    "hter": hter,
    "far": far,
    "frr": frr,
}
OF_VERIFIER = {"min_tdcf": min_tdcf, "min_tdcf_2019": min_tdcf_2019}
"""By the name of the metric, its definition; what each is given is told by the group it is in."""

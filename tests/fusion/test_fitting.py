"""The weights of a fusion, against a plain logistic regression and what they must never do."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from src.fusion import fitting as module
from src.fusion.fitting import SHRINKAGES, choose_weights, cross_fit, fit_weights
from src.fusion.weights import Weights
from src.utils.dataset.labelled import LabelledClips


def ratios(n: int, *apart: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return true ratios of independent members, by how many deviations the classes are apart."""
    chance, labels = np.random.default_rng(seed), np.arange(n) % 2
    x = chance.normal(size=(n, len(apart))) + np.outer(labels - 0.5, apart)
    return x * np.array(apart), labels


def clips_of(labels: np.ndarray, n_speakers: int = 12) -> LabelledClips:
    count, nothing = len(labels), np.full(len(labels), "")
    return LabelledClips(
        files=np.array([f"{i}.wav" for i in range(count)]),
        y=labels.astype(np.int8),
        gender=nothing,
        speaker=np.array([f"s{i // 2 % n_speakers}" for i in range(count)]),
        attack=nothing,
    )


def test_free_weights_are_those_of_a_plain_logistic_regression() -> None:
    llrs, labels = ratios(300, 1.0, 2.0)
    keep = np.r_[np.flatnonzero(labels == 0), np.flatnonzero(labels == 1)[:40]]
    llrs, labels = llrs[keep], labels[keep]
    size = np.where(labels == 1, 40, 150)
    doubt = 1 / (size + 2)
    plain = LogisticRegression(C=np.inf, tol=1e-12, max_iter=10_000).fit(
        np.r_[llrs, llrs],
        np.r_[labels, 1 - labels],
        sample_weight=np.r_[(1 - doubt) / size, doubt / size] * 100,
    )
    found = fit_weights(llrs, labels, 0.0)
    assert found.values == pytest.approx(plain.coef_[0], abs=1e-3)
    assert found.offset == pytest.approx(plain.intercept_[0], abs=1e-3)


def test_independent_members_add_up_and_equal_ones_share() -> None:
    llrs, labels = ratios(8000, 1.0, 1.5)
    assert fit_weights(llrs, labels, 0.0).values == pytest.approx([1, 1], abs=0.12)
    twice = np.repeat(llrs[:, :1], 2, axis=1)
    assert fit_weights(twice, labels, 0.01).values == pytest.approx([0.5, 0.5], abs=0.06)


def test_each_member_keeps_its_own_weight() -> None:
    llrs, labels = ratios(400, 0.3, 2.5)
    llrs[:, 0] *= 4  # promises more than it holds
    weak, strong = fit_weights(llrs, labels, 0.001).values
    assert strong > 2 * weak
    assert fit_weights(llrs[:, ::-1], labels, 0.001).values == pytest.approx([strong, weak])


def test_no_weight_is_negative() -> None:
    llrs, labels = ratios(400, 1.0, 1.0)
    llrs[:, 1] = -llrs[:, 1]
    first, second = fit_weights(llrs, labels, 0.0).values
    assert second == 0 < first


def test_shrinkage_draws_weights_to_each_other_and_not_to_nothing() -> None:
    llrs, labels = ratios(400, 0.3, 2.5)
    llrs[:, 0] *= 4
    spreads = [np.ptp(fit_weights(llrs, labels, one).values) for one in SHRINKAGES]
    assert spreads == sorted(spreads)
    assert spreads[0] < 0.05 < spreads[-1]
    alike = fit_weights(ratios(4000, 1.0, 1.0)[0], ratios(4000, 1.0, 1.0)[1], SHRINKAGES[0])
    assert alike.values.sum() == pytest.approx(2, abs=0.2)


def test_the_shrinkage_is_strong_where_nothing_speaks_against_it() -> None:
    llrs, labels = ratios(60, 1.0, 1.0)
    assert choose_weights(llrs, clips_of(labels), 7).shrinkage == SHRINKAGES[0]
    bad, labels = ratios(3000, 0.2, 2.5)
    bad[:, 0] *= 30
    assert choose_weights(bad, clips_of(labels, 40), 7).shrinkage < SHRINKAGES[0]


def test_no_clip_is_scored_by_what_its_speaker_was_fitted_on(monkeypatch) -> None:
    llrs, labels = ratios(96, 1.0, 1.0)
    clips, fitted = clips_of(labels), []

    def remember(llrs: np.ndarray, clips: LabelledClips, seed: int) -> Weights:
        fitted.append(set(clips.speaker))
        # The number of the call is the score of all that it scores.
        return Weights(np.zeros(2), float(len(fitted)))

    monkeypatch.setattr(module, "choose_weights", remember)
    scores = cross_fit(llrs, clips, 7)
    assert scores is not None
    assert len(fitted) > 2
    for speaker, score in zip(clips.speaker, scores, strict=True):
        assert speaker not in fitted[int(score) - 1]


def test_the_same_clips_give_the_same_weights() -> None:
    llrs, labels = ratios(96, 1.0, 0.5)
    one, other = (cross_fit(llrs, clips_of(labels), 7) for _ in range(2))
    assert np.array_equal(one, other)


def test_too_few_speakers_are_fused_alike_and_not_judged() -> None:
    llrs, labels = ratios(40, 1.0, 0.5)
    clips = clips_of(labels, 1)
    assert cross_fit(llrs, clips, 7) is None
    assert choose_weights(llrs, clips, 7).shrinkage == SHRINKAGES[0]

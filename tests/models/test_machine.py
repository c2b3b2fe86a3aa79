"""The SVM that is found by products of matrices, or by oneDAL, is scikit-learn's."""

import numpy as np
import pytest
from sklearn.svm import SVC

from src.models.svm import machine as room
from src.models.svm.machine import decide, fit_machine
from src.utils.accelerated import accelerated


def overlapping(n: int = 240, dim: int = 6, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(seed)
    y = (chance.random(n) < 0.3).astype(np.int8)
    x = chance.normal(size=(n, dim)) * np.linspace(0.5, 2, dim)
    x[:, 0] += 1.5 * y
    return x.astype(np.float32), y


def kinds(machine: SVC) -> dict[str, object]:
    return {name: getattr(value, "dtype", type(value)) for name, value in vars(machine).items()}


@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("gamma", ["scale", "auto", 0.2])
@pytest.mark.parametrize("c", [0.1, 10.0])
def test_products_find_the_very_machine(c: float, gamma: str | float, is_weighted: bool) -> None:
    x, y = overlapping()
    weights = np.random.default_rng(1).uniform(0.2, 2, len(y)) if is_weighted else None
    asked = {"C": c, "gamma": gamma, "class_weight": "balanced", "cache_size": 1000}
    plain, ours = SVC(**asked).fit(x, y, weights), SVC(**asked)
    fit_machine(ours, x, y, weights)
    assert kinds(ours) | {"_gamma": None} == kinds(plain) | {"_gamma": None}
    assert ours._gamma == pytest.approx(plain._gamma)
    assert ours.shape_fit_ == plain.shape_fit_
    assert ours.get_params() == plain.get_params()
    np.testing.assert_array_equal(ours.support_vectors_, x[ours.support_])
    other, _ = overlapping(seed=2)
    # Where rounding sends the search another way, it ends within its own tolerance.
    exact = 1e-8 if c < 1 else 2e-3
    np.testing.assert_allclose(decide(ours, other), plain.decision_function(other), atol=exact)
    np.testing.assert_allclose(ours.decision_function(other), decide(ours, other), atol=1e-9)


@pytest.mark.parametrize("is_weighted", [False, True])
def test_onedal_finds_a_machine_within_its_tolerance(
    monkeypatch: pytest.MonkeyPatch, is_weighted: bool
) -> None:
    if accelerated("SVC") is None:
        pytest.skip("needs scikit-learn-intelex (requirements-fast.txt)")
    monkeypatch.setattr(room, "_MOST_PAIRS", 100)
    x, y = overlapping()
    weights = np.random.default_rng(1).uniform(0.2, 2, len(y)) if is_weighted else None
    plain, ours = SVC(class_weight="balanced").fit(x, y, weights), SVC(class_weight="balanced")
    fit_machine(ours, x, y, weights)
    assert type(ours) is SVC
    assert kinds(ours) | {"_gamma": None} == kinds(plain) | {"_gamma": None}
    other, _ = overlapping(seed=2)
    np.testing.assert_allclose(
        ours.decision_function(other), plain.decision_function(other), atol=2e-3
    )
    again = SVC(class_weight="balanced")
    fit_machine(again, x, y, weights)
    np.testing.assert_array_equal(decide(again, other), decide(ours, other))


def test_very_many_clips_do_without_onedal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_MOST_PAIRS", 100)
    monkeypatch.setattr(room, "accelerated", lambda _: None)
    x, y = overlapping()
    ours = SVC()
    fit_machine(ours, x, y)
    np.testing.assert_array_equal(ours.decision_function(x), SVC().fit(x, y).decision_function(x))


def test_scores_do_not_depend_on_how_many_are_held_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    x, y = overlapping()
    ours = SVC().fit(x, y)
    whole = decide(ours, x)
    monkeypatch.setattr(room, "_SCORED_PAIRS", 700)
    np.testing.assert_allclose(decide(ours, x), whole, atol=1e-12)
    assert decide(ours, x[:0]).shape == (0,)

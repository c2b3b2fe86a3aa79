"""The losses against their formulas, written plainly, and what is learnt by them."""

import numpy as np
import pytest
import torch

from src.networks.heads import HEADS, CosineHead, Head, LinearHead, SeluHead
from src.networks.losses import LOSSES
from src.utils.errors import ArgumentError

COSINES = np.array([[0.95, -0.3], [0.4, 0.9], [-0.7, 0.1], [0.2, 0.2], [0.99, -0.99]])
LABELS = np.array([1, 0, 0, 1, 1])


def two_class_cross_entropy(outputs: np.ndarray, labels: np.ndarray) -> list[float]:
    shares = np.exp(outputs) / np.exp(outputs).sum(axis=1, keepdims=True)
    return [float(-np.log(row[label])) for row, label in zip(shares, labels, strict=True)]


def cross_entropy(outputs: np.ndarray, labels: np.ndarray) -> list[float]:
    p = 1 / (1 + np.exp(-outputs[:, 0]))
    return list(-np.log(np.where(labels == 1, p, 1 - p)))


def oc_softmax(cosines: np.ndarray, labels: np.ndarray) -> list[float]:
    """Zhang et al. 2021: log(1 + exp(20 (m_y - cos) (-1)^y)), y = 0 for bona-fide."""
    costs = []
    for cosine, label in zip(cosines[:, 0], labels, strict=True):
        y, margin = (0, 0.9) if label == 1 else (1, 0.2)
        costs.append(float(np.log(1 + np.exp(20 * (margin - cosine) * (-1) ** y))))
    return costs


def am_softmax(cosines: np.ndarray, labels: np.ndarray) -> list[float]:
    """Wang et al. 2018: a softmax of 20 (cos - 0.9) of the own class and 20 cos of the other."""
    costs = []
    for row, label in zip(cosines, labels, strict=True):
        own, other = np.exp(20 * (row[label] - 0.9)), np.exp(20 * row[1 - label])
        costs.append(float(-np.log(own / (own + other))))
    return costs


FORMULAS = {
    ("cross-entropy", 1): cross_entropy,
    ("cross-entropy", 2): two_class_cross_entropy,
    ("oc-softmax", 1): oc_softmax,
    ("am-softmax", 2): am_softmax,
}


@pytest.mark.parametrize(("name", "outputs"), FORMULAS)
@pytest.mark.parametrize("weight", [1.0, 3.0])
def test_each_is_its_formula(name: str, outputs: int, weight: float) -> None:
    loss = LOSSES.load(name)(weight)
    given = torch.tensor(COSINES[:, :outputs], dtype=torch.float32)
    costs = loss(given, torch.tensor(LABELS, dtype=torch.float32))
    plain = np.array(FORMULAS[name, outputs](COSINES[:, :outputs], LABELS))
    # A bona-fide clip weighs as much as it is rare.
    np.testing.assert_allclose(costs, plain * np.where(LABELS == 1, weight, 1.0), rtol=1e-4)


@pytest.mark.parametrize("name", LOSSES)
def test_scores_separate(name: str) -> None:
    """On vectors whose class shows a little in each number, with three spoofs to a bona-fide."""
    assert any(name == known for known, _ in FORMULAS), f"{name} has no formula in {__name__}"
    chance = torch.Generator().manual_seed(7)
    labels = torch.tensor([1.0, 0.0, 0.0, 0.0] * 8)
    vectors = torch.randn(32, 64, generator=chance) + 0.8 * (2 * labels - 1)[:, None]
    kind = LOSSES.load(name)
    loss, head = kind(3.0), kind.head(64, kind.outputs)
    optimiser = torch.optim.Adam(head.parameters(), 0.05)
    costs = []
    for _ in range(100):
        optimiser.zero_grad()
        costs.append(loss(head(vectors), labels).mean())
        costs[-1].backward()
        optimiser.step()
    assert float(costs[-1].detach()) < 0.5 * float(costs[0].detach())
    scores = head.score(vectors)
    assert scores.shape == (32,)
    assert torch.isfinite(scores).all()
    assert scores[labels == 1].min() > scores[labels == 0].max()


def test_an_unknown_loss_is_told() -> None:
    with pytest.raises(ArgumentError, match=r"--loss=am_softmax is not one of .* mean am-softmax"):
        LOSSES.load("am_softmax")


def test_scores_of_heads() -> None:
    vectors = torch.randn(4, 6)
    linear = LinearHead(6, 2)
    torch.testing.assert_close(linear.score(vectors), linear(vectors)[:, 1])
    one, two = CosineHead(6, 1), CosineHead(6, 2)
    torch.testing.assert_close(one.score(5 * vectors), one(vectors)[:, 0])
    torch.testing.assert_close(two.score(vectors), two(vectors)[:, 1] - two(vectors)[:, 0])
    assert torch.isfinite(one(torch.zeros(1, 6))).all()
    # As published, the score of SLS is the logarithm of bona-fide's share, which orders the same.
    head = SeluHead(6)
    published = torch.log_softmax(torch.selu(head.layer(vectors)), dim=1)[:, 1]
    odds = torch.log_softmax(head(vectors), dim=1)
    torch.testing.assert_close(odds[:, 1], published)
    torch.testing.assert_close(head.score(vectors), odds[:, 1] - odds[:, 0])
    assert set(HEADS) == {"linear", "selu", "cosine"}


@pytest.mark.parametrize("kind", HEADS.values())
def test_outputs_are_exact_under_autocast(kind: type[Head]) -> None:
    """In bfloat16 steps of a cosine near 1 are 0.004, which a scale of 20 makes 0.08."""
    head, vectors = kind(32, 2), torch.randn(64, 32)
    with torch.autocast("cpu", torch.bfloat16):
        found, scores = head(vectors), head.score(vectors)
    torch.testing.assert_close(found, head(vectors), rtol=0, atol=0)
    torch.testing.assert_close(scores, head.score(vectors), rtol=0, atol=0)
    with torch.autocast("cpu", torch.bfloat16):
        assert head(vectors.bfloat16()).dtype == torch.float32

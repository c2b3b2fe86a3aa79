"""Learning rates and decay: which parameters have which, and at which step."""

from itertools import pairwise

import pytest
import torch

from src.networks.trainer.optimizer import clip_gradients, make_optimizer, rate_at, set_rates
from src.networks.trainer.settings import TrainerSettings
from src.utils.errors import ArgumentError
from tests.networks.trainer.toys import ToyLearner

SETTINGS = TrainerSettings(learning_rate=1e-3, front_learning_rate=1e-5, weight_decay=0.1)


def test_front_and_back_have_their_rates_and_biases_no_decay() -> None:
    learner = ToyLearner()
    optimizer = make_optimizer(learner, SETTINGS)
    set_rates(optimizer, TrainerSettings(**vars(SETTINGS) | {"warmup": 0.0}), 0, 10)
    found = {
        id(one): (group["lr"], group["weight_decay"])
        for group in optimizer.param_groups
        for one in group["params"]
    }
    named = {name: found.get(id(one)) for name, one in learner.named_parameters()}
    assert named == {
        "front.weight": (1e-5, 0.1),
        "front.bias": (1e-5, 0.0),
        "back.weight": (1e-3, 0.1),
        "back.bias": (1e-3, 0.0),
        "unused.weight": None,
        "unused.bias": None,
    }


def test_decay_is_apart_from_the_gradient() -> None:
    """Loshchilov & Hutter 2019: of a first gradient Adam makes one step of the learning rate."""
    learner = ToyLearner()
    weight, bias = (one.detach().clone() for one in (learner.back.weight, learner.back.bias))
    optimizer = make_optimizer(learner, SETTINGS)
    for one in learner.back.parameters():
        one.grad = torch.full_like(one, 5.0)
    set_rates(optimizer, TrainerSettings(**vars(SETTINGS) | {"warmup": 0.0}), 0, 10)
    optimizer.step()
    torch.testing.assert_close(learner.back.weight, weight * (1 - 1e-3 * 0.1) - 1e-3)
    torch.testing.assert_close(learner.back.bias, bias - 1e-3)


@pytest.mark.parametrize("schedule", ["cosine", "linear"])
def test_rates_rise_and_fall_to_nothing(schedule: str) -> None:
    rates = [rate_at(step, 100, 0.1, schedule) for step in range(101)]
    assert rates[:11] == pytest.approx([*(0.1 * step for step in range(1, 11)), 1.0])
    assert all(later < earlier for earlier, later in pairwise(rates[10:]))
    assert rates[100] == pytest.approx(0.0)
    assert rates[55] == pytest.approx(0.5)


def test_a_constant_rate_stays() -> None:
    assert {rate_at(step, 100, 0.0, "constant") for step in range(100)} == {1.0}


def test_gradients_are_clipped_to_a_norm_over_all() -> None:
    learner = ToyLearner()
    for one in learner.parameters():
        one.grad = torch.ones_like(one)
    clip_gradients(learner, 0.0)
    assert learner.back.bias.grad.item() == 1.0
    clip_gradients(learner, 1.0)
    parts = [one.grad for part in learner.parts().values() for one in part]
    assert torch.cat([one.flatten() for one in parts]).norm().item() == pytest.approx(1, rel=1e-4)


@pytest.mark.parametrize(
    ("name", "value"),
    [("epochs", 0), ("warmup", 1.0), ("learning_rate", -1.0), ("precision", "int8")],
)
def test_a_value_that_makes_no_sense_is_refused(name: str, value: object) -> None:
    with pytest.raises(ArgumentError, match=f"--{name.replace('_', '-')}"):
        TrainerSettings(**{name: value})

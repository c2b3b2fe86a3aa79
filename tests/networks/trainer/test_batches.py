"""Which examples a step is made of, and for which process."""

from dataclasses import dataclass

import pytest

from src.networks.trainer.batches import Plan
from src.networks.trainer.settings import TrainerSettings


@dataclass(frozen=True)
class Among:
    """One of several processes."""

    number: int
    count: int


def plans(n_examples: int, count: int, **settings: int) -> list[Plan]:
    how = TrainerSettings(**settings)
    return [Plan(n_examples, how, 7, Among(number, count)) for number in range(count)]


@pytest.mark.parametrize(("n_examples", "count"), [(23, 1), (23, 2), (24, 3), (9, 2)])
def test_every_example_is_in_one_batch_of_one_process(n_examples: int, count: int) -> None:
    seen, steps = [], []
    for plan in plans(n_examples, count, batch_size=4, accumulate=2):
        found = list(plan.epoch(0))
        steps.append([size for size, _ in found])
        seen += [number for _, batches in found for batch in batches for number in batch]
        assert all(batch for _, batches in found for batch in batches)
    assert sorted(seen) == list(range(n_examples))
    assert len(set(map(tuple, steps))) == 1
    assert sum(steps[0]) == n_examples


def test_the_batches_of_a_step_are_those_of_one_process_with_a_larger_one() -> None:
    [alone] = plans(20, 1, batch_size=8)
    several = plans(20, 2, batch_size=4)
    for plan, *others in zip(*(one.epoch(3) for one in (alone, *several)), strict=True):
        whole = sorted(number for batch in plan[1] for number in batch)
        parts = sorted(n for _, batches in others for batch in batches for n in batch)
        assert whole == parts


def test_no_process_is_left_without_an_example() -> None:
    """Seven are left for four processes with two batches each, and one for two."""
    for plan in plans(7, 4, batch_size=8, accumulate=2):
        assert all(batch for _, batches in plan.epoch(0) for batch in batches)
    few = plans(5, 2, batch_size=2)
    assert [size for size, _ in few[0].epoch(0)] == [4, 2]
    assert few[0].n_seen == 6


def test_epochs_differ_and_a_step_can_be_begun_with() -> None:
    [plan] = plans(20, 1, batch_size=4)
    first, second = list(plan.epoch(0)), list(plan.epoch(1))
    assert first != second
    assert list(plan.epoch(0)) == first
    assert list(plan.epoch(0, 2)) == first[2:]

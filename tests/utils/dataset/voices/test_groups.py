"""Groups of voices that are alike, on vectors whose speakers are known."""

import numpy as np
import pytest

from src.utils.dataset.voices.groups import THRESHOLD, group_voices
from src.utils.errors import DatasetError


def vectors(speakers: int, clips: int, spread: float, seed: int = 0) -> np.ndarray:
    """Directions that are far apart, and clips about each; one speaker after the other."""
    chance = np.random.default_rng(seed)
    centres = np.repeat(np.linalg.qr(chance.normal(size=(256, speakers)))[0].T, clips, axis=0)
    made = centres + spread * chance.normal(size=centres.shape) / 16
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def same(groups: np.ndarray) -> np.ndarray:
    return groups[:, None] == groups


def test_speakers_that_are_far_apart_are_found_in_their_order() -> None:
    groups = group_voices(vectors(6, 5, 0.3))
    assert groups.tolist() == np.repeat(np.arange(6), 5).tolist()
    assert group_voices(vectors(1, 1, 0.0)).tolist() == [0]


@pytest.mark.parametrize(("threshold", "n_groups"), [(0.0001, 30), (THRESHOLD, 6), (1.1, 1)])
def test_a_larger_threshold_makes_fewer_groups(threshold: float, n_groups: int) -> None:
    groups = group_voices(vectors(6, 5, 0.3), threshold)
    assert groups.max() + 1 == n_groups


def test_the_threshold_is_the_mean_distance_of_two_groups() -> None:
    """Two clips at an angle of cosine distance d are one voice from d on."""
    distance = 0.3
    angle = np.arccos(1 - distance)
    pair = np.array([[1.0, 0], [np.cos(angle), np.sin(angle)]])
    assert group_voices(pair, distance + 1e-6).tolist() == [0, 0]
    assert group_voices(pair, distance - 1e-6).tolist() == [0, 1]
    # A third that is as far from one, and further from the other: the mean decides.
    third = np.array([[np.cos(2 * angle), np.sin(2 * angle)]])
    mean = (distance + 1 - np.cos(2 * angle)) / 2
    three = np.vstack([pair * 1.0, third])
    assert group_voices(three, mean - 1e-6).max() == 1
    assert group_voices(three, mean + 1e-6).max() == 0


def test_groups_do_not_hang_on_the_order() -> None:
    made = vectors(8, 4, 0.6)
    order = np.random.default_rng(1).permutation(len(made))
    assert (same(group_voices(made))[np.ix_(order, order)] == same(group_voices(made[order]))).all()


def test_more_than_fit_at_once_are_grouped_in_parts() -> None:
    made = vectors(6, 20, 0.3)[np.random.default_rng(2).permutation(120)]
    whole, parts = group_voices(made), group_voices(made, most=50)
    assert (same(whole) == same(parts)).all()
    with pytest.raises(DatasetError, match=r"120 clips hold 1\d\d voices or more, and 50 can be"):
        group_voices(made, 0.0001, most=50)

"""The best of the best, by several seeds."""

import pandas as pd
import pytest

from src.search.finalists import Finalists


def finalists(*rows: tuple[int, int, float, float]) -> Finalists:
    table = pd.DataFrame(rows, columns=["number", "seed", "validation_eer", "validation_cllr"])
    return Finalists(table.assign(run=range(len(rows))))


def test_the_mean_decides_and_not_the_luckiest_seed() -> None:
    found = finalists((4, 7, 0.01, 0.2), (4, 8, 0.09, 0.2), (2, 7, 0.03, 0.3), (2, 8, 0.03, 0.3))
    assert found.best == 2
    about = found.seeds_of(4)
    assert about is not None
    assert about["n"] == 2
    assert about["mean"] == pytest.approx(0.05)
    assert about["std"] == pytest.approx(0.0565685, rel=1e-5)


def test_of_equal_means_the_cllr_decides() -> None:
    # 0.1 + 0.2 is not 0.3 in the last bit.
    found = finalists((1, 7, 0.1, 0.5), (1, 8, 0.2, 0.5), (3, 7, 0.15, 0.4), (3, 8, 0.15, 0.4))
    assert found.best == 3


def test_of_wholly_equal_ones_the_first() -> None:
    assert finalists((5, 7, 0.1, 0.5), (1, 7, 0.1, 0.5)).best == 5


def test_one_seed_alone() -> None:
    found = finalists((5, 7, 0.1, 0.5))
    assert found.seeds_of(5) == {"n": 1, "mean": 0.1, "std": 0.0}
    assert found.seeds_of(6) is None

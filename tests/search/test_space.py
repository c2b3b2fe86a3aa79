"""What is drawn is read again as what it was: classifiers, layers, poolings."""

import optuna
import pytest
from optuna.trial import FixedTrial

from src.models.registry import CLASSIFIERS
from src.search.space import Candidate, Space, columns_of
from src.utils.config import WEIGHTED

NAMES = tuple(CLASSIFIERS)
POOLINGS = ("mean", "std", "both")


def draws(space: Space, n: int) -> list[tuple[dict, Candidate]]:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=3))
    found = []
    for _ in range(n):
        trial = study.ask()
        candidate = space.draw(trial)
        found.append((trial.params, candidate))
    return found


def test_all_classifiers_at_once() -> None:
    space = Space(NAMES, range(4), POOLINGS)
    found = draws(space, 300)
    assert {one.classifier for _, one in found} == set(NAMES)
    assert {one.selection.pooling for _, one in found} == {"mean", "std", None}
    layers = {one.selection.layer for _, one in found}
    assert {0, 1, 2, 3} < layers
    assert WEIGHTED in layers
    for params, one in found:
        assert space.read(params) == one
        one.make(7)
        weighs = CLASSIFIERS.load(one.classifier).weighs_layers
        assert weighs or one.selection.layer != WEIGHTED
        # Of weighted layers there are no principal components.
        assert one.selection.layer != WEIGHTED or "pca" not in one.hyperparameters


def test_one_layer_and_one_pooling_leave_nothing_to_choose() -> None:
    for params, one in draws(Space(("lr",), range(5, 6), ("descriptor",)), 5):
        assert one.selection.layer == 5
        assert one.selection.pooling is None
        assert "pooling" not in params
        assert "layers" not in params


@pytest.mark.parametrize("names", [NAMES, *((name,) for name in NAMES)])
def test_the_defaults_are_tried_first(names: tuple[str, ...]) -> None:
    space = Space(names, range(3), POOLINGS)
    starts = space.starts()
    assert len(starts) == len(names)
    for name, params in zip(names, starts, strict=True):
        one = space.draw(FixedTrial({**params, "layer": 1}))  # type: ignore[arg-type]
        assert one.classifier == name
        assert one.selection.pooling is None
        defaults = CLASSIFIERS.load(name).defaults
        assert one.hyperparameters == {key: defaults[key] for key in one.hyperparameters}


def test_what_is_damaged() -> None:
    space = Space(NAMES, range(3), POOLINGS)
    params = draws(space, 1)[0][0]
    with pytest.raises(ValueError, match="of the classifier none"):
        space.read({**params, "classifier": "none"})
    with pytest.raises(ValueError, match="names no layer"):
        Space(("svm",), range(3), POOLINGS).read({"C": 1.0})


def test_columns_name_what_differs() -> None:
    space = Space(("lr",), range(2), ("mean",))
    rows = columns_of([one for _, one in draws(space, 3)])
    assert all(set(row) >= {"layer", "C"} for row in rows)
    assert not any({"classifier", "pooling"} & set(row) for row in rows)
    many = columns_of([one for _, one in draws(Space(NAMES, range(2), POOLINGS), 40)])
    assert all({"classifier", "pooling"} <= set(row) for row in many)
    assert "all" in {row["pooling"] for row in many}

"""K folds."""

import re
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from src.utils.config import DOWNSTREAM_SPLITS
from src.utils.dataset.split import HoldOut, Shares, SplitSettings, read_split, split_dataset
from src.utils.dataset.split.by_fold import split_by_fold
from src.utils.errors import ArgumentError, DatasetError

TRAIN, VAL, TEST = DOWNSTREAM_SPLITS
ALONE = Shares(pretext=0.0)


@given(st.integers(3, 6), st.integers(0, 5), st.data())
@settings(max_examples=60, deadline=None)
def test_everybody_is_tested_once(clip_table: Callable, folds: int, seed: int, data) -> None:
    random = np.random.default_rng(data.draw(st.integers(0, 10**6)))
    # Real people and faked ones need not be the same.
    rows = [
        (f"s{random.integers(30)}", f"u{number // 2}" * (number % 7 == 0), *kind, "")
        for number in range(150)
        for kind in [("spoof", "v") if random.random() < 0.5 else ("bona-fide", "")]
    ]
    files = clip_table(*rows)
    dealt = [split_by_fold(files, folds, fold, seed) for fold in range(folds)]
    tested = pd.concat([files["file"][splits == TEST] for splits in dealt])
    assert sorted(tested) == sorted(files["file"])
    for fold, splits in enumerate(dealt):
        for column in ("speaker", "utterance"):
            named = files[column] != ""
            assert splits[named].groupby(files[column][named]).nunique().eq(1).all()
        for split in DOWNSTREAM_SPLITS:
            assert set(files["label"][splits == split]) == {"bona-fide", "spoof"}
        # What validates here is tested next.
        assert ((splits == VAL) == (dealt[(fold + 1) % folds] == TEST)).all()
    assert dealt[0].equals(split_by_fold(files, folds, 0, seed))


@pytest.mark.parametrize("folds", [3, 5, 7])
def test_folds_are_of_one_size(make_table: Callable, crowd: Callable, folds: int) -> None:
    files = make_table(*crowd(36), *crowd(4, 2, 0, "honest"))
    sizes, women = [], []
    for fold in range(folds):
        people = files[split_by_fold(files, folds, fold) == TEST].drop_duplicates("speaker")
        sizes.append(len(people))
        women.append(int((people["gender"] == "F").sum()))
    assert sum(sizes) == 40
    assert max(sizes) - min(sizes) <= 1
    assert max(women) - min(women) <= 2


def test_a_fold_on_disk(make_table: Callable, crowd: Callable, dataset_of: Callable) -> None:
    dataset = dataset_of(make_table(*crowd(12), *crowd(3, 2, 0, "honest")))
    made = [SplitSettings(shares=ALONE, folds=5, fold=fold) for fold in (0, 1)]
    first = split_dataset(dataset, made[0])
    assert (first.n_without_spoofs, first.set_aside) == (0, {})
    assert split_dataset(dataset, made[0]).was_there
    val = read_split(dataset, VAL)
    assert not split_dataset(dataset, made[1]).was_there
    assert read_split(dataset, TEST).equals(val)


@pytest.mark.parametrize("n_both", range(7))
@pytest.mark.parametrize(("n_real", "n_fake"), [(0, 0), (4, 4), (1, 9)])
def test_too_many_folds_are_told_what_works(
    make_table: Callable, crowd: Callable, n_both: int, n_real: int, n_fake: int
) -> None:
    people = [*crowd(n_both), *crowd(n_real, 2, 0, "real"), *crowd(n_fake, 0, 2, "fake")]
    if not people:
        return
    enough = min(n_both + n_real, n_both + n_fake)
    files = make_table(*people)
    if enough >= 7:
        split_by_fold(files, 7, 0)
        return
    with pytest.raises(DatasetError) as error:
        split_by_fold(files, 7, 0)
    text = str(error.value)
    assert "\n" not in text
    works = re.search(r"--folds=(\d+)", text)
    more = re.search(r"recordings of (\d+) more speaker", text)
    assert bool(more) == (enough < 3), text
    if more:
        people += crowd(int(more[1]), name="new")
    # With real and faked people apart not every number can be reached, but most.
    assert int(works[1]) >= min(enough, 6) - 1 or more
    for fold in range(int(works[1])):
        split_by_fold(make_table(*people), int(works[1]), fold)


def test_settings_that_do_not_go_together() -> None:
    for wrong, told in (
        ({"folds": 5}, r"--folds=5 needs --fold=N.*0 to 4"),
        ({"fold": 1}, r"--fold=1 needs --folds=K"),
        ({"folds": 2, "fold": 1}, "--folds=2 must be at least 3"),
        ({"folds": 5, "fold": 5}, "--fold=5 is not one of 0 to 4"),
        ({"folds": 5, "fold": -1}, "--fold=-1 is not one of"),
        ({"folds": 5, "fold": 1, "strategy": "column"}, "--folds goes with --strategy=speaker"),
        ({"units": "utterance", "strategy": "official"}, "--units goes with --strategy=speaker"),
        ({"units": "word"}, "--units=word is not one of speaker, utterance, clip"),
        (
            {"folds": 5, "fold": 1, "hold_out": HoldOut("attack", ("a",))},
            "--folds and --hold-out do not go together",
        ),
    ):
        with pytest.raises(ArgumentError, match=told):
            SplitSettings(**{"shares": ALONE} | wrong)
    with pytest.raises(ArgumentError, match="--folds and --pretext do not go together"):
        SplitSettings(folds=5, fold=1, shares=Shares(pretext=0.6))

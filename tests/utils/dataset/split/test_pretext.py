"""The share for pretext where nobody asks for one, on corpora of several sizes."""

import json
from collections.abc import Callable

import pandas as pd
import pytest

from src.utils.config import AUTO, DOWNSTREAM_SPLITS
from src.utils.dataset.split import HoldOut, Shares, SplitSettings, plan_split, split_dataset
from src.utils.dataset.split.pretext import ENOUGH_CLIPS, ENOUGH_PEOPLE

TEST = DOWNSTREAM_SPLITS[-1]


def pretext_of(files: pd.DataFrame, **settings: object) -> tuple[float, str]:
    plan = plan_split(files, SplitSettings(**settings))
    return plan.recipe["shares"]["pretext"], plan.pretext


@pytest.fixture(scope="module")
def many(make_table: Callable, crowd: Callable) -> pd.DataFrame:
    """As many people as CETUC has, whose test of 4 has just enough clips."""
    return make_table(*crowd(101, 75, 75))


def test_a_corpus_of_the_size_of_cetuc_keeps_people_for_pretext(many: pd.DataFrame) -> None:
    share, why = pretext_of(many)
    assert share == 0.6
    assert "--pretext=auto: 0.6, since every downstream split keeps at least 300 clips" in why
    assert "downstream_test has 300 bona-fide clips of 4 speakers" in why


def test_one_clip_less_is_not_enough(many: pd.DataFrame) -> None:
    plan = plan_split(many, SplitSettings())
    tested = many.index[(plan.splits == TEST) & (many["label"] == "spoof")]
    assert len(tested) == ENOUGH_CLIPS
    share, why = pretext_of(many.drop(tested[0]).reset_index(drop=True))
    assert share == 0.0
    assert "0, since with 0.6 downstream_test would have 299 spoof clips of 4 speakers" in why


@pytest.mark.parametrize(("people", "share"), [(60, 0.0), (61, 0.6)])
def test_the_fewest_people(
    make_table: Callable, crowd: Callable, people: int, share: float
) -> None:
    """A tenth of two fifths of 61 people are three, by the largest remainder."""
    files = make_table(*crowd(people, 150, 150))
    found, why = pretext_of(files)
    assert found == share
    assert ("of 2 speakers" in why) == (share == 0.0)
    assert f"of {ENOUGH_PEOPLE} speakers of each class" in why


def test_people_of_one_class_only(make_table: Callable, crowd: Callable) -> None:
    """Bona-fide people go to the test, so spoofs are what is short there."""
    files = make_table(*crowd(40, 60, 0, "real"), *crowd(30, 0, 60, "fake"), *crowd(6, 40, 40, "x"))
    share, why = pretext_of(files)
    assert share == 0.0
    assert "spoof clip" in why or "bona-fide clip" in why
    assert set(plan_split(files, SplitSettings()).splits) == set(DOWNSTREAM_SPLITS)


def test_so_few_that_nothing_would_be_filled(make_table: Callable, crowd: Callable) -> None:
    share, why = pretext_of(make_table(*crowd(4)))
    assert share == 0.0
    assert why.endswith("0, since with 0.6 nothing would fill every downstream split")


def test_a_number_is_taken_as_it_is(make_table: Callable, crowd: Callable) -> None:
    files = make_table(*crowd(20))
    assert pretext_of(files, shares=Shares(pretext=0.6)) == (0.6, "")
    assert pretext_of(files, shares=Shares(pretext=0.0)) == (0.0, "")


def test_nothing_is_kept_where_the_split_is_of_its_own_kind(many: pd.DataFrame) -> None:
    assert pretext_of(many, folds=5, fold=1) == (0.0, "")
    attacks = many.assign(attack=many["speaker"].str[-1].where(many["label"] == "spoof", ""))
    assert pretext_of(attacks, hold_out=HoldOut("attack", ("3",))) == (0.0, "")
    parts = [("train", "dev", "eval")[number % 3] for number in many["speaker"].str[1:].astype(int)]
    for strategy in ("column", "official"):
        assert pretext_of(many.assign(split=parts), strategy=strategy) == (0.0, "")


def test_single_clips_are_counted_where_nobody_is_known(
    make_table: Callable, crowd: Callable
) -> None:
    files = make_table(*crowd(2, 3_000, 3_000)).assign(speaker="")
    share, why = pretext_of(files, units="clip")
    assert share == 0.0
    assert "clips of each class to every downstream split" in why and "clips of 3" not in why
    more = make_table(*crowd(2, 3_800, 3_800)).assign(speaker="")
    assert pretext_of(more, units="clip")[0] == 0.6


def test_the_choice_is_kept_with_the_split(
    make_table: Callable, crowd: Callable, dataset_of: Callable
) -> None:
    dataset = dataset_of(make_table(*crowd(20)))
    split = split_dataset(dataset)
    kept = json.loads((dataset.root / "splits/split.json").read_text())
    assert kept["pretext_auto"] == split.pretext != ""
    assert kept["shares"]["pretext"] == 0.0
    assert split_dataset(dataset).was_there
    split_dataset(dataset, SplitSettings(shares=Shares(pretext=0.0)))
    assert "pretext_auto" not in json.loads((dataset.root / "splits/split.json").read_text())


def test_an_unsettled_share_is_no_number() -> None:
    assert Shares(pretext=AUTO).has_pretext and not Shares(pretext=0.0).has_pretext
    with pytest.raises(ValueError, match="not settled"):
        Shares(pretext=AUTO).by_split()

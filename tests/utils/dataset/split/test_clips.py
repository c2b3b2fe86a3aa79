"""Dividing single clips, where nobody knows who speaks."""

from collections.abc import Callable

import pandas as pd
import pytest

from src.utils.config import DOWNSTREAM_SPLITS, SHARED_VOICES
from src.utils.dataset.split import HoldOut, SplitSettings, plan_split, read_units, split_dataset
from src.utils.dataset.split.groups import group_clips
from src.utils.errors import DatasetError

BY_CLIP = SplitSettings(units="clip")
TRAIN, VAL, TEST = DOWNSTREAM_SPLITS


@pytest.fixture
def nobodies(make_table: Callable) -> pd.DataFrame:
    return make_table(("a", "", 40, 60)).assign(speaker="", id="")


def test_every_split_has_its_share_of_each_class(nobodies: pd.DataFrame) -> None:
    plan = plan_split(nobodies, BY_CLIP)
    counts = pd.crosstab(plan.splits, nobodies["label"])
    assert counts.loc[list(DOWNSTREAM_SPLITS)].to_numpy().tolist() == [[28, 42], [8, 12], [4, 6]]
    assert plan.notes == [SHARED_VOICES["clip"]]
    assert "too low by an unknown amount" in plan.recipe["notes"][0]


def test_the_deal_hangs_on_the_seed_and_not_on_the_order(nobodies: pd.DataFrame) -> None:
    one = plan_split(nobodies, BY_CLIP).splits
    shuffled = nobodies.sample(frac=1, random_state=1)
    assert plan_split(shuffled, BY_CLIP).splits.sort_index().equals(one)
    assert not plan_split(nobodies, BY_CLIP, seed=8).splits.equals(one)


def test_copies_of_a_recording_stay_together(nobodies: pd.DataFrame) -> None:
    stems = nobodies["file"].str.extract(r"(\d+)\.wav")[0]
    tied = nobodies.assign(utterance=stems.where(stems.astype(int) < 30, ""))
    numbers = group_clips(tied, "clip")
    assert numbers.nunique() == 30 + 40
    splits = plan_split(tied, BY_CLIP).splits
    named = tied["utterance"] != ""
    assert splits[named].groupby(tied["utterance"][named]).nunique().max() == 1


def test_the_same_speaker_may_be_on_both_sides(make_table: Callable, dataset_of: Callable) -> None:
    dataset = dataset_of(make_table(("a", "F", 20, 20)))
    split_dataset(dataset, BY_CLIP)
    assert read_units(dataset, TRAIN) == "clip"


def test_too_few_clips_say_how_many_more(make_table: Callable) -> None:
    few = make_table(("a", "", 2, 5)).assign(speaker="")
    with pytest.raises(DatasetError, match=r"7 clips cannot fill 3 .* add 2 more clips, real"):
        plan_split(few, BY_CLIP)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (SplitSettings(), ("'REGEX'", "prefix, folder", "=voice", "--units=clip")),
        (SplitSettings(folds=5, fold=0), ("'REGEX'", "prefix, folder", "=voice", "--units=clip")),
        (SplitSettings(strategy="column"), ("'REGEX'", "=voice", "--units=clip")),
        (SplitSettings(strategy="official"), ("'REGEX'", "=voice", "--units=clip")),
        (SplitSettings(units="utterance"), ("--units=clip",)),
    ],
)
def test_every_refusal_names_the_ways_out(
    nobodies: pd.DataFrame, settings: SplitSettings, words: tuple[str, ...]
) -> None:
    with pytest.raises(DatasetError) as error:
        plan_split(nobodies, settings)
    assert all(word in str(error.value) for word in words), error.value
    assert "\n" not in str(error.value)


def test_folds_and_held_out_attacks_of_clips(nobodies: pd.DataFrame) -> None:
    folded = plan_split(nobodies, SplitSettings(units="clip", folds=4, fold=0)).splits
    assert (folded == TEST).sum() == 25
    spoof = nobodies["label"] == "spoof"
    attacks = nobodies.assign(attack=(nobodies.index % 3).astype(str)).assign(
        attack=lambda table: table["attack"].where(spoof, "")
    )
    held = SplitSettings(units="clip", hold_out=HoldOut("attack", ("1",)))
    splits = plan_split(attacks, held).splits
    assert set(attacks["attack"][(splits == TEST) & spoof]) == {"1"}
    assert "1" not in set(attacks["attack"][splits.isin([TRAIN, VAL])])

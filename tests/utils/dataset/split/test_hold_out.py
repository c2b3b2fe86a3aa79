"""Leave-one-generator-out."""

import re
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from src.utils.config import DOWNSTREAM_SPLITS, PRETEXT_SPLITS
from src.utils.dataset.split import HoldOut, Shares, SplitSettings, read_split, split_dataset
from src.utils.dataset.split.by_hold_out import split_by_hold_out
from src.utils.dataset.split.groups import group_clips
from src.utils.errors import ArgumentError, DatasetError

TRAIN, VAL, TEST = DOWNSTREAM_SPLITS
ALONE = Shares(pretext=0.0)
A3 = HoldOut("attack", ("a3",))


def corpus(clip_table: Callable, random: np.random.Generator, n: int = 200) -> pd.DataFrame:
    """Clips of 30 people by 4 attacks from 3 sources, of which z has spoofs only."""
    rows = []
    for number in range(n):
        person = random.integers(30)
        attack = str(random.choice(["", "a1", "a2", "a3", "a4"]))
        source = str(random.choice(["x", "y", "z"] if attack else ["x", "y"]))
        shared = number % 25 == 0
        speaker = "" if random.random() < 0.05 else f"s{person}"
        utterance = f"shared{number // 50}" if shared or not speaker else ""
        rows.append((speaker, utterance, "spoof" if attack else "bona-fide", attack, source))
    return clip_table(*rows)


def is_held(files: pd.DataFrame, hold_out: HoldOut) -> pd.Series:
    return files[hold_out.column].isin(hold_out.values)


@given(
    st.integers(0, 10**6),
    st.sampled_from(
        [A3, HoldOut("attack", ("a1", "a2")), HoldOut("source", ("x",)), HoldOut("source", ("z",))]
    ),
    st.sampled_from([0.0, 0.4]),
)
@settings(max_examples=80, deadline=None)
def test_training_never_meets_it(
    clip_table: Callable, number: int, hold_out: HoldOut, pretext: float
) -> None:
    files = corpus(clip_table, np.random.default_rng(number))
    assigned = split_by_hold_out(files, hold_out, Shares(pretext=pretext), number % 5)
    splits, held = assigned.splits, is_held(files, hold_out)
    trained = splits.isin([*PRETEXT_SPLITS, TRAIN, VAL])
    tested = splits == TEST
    assert not (trained & held).any()
    assert held[tested & (files["label"] == "spoof")].all()
    # Nobody's voice is on two sides.
    groups = group_clips(files)
    assert splits[splits != ""].groupby(groups[splits != ""]).nunique().max() == 1
    for split in DOWNSTREAM_SPLITS:
        assert set(files["label"][splits == split]) == {"bona-fide", "spoof"}
    assert sum(assigned.set_aside.values()) == (splits == "").sum()
    # Only what fits nowhere is set aside.
    sides = splits[splits != ""].groupby(groups[splits != ""]).first().reindex(groups).to_numpy()
    out = splits == ""
    in_test = pd.Series(sides == TEST, index=files.index)
    assert held[out & ~in_test].all()
    assert not held[out & in_test].any()
    if hold_out.column == "attack" or hold_out.values == ("z",):
        assert (files["label"][out & in_test] == "spoof").all()
    else:
        assert held[tested].all()
    again = split_by_hold_out(
        files.sample(frac=1, random_state=1), hold_out, Shares(pretext=pretext), number % 5
    )
    assert again.splits.sort_index().equals(splits)
    assert bool(assigned.notes) == (hold_out.values == ("z",))


def people(clip_table: Callable, **attacks: int) -> pd.DataFrame:
    """Everyone has two real clips and one by `base`; n of forty have one by each of `attacks`."""
    rows = [
        (f"s{n:02d}", "", label, attack, "")
        for n in range(40)
        for label, attack in [
            *[("bona-fide", "")] * 2,
            ("spoof", "base"),
            *[("spoof", attack) for attack, count in attacks.items() if n < count],
        ]
    ]
    return clip_table(*rows).assign(gender=lambda t: np.where(t["speaker"] < "s20", "F", "M"))


def test_few_who_have_it_are_all_tested(clip_table: Callable) -> None:
    files = people(clip_table, rare=3)
    assigned = split_by_hold_out(files, HoldOut("attack", ("rare",)), ALONE)
    tested = files[assigned.splits == TEST]
    assert tested["speaker"].nunique() == 4  # the test's tenth of forty
    assert set(tested["speaker"]) >= {"s00", "s01", "s02"}
    assert (tested["attack"] == "rare").sum() == 3
    assert (tested["label"] == "bona-fide").sum() == 8
    assert list(assigned.set_aside.values()) == [4]


def test_of_many_who_have_it_the_share_is_tested(clip_table: Callable) -> None:
    files = people(clip_table, common=30)
    assigned = split_by_hold_out(files, HoldOut("attack", ("common",)), ALONE)
    tested = files[assigned.splits == TEST]
    assert (tested["attack"] == "common").sum() == tested["speaker"].nunique() == 4
    assert tested.drop_duplicates("speaker")["gender"].nunique() == 2
    reasons = list(assigned.set_aside.items())
    assert [count for _, count in reasons] == [26, 4]
    assert reasons[0][0].startswith("held out, but")
    assert reasons[1][0].startswith("not held out, but")


def test_voices_that_are_only_faked_get_other_peoples_bona_fide(clip_table: Callable) -> None:
    """As systems with a voice of their own."""
    voices = clip_table(*[(f"tts{n}", "", "spoof", "larynx", "") for n in range(9)])
    files = pd.concat([people(clip_table), voices], ignore_index=True)
    assigned = split_by_hold_out(files, HoldOut("attack", ("larynx",)), ALONE)
    tested = files[assigned.splits == TEST]
    assert (tested["attack"] == "larynx").sum() == 9
    # As many real people as the test's share: 10 % of 49.
    assert tested["speaker"][tested["label"] == "bona-fide"].nunique() == 5


@pytest.mark.parametrize("column", ["source", "language"])
def test_a_source_goes_to_the_test_as_a_whole(clip_table: Callable, column: str) -> None:
    files = people(clip_table)
    files[column] = np.where(files["speaker"] < "s25", "big", "small")
    assigned = split_by_hold_out(files, HoldOut(column, ("big",)), ALONE)
    assert ((assigned.splits == TEST) == (files[column] == "big")).all()
    assert not assigned.set_aside
    assert not assigned.notes
    # Where everybody has some of it, the test gets its share, and training the others' rest.
    files = people(clip_table, other=40)
    files[column] = np.where(files.index % 2, "small", "big")
    assigned = split_by_hold_out(files, HoldOut(column, ("big",)), ALONE)
    counts = assigned.splits.value_counts()
    assert [counts[split] for split in DOWNSTREAM_SPLITS] == [2 * 28, 2 * 8, 2 * 4]
    assert list(assigned.set_aside.values()) == [2 * 36, 2 * 4]


def test_what_is_not_there(clip_table: Callable) -> None:
    files = people(clip_table, rare=3)
    with pytest.raises(ArgumentError, match=r"attack:A9,rare: no attack A9; there are base, rare$"):
        split_by_hold_out(files, HoldOut("attack", ("rare", "A9")), ALONE)
    with pytest.raises(ArgumentError, match="no language pt; the files table names none"):
        split_by_hold_out(files, HoldOut("language", ("pt",)), ALONE)
    many = clip_table(*[("s", "", "spoof", f"a{n:03d}", "") for n in range(200)])
    with pytest.raises(ArgumentError, match=r"a019 and 180 more$"):
        split_by_hold_out(many, HoldOut("attack", ("x",)), ALONE)
    with pytest.raises(DatasetError, match=r"downstream_train would have no spoof.*fewer values"):
        split_by_hold_out(files, HoldOut("attack", ("base", "rare")), ALONE)
    files["source"] = np.where(files["label"] == "spoof", "fakes", "reals")
    with pytest.raises(DatasetError, match=r"downstream_test would have no spoof.*other values"):
        split_by_hold_out(files, HoldOut("source", ("reals",)), ALONE)
    with pytest.raises(ArgumentError, match="--downstream-test=0"):
        split_by_hold_out(files, A3, Shares(0.0, 0.8, 0.2, 0.8, 0.2, 0.0))
    with pytest.raises(ArgumentError, match="--hold-out=speaker"):
        HoldOut("speaker", ("s00",))


@pytest.mark.parametrize("n", range(1, 7))
@pytest.mark.parametrize("pretext", [0.0, 0.6])
@pytest.mark.parametrize("also_held", [True, False])
def test_too_few_are_told_what_works(
    clip_table: Callable, n: int, pretext: float, also_held: bool
) -> None:
    def person(name: str, held: bool = True) -> list[tuple]:
        kinds = [("bona-fide", ""), ("spoof", "a1"), *[("spoof", "a3")] * held]
        return [(name, "", *kind, "") for kind in kinds]

    rows = [clip for i in range(n) for clip in person(f"s{i}", also_held or not i)]
    try:
        split_by_hold_out(clip_table(*rows), A3, Shares(pretext=pretext))
        assert n >= (5 if pretext else 3)
        return
    except DatasetError as error:
        text = str(error)
    assert n < (5 if pretext else 3)
    assert "\n" not in text
    assert not text.endswith(",")
    more = re.search(r"recordings of (\d+) more speaker", text)
    assert bool(more) == (n < 3)
    rows += [clip for i in range(int(more[1]) if more else 0) for clip in person(f"new{i}")]
    shares = Shares(pretext=0.0 if "--pretext=0" in text else pretext)
    split_by_hold_out(clip_table(*rows), A3, shares)


def test_on_disk(clip_table: Callable, dataset_of: Callable) -> None:
    dataset = dataset_of(people(clip_table, rare=3, odd=2))
    made = SplitSettings(shares=ALONE, hold_out=HoldOut("attack", ("rare", "odd")))
    split = split_dataset(dataset, made)
    assert split.n_without_spoofs == 0
    assert sum(split.set_aside.values()) == 4
    same = SplitSettings(shares=ALONE, hold_out=HoldOut("attack", ("odd", "rare", "odd")))
    assert split_dataset(dataset, same).was_there
    assert set(read_split(dataset, TEST)["attack"]) == {"", "odd", "rare"}
    assert set(read_split(dataset, TRAIN)["attack"]) == {"", "base"}
    fewer = SplitSettings(shares=ALONE, hold_out=HoldOut("attack", ("odd",)))
    assert not split_dataset(dataset, fewer).was_there
    with pytest.raises(ArgumentError, match="--hold-out goes with --strategy=speaker, not column"):
        SplitSettings(strategy="column", hold_out=A3)

"""What is dealt out as a whole."""

import hashlib
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from src.utils.config import DOWNSTREAM_SPLITS, SPLITS
from src.utils.dataset.split import Shares, SplitSettings, read_split, split_dataset
from src.utils.dataset.split.by_column import split_by_column
from src.utils.dataset.split.by_speaker import split_by_speaker
from src.utils.dataset.split.cover import cover_classes, needs_of
from src.utils.dataset.split.groups import KINDS, describe_groups, group_clips, name_groups
from src.utils.errors import DatasetError

ALONE = Shares(pretext=0.0)


def told(files: pd.DataFrame, splits: pd.Series) -> str:
    people = {split: sorted(set(files["speaker"][splits == split])) for split in SPLITS}
    return " ".join(f"{split}:{','.join(names)}" for split, names in people.items())


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def test_deals_of_known_seeds(make_table: Callable, crowd: Callable) -> None:
    """A split that was published with its seed can be made again."""
    files = make_table(*crowd(12))
    assert told(files, split_by_speaker(files, Shares())) == (
        "pretext_train:s003,s004,s005,s008,s010,s011 pretext_val:s000 "
        "downstream_train:s002,s006,s009 downstream_val:s001 downstream_test:s007"
    )
    files = make_table(*crowd(4), *crowd(3, 0, 2, "fake"))
    assert told(files, split_by_speaker(files, ALONE, 3)) == (
        "pretext_train: pretext_val: downstream_train:fake000,fake001,fake002,s002,s003 "
        "downstream_val:s001 downstream_test:s000"
    )
    files = make_table(*crowd(12)).assign(split="train")
    assert told(files, split_by_column(files, Shares(), 5)) == (
        "pretext_train: pretext_val: downstream_train:s000,s001,s002,s003,s005,s006,s008,s011 "
        "downstream_val:s004,s007,s009 downstream_test:s010"
    )


@pytest.mark.parametrize(
    ("seed", "default", "spread"),
    [
        (0, "d880bbf117eead9e", "aff6ae4b0c6d93f4"),
        (7, "ca52d0a06c11c52a", "cb213349f5ced219"),
        (8, "1b84e9bd31845485", "2e761eeded7db394"),
    ],
)
@pytest.mark.parametrize("utterances", [False, True])
def test_deals_of_a_larger_corpus(
    make_table: Callable, crowd: Callable, seed: int, default: str, spread: str, utterances: bool
) -> None:
    """Utterances that no two speakers share change nothing."""
    files = make_table(*crowd(40), *crowd(6, 2, 0, "honest"), *crowd(9, 0, 3, "fake"))
    if utterances:
        files["utterance"] = files["speaker"] + files["file"].str[-5:]
    assert sha(told(files, split_by_speaker(files, Shares(), seed))) == default
    assert sha(told(files, split_by_speaker(files, ALONE, seed, True))) == spread


def components(rows: list[tuple[str, str]]) -> list[set[int]]:
    """Join clips until nothing changes, the slow and plain way."""
    found = [{number} for number in range(len(rows))]
    changed = True
    while changed:
        changed = False
        for here in found:
            for there in found:
                tied = any(
                    one == other != ""
                    for a in here
                    for b in there
                    for one, other in zip(rows[a], rows[b], strict=True)
                )
                if here is not there and tied:
                    here |= there
                    found.remove(there)
                    changed = True
                    break
            if changed:
                break
    return found


NAMES = st.tuples(
    st.sampled_from(["", *"abcdef"]), st.sampled_from(["", *(f"u{i}" for i in range(9))])
).filter(any)


@given(st.lists(NAMES, min_size=1, max_size=14), st.randoms())
@settings(max_examples=150, deadline=None)
def test_a_group_is_a_connected_component(rows: list[tuple[str, str]], random) -> None:
    files = pd.DataFrame(rows, columns=["speaker", "utterance"], dtype="str")
    numbers = group_clips(files)
    expected = {frozenset(part) for part in components(rows)}
    found = {frozenset(part.index) for _, part in numbers.groupby(numbers)}
    assert found == expected
    assert sorted(set(numbers)) == list(range(len(expected)))
    order = random.sample(range(len(rows)), len(rows))
    assert group_clips(files.iloc[order]).sort_index().tolist() == numbers.tolist()
    by_utterance = files[files["utterance"] != ""]
    named = group_clips(by_utterance, "utterance")
    assert named.groupby(by_utterance["utterance"]).nunique().eq(1).all()
    assert named.nunique() == by_utterance["utterance"].nunique()


def test_names_do_not_mix() -> None:
    """A speaker may be called as an utterance is."""
    files = pd.DataFrame({"speaker": ["x", ""], "utterance": ["", "x"]})
    assert group_clips(files).tolist() == [0, 1]


def test_what_a_group_has(clip_table: Callable) -> None:
    files = clip_table(
        ("a", "u1", "bona-fide", "", ""),
        ("", "u1", "spoof", "v", ""),
        ("b", "u2", "bona-fide", "", ""),
        ("c", "u2", "bona-fide", "", ""),
    )
    files["gender"] = ["F", "", "F", "M"]
    numbers = group_clips(files)
    groups = describe_groups(files, numbers)
    assert groups[[*KINDS]].to_numpy().tolist() == [[True, True], [True, False]]
    assert groups["gender"].tolist() == ["F", ""]
    assert name_groups(files, numbers) == "group of speakers or utterances"
    assert name_groups(files.iloc[:2], numbers.iloc[:2]) == "speaker"
    assert name_groups(files, group_clips(files, "utterance"), "utterance") == "utterance"


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_groups_stay_whole(clip_table: Callable, data) -> None:
    random = np.random.default_rng(data.draw(st.integers(0, 10**6)))
    rows = []
    for number in range(data.draw(st.integers(20, 120))):
        speaker = f"s{random.integers(12)}" if random.random() < 0.9 else ""
        # Vocoded copies of an utterance, some of which lack a speaker; few are shared by two.
        utterance = f"{speaker}-{random.integers(6)}" if random.random() < 0.9 else "shared"
        spoof = bool(number % 2)
        rows.append((speaker, utterance, "spoof" if spoof else "bona-fide", "v" * spoof, ""))
    files = clip_table(*rows)
    seed = data.draw(st.integers(0, 3))
    try:
        splits = split_by_speaker(files, ALONE, seed)
    except DatasetError:
        return
    for column in ("speaker", "utterance"):
        named = files[column] != ""
        assert splits[named].groupby(files[column][named]).nunique().max() == 1
    assert splits.equals(split_by_speaker(files, ALONE, seed))
    assert set(splits) == set(DOWNSTREAM_SPLITS)


def test_shared_utterances_move_together_and_are_counted(
    make_table: Callable, crowd: Callable, dataset_of: Callable
) -> None:
    files = make_table(*crowd(10), *crowd(1, 2, 0, "honest")).assign(utterance="")
    for pair in (("s000", "s001"), ("s002", "s003"), ("s004", "honest000")):
        files.loc[files["speaker"].isin(pair), "utterance"] = "-".join(pair)
    dataset = dataset_of(files)
    split = split_dataset(dataset, SplitSettings(shares=ALONE))
    # Their group has spoofs, so that they follow it.
    assert split.n_without_spoofs == 0
    there = pd.concat([read_split(dataset, name) for name in DOWNSTREAM_SPLITS])
    assert len(there) == len(files)
    few = dataset_of(files[files["speaker"].isin(["s000", "s001", "s002", "s003"])])
    with pytest.raises(
        DatasetError, match=r"2 groups of speakers or utterances .*1 more speaker, real"
    ):
        split_dataset(few, SplitSettings(shares=ALONE))


def test_nothing_to_group_by(make_table: Callable, crowd: Callable) -> None:
    files = make_table(*crowd(10)).assign(utterance="")
    files.loc[:2, "speaker"] = ""
    files.loc[:1, "utterance"] = "u"
    with pytest.raises(DatasetError, match=r"1 of 40 .* no speaker and no utter.*speaker column"):
        split_by_speaker(files, Shares())
    with pytest.raises(DatasetError, match="38 of 40 recordings name no utterance"):
        group_clips(files, "utterance")


def test_disjointness_of_utterances_is_checked(
    make_table: Callable, crowd: Callable, dataset_of: Callable
) -> None:
    files = make_table(*crowd(9)).assign(utterance="", split="train")
    files.loc[files["speaker"] > "s003", "split"] = "dev"
    files.loc[files["speaker"] > "s006", "split"] = "test"
    both = files["speaker"].isin(["s000", "s008"])
    dataset = dataset_of(files.assign(utterance=files["utterance"].mask(both, "hello")))
    with pytest.raises(DatasetError, match=r"1 utterances are in more than one split \(hello\)"):
        split_dataset(dataset, SplitSettings(strategy="column"))
    # Train is cut by groups: here the two are one, and stay together.
    files = files[files["split"] == "train"]
    tied = files.assign(utterance=files["utterance"].mask(files["speaker"] < "s002", "hello"))
    dataset = dataset_of(tied)
    split_dataset(dataset, SplitSettings(strategy="column"))
    # A recipe of before utterances counted is still read, and checked by the rule of today.
    path = dataset.root / "splits/split.json"
    text = path.read_text()
    for line in ('"units": "speaker",', '"hold_out": null,', '"folds": null,', '"fold": null,'):
        assert line in text
        text = text.replace(line, "")
    path.write_text(text)
    assert len(read_split(dataset, "downstream_test"))
    assert not split_dataset(dataset, SplitSettings(strategy="column")).was_there
    assert split_dataset(dataset, SplitSettings(strategy="column")).was_there
    test = dataset.root / "splits/by_file/files-downstream_test.csv"
    train = dataset.root / "splits/by_file/files-downstream_train.csv"
    if "hello" not in train.read_text():
        test, train = train, test
    lines = test.read_text().splitlines()
    header = lines[0].split(",")
    cells = lines[1].split(",")
    cells[header.index("utterance")] = "hello"
    test.write_text("\n".join([lines[0], ",".join(cells), *lines[2:]]) + "\n")
    with pytest.raises(DatasetError, match="utterance-disjoint"):
        read_split(dataset, "downstream_val")


def test_swaps_are_found_among_many() -> None:
    """A class that two of 20,000 groups have is swapped in, and nothing else moves."""
    n = 20_000
    groups = pd.DataFrame({"group": range(n), "gender": "", "has_spoof": True})
    groups["has_bona_fide"] = groups["group"] < 3
    names = ["a", "b", "c"]
    split_of = {group: names[2 if group < 3 else group % 3] for group in range(n)}
    covered = cover_classes(groups, split_of, needs_of(names), range(n))
    assert covered is not None
    assert {covered[group] for group in range(3)} == set(names)
    assert sum(covered[group] != split_of[group] for group in range(n)) == 4
    assert cover_classes(groups, split_of, needs_of([*names, "d"]), range(n)) is None

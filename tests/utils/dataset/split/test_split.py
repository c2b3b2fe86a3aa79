"""Dividing a data set by person."""

import re
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from src.utils.config import DOWNSTREAM_SPLITS, PRETEXT_SPLITS, SPLITS
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.schema import read_files_table
from src.utils.dataset.split import (
    Shares,
    SplitSettings,
    read_recipe,
    read_split,
    split_dataset,
)
from src.utils.dataset.split.by_column import split_by_column
from src.utils.dataset.split.by_speaker import split_by_speaker
from src.utils.dataset.split.shares import count_groups, deal_groups
from src.utils.dataset.split.store import assign_splits, summarise_splits
from src.utils.errors import ArgumentError, AudiosError, DatasetError

TRAIN, VAL, TEST = DOWNSTREAM_SPLITS
WITHOUT_PRETEXT = SplitSettings(shares=Shares(pretext=0.0))
BY_COLUMN = SplitSettings(strategy="column")


def crowd(n: int, n_bona_fide: int = 2, n_spoof: int = 2, name: str = "s") -> list[tuple]:
    """n people, every other one a woman."""
    return [(f"{name}{i:03d}", "FM"[i % 2], n_bona_fide, n_spoof) for i in range(n)]


def speakers(files: pd.DataFrame, splits: pd.Series) -> dict[str, set[str]]:
    return {split: set(files["speaker"][splits == split]) for split in SPLITS}


def test_default_shares(make_table: Callable) -> None:
    files = make_table(*crowd(100))
    splits = split_by_speaker(files, Shares())
    found = speakers(files, splits)
    counts = [len(found[split]) for split in SPLITS]
    assert counts == [48, 12, 28, 8, 4]
    assert sum(counts) == files["speaker"].nunique()
    for split in SPLITS:
        women = files[splits == split].drop_duplicates("speaker")["gender"].eq("F").sum()
        assert abs(women - len(found[split]) / 2) <= 1, split


def test_people_without_spoofs_are_tested(make_table: Callable) -> None:
    files = make_table(*crowd(20), *crowd(5, n_spoof=0, name="honest"))
    found = speakers(files, split_by_speaker(files, Shares()))
    honest = {f"honest{i:03d}" for i in range(5)}
    assert honest <= found[TEST]
    assert all(not honest & found[split] for split in SPLITS if split != TEST)
    # The others are dealt out among themselves.
    assert len(found["pretext_train"]) == round(20 * 0.48)
    spread = speakers(files, split_by_speaker(files, Shares(), spread_without_spoofs=True))
    assert not honest <= spread[TEST]
    assert len(spread["pretext_train"]) == round(25 * 0.48)


def test_no_pretext(make_table: Callable) -> None:
    files = make_table(*crowd(10))
    found = speakers(files, split_by_speaker(files, Shares(pretext=0.0)))
    assert [len(found[split]) for split in SPLITS] == [0, 0, 7, 2, 1]


@pytest.mark.parametrize("seed", range(3))
def test_the_seed_decides(make_table: Callable, seed: int) -> None:
    files = make_table(*crowd(30))
    one = split_by_speaker(files, Shares(), seed)
    assert one.equals(split_by_speaker(files, Shares(), seed))
    assert not one.equals(split_by_speaker(files, Shares(), seed + 1))
    # The order of the rows does not matter.
    shuffled = files.sample(frac=1, random_state=1)
    assert split_by_speaker(shuffled, Shares(), seed).sort_index().equals(one)


def test_shares_are_checked() -> None:
    with pytest.raises(ArgumentError, match=r"--pretext=1\.5 must lie between 0 and 1"):
        Shares(pretext=1.5)
    with pytest.raises(ArgumentError, match=r"--downstream-val=0\.3.* add up to 1\.1, not 1"):
        Shares(downstream_val=0.3)
    with pytest.raises(ArgumentError, match=r"add up to 0\.9"):
        Shares(pretext_val=0.1)
    with pytest.raises(ArgumentError):
        Shares(pretext=float("nan"))
    assert sum(Shares(0.3, 0.5, 0.5, 0.6, 0.3, 0.1).by_split().values()) == pytest.approx(1)


def test_nobody_to_test_on(make_table: Callable) -> None:
    shares = Shares(downstream_train=0.8, downstream_val=0.2, downstream_test=0.0)
    with pytest.raises(ArgumentError, match="--downstream-test=0"):
        split_by_speaker(make_table(*crowd(10)), shares)


@pytest.mark.parametrize("n", range(1, 8))
@pytest.mark.parametrize("n_honest", [0, 1, 3])
@pytest.mark.parametrize("pretext", [0.6, 0.0])
def test_too_few_people_are_told_what_works(
    make_table: Callable, dataset_of: Callable, n: int, n_honest: int, pretext: float
) -> None:
    """The message names a change; that very change is made here, and must work."""
    people = [*crowd(n), *crowd(n_honest, n_spoof=0, name="honest")]
    settings = {"pretext": pretext, "spread": False}
    try:
        apply(dataset_of(make_table(*people)), settings)
        assert n >= (5 if pretext else 3)
        return
    except AudiosError as error:
        text = str(error)
    assert n < (5 if pretext else 3)
    assert "\n" not in text
    assert f"{n} speaker" in text
    settings["pretext"] = 0.0 if "--pretext=0" in text else pretext
    settings["spread"] = "--without-spoofs=spread" in text
    more = re.search(r"recordings of (\d+) more speaker", text)
    if more:
        people += crowd(int(more[1]), name="new")
    assert more or settings != {"pretext": pretext, "spread": False}, f"no remedy in: {text}"
    # The smallest change: people are asked for only where no flag helps.
    assert bool(more) == (n < 3)
    apply(dataset_of(make_table(*people)), settings)


def apply(dataset: Dataset, settings: dict) -> None:
    shares = Shares(pretext=settings["pretext"])
    split_dataset(dataset, SplitSettings(shares=shares, spread_without_spoofs=settings["spread"]))


def test_a_corpus_that_can_be_split_is_split(make_table: Callable, dataset_of: Callable) -> None:
    """Three people with both classes serve three splits, however many have spoofs alone."""
    fakes = [(f"fake{i}", "F", 0, 2) for i in range(6)]
    dataset = dataset_of(make_table(*crowd(3), *fakes))
    split_dataset(dataset, WITHOUT_PRETEXT)
    for split in DOWNSTREAM_SPLITS:
        assert set(read_split(dataset, split)["label"]) == {"bona-fide", "spoof"}


def test_one_class_only(make_table: Callable, dataset_of: Callable) -> None:
    for people, label in ((crowd(10, 2, 0), "spoof"), (crowd(10, 0, 2), "bona-fide")):
        for spread in (False, True):
            with pytest.raises(DatasetError, match=f"no {label} recording"):
                split_dataset(
                    dataset_of(make_table(*people)), SplitSettings(spread_without_spoofs=spread)
                )


def test_a_split_without_a_class_is_refused(make_table: Callable, dataset_of: Callable) -> None:
    files = make_table(*crowd(6), *crowd(4, 0, 2, "fake")).assign(split="train")
    files.loc[files["speaker"] == "s000", "split"] = "dev"
    files.loc[files["speaker"] == "fake000", "split"] = "test"
    dataset = dataset_of(files)
    with pytest.raises(DatasetError, match="downstream_test would have no bona-fide"):
        split_dataset(dataset, BY_COLUMN)
    assert not (dataset.root / "splits").exists()


def test_recordings_of_nobody(make_table: Callable) -> None:
    files = make_table(*crowd(10))
    files.loc[:2, "speaker"] = ""
    with pytest.raises(DatasetError, match=r"3 of 40 recordings name no speaker.*a speaker column"):
        split_by_speaker(files, Shares())


def in_parts(make_table: Callable, *words: str) -> pd.DataFrame:
    """Ten people a word, in the split column's words."""
    parts = [make_table(*crowd(10, name=f"{word}-")).assign(split=word) for word in words]
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize(
    "words",
    [
        ("train", "dev", "test"),
        ("Training", "validation", "eval"),
        ("TRAIN", " val ", "evaluation"),
        ("train", "development", "testing"),
    ],
)
def test_the_column_is_followed(make_table: Callable, words: tuple[str, ...]) -> None:
    files = in_parts(make_table, *words)
    expected = files["split"].map(dict(zip(words, DOWNSTREAM_SPLITS, strict=True)))
    assert split_by_column(files, Shares()).tolist() == expected.tolist()


def test_dev_serves_as_test(make_table: Callable) -> None:
    files = in_parts(make_table, "train", "dev")
    splits = split_by_column(files, Shares())
    assert (splits[files["split"] == "dev"] == TEST).all()
    found = speakers(files, splits)
    # Validation is cut from train by speaker, 0.2 to 0.7 of them.
    assert (len(found[TRAIN]), len(found[VAL])) == (8, 2)
    assert not found[TRAIN] & found[VAL]
    assert splits.equals(split_by_column(files, Shares()))
    assert not splits.equals(split_by_column(files, Shares(), seed=8))


def test_validation_or_all_is_cut_from_train(make_table: Callable) -> None:
    files = in_parts(make_table, "train", "test")
    found = speakers(files, split_by_column(files, Shares()))
    assert [len(found[split]) for split in DOWNSTREAM_SPLITS] == [8, 2, 10]
    found = speakers(*[files := in_parts(make_table, "train"), split_by_column(files, Shares())])
    assert [len(found[split]) for split in DOWNSTREAM_SPLITS] == [7, 2, 1]


@pytest.mark.parametrize("seed", range(5))
def test_a_cut_from_train_keeps_both_classes(
    make_table: Callable, dataset_of: Callable, seed: int
) -> None:
    """Real speakers and faked ones are often not the same people."""
    real, fake = crowd(12, 1, 0, "real"), crowd(4, 0, 6, "fake")
    train = make_table(*real, *fake).assign(split="train")
    dev = make_table(*crowd(4, name="dev")).assign(split="dev")
    dataset = dataset_of(pd.concat([train, dev], ignore_index=True))
    split_dataset(dataset, BY_COLUMN, seed)
    for split in DOWNSTREAM_SPLITS:
        assert set(read_split(dataset, split)["label"]) == {"bona-fide", "spoof"}


def test_the_columns_mistakes(make_table: Callable, dataset_of: Callable) -> None:
    files = in_parts(make_table, "train", "dev", "test")
    with pytest.raises(DatasetError, match="no split column or nothing in it; --strategy=speaker"):
        split_by_column(files.drop(columns="split"), Shares())
    with pytest.raises(DatasetError, match=r"unknown word .*'held-out'.*known are train"):
        split_by_column(files.replace({"split": {"dev": "held-out"}}), Shares())
    with pytest.raises(DatasetError, match="unknown word"):
        split_by_column(files.replace({"split": {"dev": ""}}), Shares())
    with pytest.raises(DatasetError, match="no train part"):
        split_by_column(files[files["split"] != "train"], Shares())
    with pytest.raises(DatasetError, match="train has only 2; it needs 3"):
        split_by_column(make_table(*crowd(2)).assign(split="train"), Shares())
    anonymous = files[files["split"] == "train"].assign(speaker="")
    with pytest.raises(DatasetError, match="some recordings name none"):
        split_by_column(anonymous, Shares())
    files.loc[files["speaker"] == "dev-000", "speaker"] = "train-000"
    files["gender"] = "F"
    with pytest.raises(DatasetError, match=r"1 speakers are in more than one split \(train-000\)"):
        split_dataset(dataset_of(files), BY_COLUMN)
    with pytest.raises(ArgumentError, match="--strategy=columns"):
        SplitSettings(strategy="columns")


def test_anonymous_recordings_may_follow_a_column(
    make_table: Callable, dataset_of: Callable
) -> None:
    files = in_parts(make_table, "train", "dev", "test").assign(speaker="", gender="")
    dataset = dataset_of(files)
    split_dataset(dataset, BY_COLUMN)
    assert len(read_split(dataset, VAL)) == 40


def test_files_on_disk(make_table: Callable, dataset_of: Callable) -> None:
    files = make_table(*crowd(20), mood="x", duration=1.5)
    dataset = dataset_of(files)
    split = split_dataset(dataset, SplitSettings(shares=Shares(pretext=0.6)))
    assert not split.was_there
    tables = {}
    for name in SPLITS:
        tables[name] = read_files_table(dataset.root / f"splits/by_file/files-{name}.csv")
        people = pd.read_csv(dataset.root / f"splits/by_people/people-{name}.csv")
        assert people["speaker"].tolist() == sorted(set(tables[name]["speaker"]))
        assert read_split(dataset, name).equals(tables[name])
    together = pd.concat(tables.values())
    assert sorted(together["file"]) == sorted(files["file"])
    assert (together["mood"] == "x").all()
    assert len(read_split(dataset, "full")) == len(files)
    summary = split.summary
    assert list(summary) == ["split", "label", "gender", "speakers", "clips", "minutes"]
    assert summary["clips"].sum() == len(files)
    assert summary["minutes"].sum() == pytest.approx(len(files) * 1.5 / 60)


def test_the_summary_counts_only_speakers_with_a_name(make_table: Callable) -> None:
    files = make_table(("a", "F", 2, 0), ("b", "F", 1, 0), ("c", "F", 0, 2))
    files["speaker"] = files["speaker"].where(files["speaker"] == "a", "")
    summary = summarise_splits(files, pd.Series(TEST, index=files.index))
    assert summary[["label", "speakers", "clips"]].to_numpy().tolist() == [
        ["bona-fide", 1, 3],
        ["spoof", 0, 2],
    ]


def test_summary_counts(make_table: Callable) -> None:
    files = make_table(("a", "F", 2, 1), ("b", "", 1, 0)).assign(duration=[60.0, 30, 30, np.nan])
    splits = pd.Series([TRAIN, TRAIN, TRAIN, TEST])
    rows = summarise_splits(files, splits).astype(object).to_numpy().tolist()
    assert rows[:2] == [[TRAIN, "bona-fide", "F", 1, 2, 1.5], [TRAIN, "spoof", "F", 1, 1, 0.5]]
    assert rows[2][:5] == [TEST, "bona-fide", "unknown", 1, 1]
    assert np.isnan(rows[2][5])  # not known is not nothing


def test_another_split_leaves_nothing_of_the_first(
    make_table: Callable, dataset_of: Callable
) -> None:
    dataset = dataset_of(make_table(*crowd(20)))
    split_dataset(dataset)
    assert split_dataset(dataset).was_there
    assert not split_dataset(dataset, WITHOUT_PRETEXT).was_there
    for name in PRETEXT_SPLITS:
        path = dataset.root / f"splits/by_file/files-{name}.csv"
        assert len(read_files_table(path)) == 0
        with pytest.raises(DatasetError, match=f"{name} is empty; there are downstream_train"):
            read_split(dataset, name)
    assert sum(len(read_split(dataset, name)) for name in DOWNSTREAM_SPLITS) == 80
    # Fewer recordings than before: the rows of the others go.
    files = dataset.read_files()
    dataset.write_tables(files[files["speaker"] < "s012"])
    assert not split_dataset(dataset, WITHOUT_PRETEXT).was_there
    assert sum(len(read_split(dataset, name)) for name in DOWNSTREAM_SPLITS) == 48


@pytest.mark.parametrize("column", ["attack", "id"])
def test_a_change_in_the_table_reaches_the_split(
    make_table: Callable, dataset_of: Callable, column: str
) -> None:
    files = make_table(*crowd(10))
    dataset = dataset_of(files)
    split_dataset(dataset)
    dataset.write_tables(files.assign(**{column: "new"}))
    split_dataset(dataset)
    assert set(read_split(dataset, TRAIN)[column]) == {"new"}


def test_a_lost_file_is_written_again(make_table: Callable, dataset_of: Callable) -> None:
    dataset = dataset_of(make_table(*crowd(20)))
    split_dataset(dataset)
    (dataset.root / "splits/by_file/files-downstream_val.csv").unlink()
    split_dataset(dataset)
    assert len(read_split(dataset, VAL))


def test_reading_checks_disjointness(make_table: Callable, dataset_of: Callable) -> None:
    dataset = dataset_of(make_table(*crowd(20)))
    with pytest.raises(DatasetError, match="run first: fab SplitDataset --dataset="):
        read_split(dataset, TRAIN)
    split_dataset(dataset)
    train = dataset.root / "splits/by_file/files-downstream_train.csv"
    test = dataset.root / "splits/by_file/files-downstream_test.csv"
    row = test.read_text().splitlines()[1].replace("/0.wav", "/99.wav")
    train.write_text(train.read_text() + row + "\n")
    with pytest.raises(DatasetError, match="speaker-disjoint"):
        read_split(dataset, VAL)


def test_a_killed_write_counts_as_no_split(
    make_table: Callable, dataset_of: Callable, monkeypatch
) -> None:
    dataset = dataset_of(make_table(*crowd(20)))
    split_dataset(dataset)

    class Killed(BaseException):
        pass

    def killed(*_):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("src.utils.dataset.split.store.people_of", killed)
        with pytest.raises(Killed):
            split_dataset(dataset, WITHOUT_PRETEXT)
    with pytest.raises(DatasetError, match="not split yet"):
        read_split(dataset, TRAIN)
    split_dataset(dataset, WITHOUT_PRETEXT)
    assert len(read_split(dataset, TRAIN))


SHARES = st.lists(st.integers(0, 10), min_size=2, max_size=5).filter(lambda s: sum(s) > 0)


@given(st.integers(1, 60), SHARES)
@settings(max_examples=200, deadline=None)
def test_counts_follow_the_shares(n: int, weights: list[int]) -> None:
    shares = {str(i): weight / sum(weights) for i, weight in enumerate(weights)}
    wanted = sum(weight > 0 for weight in weights)
    if n < wanted:
        with pytest.raises(ArgumentError, match="cannot fill"):
            count_groups(n, shares)
        return
    counts = count_groups(n, shares)
    assert sum(counts.values()) == n
    for split, share in shares.items():
        assert (counts[split] == 0) == (share == 0)
        if n * share >= 1 and all(n * s >= 1 for s in shares.values() if s):
            assert abs(counts[split] - n * share) < 1


@given(st.integers(2, 40), st.integers(0, 40), st.integers(0, 5), SHARES)
@settings(max_examples=100, deadline=None)
def test_dealing_is_complete_and_stratified(
    women: int, men: int, seed: int, weights: list[int]
) -> None:
    shares = {str(i): weight / sum(weights) for i, weight in enumerate(weights)}
    n = women + men
    if n < sum(weight > 0 for weight in weights):
        return
    people = pd.DataFrame({"group": range(n), "gender": ["F"] * women + ["M"] * men})
    dealt = deal_groups(people, ["gender"], shares, seed)
    assert set(dealt) == set(people["group"])
    counts = count_groups(n, shares)
    found = pd.Series(dealt).value_counts()
    assert all(found.get(split, 0) == count for split, count in counts.items())
    split_of_women = pd.Series({p: dealt[p] for p in people["group"][:women]}).value_counts()
    for split, count in counts.items():
        # Each stratum gets its part of the split to within rounding of the two.
        assert abs(split_of_women.get(split, 0) - count * women / n) < 2
    assert dealt == deal_groups(people.iloc[::-1], ["gender"], shares, seed)


def test_the_split_as_it_is_on_disk(make_table: Callable, dataset_of: Callable, caplog) -> None:
    files = make_table(*crowd(12))
    dataset = dataset_of(files)
    assert assign_splits(dataset, files["file"]) is None
    split_dataset(dataset, SplitSettings(shares=Shares(pretext=0.0)))
    found = assign_splits(dataset, files["file"])
    for split in DOWNSTREAM_SPLITS:
        there = read_split(dataset, split)["file"]
        assert set(files["file"][found == split]) == set(there)
    assert not (found == "").any()
    # Files in no split, and in another order.
    others = pd.Series(["new.wav", *files["file"][::-1]])
    found = assign_splits(dataset, others)
    assert found.tolist() == ["", *assign_splits(dataset, files["file"])[::-1]]
    assert not caplog.records


def test_a_broken_split_is_not_judged(make_table: Callable, dataset_of: Callable, caplog) -> None:
    files = make_table(*crowd(12))
    dataset = dataset_of(files)
    split_dataset(dataset, SplitSettings(shares=Shares(pretext=0.0)))
    train, test = (dataset.root / f"splits/by_file/files-{name}.csv" for name in (TRAIN, TEST))
    header, moved, *rest = train.read_text().splitlines()
    train.write_text("\n".join([header, *rest]) + "\n")
    test.write_text(test.read_text() + moved + "\n")
    file = moved.split(",")[0]
    with pytest.raises(DatasetError, match="more than one split"):
        read_split(dataset, TEST)
    assert assign_splits(dataset, files["file"])[files["file"] == file].tolist() == [TEST]
    assert not caplog.records
    # In two splits at once.
    train.write_text("\n".join([header, moved, *rest]) + "\n")
    assert assign_splits(dataset, files["file"])[files["file"] == file].tolist() == [TEST]
    assert f"1 files are in more than one split ({file})" in caplog.text
    # A table that is none is an error, one that is absent is not.
    train.write_text("no table")
    with pytest.raises(DatasetError, match="lacks the column"):
        assign_splits(dataset, files["file"])
    train.unlink()
    assert TRAIN not in set(assign_splits(dataset, files["file"]))


@pytest.mark.parametrize("strategy", ["official", "column"])
def test_voices_that_cannot_be_told_apart(
    make_table: Callable, dataset_of: Callable, strategy: str
) -> None:
    parts = [
        make_table(*crowd(2, name=word)).assign(split=word) for word in ("train", "dev", "test")
    ]
    files = pd.concat(parts, ignore_index=True)
    chosen = SplitSettings(strategy=strategy)
    assert split_dataset(dataset_of(files), chosen).notes == []
    unnamed = files.assign(speaker=files["speaker"].where(files["speaker"] != "dev001", ""))
    assert split_dataset(dataset_of(unnamed), chosen).notes == [
        "4 of 24 clips name no speaker: nothing tells whether a voice is on both sides"
    ]


def test_an_unnamed_evaluation_part_has_no_other_side(
    make_table: Callable, dataset_of: Callable
) -> None:
    files = make_table(*crowd(2)).assign(split="eval", speaker="")
    assert split_dataset(dataset_of(files), SplitSettings(strategy="official")).notes == []


def test_clips_that_only_their_utterance_ties(make_table: Callable, dataset_of: Callable) -> None:
    files = make_table(*crowd(12))
    files = files.assign(utterance=files["speaker"])
    unnamed = files.assign(speaker=files["speaker"].where(files["label"] == "bona-fide", ""))
    assert split_dataset(dataset_of(files), WITHOUT_PRETEXT).notes == []
    [note] = split_dataset(dataset_of(unnamed), WITHOUT_PRETEXT).notes
    assert note.startswith("24 of 48 clips name no speaker")
    # Which says itself what it is worth.
    by_utterance = SplitSettings(shares=Shares(pretext=0.0), units="utterance")
    [note] = split_dataset(dataset_of(unnamed), by_utterance).notes
    assert "these voices only" in note


def test_splits_at_once_are_not_mixed(make_table: Callable, dataset_of: Callable) -> None:
    """Half of one and half of another would put a speaker on both sides, and say otherwise."""
    dataset = dataset_of(make_table(*crowd(20)))
    with ProcessPoolExecutor(8, mp_context=get_context("fork")) as pool:
        list(pool.map(_split_by_seed, [(dataset, seed) for seed in range(8)] * 3))
    found = {split: read_split(dataset, split)["file"].tolist() for split in DOWNSTREAM_SPLITS}
    seed = read_recipe(dataset.root)["seed"]
    split_dataset(dataset, WITHOUT_PRETEXT, seed=seed + 100)
    split_dataset(dataset, WITHOUT_PRETEXT, seed=seed)
    assert found == {
        split: read_split(dataset, split)["file"].tolist() for split in DOWNSTREAM_SPLITS
    }


def _split_by_seed(about: tuple[Dataset, int]) -> None:
    split_dataset(about[0], WITHOUT_PRETEXT, seed=about[1])

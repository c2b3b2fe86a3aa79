"""The corpus' own split."""

from collections.abc import Callable

import pandas as pd
import pytest

from src.utils.config import DOWNSTREAM_SPLITS
from src.utils.dataset.split import SplitSettings, read_split, split_dataset
from src.utils.errors import DatasetError

TRAIN, VAL, TEST = DOWNSTREAM_SPLITS
OFFICIAL = SplitSettings(strategy="official")


@pytest.fixture
def corpus(make_table: Callable, crowd: Callable) -> pd.DataFrame:
    words = {"train": 4, "Dev": 2, " eval ": 3, "": 1}
    parts = [
        make_table(*crowd(n, name=word.strip() or "out")).assign(split=word)
        for word, n in words.items()
    ]
    return pd.concat(parts, ignore_index=True)


def test_nothing_is_cut_or_moved(corpus: pd.DataFrame, dataset_of: Callable) -> None:
    dataset = dataset_of(corpus)
    split = split_dataset(dataset, OFFICIAL)
    for name, word in zip(DOWNSTREAM_SPLITS, ("train", "Dev", " eval "), strict=True):
        assert read_split(dataset, name)["file"].tolist() == (
            corpus["file"][corpus["split"] == word].tolist()
        )
    assert split.set_aside == {"the corpus' split leaves them out": 4}
    assert split.summary["clips"].sum() == len(corpus) - 4
    assert split_dataset(dataset, OFFICIAL).was_there
    # The same table by another strategy is another split.
    with pytest.raises(DatasetError, match="unknown word in the split column: ''"):
        split_dataset(dataset, SplitSettings(strategy="column"))


def test_missing_parts_stay_empty(corpus: pd.DataFrame, dataset_of: Callable) -> None:
    """As in a challenge that hands out its evaluation part alone."""
    dataset = dataset_of(corpus[corpus["split"] == " eval "])
    split = split_dataset(dataset, OFFICIAL)
    assert set(split.summary["split"]) == {TEST}
    assert split.set_aside == {}
    assert len(read_split(dataset, TEST)) == 12
    for name in (TRAIN, VAL):
        with pytest.raises(DatasetError, match=f"{name} is empty; there are downstream_test"):
            read_split(dataset, name)


def test_no_split_of_its_own(corpus: pd.DataFrame, dataset_of: Callable) -> None:
    for files in (corpus.drop(columns="split"), corpus.assign(split=" ")):
        with pytest.raises(DatasetError, match="--strategy=speaker"):
            split_dataset(dataset_of(files), OFFICIAL)
    with pytest.raises(DatasetError, match=r"unknown word .*'hidden'; known are train"):
        split_dataset(dataset_of(corpus.replace({"split": {"Dev": "hidden"}})), OFFICIAL)


@pytest.mark.parametrize("label", ["bona-fide", "spoof"])
def test_a_part_needs_both_classes(corpus: pd.DataFrame, dataset_of: Callable, label: str) -> None:
    files = corpus[(corpus["split"] != "Dev") | (corpus["label"] != label)]
    with pytest.raises(DatasetError, match=f"{VAL} would have no {label}.*--strategy=speaker"):
        split_dataset(dataset_of(files), OFFICIAL)


def test_shared_speakers_are_refused(corpus: pd.DataFrame, dataset_of: Callable) -> None:
    files = corpus.assign(gender="")
    # Whoever is in no part may be anyone.
    files = files.replace({"speaker": {"out000": "train000"}})
    split_dataset(dataset_of(files), OFFICIAL)
    files = files.replace({"speaker": {"Dev000": "train000"}})
    with pytest.raises(DatasetError, match=r"1 speakers .*train000.*--strategy=speaker") as error:
        split_dataset(dataset_of(files), OFFICIAL)
    assert "\n" not in str(error.value)


def test_shared_utterances_are_told(corpus: pd.DataFrame, dataset_of: Callable) -> None:
    alone = corpus.assign(utterance=corpus["speaker"])
    assert split_dataset(dataset_of(alone), OFFICIAL).notes == []
    # Shared by two parts, by a part and no part, within a part.
    names = {"train000": "a", "Dev000": "a", "train001": "b", "out000": "b", "train002": "c"}
    shared = alone.assign(utterance=alone["speaker"].replace(names | {"train003": "c"}))
    dataset = dataset_of(shared)
    [note] = split_dataset(dataset, OFFICIAL).notes
    assert note.startswith("1 utterances")
    # The recipe says which rule holds.
    assert len(read_split(dataset, TEST)) == 12

"""What splits have in common, kind by kind."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from src.audit.common import find_common
from src.audit.leakage import CONFLICT, Leak, Seen, find_leaks
from src.utils.config import DOWNSTREAM_SPLITS

TRAIN, VALIDATION, TEST = DOWNSTREAM_SPLITS
PARTS = {"s0": TRAIN, "s1": TRAIN, "s2": VALIDATION, "s3": TEST}


def sound(seed: int, frames: int = 60) -> np.ndarray:
    chance = np.random.default_rng(seed)
    return chance.integers(1, 1 << 32, frames, dtype=np.uint64).astype(np.uint32)


@pytest.fixture
def files(measured: Callable) -> pd.DataFrame:
    """Four speakers with two clips of each class, 16 in all."""
    table = measured(speakers=4)
    number = pd.Series(range(len(table))).astype(str)
    return table.assign(
        attack=np.where(table["label"] == "spoof", "attack" + table["speaker"], ""),
        utterance="u" + number,
        transcript="sentence " + number,
    )


def leaks(files: pd.DataFrame, splits: pd.Series | None, prints=None) -> dict[str, Leak]:
    prints = prints or [sound(n) for n in range(len(files))]
    return {leak.name: leak for leak in find_leaks(files, find_common(files, prints), splits)}


def parted(files: pd.DataFrame) -> pd.Series:
    return files["speaker"].map(PARTS)


def rows_of(files: pd.DataFrame, speaker: str, label: str) -> list[int]:
    return files.index[(files["speaker"] == speaker) & (files["label"] == label)].tolist()


NAMES = [
    CONFLICT,
    *("speaker", "file content", "near-duplicate audio", "source utterance"),
    *("generator", "sentence"),
]


def test_a_clean_split(files: pd.DataFrame) -> None:
    found = leaks(files, parted(files))
    assert list(found) == NAMES
    for leak in found.values():
        assert not leak.is_flagged
        assert all(seen.count == 0 and seen.example == () for seen in leak.seen.values())
    assert found["speaker"].seen[VALIDATION].total == 4
    assert found["speaker"].seen[TEST].total == 4


def check(leak: Leak, files: pd.DataFrame, test_row: int, train_row: int) -> None:
    """One clip of the test has a match, and the two are named."""
    pair = files["file"][test_row], files["file"][train_row]
    assert leak.seen[TEST] == Seen(1, 4, pair)
    assert leak.seen[VALIDATION].count == 0


def test_planted_one_by_one(files: pd.DataFrame) -> None:
    splits = parted(files)
    train, test = rows_of(files, "s0", "spoof")[1], rows_of(files, "s3", "spoof")[0]

    def plant(column: str, value: str) -> dict[str, Leak]:
        table = files.copy()
        table.loc[test, column] = value
        return leaks(table, splits)

    for name, column, value in (
        ("speaker", "speaker", files["speaker"][train]),
        ("file content", "sha256", files["sha256"][train]),
        ("source utterance", "utterance", files["utterance"][train]),
        ("generator", "attack", files["attack"][train]),
        ("sentence", "transcript", f"  {files['transcript'][train].upper()}?! "),
    ):
        found = plant(column, value)
        # The first clip of training that matches is named.
        keys = {"speaker": "speaker", "generator": "attack"}.get(name)
        first = files.index[files[keys] == value][0] if keys else train
        check(found[name], files, test, first)
        others = {other for other, leak in found.items() if leak.is_flagged} - {name}
        # The same bytes are the same sound.
        assert others == ({"near-duplicate audio"} if name == "file content" else set())
        assert found[name].is_flagged == (name not in ("generator", "sentence"))


def test_a_near_duplicate(files: pd.DataFrame) -> None:
    train, test = rows_of(files, "s1", "bona-fide")[0], rows_of(files, "s3", "spoof")[1]
    prints = [sound(n) for n in range(len(files))]
    prints[test] = prints[train][5:] ^ np.uint32(1 << 9)
    prints[test][::3] ^= np.uint32(1 << 9)
    found = leaks(files, parted(files), prints)
    check(found["near-duplicate audio"], files, test, train)
    assert found["near-duplicate audio"].is_flagged
    assert not found["file content"].is_flagged


def test_validation_counts_after_training_alone(files: pd.DataFrame) -> None:
    """What validation and test share is seen in the test; training never looks ahead."""
    splits = parted(files)
    validation, test = rows_of(files, "s2", "spoof"), rows_of(files, "s3", "spoof")
    files.loc[[*validation, *test], "utterance"] = "common"
    leak = leaks(files, splits)["source utterance"]
    assert leak.seen[VALIDATION].count == 0
    assert leak.seen[TEST] == Seen(2, 4, (files["file"][test[0]], files["file"][validation[0]]))


def test_pretext_counts_as_training(files: pd.DataFrame) -> None:
    splits = parted(files).where(files["speaker"] != "s1", "pretext_val")
    first = rows_of(files, "s1", "bona-fide")[0]
    files.loc[rows_of(files, "s2", "bona-fide"), "utterance"] = files["utterance"][first]
    assert leaks(files, splits)["source utterance"].seen[VALIDATION].count == 2


def test_clips_in_no_split_are_left_out(files: pd.DataFrame) -> None:
    splits = parted(files).where(files["speaker"] != "s0", "")
    train, test = rows_of(files, "s0", "spoof")[0], rows_of(files, "s3", "spoof")[0]
    files.loc[test, "utterance"] = files["utterance"][train]
    assert not leaks(files, splits)["source utterance"].is_flagged
    # An empty split has nothing to tell.
    splits = parted(files).where(files["speaker"] != "s2", TRAIN)
    assert set(leaks(files, splits)["speaker"].seen) == {TEST}


def test_label_conflict(files: pd.DataFrame) -> None:
    real, fake = rows_of(files, "s0", "bona-fide")[0], rows_of(files, "s0", "spoof")[0]
    files.loc[fake, "sha256"] = files["sha256"][real]
    for splits in (None, parted(files)):
        conflict = leaks(files, splits)[CONFLICT]
        pair = files["file"][real], files["file"][fake]
        assert conflict.seen == {"all": Seen(2, 16, pair)}
        assert conflict.n_groups == 1
        assert conflict.is_flagged
    # Twice in one class is no conflict.
    files.loc[fake, "sha256"] = files["sha256"][rows_of(files, "s1", "spoof")[0]]
    assert not leaks(files, None)[CONFLICT].is_flagged


def test_unsplit(files: pd.DataFrame) -> None:
    files.loc[rows_of(files, "s0", "spoof"), "utterance"] = "one"
    files.loc[[0, 15], "utterance"] = "other"
    found = leaks(files, None)
    assert list(found) == NAMES
    assert all(leak.seen == {} for name, leak in found.items() if name != CONFLICT)
    assert not any(leak.is_flagged for leak in found.values())
    utterance = found["source utterance"]
    assert (utterance.n_groups, utterance.n_across) == (2, 1)
    assert (found["speaker"].n_groups, found["speaker"].n_across) == (4, 0)
    assert (found["generator"].n_groups, found["generator"].n_across) == (4, 0)


def test_what_is_not_known_is_left_out(files: pd.DataFrame) -> None:
    files = files.drop(columns=["utterance", "transcript"]).assign(speaker="", attack="")
    found = leaks(files, pd.Series(TRAIN, index=files.index))
    assert list(found) == [CONFLICT, "file content", "near-duplicate audio"]
    # Nobody in common is not the same nobody.
    files.loc[0, "speaker"] = "s0"
    splits = pd.Series([TRAIN] * 8 + [TEST] * 8)
    assert not leaks(files, splits)["speaker"].is_flagged


def test_bona_fide_clips_have_no_generator(files: pd.DataFrame) -> None:
    files = files.assign(attack="same")
    seen = leaks(files, parted(files))["generator"].seen[TEST]
    assert (seen.count, seen.total) == (2, 4)

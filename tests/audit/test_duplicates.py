"""Groups of clips that are the same recording."""

import csv
from collections import defaultdict

import numpy as np
import pytest

from src.audit import duplicates
from src.audit.duplicates import find_near_duplicates, group_equal, group_near_duplicates
from src.utils.audio.io import read_waveform
from src.utils.audio.nuisances.fingerprint import SAMPLE_RATE, compute_fingerprint
from src.utils.config import ROOT

MIXED = ROOT.parent / "shared" / "corpora" / "mixed"


def sound(frames: int, seed: int) -> np.ndarray:
    """A made-up fingerprint; frames next to each other agree as they do in sound."""
    chance = np.random.default_rng(seed)
    prints = chance.integers(1, 1 << 32, frames, dtype=np.uint64).astype(np.uint32)
    return np.maximum(prints, 1)


def copy(prints: np.ndarray, rate: float, seed: int) -> np.ndarray:
    """Turn a share of the bits over, in half of the frames none."""
    chance = np.random.default_rng(seed)
    wrong = chance.random((len(prints), 32)) < 2 * rate
    wrong[::2] = False
    return np.maximum(prints ^ (wrong * (1 << np.arange(32))).sum(axis=1).astype(np.uint32), 1)


@pytest.fixture
def compared(monkeypatch) -> list[int]:
    """Count the pairs of frames that are laid over each other."""
    counts: list[int] = []
    alike = duplicates._alike

    def watched(frames, starts, first, second, pairs):
        counts.append(len(pairs))
        return alike(frames, starts, first, second, pairs)

    monkeypatch.setattr(duplicates, "_alike", watched)
    return counts


def test_equal_keys() -> None:
    groups = group_equal(["b", "a", "b", "c"])
    assert groups[0] == groups[2]
    assert len(set(groups.tolist())) == 3


def test_copies_and_strangers() -> None:
    one, other = sound(100, 1), sound(120, 2)
    prints = [one, other, copy(one, 0.1, 3), other[30:90], sound(80, 4), copy(other, 0.05, 5)]
    groups = group_near_duplicates(prints)
    assert groups[0] == groups[2] != groups[1]
    assert groups[1] == groups[3] == groups[5]
    assert len(set(groups.tolist())) == 3


def test_the_border(monkeypatch) -> None:
    one = sound(200, 1)
    assert len(find_near_duplicates([one, copy(one, 0.27, 2)])) == 1
    assert len(find_near_duplicates([one, copy(one, 0.33, 2)])) == 0
    # In common they must have 40 frames with sound.
    assert len(find_near_duplicates([one, one[:40]])) == 1
    assert len(find_near_duplicates([one, one[:39]])) == 0
    quiet = one[:60].copy()
    quiet[10:35] = 0
    assert len(find_near_duplicates([one, quiet])) == 0


def test_chains_are_one_group() -> None:
    whole = sound(200, 1)
    groups = group_near_duplicates([whole[:90], whole[40:160], whole[110:]])
    assert len(set(groups.tolist())) == 1
    # Without the middle one the others share nothing.
    assert len(set(group_near_duplicates([whole[:90], whole[110:]]).tolist())) == 2


def test_hundreds_of_copies(compared: list[int]) -> None:
    one = sound(60, 1)
    prints = [copy(one, 0.02, seed) for seed in range(300)]
    prints += [sound(60, 1000 + seed) for seed in range(50)]
    groups = group_near_duplicates(prints)
    assert len(set(groups[:300].tolist())) == 1
    assert len(set(groups.tolist())) == 51
    # Each frame meets no more than its next eight, where all pairs would be 2.7 million.
    assert sum(compared) <= 8 * sum(map(len, prints))


def test_a_hum_in_all_clips(compared: list[int]) -> None:
    """One value that every clip holds often, and nothing else in common."""
    prints = []
    for seed in range(200):
        one = sound(60, seed)
        one[::6] = 12_345
        prints.append(one)
    groups = group_near_duplicates(prints)
    assert 0 < sum(compared) <= 8 * 200 * 60
    assert len(set(groups.tolist())) == 200
    # A copy among them is found all the same.
    groups = group_near_duplicates([*prints, copy(prints[7], 0.05, 1)])
    assert len(set(groups.tolist())) == 200
    assert groups[-1] == groups[7]


@pytest.mark.parametrize(
    "prints",
    [
        [],
        [np.zeros(0, np.uint32)],
        [np.zeros(0, np.uint32)] * 5,
        [np.zeros(100, np.uint32)] * 5,
        [sound(80, 1), np.zeros(0, np.uint32), np.zeros(50, np.uint32), sound(3, 2)],
    ],
    ids=["none", "empty", "empties", "silence", "mixed"],
)
def test_nothing_to_compare(prints: list[np.ndarray]) -> None:
    assert find_near_duplicates(prints).shape == (0, 2)
    assert len(set(group_near_duplicates(prints).tolist())) == len(prints)


def test_silent_and_empty_clips_do_not_shift_the_others() -> None:
    one = sound(80, 1)
    nothing = np.zeros(0, np.uint32)
    prints = [nothing, one, nothing, np.zeros(70, np.uint32), one.copy(), nothing]
    assert find_near_duplicates(prints).tolist() == [[1, 4]]


@pytest.mark.parametrize("at_once", [30, 100, 1500])
def test_values_taken_in_parts(monkeypatch, at_once: int) -> None:
    originals = [sound(60, seed) for seed in range(20)]
    prints = [copy(one, 0.08, 100 * k + n) for k in range(3) for n, one in enumerate(originals)]
    whole = find_near_duplicates(prints)
    monkeypatch.setattr(duplicates, "_PRINTS_AT_ONCE", at_once)
    monkeypatch.setattr(duplicates, "_CANDIDATES_AT_ONCE", 5)
    np.testing.assert_array_equal(find_near_duplicates(prints), whole)
    assert len(whole) == 60
    assert (whole[:, 0] % 20 == whole[:, 1] % 20).all()


def test_a_repeated_sound_within_a_clip_is_no_duplicate() -> None:
    one = sound(50, 1)
    assert find_near_duplicates([np.tile(one, 6), sound(100, 2)]).tolist() == []
    assert find_near_duplicates([np.tile(one, 6), one]).tolist() == [[0, 1]]


@pytest.fixture(scope="module")
def mixed() -> tuple[list[dict[str, str]], list[np.ndarray]]:
    if not (MIXED / "metadata.csv").is_file():
        pytest.skip(f"needs the real recordings of {MIXED}")
    with (MIXED / "metadata.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    by_pair: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        by_pair[row["pair_id"]].append(row)
    copied = [
        row
        for pair in by_pair.values()
        if {"griffinlim-mel80", "world-copysynth"} & {row["attack"] for row in pair}
        for row in pair
    ]
    known = {row["path"] for row in copied}
    chosen = copied + [row for row in rows if row["path"] not in known][:150]
    waves = [read_waveform(MIXED / row["path"], SAMPLE_RATE) for row in chosen]
    return chosen, [compute_fingerprint(wave) for wave in waves]


def test_real_copies_are_found_and_no_strangers(mixed: tuple) -> None:
    rows, prints = mixed
    groups = group_near_duplicates(prints)
    copies = [
        (a, b)
        for a, one in enumerate(rows)
        if one["attack"] in ("griffinlim-mel80", "world-copysynth")
        for b, other in enumerate(rows)
        if other["label"] == "bona-fide" and other["pair_id"] == one["pair_id"]
    ]
    assert len(copies) >= 100
    found = [groups[a] == groups[b] for a, b in copies]
    # A pair that has not one frame quite the same cannot be found: some in twelve here.
    assert np.mean(found) >= 0.9
    for a, b in find_near_duplicates(prints):
        assert rows[a]["speaker"] == rows[b]["speaker"], (rows[a]["path"], rows[b]["path"])

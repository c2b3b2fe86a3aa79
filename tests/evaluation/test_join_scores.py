"""Giving every trial of a key its score."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from src.evaluation.join_scores import match_scores
from src.evaluation.score_files import ScoreFile, read_scores, write_scores_as
from src.utils.dataset.layouts.keys import read_key
from src.utils.errors import DatasetError


def key_of(*files: str) -> pd.DataFrame:
    """Make a key of bona-fide trials but for the first, which has an attack."""
    label = ["spoof", *["bona-fide"] * (len(files) - 1)]
    attack = ["A07", *[""] * (len(files) - 1)]
    return pd.DataFrame({"file": files, "label": label, "attack": attack}, dtype="str")


def scores_of(*ids: str, keys: tuple[str, ...] | None = None) -> ScoreFile:
    """Make scores of 0, 1, 2 and so on."""
    return ScoreFile(
        *(Path("their.txt"), "asvspoof2021"),
        *(pd.Series(ids, dtype="str"), np.arange(len(ids), dtype="float64")),
        keys=None if keys is None else pd.Series(keys, dtype="str"),
    )


def test_trials_keep_their_order_and_columns() -> None:
    key = key_of("a", "b", "c")
    matched = match_scores(key, scores_of("c", "a", "b"))
    assert matched.trials.to_numpy().tolist() == [
        ["a", "spoof", "A07", 1.0],
        ["b", "bona-fide", "", 2.0],
        ["c", "bona-fide", "", 0.0],
    ]
    assert list(matched.trials) == ["file", "label", "attack", "score"]
    assert matched.trials["score"].dtype == np.float64
    assert matched.unused.tolist() == []
    assert "score" not in key


@pytest.mark.parametrize(
    ("files", "ids"),
    [
        (("x/a.wav", "x/b.wav"), ("x/a.wav", "x/b.wav")),
        (("a", "b"), ("a.flac", "b.FLAC")),
        (("x/a.wav", "x/b.wav"), ("x/a", "x/b")),
        (("x/a.wav", "y/a.wav"), ("x/a.flac", "y/a.flac")),
        (("x/a.wav", "y/b.wav"), ("a", "b")),
        (("x/a.wav", "x/b.wav"), ("y/a.wav", "y/b.wav")),
        (("/data/x/a.wav", "b.wav"), ("a.wav", "b.wav")),
        (("a", "b"), ("a", "x/b")),
        (("a", "b"), ("/data/flac/a.flac", "/data/flac/b.flac")),
        (("LJ001.1", "LJ001.2"), ("wavs/LJ001.1.wav", "wavs/LJ001.2.wav")),
        (("x/my clip 1.wav", "b.wav"), ("my clip 1", "b")),
        (("x/a.wav", "x/b.wav"), ("x\\a.wav", ".\\x\\b.wav")),
        (("x/\u00e9.wav", "x//b.wav"), ("./x/e\u0301.flac", "x/b")),
    ],
)
def test_names_are_matched_however_long(files: tuple[str, ...], ids: tuple[str, ...]) -> None:
    matched = match_scores(key_of(*files), scores_of(*ids, "else", "more.wav"))
    assert matched.trials["score"].tolist() == [0.0, 1.0]
    assert matched.trials["file"].tolist() == list(files)
    assert matched.unused.tolist() == ["else", "more.wav"]
    assert matched.unused.index.tolist() == [0, 1]


def test_a_trial_without_a_score() -> None:
    with pytest.raises(DatasetError) as raised:
        match_scores(key_of("a", "b", "c"), scores_of("a", "d"))
    told = "2 of the 3 trials of the protocol have no score in their.txt, such as b"
    assert str(raised.value) == told
    # Told is what lacks in the way that finds most.
    with pytest.raises(DatasetError, match=r"1 of the 4 trials .* such as x/c\.wav"):
        match_scores(key_of("d.wav", "x/a.wav", "x/b.wav", "x/c.wav"), scores_of("a", "b", "d"))


def test_no_trial_takes_the_score_of_its_namesake() -> None:
    key = key_of("real/a.wav", "real/b.wav")
    with pytest.raises(DatasetError, match=r"1 of the 2 trials .* such as real/b\.wav"):
        match_scores(key, scores_of("real/a.wav", "fake/b.wav"))


def test_nothing_in_common() -> None:
    with pytest.raises(DatasetError) as raised:
        match_scores(key_of("a", "b"), scores_of("c d", "e"))
    assert str(raised.value) == (
        "no trial of the protocol has a score in their.txt: the one lists a, the other c d"
    )


@pytest.mark.parametrize(
    ("files", "ids", "told"),
    [
        (("x/a.wav", "y/a.wav", "b.wav"), ("a", "b"), "2 trials .* such as x/a.wav and y/a.wav;"),
        (("z/a.wav", "z/b.wav"), ("x/b", "x/a", "y/a"), "2 scores .* such as x/a and y/a;"),
        (("a", "a"), ("a", "b"), "2 trials .* such as a and a;"),
        (("a", "b"), ("b", "a", "b"), "2 scores .* such as b and b;"),
        (("a", "b"), ("b.wav", "a.wav", "b.mp3"), r"2 scores .* such as b\.wav and b\.mp3;"),
    ],
)
def test_names_that_do_not_tell_apart(
    files: tuple[str, ...], ids: tuple[str, ...], told: str
) -> None:
    with pytest.raises(DatasetError, match=told):
        match_scores(key_of(*files), scores_of(*ids))


def test_names_that_nobody_needs_may_repeat() -> None:
    matched = match_scores(key_of("x/a.wav", "x/b.wav"), scores_of("b", "y/c", "z/c", "a"))
    assert matched.trials["score"].tolist() == [3.0, 0.0]
    assert matched.unused.tolist() == ["y/c", "z/c"]


def test_another_class_than_the_protocol_has() -> None:
    key = key_of("a", "b", "c")
    keys = ("bona-fide", "spoof", "bona-fide", "spoof")
    matched = match_scores(key, scores_of("c", "a", "b", "d", keys=keys))
    assert matched.trials["score"].tolist() == [1.0, 2.0, 0.0]
    with pytest.raises(DatasetError) as raised:
        match_scores(key, scores_of("b", "c", "a", "d", keys=keys))
    assert str(raised.value) == (
        "their.txt and the protocol disagree on the class of 2 of the 3 trials, such as a: "
        "bona-fide against spoof"
    )


@pytest.mark.parametrize("format", ["asvspoof2019", "asvspoof2021", "asvspoof5", "csv"])
def test_written_scores_find_their_trials(tmp_path: Path, format: str) -> None:
    rows = ["fake/my clip.wav,spoof,my TTS", "real/my clip.wav,real,", "b.flac,real,"]
    key_file = tmp_path / "key.csv"
    key_file.write_text("\n".join(["file,label,attack", *rows]), encoding="utf-8")
    key = read_key(key_file)
    path = tmp_path / "scores"
    write_scores_as(path, format, key.assign(score=[0.1, 1 / 3, -2.0])[::-1])
    matched = match_scores(key, read_scores(path))
    assert matched.trials["score"].tolist() == [0.1, 1 / 3, -2.0]
    assert matched.trials["file"].tolist() == key["file"].tolist()

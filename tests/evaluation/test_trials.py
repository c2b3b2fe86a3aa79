"""Scored clips: checked when made, whole through a file, and what is drawn of them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from src.evaluation.trials import Trials
from src.utils.errors import AudiosError, RunError


def no_ratios(scores: np.ndarray) -> np.ndarray:
    raise AssertionError("the file has ratios")


def test_parts_must_fit(make_trials: Callable) -> None:
    for part, value in {
        "files": np.array(["a", "b"]),
        "llrs": np.zeros(3),
        "speakers": np.array(["a"]),
        "conditions": {"codec": ["a", "b"]},
    }.items():
        with pytest.raises(AudiosError, match=rf"^120 scores, and \d {part} for them$"):
            make_trials(**{part: value})
    with pytest.raises(AudiosError, match="not finite"):
        make_trials(scores=np.full(120, np.inf))
    with pytest.raises(AudiosError, match="no spoof trial"):
        make_trials(labels=np.ones(120))
    # Whatever numbers came in, these go on.
    trials = make_trials(scores=np.arange(120, dtype=np.float32), labels=[True, False] * 60)
    assert (trials.scores.dtype, trials.labels.dtype, len(trials)) == (np.float64, np.int64, 120)


def test_conditions_of_any_index(make_trials: Callable, tmp_path: Path) -> None:
    table = pd.DataFrame({"codec": ["a", "b"] * 10}, index=range(20, 0, -1))
    trials = make_trials(2, 5, conditions=table)
    trials.write(tmp_path / "s.csv")
    assert pd.read_csv(tmp_path / "s.csv")["codec"].tolist() == ["a", "b"] * 10


NAMES = ["", "NA", "null", "1,5", 'a "b"', " b ", "=ç𝄞", "0012", "1e5", "two\nlines"]


def test_through_a_file(make_trials: Callable, tmp_path: Path) -> None:
    chance = np.random.default_rng(0)
    trials = make_trials(
        2,
        5,
        files=np.array([f"é {i}, .wav" for i in range(20)]),
        scores=chance.normal(size=20) * 10.0 ** chance.integers(-300, 300, 20),
        speakers=np.array(NAMES * 2),
        conditions={
            "attack": NAMES * 2,
            "duration": [np.nan, 0.1, 1e-9, 1 / 3] * 5,
            "gender": ["", "F", "M", "M"] * 5,
            "codec": NAMES * 2,
        },
    )
    path = tmp_path / "new" / "scores.csv"
    trials.write(path)
    header = path.read_text(encoding="utf-8").splitlines()[0]
    assert header == "file,label,score,speaker,gender,attack,llr,duration,codec"
    again = Trials.read(path, no_ratios)
    for part in ("files", "scores", "labels", "llrs", "speakers"):
        np.testing.assert_array_equal(getattr(again, part), getattr(trials, part), part)
    for name, column in trials.conditions.items():
        there = again.conditions[name]
        assert there.tolist() == column.tolist() or (name == "duration" and there.equals(column)), (
            name
        )
    again.write(tmp_path / "again.csv")
    first, second = (pd.read_csv(p, dtype=str) for p in (path, tmp_path / "again.csv"))
    pd.testing.assert_frame_equal(first, second[first.columns])


def test_files_with_less(make_trials: Callable, tmp_path: Path) -> None:
    """Nothing known but the scores; and a file of before there were ratios."""
    trials = make_trials(2)
    path = tmp_path / "scores.csv"
    trials.write(path)
    table = pd.read_csv(path, keep_default_na=False)
    assert set(table["gender"]) == set(table["attack"]) == {""}
    again = Trials.read(path, no_ratios)
    assert again.clusters_with_attacks is None
    table.drop(columns="llr").assign(duration="").to_csv(path, index=False)
    older = Trials.read(path, lambda scores: 2 * scores - 1)
    np.testing.assert_array_equal(older.llrs, 2 * trials.scores - 1)
    assert older.conditions["duration"].isna().all()
    assert older.conditions["duration"].dtype == np.float64


DAMAGES: dict[str, tuple[str, Callable[[pd.DataFrame], pd.DataFrame]]] = {
    "a label of no class": ("labels must be", lambda t: t.assign(label="fake")),
    "no label": ("labels must be", lambda t: t.assign(label="")),
    "a class missing": ("no spoof trial", lambda t: t.assign(label="bona-fide")),
    "a score that is a word": ("could not convert", lambda t: t.assign(score="high")),
    "a score missing": ("could not convert", lambda t: t.assign(score="")),
    "a score of nan": ("not finite", lambda t: t.assign(score="nan")),
    "a ratio missing": ("could not convert", lambda t: t.assign(llr="")),
    "a duration that is a word": ("Unable to parse", lambda t: t.assign(duration="long")),
    "no rows": ("no bona-fide trial among 0", lambda t: t[:0]),
    **{
        f"no column {name}": (name, lambda t, name=name: t.drop(columns=name))
        for name in ("file", "label", "score", "speaker")
    },
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file(make_trials: Callable, tmp_path: Path, damage: str) -> None:
    text, spoil = DAMAGES[damage]
    path = tmp_path / "scores.csv"
    make_trials(2).write(path)
    spoil(pd.read_csv(path, dtype=str, keep_default_na=False)).to_csv(path, index=False)
    with pytest.raises(RunError, match=rf"scores\.csv is damaged: .*{text}"):
        Trials.read(path, no_ratios)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(AudiosError, match=r"cannot read .*scores\.csv"):
        Trials.read(tmp_path / "scores.csv", no_ratios)
    (tmp_path / "scores.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(AudiosError, match="not a readable CSV"):
        Trials.read(tmp_path / "scores.csv", no_ratios)


def same_cluster(clusters: np.ndarray) -> list[list[bool]]:
    return (clusters[:, None] == clusters).tolist()


def test_clusters_are_speakers() -> None:
    def trials_of(speakers: list[str], labels: list[int]) -> Trials:
        n = len(speakers)
        return Trials(np.arange(n).astype(str), np.arange(n), labels, np.zeros(n), speakers)

    speakers = np.array(["a", "b", "a", "b", "", "", "?4"])
    trials = trials_of(speakers, [1, 1, 0, 0, 1, 0, 0])
    assert trials.has_speakers and trials.fewest_speakers == 2
    # Unknown ones are of nobody, not even of one whose name looks made up.
    expected = (speakers[:, None] == speakers) & (speakers != "")
    np.fill_diagonal(expected, True)
    assert same_cluster(trials.clusters.speakers) == expected.tolist()
    # A speaker of both classes is one; of a single speaker, none can be left out.
    for alone in (["a", "a", "b", "c"], ["", "", "b", "c"], ["a", "", "b", "c"], [""] * 4):
        trials = trials_of(np.array(alone), [1, 1, 0, 0])
        assert not trials.has_speakers
        assert len(np.unique(trials.clusters.speakers)) == 4


def test_clusters_with_attacks(make_trials: Callable) -> None:
    def attacks_of(names: list[str], bona_fide: str = "") -> np.ndarray | None:
        labels = np.array([1] * 4 + [0] * 4)
        trials = Trials(
            np.arange(8).astype(str),
            np.arange(8),
            labels,
            np.zeros(8),
            np.array(list("abcd") * 2),
            pd.DataFrame({"attack": [bona_fide] * 4 + names}),
        )
        clusters = trials.clusters_with_attacks
        if clusters is None:
            return None
        assert same_cluster(clusters.speakers) == same_cluster(trials.clusters.speakers)
        return clusters.attacks[4:]

    assert make_trials(2).clusters_with_attacks is None
    assert attacks_of(["x"] * 4) is None
    assert attacks_of([""] * 4) is None
    assert attacks_of(["x", "x", "", ""]) is None
    # What is said of bona-fide clips is no second attack.
    assert attacks_of(["x"] * 4, "bonafide") is None
    assert same_cluster(attacks_of(["x", "x", "y", "y"])) == same_cluster(np.array([0, 0, 1, 1]))
    # Clips of unknown attacks are no attack each.
    assert same_cluster(attacks_of(["x", "y", "", ""])) == same_cluster(np.array([0, 1, 2, 2]))

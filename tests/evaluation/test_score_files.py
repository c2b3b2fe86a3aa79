"""Reading the scores of any system by what its file holds, and writing them."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.evaluation.score_files import SCORE_FORMATS, read_scores, write_scores_as
from src.utils.errors import ArgumentError, AudiosError, DatasetError


def written(folder: Path, *lines: str, name: str = "scores") -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def trials(*rows: tuple[str, str, str, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["file", "label", "attack", "score"])


THREE = trials(
    ("flac/a.flac", "spoof", "A07", 0.1),
    ("flac/b.flac", "bona-fide", "", -2.5e-300),
    ("c", "spoof", "", 1 / 3),
)


def test_utterance_and_score(tmp_path: Path) -> None:
    scores = read_scores(written(tmp_path, "LA_E_1 -1.5", "", "LA_E_2\t2", "  LA_E_3   1e-3 "))
    assert scores.format == "asvspoof2021"
    assert scores.ids.tolist() == ["LA_E_1", "LA_E_2", "LA_E_3"]
    assert scores.scores.tolist() == [-1.5, 2.0, 0.001]
    assert scores.scores.dtype == np.float64
    assert scores.keys is None
    assert scores.sources is None
    assert scores.path == tmp_path / "scores"


def test_utterance_source_key_and_score(tmp_path: Path) -> None:
    scores = read_scores(written(tmp_path, "LA_E_1 A11 spoof -4.25", "LA_E_2 - bonafide 3"))
    assert scores.format == "asvspoof2019"
    assert scores.ids.tolist() == ["LA_E_1", "LA_E_2"]
    assert scores.scores.tolist() == [-4.25, 3.0]
    assert scores.keys is not None
    assert scores.keys.tolist() == ["spoof", "bona-fide"]
    assert scores.sources is not None
    assert scores.sources.tolist() == ["A11", "-"]


@pytest.mark.parametrize("separator", ["\t", " "])
def test_a_header_as_of_asvspoof5(tmp_path: Path, separator: str) -> None:
    rows = [("filename", "cm-score"), ("E_1", "0.5"), ("E_2", "-1")]
    scores = read_scores(written(tmp_path, *(separator.join(row) for row in rows)))
    assert scores.format == "asvspoof5"
    assert scores.ids.tolist() == ["E_1", "E_2"]
    assert scores.scores.tolist() == [0.5, -1.0]
    assert scores.keys is None


@pytest.mark.parametrize("file", ["file", "filename", "path", "utt", "utterance", "id", " File"])
@pytest.mark.parametrize("score", ["score", "cm-score", "cm_score", "Score"])
def test_a_csv_by_any_name_of_its_columns(tmp_path: Path, file: str, score: str) -> None:
    header = f"more,{score},{file},"
    scores = read_scores(written(tmp_path, header, "x,0.25,a.wav,1", 'y,1," b, c.wav",2'))
    assert scores.format == "csv"
    assert scores.ids.tolist() == ["a.wav", "b, c.wav"]
    assert scores.scores.tolist() == [0.25, 1.0]


def test_the_first_known_name_is_taken(tmp_path: Path) -> None:
    path = written(tmp_path, "id,utterance,cm_score,file,score", "speaker,group,7,a.wav,1")
    scores = read_scores(path)
    assert scores.ids.tolist() == ["a.wav"]
    assert scores.scores.tolist() == [1.0]


def test_quoted_names_of_columns(tmp_path: Path) -> None:
    scores = read_scores(written(tmp_path, '"","file","score"', '"1","a.wav",0.5'))
    assert scores.ids.tolist() == ["a.wav"]


def test_the_scores_of_a_run(tmp_path: Path) -> None:
    header = "file,label,score,speaker,gender,attack,llr"
    rows = ["x/a.wav,bona-fide,1.5,anna,F,,2.5", "x/b.wav,spoof,-1.5,ben,M,A01,-2.5"]
    scores = read_scores(written(tmp_path, header, *rows))
    assert scores.format == "csv"
    assert scores.scores.tolist() == [1.5, -1.5]
    assert scores.keys is not None
    assert scores.keys.tolist() == ["bona-fide", "spoof"]


def test_numbered_classes_say_nothing(tmp_path: Path) -> None:
    path = written(tmp_path, "file,label,score", "a,1,0.5", "b,spoof,0.25")
    scores = read_scores(path)
    assert scores.keys is None
    assert scores.scores.tolist() == [0.5, 0.25]


def test_names_with_spaces(tmp_path: Path) -> None:
    scores = read_scores(written(tmp_path, "my  clip 1.wav 0.5", "b -1"))
    assert scores.ids.tolist() == ["my  clip 1.wav", "b"]
    assert scores.scores.tolist() == [0.5, -1.0]
    scores = read_scores(written(tmp_path, "my clip A07 spoof 0.5", "b - bonafide 1"))
    assert scores.format == "asvspoof2019"
    assert scores.ids.tolist() == ["my clip", "b"]
    assert scores.sources is not None
    assert scores.sources.tolist() == ["A07", "-"]
    scores = read_scores(written(tmp_path, "filename cm-score", "my clip 0.5"))
    assert scores.ids.tolist() == ["my clip"]
    scores = read_scores(written(tmp_path, "filename\tcm-score", "my clip\t0.5"))
    assert scores.ids.tolist() == ["my clip"]
    # A name that ends as a key does makes no key of the few lines with such names.
    scores = read_scores(written(tmp_path, "a b real 0.5", "b 1", "c 2"))
    assert scores.format == "asvspoof2021"
    assert scores.ids.tolist() == ["a b real", "b", "c"]


@pytest.mark.parametrize(
    "lines",
    [
        ("a 0.5", "b 1"),
        ("a A01 spoof 0.5", "b - bonafide 1"),
        ("filename\tcm-score", "a\t0.5", "b\t1"),
        ("file,score", "a,0.5", "b,1"),
    ],
)
def test_line_ends_marks_and_names_do_not_matter(tmp_path: Path, lines: Iterable[str]) -> None:
    plain = read_scores(written(tmp_path, *lines))
    path = tmp_path / "scores.xlsx"
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())
    other = read_scores(path)
    assert other.format == plain.format
    assert other.ids.tolist() == plain.ids.tolist() == ["a", "b"]
    assert other.scores.tolist() == plain.scores.tolist() == [0.5, 1.0]


def test_every_broken_line_is_told_in_one_message(tmp_path: Path) -> None:
    good = [f"LA_E_{number} A07 spoof 0.5" for number in range(10)]
    bad = [
        "LA_E_10 A07 spoof high",
        "LA_E_11 A07 spoof nan",
        "LA_E_12 A07 maybe 1",
        "LA_E_13 0.5",
        "LA_E_3 A07 spoof 1",
        "LA_E_14 A07 spoof -inf",
        "LA_E_15 A07 spoof 1_0",
    ]
    path = written(tmp_path, *bad[:1], *good, *bad[1:])
    with pytest.raises(DatasetError) as raised:
        read_scores(path)
    text = str(raised.value)
    assert text.startswith(f"{path}: 7 of 17 lines are broken: ")
    for told in (
        "line 1: the score 'high' is no finite number in 'LA_E_10 A07 spoof high'",
        "line 12: the score 'nan' is no finite number",
        "line 13: unknown label 'maybe'",
        "line 14: 2 columns, not 4 in 'LA_E_13 0.5'",
        "line 15: LA_E_3 is listed twice",
        "line 16: the score '-inf' is no finite number",
        "and 1 more",
    ):
        assert told in text
    assert "\n" not in text


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (("a 0.5", "b", "c 1", "a 2"), ("2: 1 columns, not 2", "4: a is listed twice")),
        (("a nan", "b nan"), ("1: the score 'nan' is no finite", "2: the score 'nan'")),
        (("a 0.5", "b 0,5", "c 1"), ("2: the score '0,5' is no finite number",)),
        (
            ("file,score", "a,x", "b,1,2", " a ,1", "a,1", ",1"),
            (
                *("2: the score 'x'", "3: 3 columns, not 2", "4: a is listed twice"),
                *("5: a is", "6: the name of the recording is empty"),
            ),
        ),
        (("filename\tcm-score", "a\t", "b 1"), ("2: the score '' is", "3: 1 columns, not 2")),
        (("file,score,score", "a,1,2"), ("1: 2 columns are called score",)),
    ],
)
def test_broken_lines_of_every_form(
    tmp_path: Path, lines: tuple[str, ...], told: tuple[str, ...]
) -> None:
    with pytest.raises(DatasetError) as raised:
        read_scores(written(tmp_path, *lines))
    for text in told:
        assert f"line {text}" in str(raised.value)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty; scores are lines of 'utterance score'"),
        (b" \r\n\r\n", "is empty"),
        (b"\x93NUMPY\x01", "is not text"),
        (b"file,score\n", "lists nothing"),
        (b"a,x\nb,1\n", "no scores in a known form: its first line is 'a,x'; scores are lines"),
        (b"name,value\na,1\n", "its first line is 'name,value'"),
        (b"a A01 bonafide\nb A01 spoof\n", "its first line is 'a A01 bonafide'"),
        (b'file,score\na,1\n"b,1\nc,1\n', "cannot be read from line 3 on"),
    ],
)
def test_what_is_no_score_file(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "scores.txt"
    path.write_bytes(content)
    with pytest.raises(DatasetError) as raised:
        read_scores(path)
    assert str(raised.value).startswith(str(path))
    assert told in str(raised.value)
    assert "\n" not in str(raised.value)
    with pytest.raises(DatasetError, match=r"cannot read .*absent"):
        read_scores(tmp_path / "absent")


def test_a_long_file_is_read_whole(tmp_path: Path) -> None:
    lines = [f"LA_E_{number} {number / 7!r}" for number in range(70_000)]
    path = written(tmp_path, *lines)
    scores = read_scores(path)
    assert scores.ids.tolist() == [f"LA_E_{number}" for number in range(70_000)]
    assert scores.scores.tolist() == [number / 7 for number in range(70_000)]
    with pytest.raises(DatasetError, match="line 70001: LA_E_5 is listed twice"):
        read_scores(written(tmp_path, *lines, "LA_E_5 1"))


NAMES = st.text("abc/é. -'\"", min_size=1, max_size=12).filter(
    lambda text: text == text.strip() and text.rpartition("/")[2].strip() != ""
)
ROWS = st.lists(
    st.tuples(
        NAMES,
        st.sampled_from(["bona-fide", "spoof"]),
        st.sampled_from(["", "A07", "XTTS v2"]),
        st.floats(allow_nan=False, allow_infinity=False),
    ),
    min_size=1,
    max_size=20,
    unique_by=lambda row: row[0],
)


@pytest.mark.parametrize("format", SCORE_FORMATS)
@given(rows=ROWS)
def test_what_is_written_reads_back(
    format: str, rows: list[tuple[str, str, str, float]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("scores") / "scores"
    table = trials(*rows)
    write_scores_as(path, format, table)
    scores = read_scores(path)
    assert scores.format == format
    assert scores.scores.tolist() == table["score"].tolist()
    assert len(set(scores.ids)) == len(table)
    assert all(name in file for name, file in zip(scores.ids, table["file"], strict=True))
    if format in ("asvspoof2019", "csv"):
        assert scores.keys is not None
        assert scores.keys.tolist() == table["label"].tolist()


def test_the_forms_as_they_are_written(tmp_path: Path) -> None:
    expected = {
        "asvspoof2019": "a A07 spoof 0.1\nb - bonafide -2.5e-300\nc - spoof 0.3333333333333333\n",
        "asvspoof2021": "a 0.1\nb -2.5e-300\nc 0.3333333333333333\n",
        "asvspoof5": "filename\tcm-score\na\t0.1\nb\t-2.5e-300\nc\t0.3333333333333333\n",
        "csv": "file,label,score\nflac/a.flac,spoof,0.1\nflac/b.flac,bona-fide,-2.5e-300\n"
        "c,spoof,0.3333333333333333\n",
    }
    assert set(expected) == set(SCORE_FORMATS)
    for format, text in expected.items():
        write_scores_as(tmp_path / "out" / format, format, THREE)
        assert (tmp_path / "out" / format).read_text() == text
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(expected)
    write_scores_as(tmp_path / "bare", "asvspoof2019", THREE.drop(columns="attack"))
    assert (tmp_path / "bare").read_text().startswith("a - spoof 0.1\nb - bonafide ")


@pytest.mark.parametrize(
    ("files", "names"),
    [
        (["x/a.wav", "y/b.FLAC"], ["a", "b"]),
        (["x/a.wav", "y/a.wav"], ["x/a", "y/a"]),
        (["x/a.wav", "x/a.mp3", "b.wav"], ["x/a.wav", "x/a.mp3", "b.wav"]),
        (["x/my clip 1.wav", "LJ001.2"], ["my clip 1", "LJ001.2"]),
    ],
)
def test_names_are_as_short_as_tells_them_apart(
    tmp_path: Path, files: list[str], names: list[str]
) -> None:
    table = trials(*((file, "spoof", "my TTS", 1.0) for file in files))
    for format in SCORE_FORMATS:
        write_scores_as(tmp_path / "scores", format, table)
        scores = read_scores(tmp_path / "scores")
        # At the end of a name, a number would be taken for a second score.
        is_bare = format == "asvspoof2021" and any(name[-2:] == " 1" for name in names)
        assert scores.ids.tolist() == (files if format == "csv" or is_bare else names)
        if scores.sources is not None:
            assert set(scores.sources) == {"my_TTS"}


def test_what_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"--format=asvspoof2020 .* did you mean asvspoof20"):
        write_scores_as(tmp_path / "scores", "asvspoof2020", THREE)
    (tmp_path / "file").touch()
    with pytest.raises(AudiosError, match="cannot write"):
        write_scores_as(tmp_path / "file" / "scores", "asvspoof2021", THREE)

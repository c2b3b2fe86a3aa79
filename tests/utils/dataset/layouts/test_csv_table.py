"""A plain metadata.csv beside the recordings, and the choice between layouts."""

from pathlib import Path

import pytest

from src.utils.dataset.layouts import scan_folder
from src.utils.errors import ArgumentError, DatasetError


def lay_out(folder: Path, header: str, *rows: str, files: tuple[str, ...] = ()) -> Path:
    """Write the table; make the recordings in the first column, and `files`."""
    (folder / "metadata.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    for file in (*(row.split(",")[0] for row in rows), *files):
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return folder


@pytest.mark.parametrize("column", ["file", "path", "Path", " File "])
def test_the_column_of_files(tmp_path: Path, column: str) -> None:
    lay_out(tmp_path, f"{column},label", "a/1.wav,real", "./a/2.wav,fake")
    scan = scan_folder(tmp_path)
    assert scan.layout == "csv"
    assert scan.files["file"].tolist() == ["a/1.wav", "a/2.wav"]
    assert scan.files["label"].tolist() == ["bona-fide", "spoof"]
    assert not scan.problems


def test_every_spelling_of_a_label(tmp_path: Path) -> None:
    words = {
        "bona-fide": [
            "bonafide",
            "bona-fide",
            "Bona_Fide",
            "bona fide",
            "real",
            "REAL",
            "genuine",
            "Human",
        ],
        "spoof": ["spoof", "Spoof", "fake", " FAKE ", "deepfake", "synthetic", "generated"],
    }
    pairs = [(label, word) for label in words for word in words[label]]
    rows = [f"{number:02d}.wav,{word}" for number, (_, word) in enumerate(pairs)]
    lay_out(tmp_path, "file,label", *rows)
    assert scan_folder(tmp_path).files["label"].tolist() == [label for label, _ in pairs]


def test_every_spelling_of_a_gender(tmp_path: Path) -> None:
    words = {"M": ["m", "M", "male", "Male"], "F": ["f", "F", "female", " FEMALE "]}
    words[""] = ["", "-", "unknown", "n/a", "NaN", "none", "?"]
    pairs = [(gender, word) for gender in words for word in words[gender]]
    rows = [f"{number:02d}.wav,real,{word}" for number, (_, word) in enumerate(pairs)]
    lay_out(tmp_path, "file,label,gender", *rows)
    assert scan_folder(tmp_path).files["gender"].tolist() == [gender for gender, _ in pairs]


def test_every_broken_row_is_told(tmp_path: Path) -> None:
    rows = ["a.wav,cloned,F", "b.wav,real,X", "c.wav,real,F", "./c.wav,fake,F", "d.wav,,F"]
    lay_out(tmp_path, "file,label,gender", *rows)
    with pytest.raises(DatasetError) as raised:
        scan_folder(tmp_path)
    text = str(raised.value)
    for reason in (
        "4 of 5 lines are broken",
        "line 2: unknown label 'cloned' in 'a.wav,cloned,F'",
        "line 6: unknown label '' in 'd.wav,,F'",
        "line 3: unknown gender 'X' in 'b.wav,real,X'",
        "line 5: c.wav is listed twice in './c.wav,fake,F'",
    ):
        assert reason in text
    assert "line 4" not in text
    assert "genuine" in text  # the known spellings


def test_three_of_a_kind_are_shown_and_the_rest_is_counted(tmp_path: Path) -> None:
    lay_out(tmp_path, "file,label,gender", *(f"{n:02d}.wav,real,Z" for n in range(20)))
    with pytest.raises(DatasetError) as raised:
        scan_folder(tmp_path)
    text = str(raised.value)
    assert "20 of 20 lines are broken" in text
    assert text.count("unknown gender 'Z'") == 3
    assert text.endswith(" and 17 more (known gender: M, F, male, female, empty)")


def test_rows_of_another_length_and_columns_of_one_name(tmp_path: Path) -> None:
    rows = ["a.wav,real,anna,F", "b.wav,real,F", "c.wav,fake,ben,M,x", "d.wav,odd,carl,M"]
    lay_out(tmp_path, "file,label,speaker,gender", *rows)
    with pytest.raises(DatasetError) as raised:
        scan_folder(tmp_path)
    text = str(raised.value)
    assert "3 of 4 lines are broken: line 3: 3 columns, not 4 in 'b.wav,real,F', " in text
    assert "line 4: 5 columns, not 4 in 'c.wav,fake,ben,M,x'" in text
    assert "line 5: unknown label 'odd'" in text
    # One length all the way is no excuse.
    lay_out(tmp_path, "file,label", "a.wav,real,1", "b.wav,fake,2")
    with pytest.raises(DatasetError, match="2 of 2 lines are broken: line 2: 3 columns, not 2"):
        scan_folder(tmp_path)


@pytest.mark.parametrize(
    ("header", "name"),
    [("file,label,File", "file"), ("path,label,Label ", "label"), ("file,label,x,X", "x")],
)
def test_columns_of_one_name(tmp_path: Path, header: str, name: str) -> None:
    lay_out(tmp_path, header, ",".join(["a.wav", "real", *"1" * (header.count(",") - 1)]), "b.wav")
    with pytest.raises(DatasetError) as raised:
        scan_folder(tmp_path)
    assert f"line 1: 2 columns are called {name} in '{header.strip()}', line 3: 1 " in str(
        raised.value
    )


def test_bona_fide_with_an_attack(tmp_path: Path) -> None:
    lay_out(tmp_path, "file,label,attack", "a.wav,real,WaveNet", "b.wav,fake,WaveNet")
    with pytest.raises(DatasetError, match="line 2: bona-fide with the attack WaveNet in 'a"):
        scan_folder(tmp_path)


def test_columns_without_a_name_are_left_out(tmp_path: Path) -> None:
    lay_out(tmp_path, "file,label,,", "a.wav,real,,", "b.wav,fake,1,2")
    assert set(scan_folder(tmp_path).files) == {
        *("file", "label", "speaker", "id", "gender", "attack"),
    }


def test_paths_that_lead_out_are_told_by_their_line(tmp_path: Path) -> None:
    rows = ["z.wav,real", "/etc/a.wav,real", "../b.wav,fake", "x/../../c.wav,fake", ",fake"]
    (tmp_path / "metadata.csv").write_text("\n".join(["file,label", *rows]) + "\n")
    with pytest.raises(DatasetError) as raised:
        scan_folder(tmp_path)
    text = str(raised.value)
    assert f"{tmp_path / 'metadata.csv'}: 4 of 5 lines are broken: " in text
    assert "line 3: '/etc/a.wav' is not a path inside the data set in '/etc/a.wav,real'" in text
    assert "line 4: '../b.wav' is not a path inside the data set" in text
    assert text.endswith(" and 1 more")


def test_a_quote_that_is_never_closed(tmp_path: Path) -> None:
    rows = ["a.wav,real,ja", 'b.wav,real,"nein', "c.wav,fake,doch"]
    lay_out(tmp_path, "file,label,text", *rows)
    with pytest.raises(DatasetError, match=r"metadata\.csv cannot be read from line 3 on: "):
        scan_folder(tmp_path)


def test_fields_over_several_lines(tmp_path: Path) -> None:
    lay_out(tmp_path, "file,label,text", 'a.wav,real,"ja\nnein"', "b.wav,fake,")
    assert scan_folder(tmp_path).files["transcript"].tolist() == ["ja\nnein", ""]


def test_missing_unlisted_and_foreign_files(tmp_path: Path) -> None:
    rows = ["a.wav,real", "b.wav,real", "c.txt,fake"]
    lay_out(tmp_path, "path,label", *rows, files=("deep/x.flac", "notes.txt"))
    (tmp_path / "b.wav").unlink()
    scan = scan_folder(tmp_path)
    assert scan.files["file"].tolist() == ["a.wav"]
    assert set(scan.problems) == {"b.wav", "c.txt", "deep/x.flac"}
    assert "missing" in scan.problems["b.wav"]
    assert "is not a kind of recording that is read" in scan.problems["c.txt"]
    assert "not listed" in scan.problems["deep/x.flac"]


def test_own_columns_and_speakers(tmp_path: Path) -> None:
    rows = [
        "a.wav,real,,F01,-,x,dev",
        "b.wav,fake, s2 ,F02,WaveNet,y,eval",
        "c.wav,real,s3,,real,z,",
    ]
    lay_out(tmp_path, "file,label,speaker,id,attack,licence,split", *rows)
    files = scan_folder(tmp_path).files
    assert files["speaker"].tolist() == ["F01", "s2", "s3"]
    # A bona-fide recording was made by no system.
    assert files["attack"].tolist() == ["", "WaveNet", ""]
    assert files["licence"].tolist() == ["x", "y", "z"]
    assert files["split"].tolist() == ["dev", "eval", ""]


@pytest.mark.parametrize("text", ["transcript", "text", "Sentence"])
def test_names_for_utterance_and_transcript(tmp_path: Path, text: str) -> None:
    lay_out(tmp_path, f"file,label,pair_id,{text}", "a.wav,real,p1,bom dia", "b.wav,fake,p1,")
    files = scan_folder(tmp_path).files
    assert files["utterance"].tolist() == ["p1", "p1"]
    assert files["transcript"].tolist() == ["bom dia", ""]
    assert not {"pair_id", "text", "sentence"} & set(files)
    # A column of the very name goes before another that could stand for it.
    lay_out(tmp_path, "file,label,pair_id,utterance", "a.wav,real,p1,u1", "b.wav,fake,p1,u2")
    files = scan_folder(tmp_path).files
    assert files["utterance"].tolist() == ["u1", "u2"]
    assert files["pair_id"].tolist() == ["p1", "p1"]


def test_hidden_recordings_may_be_listed(tmp_path: Path) -> None:
    lay_out(tmp_path, "file,label", ".cache/a.wav,real", "b.wav,fake", files=(".cache/c.wav",))
    scan = scan_folder(tmp_path)
    assert scan.files["file"].tolist() == [".cache/a.wav", "b.wav"]
    assert not scan.problems


def test_one_file_under_two_spellings_is_listed_twice(tmp_path: Path) -> None:
    lay_out(tmp_path, "file,label", "a/b.wav,real", "a/./b.wav,fake", "a//b.wav,fake")
    with pytest.raises(DatasetError, match=r"listed twice|not a path"):
        scan_folder(tmp_path)


@pytest.mark.parametrize(("header", "missing"), [("label", "file .or path."), ("file", "label")])
def test_a_missing_column_is_named(tmp_path: Path, header: str, missing: str) -> None:
    (tmp_path / "metadata.csv").write_text(f"{header},other\na,b\n")
    with pytest.raises(DatasetError, match=f"has no column {missing}; found {header}, other"):
        scan_folder(tmp_path, "csv")


def test_the_layout_is_recognised_or_asked_for(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"no known layout \(cetuc, .*folders\); ") as raised:
        scan_folder(tmp_path)
    assert "DatasetPreparation.md shows what each expects, and --layout=NAME" in str(raised.value)
    assert len(str(raised.value)) - len(str(tmp_path)) < 250
    with pytest.raises(DatasetError, match=r"no metadata\.csv in .*; the layout is metadata"):
        scan_folder(tmp_path, "csv")
    with pytest.raises(ArgumentError, match=r"--layout=cetucc .*did you mean cetuc"):
        scan_folder(tmp_path, "cetucc")
    lay_out(tmp_path, "file,label", "a.wav,real")
    (tmp_path / "real_voices").mkdir()
    (tmp_path / "fake_voices").mkdir()
    with pytest.raises(DatasetError, match="--layout=cetuc or --layout=csv"):
        scan_folder(tmp_path)
    assert scan_folder(tmp_path, "csv").files["file"].tolist() == ["a.wav"]

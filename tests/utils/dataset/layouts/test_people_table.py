"""Tables as people have them: encodings, separators, names of columns, paths and words."""

import codecs
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from src.utils.config import ROOT
from src.utils.dataset.generate import generate_tables
from src.utils.dataset.layouts import scan_folder
from src.utils.dataset.layouts.keys import read_key
from src.utils.dataset.layouts.people_table import names_of
from src.utils.dataset.layouts.scan import Scan
from src.utils.errors import AudiosError, DatasetError

ROWS = [
    "path,label,speaker,gender",
    *(
        f"audio/{number}.wav,{('bona-fide', 'spoof')[number % 2]},s{number // 2},"
        f"{'FFMM'[number % 4]}"
        for number in range(8)
    ),
]
ODD = ROOT.parent / "shared/odd-inputs/tables"


def corpus(folder: Path, table: str | bytes, suffix: str = ".wav") -> Path:
    """Lay the table beside eight recordings."""
    (folder / "audio").mkdir(exist_ok=True)
    for number in range(8):
        (folder / f"audio/{number}{suffix}").touch()
    content = table if isinstance(table, bytes) else table.encode()
    (folder / "metadata.csv").write_bytes(content)
    return folder


def scanned(folder: Path, table: str | bytes, suffix: str = ".wav") -> Scan:
    scan = generate_tables(corpus(folder, table, suffix))
    assert not scan.problems
    return scan


def expect_whole(scan: Scan, suffix: str = ".wav") -> None:
    assert scan.files["file"].tolist() == [f"audio/{number}{suffix}" for number in range(8)]
    assert scan.files["label"].tolist() == ["bona-fide", "spoof"] * 4
    assert scan.files["gender"].tolist() == list("FFMM" * 2)


def change(*, end: str = "\n", by: str = ",", rows: list[str] | None = None) -> str:
    return end.join(rows or ROWS).replace(",", by) + end


@pytest.mark.parametrize(
    "table",
    [
        change().encode(),
        codecs.BOM_UTF8 + change(end="\r\n").encode(),
        codecs.BOM_UTF16_LE + change(end="\r\n", by="\t").encode("utf-16-le"),
        codecs.BOM_UTF16_BE + change(by=";").encode("utf-16-be"),
        change(by=";", end="\r").encode(),
        change(by="\t").encode(),
        ("sep=;\r\n" + change(by=";", end="\r\n")).encode(),
        change(rows=[*ROWS, ",,,", " , ,,", ""]).encode(),
        change(rows=[f"{row}," for row in ROWS]).encode(),
        change(rows=[ROWS[0], *(f"{row},,," for row in ROWS[1:])]).encode(),
        change(rows=[f"{ROWS[0]},,", *ROWS[1:]]).encode(),
        change(rows=['"' + row.replace(",", '","') + '"' for row in ROWS]).encode(),
        change(by='"\t"', rows=[f'"{row}"' for row in ROWS]).encode(),
        change().replace("audio/", ".\\audio\\").encode(),
        change().replace("audio/", "./audio//").encode(),
        change().replace("path", " Filename ").replace("gender", "SEX").encode(),
        change().replace("path", "audio_path").replace("speaker", "Speaker-ID").encode(),
        change().replace("bona-fide", "human").replace("spoof", "deepfake").encode(),
        change().replace("label", "is spoof").replace("bona-fide", "0").replace("spoof,", "1,")
        .replace("is 1,", "is spoof,").encode(),
        change().replace("label", "is_real").replace("bona-fide", "TRUE").replace("spoof", "False")
        .encode(),
        change().replace(".wav", "").encode(),
        change().replace(".wav", ".WAV").encode(),
    ],
)  # fmt: skip
def test_one_table_in_many_forms(tmp_path: Path, table: bytes) -> None:
    expect_whole(scanned(tmp_path, table))


@pytest.mark.skipif(not ODD.is_dir(), reason="needs ../shared/odd-inputs")
@pytest.mark.parametrize(
    "name",
    ["blank_rows", "case", "labelhuman", "latin1", "semicolon", "tab"],
)
def test_the_odd_tables(tmp_path: Path, name: str) -> None:
    suffix = ".WAV" if name == "case" else ".wav"
    expect_whole(scanned(tmp_path, (ODD / f"{name}.csv").read_bytes(), suffix), suffix)


def test_latin1_is_told_by_its_line(tmp_path: Path) -> None:
    scan = scanned(tmp_path, change().replace("s1,M", "José,M").encode("latin-1"))
    expect_whole(scan)
    assert scan.files["speaker"].tolist()[2] == "José"
    [told] = scan.warnings
    assert "metadata.csv is not UTF-8" in told
    assert "line 4 on, 'audio/2.wav,bona-fide,José,M'" in told


@pytest.mark.parametrize("words", [("1", "0"), ("0", "1"), ("true", "false"), ("1", "1")])
def test_numbers_for_classes_are_asked_about(tmp_path: Path, words: tuple[str, str]) -> None:
    table = change().replace("bona-fide", words[0]).replace("spoof", words[1])
    with pytest.raises(DatasetError) as raised:
        scan_folder(corpus(tmp_path, table))
    told = str(raised.value)
    assert f"metadata.csv: the labels are {' and '.join(sorted(set(words)))}, which" in told
    assert "call the column is_spoof or is_bona_fide" in told


def test_absolute_paths(tmp_path: Path) -> None:
    inside = change().replace("audio/", f"{tmp_path}/audio/")
    scan = scanned(tmp_path, inside)
    expect_whole(scan)
    link = tmp_path.parent / f"{tmp_path.name}-link"
    link.symlink_to(tmp_path)
    expect_whole(generate_tables(link))
    outside = change(rows=[*ROWS, r"C:\x\9.wav,spoof,,", "/x/9.wav,spoof,,", "../9.wav,spoof,,"])
    with pytest.raises(DatasetError) as raised:
        scan_folder(corpus(tmp_path, outside))
    for line, path in ((10, r"C:\x\9.wav"), (11, "/x/9.wav"), (12, "../9.wav")):
        assert f"line {line}: '{path}' is not a path inside the data set" in str(raised.value)


def test_names_are_matched_with_what_is_on_disk(tmp_path: Path) -> None:
    mac = unicodedata.normalize("NFD", "é")
    corpus(tmp_path, change(rows=["file,label", "audio/é.wav,real", "audio/0.WAV,fake"]))
    (tmp_path / f"audio/{mac}.wav").touch()
    scan = scan_folder(tmp_path)
    assert scan.files["file"].tolist() == ["audio/0.wav", f"audio/{mac}.wav"]
    assert [*scan.warnings] == [
        "1 path is spelt otherwise in metadata.csv than on disk, such as audio/0.WAV for "
        "audio/0.wav"
    ]
    table = change(rows=["file,label", "audio/0.wav,real", "audio/0,fake"])
    with pytest.raises(DatasetError, match=r"line 3: audio/0\.wav is listed twice"):
        scan_folder(corpus(tmp_path, table))
    (tmp_path / "audio/0.mp3").touch()
    scan = scan_folder(corpus(tmp_path, table))
    assert "more than one recording" in scan.problems["audio/0"]


def test_protocols_find_names_in_another_spelling(make_corpus: Callable) -> None:
    folder = make_corpus("in-the-wild")
    table = folder / "release_in_the_wild/meta.csv"
    expected = scan_folder(folder).files
    text = table.read_text().replace(",", ";").replace(".wav", ".WAV")
    table.write_bytes(codecs.BOM_UTF16_LE + text.encode("utf-16-le"))
    assert scan_folder(folder).files.equals(expected)


@pytest.mark.parametrize("word", ["unknown", "NaN", "None", "-", "n/a", "?", "", " ", "null", "NA"])
def test_an_unknown_speaker_is_nobody(tmp_path: Path, word: str) -> None:
    rows = [f"{row.rsplit(',', 2)[0]},{word},F" for row in ROWS[1:]]
    scan = scanned(tmp_path, change(rows=[ROWS[0], *rows]))
    assert set(scan.files["speaker"]) == {""}
    # An id does not stand in for it, if it says as little.
    scan = scanned(tmp_path, change(rows=[f"{ROWS[0]},id", *(f"{row},{word}" for row in rows)]))
    assert set(scan.files["speaker"]) == {""}
    assert not scan.warnings


def test_a_folder_called_unknown_is_nobody(tmp_path: Path) -> None:
    for name in ("real/unknown/1.wav", "real/Ana/2.wav", "fake/unknown/1.wav"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    files = scan_folder(tmp_path).files.set_index("file")
    assert files["speaker"].to_dict() == {
        "fake/unknown/1.wav": "",
        "real/Ana/2.wav": "Ana",
        "real/unknown/1.wav": "",
    }
    assert not files["utterance"].any()


def test_doubts_about_speakers_are_told(tmp_path: Path) -> None:
    scan = scanned(tmp_path, change().replace("s1", "S0").replace("spoof,s2,F", "spoof,s2,M"))
    genders, names = scan.warnings
    assert "1 speaker has two genders" in genders
    assert "s2 (F in 1, M in 1 clips" in genders
    assert "'S0' = 's0'?" in names
    assert (scan.files["speaker"] == "S0").sum() == 2
    # Blanks around a name, and letters composed otherwise, are no other name.
    table = change().replace("s0,F", "Änna ,F", 1).replace("s0,F", "A\u0308nna,F", 1)
    scan = scanned(tmp_path, table)
    assert set(scan.files["speaker"][:2]) == {"Änna"}
    assert not scan.warnings


def test_names_of_columns() -> None:
    assert names_of(["File Name", " Class", "Sex", "SPK-ID"]) == [
        *("file", "label", "gender", "speaker"),
    ]
    assert names_of(["path", "file", "Is_Fake"]) == ["path", "file", "label"]
    assert names_of(["utt", "filename", "label", "is_fake"]) == [
        *("utt", "file", "label", "is_fake"),
    ]


def test_a_first_line_that_names_nothing(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="the first line must name the columns, such as file,l"):
        scan_folder(corpus(tmp_path, change(rows=ROWS[1:])))


@pytest.mark.parametrize(
    "lines",
    [
        ["file;label", "a b;real", "c;fake"],
        ["utt\tkey", "a b\tbonafide", "c\tspoof"],
        ["a b,bonafide", "c,spoof"],
        ["a b bonafide", "c spoof"],
        ["a b\treal", "c\tfake"],
        ["path,is_spoof", "a b,0", "c,1"],
    ],
)
def test_keys_as_people_have_them(tmp_path: Path, lines: list[str]) -> None:
    path = tmp_path / "key"
    path.write_text("\n".join(lines), encoding="utf-16")
    key = read_key(path)
    assert key["file"].tolist() == ["a b", "c"]
    assert key["label"].tolist() == ["bona-fide", "spoof"]


def test_a_key_of_numbers_is_asked_about(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("file,label\na,1\nb,0\n")
    with pytest.raises(AudiosError, match="do not say which class is which"):
        read_key(path)


def test_attacks_beside_the_folders(tmp_path: Path) -> None:
    for name in ("real_voices/Ana_F001/1.wav", "fake_voices/Ana_F001_Fake/1.wav"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    text = "Path;Attack;\r\n.\\fake_voices\\Ana_F001_Fake\\1.wav;XTTS;\r\n;;\r\n"
    (tmp_path / "attacks.csv").write_bytes(text.encode("utf-16"))
    assert scan_folder(tmp_path).files["attack"].tolist() == ["XTTS", ""]

"""The layouts with tables of paths: In-the-Wild and SpoofCeleb."""

from collections.abc import Callable

import pytest

from src.utils.dataset.layouts import scan_folder
from src.utils.dataset.layouts.scan import Total
from src.utils.errors import DatasetError

COLUMNS = ["file", "speaker", "label", "attack"]


def test_in_the_wild(make_corpus: Callable) -> None:
    folder = make_corpus("in-the-wild")
    scan = scan_folder(folder)
    assert scan.files[COLUMNS[:3]].to_numpy().tolist() == [
        ["release_in_the_wild/0.wav", "Alec Guinness", "spoof"],
        ["release_in_the_wild/1.wav", "Barack Obama", "bona-fide"],
    ]
    assert scan.totals == [Total("In-the-Wild, lines listed", 2, 31_779)]
    inner = scan_folder(folder / "release_in_the_wild")
    assert inner.files["file"].tolist() == ["0.wav", "1.wav"]


def test_in_the_wild_with_faults(make_corpus: Callable, make_files: Callable) -> None:
    folder = make_corpus("in-the-wild")
    inner = folder / "release_in_the_wild"
    make_files(inner, "2.wav")
    with (inner / "meta.csv").open("a") as stream:
        stream.write("3.wav,X,spoof\n")
    problems = scan_folder(folder).problems
    assert problems == {
        "release_in_the_wild/3.wav": "is listed in meta.csv but missing",
        "release_in_the_wild/2.wav": "is not listed in meta.csv",
    }
    with (inner / "meta.csv").open("a") as stream:
        stream.write("0.wav,X,spoof\n4.wav,spoof\n2.wav,X,fakish\n")
    with pytest.raises(DatasetError) as raised:
        scan_folder(folder)
    for told in (
        "meta.csv: 3 of 6 lines are broken: ",
        "line 5: 0.wav is listed twice in '0.wav,X,spoof'",
        "line 6: 2 columns, not 3 in '4.wav,spoof'",
        "line 7: unknown label 'fakish' in '2.wav,X,fakish'",
    ):
        assert told in str(raised.value)


def test_another_meta_csv_is_not_taken(make_corpus: Callable) -> None:
    folder = make_corpus("in-the-wild")
    path = folder / "release_in_the_wild/meta.csv"
    path.write_text(path.read_text().replace("file,speaker,label", "file,speaker,label,split"))
    with pytest.raises(DatasetError, match="fits no known layout"):
        scan_folder(folder)
    with pytest.raises(DatasetError, match="columns file,speaker,label alone; found file, speak"):
        scan_folder(folder, "in-the-wild")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "file|speaker|label\n0.wav|X|spoof\n",
            "line, 'file.speaker.label', is not sep.* ','",
        ),
        ("path,who,label\n0.wav,X,spoof\n", "found path, who, label$"),
        ("", "the file is empty$"),
        ("\xff\0", "is not text"),
    ],
)
def test_the_header_of_another_meta_csv_is_told(
    text: str, told: str, make_corpus: Callable
) -> None:
    folder = make_corpus("in-the-wild")
    (folder / "release_in_the_wild/meta.csv").write_bytes(text.encode("latin-1"))
    with pytest.raises(DatasetError, match=rf"release_in_the_wild/meta\.csv .*{told}"):
        scan_folder(folder, "in-the-wild")


def test_in_the_wild_without_a_table(make_corpus: Callable) -> None:
    folder = make_corpus("in-the-wild")
    (folder / "release_in_the_wild/meta.csv").unlink()
    with pytest.raises(DatasetError, match=r"must hold one meta\.csv with .*; it holds none"):
        scan_folder(folder, "in-the-wild")


@pytest.mark.parametrize("relative_to", ["flac/train", "flac", ""])
def test_spoofceleb(relative_to: str, make_corpus: Callable) -> None:
    folder = make_corpus("spoofceleb")
    path = folder / "metadata/train.csv"
    prefix = "flac/train"[len(relative_to) :].strip("/")
    path.write_text(path.read_text().replace("\na", f"\n{prefix}/a" if prefix else "\na"))
    scan = scan_folder(folder)
    assert not scan.problems
    assert len(scan.files) == 6
    train = scan.files[scan.files["split"] == "train"]
    assert train[COLUMNS].to_numpy().tolist() == [
        ["flac/train/a00/id1/train1.flac", "id1", "bona-fide", ""],
        ["flac/train/a07/id1/train2.flac", "id1", "spoof", "a07"],
    ]
    assert set(scan.files["split"]) == {"train", "dev", "eval"}


def test_spoofceleb_with_missing_recordings(make_corpus: Callable) -> None:
    folder = make_corpus("spoofceleb")
    (folder / "flac/development/a07/id1/development2.flac").unlink()
    (folder / "flac/development/a00/id1/development1.flac").unlink()
    problems = scan_folder(folder).problems
    assert len(problems) == 2
    assert problems["flac/development/a00/id1/development1.flac"] == (
        "is listed in development.csv but missing"
    )


def test_spoofceleb_with_unknown_attacks(make_corpus: Callable) -> None:
    folder = make_corpus("spoofceleb")
    path = folder / "metadata/train.csv"
    attacks = ("A00", "bonafide", "", "x", "a7", "a001")
    with path.open("a") as stream:
        stream.writelines(f"{number}.flac,id1,{attack}\n" for number, attack in enumerate(attacks))
    with pytest.raises(DatasetError) as raised:
        scan_folder(folder)
    text = str(raised.value)
    assert "train.csv: 6 of 8 lines are broken: " in text
    for number, attack in enumerate(attacks[:3]):
        assert (
            f"line {number + 4}: unknown attack '{attack}' in '{number}.flac,id1,{attack}'" in text
        )
    assert text.endswith(" and 3 more (known attack: a00, a01, ...)")


def test_spoofceleb_without_a_header(make_corpus: Callable, make_files: Callable) -> None:
    folder = make_corpus("spoofceleb")
    for part in ("development", "train", "evaluation"):
        path = folder / f"metadata/{part}.csv"
        whole = path.read_text()
        path.write_text(whole.partition("\n")[2])
        with pytest.raises(DatasetError, match=rf"{part}\.csv has no column .*; found a00/id1/"):
            scan_folder(folder)
        path.write_text(whole)
    for path in (folder / "metadata").iterdir():
        path.write_text("x")
    with pytest.raises(DatasetError, match=r"train\.csv has no column .*, 'x', is not separated"):
        scan_folder(folder, "spoofceleb")


def test_other_tables_beside_spoofceleb(make_corpus: Callable, make_files: Callable) -> None:
    folder = make_corpus("spoofceleb")
    make_files(folder, "other/metadata/train.csv")
    assert len(scan_folder(folder).files) == 6

"""Reading the key of a test from one file, whichever corpus it is of."""

from collections.abc import Callable
from pathlib import Path

import pytest

from src.utils.dataset.layouts import scan_folder
from src.utils.dataset.layouts.keys import read_key
from src.utils.dataset.layouts.tree import stem_of
from src.utils.dataset.schema import write_files_table
from src.utils.errors import ArgumentError, DatasetError

ASVSPOOF2019 = "LA/ASVspoof2019_LA_cm_protocols/ASVspoof2019.LA.cm.eval.trl.txt"


def written(folder: Path, *lines: str) -> Path:
    path = folder / "key.dat"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def moved(path: Path, folder: Path) -> Path:
    """Give a protocol a name that tells nothing."""
    return path.rename(folder / "key.dat")


def test_asvspoof2019(make_corpus: Callable, tmp_path: Path) -> None:
    key = read_key(moved(make_corpus("asvspoof2019") / ASVSPOOF2019, tmp_path))
    assert list(key) == ["file", "label", "speaker", "attack"]
    assert key.to_numpy().tolist() == [
        ["LA_E_2834763", "spoof", "LA_0039", "A11"],
        ["LA_E_8877452", "spoof", "LA_0014", "A14"],
        ["LA_E_6828287", "bona-fide", "LA_0040", ""],
    ]


def test_asvspoof2021_logical_access(make_corpus: Callable, tmp_path: Path) -> None:
    path = moved(make_corpus("asvspoof2021") / "keys/LA/CM/trial_metadata.txt", tmp_path)
    key = read_key(path)
    assert list(key) == ["file", "label", "speaker", "attack", "codec"]
    assert key.to_numpy().tolist() == [
        ["LA_E_9332881", "spoof", "LA_0009", "A07", "alaw"],
        ["LA_E_6866159", "bona-fide", "LA_0020", "", "gsm"],
    ]
    assert key.index.tolist() == [0, 1]


def test_asvspoof2021_deepfake(make_corpus: Callable, tmp_path: Path) -> None:
    path = moved(make_corpus("asvspoof2021") / "keys/DF/CM/trial_metadata.txt", tmp_path)
    key = read_key(path)
    assert list(key) == ["file", "label", "speaker", "attack", "codec", "source"]
    assert key.to_numpy().tolist() == [
        ["DF_E_2000013", "spoof", "TEF2", "Task1-team20", "low_m4a", "vcc2020"],
        ["DF_E_2000026", "bona-fide", "LA_0042", "", "mp3m4a", "asvspoof"],
    ]


def test_the_subsets_of_asvspoof2021(make_corpus: Callable) -> None:
    path = make_corpus("asvspoof2021") / "keys/LA/CM/trial_metadata.txt"
    everything = ["LA_E_9332881", "LA_E_6866159", "LA_E_5464494", "LA_E_1000000"]
    assert read_key(path, "all")["file"].tolist() == everything
    assert read_key(path, "eval")["file"].tolist() == everything[:2]
    assert read_key(path, "progress")["file"].tolist() == everything[2:3]
    assert read_key(path, "hidden")["file"].tolist() == everything[3:]
    told = "--subset=evil is not one of eval, progress, hidden, all; did you mean eval?"
    with pytest.raises(ArgumentError, match=told.replace("?", r"\?")):
        read_key(path, "evil")
    assert read_key(path, "hidden").index.tolist() == [0]
    text = path.read_text()
    path.write_text(text.replace("notrim eval", "notrim progress"))
    with pytest.raises(ArgumentError, match="--subset=eval is not one of progress, hidden, all"):
        read_key(path)
    path.write_text(text.replace("notrim eval", "notrim Eval"))
    with pytest.raises(DatasetError, match="2 of 4 lines are broken: line 1: unknown subset"):
        read_key(path)


def test_asvspoof5(make_corpus: Callable, tmp_path: Path) -> None:
    key = read_key(moved(make_corpus("asvspoof5") / "ASVspoof5.eval.track_1.tsv", tmp_path))
    assert list(key) == ["file", "label", "speaker", "gender", "attack", "codec"]
    assert key.to_numpy().tolist() == [
        ["E_0000000001", "spoof", "E_1607", "F", "A19", "-"],
        ["E_0000000002", "spoof", "E_1607", "F", "A19", "C05"],
        ["E_0000000003", "bona-fide", "E_0800", "M", "", "C01"],
    ]


def test_asvspoof5_as_in_the_challenge(tmp_path: Path) -> None:
    rows = ["T_4850 T_0000000000 F - A05 spoof", "T_1210 T_0000000023 M - bonafide bonafide"]
    key = read_key(written(tmp_path, *rows))
    assert list(key) == ["file", "label", "speaker", "gender", "attack"]
    assert key["attack"].tolist() == ["A05", ""]
    key = read_key(written(tmp_path, "filename\tcm-label", "E_1\tbonafide", "E_2\tspoof"))
    assert key.to_numpy().tolist() == [["E_1", "bona-fide"], ["E_2", "spoof"]]
    assert list(key) == ["file", "label"]


def test_in_the_wild(make_corpus: Callable, tmp_path: Path) -> None:
    key = read_key(moved(make_corpus("in-the-wild") / "release_in_the_wild/meta.csv", tmp_path))
    assert list(key) == ["file", "label", "speaker"]
    assert key.to_numpy().tolist() == [
        ["0.wav", "spoof", "Alec Guinness"],
        ["1.wav", "bona-fide", "Barack Obama"],
    ]


def test_spoofceleb(make_corpus: Callable, tmp_path: Path) -> None:
    key = read_key(moved(make_corpus("spoofceleb") / "metadata/evaluation.csv", tmp_path))
    assert list(key) == ["file", "label", "speaker", "attack"]
    assert key.to_numpy().tolist() == [
        ["a00/id1/evaluation1.flac", "bona-fide", "id1", ""],
        ["a07/id1/evaluation2.flac", "spoof", "id1", "a07"],
    ]
    with pytest.raises(DatasetError, match="line 2: unknown attack 'x'"):
        read_key(written(tmp_path, "file,speaker,attack", "a.flac,id1,x"))


@pytest.mark.parametrize("name", ["asvspoof2019", "asvspoof5", "in-the-wild"])
def test_a_key_says_what_the_layout_says(name: str, make_corpus: Callable) -> None:
    folder = make_corpus(name)
    path = {
        "asvspoof2019": ASVSPOOF2019,
        "asvspoof5": "ASVspoof5.eval.track_1.tsv",
        "in-the-wild": "release_in_the_wild/meta.csv",
    }[name]
    files = scan_folder(folder).files
    files["file"] = [stem_of(file) for file in files["file"]]
    key = read_key(folder / path)
    key["file"] = [stem_of(file) for file in key["file"]]
    scanned = files.set_index("file").loc[key["file"], list(key)[1:]]
    assert scanned.to_numpy().tolist() == key[list(key)[1:]].to_numpy().tolist()


def test_a_plain_table(tmp_path: Path) -> None:
    key = read_key(written(tmp_path, "label,file", "real,/data/my clip.wav", "Fake, b "))
    assert list(key) == ["file", "label"]
    assert key.to_numpy().tolist() == [["/data/my clip.wav", "bona-fide"], ["b", "spoof"]]


def test_a_metadata_csv(tmp_path: Path) -> None:
    rows = ["a.wav,real,anna,female,,en,lab,x,dev", "b.wav,fake,ben,M,XTTS,pt,web,y,eval"]
    header = "Path,label,speaker,gender,attack,language,source,licence,subset"
    key = read_key(written(tmp_path, header, *rows))
    columns = ["file", "label", "speaker", "gender", "attack", "source", "language"]
    assert list(key) == columns
    assert key.to_numpy().tolist() == [
        ["a.wav", "bona-fide", "anna", "F", "", "lab", "en"],
        ["b.wav", "spoof", "ben", "M", "XTTS", "web", "pt"],
    ]


def test_a_files_table(tmp_path: Path, make_table: Callable) -> None:
    table = make_table(("Ana_F001", "F", 1, 1), attack="")
    write_files_table(tmp_path / "files-downstream_test.csv", table)
    key = read_key(tmp_path / "files-downstream_test.csv")
    # What is empty throughout says nothing.
    assert list(key) == ["file", "label", "speaker", "gender"]
    assert key["file"].tolist() == table["file"].tolist()
    assert key["label"].tolist() == ["bona-fide", "spoof"]


def test_line_ends_and_marks_do_not_matter(tmp_path: Path, make_corpus: Callable) -> None:
    path = make_corpus("asvspoof2019") / ASVSPOOF2019
    expected = read_key(path).to_numpy().tolist()
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n\r\n"))
    assert read_key(path).to_numpy().tolist() == expected
    path = tmp_path / "key.csv"
    path.write_bytes(b"\xef\xbb\xbffile,label\r\na,real\r\n")
    assert read_key(path).to_numpy().tolist() == [["a", "bona-fide"]]


def test_broken_lines_are_told_at_once(tmp_path: Path) -> None:
    rows = ["s a - - bonafide", "s b - A01 maybe", "s a - A01 spoof", "s c spoof"]
    with pytest.raises(DatasetError) as raised:
        read_key(written(tmp_path, *rows, "s d - A01 bonafide"))
    for told in (
        "4 of 5 lines are broken: ",
        "line 2: unknown label 'maybe'",
        "line 3: a is listed twice",
        "line 4: 3 columns, not 5",
        "line 5: bona-fide with the attack A01",
    ):
        assert told in str(raised.value)
    rows = ["a,1", ",real", " b,real", "b,fake"]
    with pytest.raises(DatasetError) as raised:
        read_key(written(tmp_path, "file,label", *rows))
    for told in (
        "line 2: unknown label '1'",
        "line 3: the name of the recording is empty",
        "line 5: b is listed twice",
    ):
        assert told in str(raised.value)


@pytest.mark.parametrize("text", ["LA_E_1 0.5\n", "utt,score\na,1\n", "a;b;c\n", "s a p A01\n"])
def test_an_unknown_form(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, text.strip())
    with pytest.raises(DatasetError) as raised:
        read_key(path)
    told = str(raised.value)
    assert told.startswith(f"{path} is no key: its first line is '{text.splitlines()[0]}'; a key ")
    for accepted in ("file,label", "5 columns", "8 or 13", "10 or 6", "SpoofCeleb"):
        assert accepted in told
    assert "\n" not in told


def test_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="cannot read"):
        read_key(tmp_path / "absent")
    with pytest.raises(DatasetError, match="lists nothing"):
        read_key(written(tmp_path, ""))
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DatasetError, match="is not text"):
        read_key(tmp_path / "binary")


@pytest.mark.parametrize("subset", ["eval", "all"])
def test_a_key_without_subsets(tmp_path: Path, make_corpus: Callable, subset: str) -> None:
    told = f"--subset={subset} goes with a key of ASVspoof 2021; .* tells no subsets"
    for path in (
        make_corpus("asvspoof2019") / ASVSPOOF2019,
        written(tmp_path, "file,label,subset", "a,real,eval"),
    ):
        with pytest.raises(ArgumentError, match=told):
            read_key(path, subset)

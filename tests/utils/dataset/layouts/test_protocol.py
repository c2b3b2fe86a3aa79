"""Reading protocols, and telling everything that is wrong with one."""

import tracemalloc
from pathlib import Path

import pytest

from src.utils.dataset.layouts import columns
from src.utils.dataset.layouts.protocol import read_lines, read_protocol, read_table
from src.utils.dataset.layouts.spellings import Spellings
from src.utils.errors import DatasetError

FORMAT = ("speaker", "file", "gender", "attack", "label")


def written(folder: Path, *lines: str) -> Path:
    path = folder / "protocol.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_fields_are_read_however_they_are_spaced(tmp_path: Path) -> None:
    path = tmp_path / "protocol.txt"
    path.write_bytes(b"\xef\xbb\xbfs1 a M - bonafide\r\n\r\ns2\tb  F A01 spoof \r\n  \r\n")
    assert [number for number, _ in read_lines(path)] == [1, 3]
    table = read_protocol(path, FORMAT)
    assert table["speaker"].tolist() == ["s1", "s2"]
    assert table["label"].tolist() == ["bona-fide", "spoof"]
    assert table["gender"].tolist() == ["M", "F"]
    assert table["attack"].tolist() == ["", "A01"]


def test_every_kind_of_fault_is_told_in_one_message(tmp_path: Path) -> None:
    good = [f"s{number} clip{number} F A01 spoof" for number in range(10)]
    bad = [
        "s a F A01",
        "s b F A01 maybe",
        "s c X A01 spoof",
        "s clip3 F A01 spoof",
        "s d X A01 huh",
    ]
    path = written(tmp_path, *good, *bad, *["too short"] * 20)
    with pytest.raises(DatasetError) as raised:
        read_protocol(path, FORMAT)
    text = str(raised.value)
    assert text.startswith(f"{path}: 25 of 35 lines are broken: ")
    for told in (
        "line 11: 4 columns, not 5 in 's a F A01'",
        "line 12: unknown label 'maybe' in 's b F A01 maybe'",
        "line 13: unknown gender 'X' in 's c X A01 spoof'",
        "line 14: clip3 is listed twice in 's clip3 F A01 spoof'",
        "line 15: unknown label 'huh' and unknown gender 'X' in 's d X A01 huh'",
        "line 16: 2 columns, not 5 in 'too short'",
        "and 18 more",
    ):
        assert told in text
    assert text.endswith(
        "(known label: bona-fide, bonafide, real, genuine, human, spoof, fake, spoofed, synthetic, "
        "generated, deepfake; "
        "known gender: M, F, male, female, empty)"
    )
    assert "line 18" not in text
    assert "\n" not in text


def test_one_fault_is_singular_and_a_long_line_is_cut(tmp_path: Path) -> None:
    path = written(tmp_path, "s a F - bonafide", "s b F - " + 200 * "x" + " y")
    with pytest.raises(DatasetError, match=r"1 of 2 lines is broken: line 2: 6 columns, .*x…'$"):
        read_protocol(path, FORMAT)


def test_the_version_is_told_by_the_number_of_columns(tmp_path: Path) -> None:
    formats = (FORMAT, ("file", "label"))
    path = written(tmp_path, "what is this", "a spoof", "b bonafide", "s c M - bonafide")
    with pytest.raises(DatasetError) as raised:
        read_protocol(path, *formats)
    assert "line 1: 3 columns, not 2 in" in str(raised.value)
    assert "line 4: 5 columns, not 2 in" in str(raised.value)
    assert list(read_protocol(written(tmp_path, "a spoof"), *formats)) == ["file", "label"]
    with pytest.raises(DatasetError, match="line 1: 3 columns, not 5 or 2 in"):
        read_protocol(written(tmp_path, "what is this"), *formats)


def test_tables_with_a_header(tmp_path: Path) -> None:
    path = written(tmp_path, "label|file|text|more", 'spoof|a|"so|1', "real|b||2")
    table = read_table(path, ["file", "label"], "|", ["text", "absent"], renamed={"text": "said"})
    assert list(table) == ["label", "file", "said"]
    assert table["said"].tolist() == ['"so', ""]
    path = written(tmp_path, "file,label", '"a, b",spoof', "c")
    with pytest.raises(
        DatasetError, match="1 of 2 lines is broken: line 3: 1 columns, not 2 in 'c'"
    ):
        read_table(path, ["file", "label"])
    with pytest.raises(DatasetError, match="has no column speaker, attack; found file, label"):
        read_table(path, ["file", "speaker", "attack"])


def test_what_is_no_protocol(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"cannot read .*absent"):
        read_protocol(tmp_path / "absent", FORMAT)
    with pytest.raises(DatasetError, match="lists nothing"):
        read_protocol(written(tmp_path, "", ""), FORMAT)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DatasetError, match="is not text"):
        read_protocol(tmp_path / "binary", FORMAT)


def test_rows_keep_their_order_over_many_chunks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(columns, "CHUNK", 100)
    lines = [f"s{number % 7} clip{number} F A0{number % 3} spoof" for number in range(1_000)]
    table = read_protocol(written(tmp_path, *lines), FORMAT)
    assert table["file"].tolist() == [f"clip{number}" for number in range(1_000)]
    assert table["speaker"].tolist() == [f"s{number % 7}" for number in range(1_000)]
    lines[777] = "s clip3 F A01 spoof"
    with pytest.raises(DatasetError, match="line 778: clip3 is listed twice"):
        read_protocol(written(tmp_path, *lines), FORMAT)


@pytest.mark.parametrize("delimiter", [None, "|"])
def test_memory_does_not_grow_with_the_lines(tmp_path: Path, delimiter: str | None) -> None:
    def peak(n_lines: int) -> int:
        line = (delimiter or " ").join(["speaker", "{0:08d}", "F", "A01", "spoof"])
        path = written(tmp_path, *(line.format(number) for number in range(n_lines)))
        tracemalloc.start()
        for _ in read_lines(path, delimiter):
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(10)
    few, many = peak(5_000), peak(50_000)
    assert many < few + 20_000


def test_only_the_words_of_what_is_wrong_are_told(tmp_path: Path) -> None:
    path = written(tmp_path, "s a X A01 spoof")
    with pytest.raises(DatasetError, match=r" \(known gender: M, F, male, female, empty\)$"):
        read_protocol(path, FORMAT)


def test_a_layout_has_words_of_its_own(tmp_path: Path) -> None:
    words = {
        "attack": Spellings(lambda column: column.where(column != "A03"), "no {}, please", "A01")
    }
    path = written(tmp_path, "s a F A01 spoof", "s b F A03 spoof", "s c F A01 huh")
    with pytest.raises(DatasetError) as raised:
        read_protocol(path, FORMAT, spellings=words)
    text = str(raised.value)
    assert "2 of 3 lines are broken: line 2: no A03, please in" in text
    assert "line 3: unknown label 'huh'" in text
    assert text.endswith("; known attack: A01)")


def test_a_message_stays_on_one_line(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text(f'file,label\na,spoof\nb,"maybe\nnot {"x" * 200}"\n')
    with pytest.raises(DatasetError) as raised:
        read_table(path, ["file", "label"])
    assert "\n" not in str(raised.value)
    assert "unknown label 'maybe not xxx" in str(raised.value)
    assert "x" * 90 not in str(raised.value)


def test_lines_are_split_from_the_right(tmp_path: Path) -> None:
    path = written(tmp_path, " a  b c\t1 ", "d 2", "e")
    fields = [fields for _, fields in read_lines(path, most=2)]
    assert fields == [["a  b c", "1"], ["d", "2"], ["e"]]
    assert [fields for _, fields in read_lines(path, most=1)][1:] == [["d 2"], ["e"]]
    path = written(tmp_path, "my clip spoof", "b real")
    table = read_protocol(path, ("file", "label"), most=2)
    assert table["file"].tolist() == ["my clip", "b"]
    table = read_table(written(tmp_path, "file label", "my clip spoof"), ["file"], None, most=2)
    assert table["file"].tolist() == ["my clip"]


def test_a_protocol_may_name_no_files(tmp_path: Path) -> None:
    path = written(tmp_path, "a spoof", "a real")
    table = read_protocol(path, ("speaker", "label"))
    assert list(table) == ["speaker", "label"]
    assert table["label"].tolist() == ["spoof", "bona-fide"]

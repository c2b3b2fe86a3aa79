"""The choice between layouts: each is recognised by its files, and taken for no other."""

from collections.abc import Callable
from pathlib import Path

import pytest

from src.utils.dataset.generate import generate_tables
from src.utils.dataset.layouts import LAYOUTS, recognise, scan_folder
from src.utils.dataset.schema import read_files_table
from src.utils.errors import ArgumentError, DatasetError

LAST_RESORT = "folders"


def test_every_layout_has_a_small_corpus(layouts: tuple[str, ...]) -> None:
    assert set(layouts) == set(LAYOUTS)


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layout_is_recognised_and_taken_for_no_other(name: str, make_corpus: Callable) -> None:
    folder = make_corpus(name)
    fitting = {other for other in LAYOUTS if LAYOUTS.load(other).matches(folder)}
    assert fitting - {LAST_RESORT} == {name} - {LAST_RESORT}
    assert recognise(folder).name == name
    scan = scan_folder(folder)
    assert scan.layout == name
    assert not scan.problems
    assert set(scan.files["label"]) <= {"bona-fide", "spoof"}
    assert scan.files["file"].is_monotonic_increasing
    assert all((folder / file).is_file() for file in scan.files["file"])


@pytest.mark.parametrize("name", LAYOUTS)
def test_tables_of_a_layout_are_written_and_read(name: str, make_corpus: Callable) -> None:
    folder = make_corpus(name)
    scan = generate_tables(folder)
    files = read_files_table(folder / "files-metadata.csv")
    assert len(files) == len(scan.files)
    # What the stages write is no part of the corpus.
    assert recognise(folder).name == name


@pytest.mark.parametrize("name", [name for name in LAYOUTS if name != LAST_RESORT])
def test_a_layout_that_is_asked_for_and_not_there(name: str, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"")
    with pytest.raises(DatasetError) as raised:
        scan_folder(tmp_path, name)
    assert str(tmp_path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_one_layout_is_the_last_resort() -> None:
    assert [name for name in LAYOUTS if LAYOUTS.load(name).is_last_resort] == [LAST_RESORT]


def test_no_recording_in_a_folder_of_a_class(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"")
    with pytest.raises(DatasetError, match=r"\(folders named .*: a\.wav is in no folder named"):
        scan_folder(tmp_path, LAST_RESORT)


def test_two_corpora_below_one_folder(make_corpus: Callable) -> None:
    folder = make_corpus("in-the-wild")
    make_corpus("asvspoof5")
    with pytest.raises(DatasetError, match="--layout=asvspoof5 or --layout=in-the-wild"):
        recognise(folder)
    # The recordings of the other are told, not mixed in.
    scan = scan_folder(folder, "in-the-wild")
    assert len(scan.files) == 2
    assert len(scan.problems) == 6
    assert set(scan.problems.values()) == {"is not listed in meta.csv"}


def test_the_bona_fide_side_goes_with_one_layout(make_corpus: Callable, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"--bona-fide goes with --layout=mlaad; .* is csv"):
        scan_folder(make_corpus("csv"), bona_fide=tmp_path)

"""From a folder of recordings to the two tables."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from src.utils.audio.writing import write_waveform
from src.utils.dataset.dataset import Dataset, require_some
from src.utils.dataset.generate import STAGE, generate_tables
from src.utils.dataset.measure import add_durations
from src.utils.errors import DatasetError


def test_both_tables_are_written(tmp_path: Path, make_cetuc: Callable) -> None:
    folder = make_cetuc(tmp_path / "c", without_spoofs=("Davi_M004",))
    (folder / "real_voices" / "oops").mkdir()
    generate_tables(folder)
    dataset = Dataset.open(folder)
    files = dataset.read_files()
    assert len(files) == 14
    assert all(dataset.path(file).is_file() for file in files["file"])
    people = pd.read_csv(folder / "people-metadata.csv")
    assert people["speaker"].tolist() == ["Ana_F001", "Bia_F002", "Caio_M003", "Davi_M004"]
    assert people["n_spoof"].tolist() == [2, 2, 2, 0]
    assert people["gender"].tolist() == ["F", "F", "M", "M"]
    assert list(dataset.read_rejected(STAGE)) == ["real_voices/oops"]
    # Mended, it is not listed any more.
    (folder / "real_voices" / "oops").rmdir()
    generate_tables(folder)
    assert dataset.read_rejected(STAGE) == {}


def test_recordings_elsewhere_are_only_read(
    tmp_path: Path, make_cetuc: Callable, monkeypatch
) -> None:
    evidence = make_cetuc(tmp_path / "evidence")
    before = sorted(path.as_posix() for path in evidence.rglob("*"))
    monkeypatch.chdir(tmp_path)
    generate_tables(Path("work"), audio=Path("evidence"))
    dataset = Dataset.open(tmp_path / "work")
    assert dataset.audio == evidence.resolve()
    assert all(dataset.path(file).is_file() for file in dataset.read_files()["file"])
    add_durations(dataset)
    assert sorted(path.as_posix() for path in evidence.rglob("*")) == before
    evidence.rename(tmp_path / "gone")
    with pytest.raises(DatasetError, match="are gone"):
        Dataset.open(tmp_path / "work")


def test_measures_stay_while_the_recording_does(tmp_path: Path, make_cetuc: Callable) -> None:
    folder = make_cetuc(tmp_path / "c")
    generate_tables(folder)
    add_durations(Dataset.open(folder))
    generate_tables(folder)
    assert Dataset.open(folder).read_files()["duration"].notna().all()
    (folder / "real_voices" / "Ana_F001" / "00.wav").unlink()
    generate_tables(folder)
    files = Dataset.open(folder).read_files()
    assert len(files) == 15
    assert files["duration"].notna().all()
    # Another recording under the same name: what was measured of the old one is not its own.
    changed = folder / files["file"][3]
    write_waveform(changed, np.full(8_000, 0.5, np.float32))
    generate_tables(folder)
    missing = Dataset.open(folder).read_files().set_index("file")["duration"].isna()
    assert missing.index[missing].tolist() == [files["file"][3]]


def test_claims_about_measures_are_not_taken_over(tmp_path: Path) -> None:
    (tmp_path / "metadata.csv").write_text("file,label,duration\na.wav,real,twelve\n")
    (tmp_path / "a.wav").write_bytes(b"")
    generate_tables(tmp_path)
    assert Dataset.open(tmp_path).read_files()["duration"].isna().all()


def test_stages_in_the_wrong_order(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"no data set at .*--dataset"):
        Dataset.open(tmp_path / "absent")
    with pytest.raises(DatasetError, match="run first: fab GenerateDatasetCSV --dataset="):
        Dataset.open(tmp_path).read_files()
    with pytest.raises(DatasetError, match="no folder of recordings"):
        generate_tables(tmp_path / "work", audio=tmp_path / "absent")
    assert not (tmp_path / "work").exists()


def test_a_path_out_of_the_data_set_is_refused(tmp_path: Path) -> None:
    (tmp_path / "outside.wav").write_bytes(b"")
    folder = tmp_path / "c"
    folder.mkdir()
    for file in ("../outside.wav", (tmp_path / "outside.wav").as_posix()):
        (folder / "metadata.csv").write_text(f"file,label\n{file},real\n")
        with pytest.raises(DatasetError, match=r"metadata\.csv: 1 of .*not a path inside the data"):
            generate_tables(folder)
    assert not (folder / "files-metadata.csv").exists()


def test_rejected_by_stage(tmp_path: Path) -> None:
    dataset = Dataset.open(tmp_path)
    dataset.write_rejected("A", {})
    assert not (tmp_path / "rejected.csv").exists()
    dataset.write_rejected("A", {"a.wav": "is bad, truly"})
    dataset.write_rejected("B", {"a.wav": "is worse", "b.wav": "too"})
    assert dataset.read_rejected("A") == {"a.wav": "is bad, truly"}
    dataset.write_rejected("A", {})
    assert dataset.read_rejected("A") == {}
    assert dataset.read_rejected("B") == {"a.wav": "is worse", "b.wav": "too"}


def test_nothing_left_fails() -> None:
    require_some(1, {"a": "is bad"})
    with pytest.raises(DatasetError, match="not one of 2 recordings can be used: a is bad, b is"):
        require_some(0, {"a": "is bad", "b": "is worse"})
    with pytest.raises(DatasetError, match=r"^the files-metadata\.csv lists no recording; run Gen"):
        require_some(0, {})

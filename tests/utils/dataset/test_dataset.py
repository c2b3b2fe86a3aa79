"""Where a data set's recordings lie."""

from pathlib import Path

import pytest

from src.utils.dataset.dataset import POINTER, Dataset
from src.utils.errors import DatasetError


@pytest.fixture
def elsewhere(tmp_path: Path) -> dict[str, Path]:
    folders = {"bona-fide": tmp_path / "far/real", "spoof": tmp_path / "far/fake"}
    for folder in folders.values():
        folder.mkdir(parents=True)
    return folders


def test_mounts_are_kept(tmp_path: Path, elsewhere: dict[str, Path]) -> None:
    made = Dataset.create(tmp_path / "data", mounts=elsewhere)
    assert Dataset.open(tmp_path / "data") == made
    assert made.audio == made.root == tmp_path / "data"
    assert made.path("bona-fide/a/b.wav") == elsewhere["bona-fide"] / "a/b.wav"
    assert made.path("spoof/c.wav") == elsewhere["spoof"] / "c.wav"
    # Another first part lies in the data set itself, even one that begins alike.
    assert made.path("spoofs/c.wav") == tmp_path / "data/spoofs/c.wav"
    assert made.path("spoof") == elsewhere["spoof"]
    assert made.folders == [made.root, *elsewhere.values()]


def test_mounts_beside_audio(tmp_path: Path, elsewhere: dict[str, Path]) -> None:
    audio = tmp_path / "audio"
    audio.mkdir()
    made = Dataset.create(tmp_path / "data", audio, elsewhere)
    assert Dataset.open(made.root) == made
    assert made.path("a.wav") == audio / "a.wav"
    assert made.path("spoof/a.wav") == elsewhere["spoof"] / "a.wav"
    # Without them again, the pointer goes.
    assert Dataset.create(made.root).folders == [made.root]
    assert not (made.root / POINTER).exists()


def test_a_folder_that_is_gone(tmp_path: Path, elsewhere: dict[str, Path]) -> None:
    Dataset.create(tmp_path / "data", mounts=elsewhere)
    elsewhere["spoof"].rmdir()
    with pytest.raises(DatasetError, match=f"are gone: .* names {elsewhere['spoof']}"):
        Dataset.open(tmp_path / "data")


def test_nothing_is_written_into_a_mount(tmp_path: Path, elsewhere: dict[str, Path]) -> None:
    inside = elsewhere["spoof"] / "tables"
    with pytest.raises(DatasetError, match=f"--dataset={inside} lies in --spoof="):
        Dataset.create(inside, mounts=elsewhere)
    assert not inside.exists()
    with pytest.raises(DatasetError, match="no folder of recordings at"):
        Dataset.create(tmp_path / "data", mounts={"spoof": tmp_path / "nowhere"})
    assert not (tmp_path / "data").exists()


def test_measurements_of_none_of_the_files(tmp_path: Path) -> None:
    columns = "file,bytes,mtime_ns,duration,amplitude,sample_rate"
    (tmp_path / "measurements.csv").write_text(f"{columns}\nother.wav,1,1,2.0,0.5,16000\n")
    found = Dataset.open(tmp_path).read_measurements(["a.wav", "b.wav"])
    assert found.index.tolist() == ["a.wav", "b.wav"]
    assert found.isna().all(axis=None)

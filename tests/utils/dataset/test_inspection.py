"""Recordings are measured once, and what was measured is kept."""

import hashlib
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from src.utils.audio.nuisances.measure import NAMES, measure_nuisances
from src.utils.dataset import inspection
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.generate import generate_tables
from src.utils.dataset.inspection import DATABASE, inspect_dataset, inspect_recording
from src.utils.dataset.recording_cache import open_cache
from src.utils.errors import DatasetError
from tests.utils.dataset.damage import DAMAGES, damage

STAGE = "AuditDataset"
COUNT = 9


@pytest.fixture
def recordings(tmp_path: Path, voice: Callable, write_audio: Callable) -> Path:
    folder = tmp_path / "audio"
    rows = ["file,label,speaker,format"]
    for number in range(COUNT):
        write_audio(folder / f"{number}.wav", voice(0.6, seed=number))
        rows.append(f"{number}.wav,{'fake' if number % 2 else 'real'},s{number},mine")
    (folder / "metadata.csv").write_text("\n".join(rows) + "\n")
    return folder


@pytest.fixture
def dataset(recordings: Path, tmp_path: Path) -> Dataset:
    generate_tables(tmp_path / "data", audio=recordings)
    return Dataset.open(tmp_path / "data")


@pytest.fixture
def opened(monkeypatch) -> list[str]:
    """Note the recordings that are measured."""
    names: list[str] = []

    def watched(dataset: Dataset, file: str):
        names.append(Path(file).name)
        return inspect_recording(dataset, file)

    monkeypatch.setattr(inspection, "inspect_recording", watched)
    return names


def test_what_is_known(dataset: Dataset, recordings: Path) -> None:
    found = inspect_dataset(dataset, STAGE)
    assert found.n_measured == COUNT
    assert found.rejected == {}
    table = found.files
    assert table["file"].tolist() == [f"{n}.wav" for n in range(COUNT)]
    for row, file in enumerate(table["file"]):
        nuisances = measure_nuisances(recordings / file)
        for name in NAMES:
            # A column of the user's own of that name gives way.
            assert table[name][row] == getattr(nuisances, name)
        content = (recordings / file).read_bytes()
        assert table["sha256"][row] == hashlib.sha256(content).hexdigest()
    assert all(prints.dtype == np.uint32 and len(prints) > 10 for prints in found.fingerprints)


def test_nothing_is_measured_twice(dataset: Dataset, opened: list[str]) -> None:
    first = inspect_dataset(dataset, STAGE)
    assert len(opened) == COUNT
    again = inspect_dataset(dataset, "MatchDataset")
    assert len(opened) == COUNT
    assert again.n_measured == 0
    assert again.files.equals(first.files)
    for one, other in zip(first.fingerprints, again.fingerprints, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_stopped_one_goes_on(dataset: Dataset, opened: list[str], monkeypatch) -> None:
    measured = inspection.inspect_recording

    def stopped(dataset: Dataset, file: str):
        if file == "6.wav":
            raise KeyboardInterrupt
        return measured(dataset, file)

    with monkeypatch.context() as patch:
        patch.setattr(inspection, "inspect_recording", stopped)
        with pytest.raises(KeyboardInterrupt):
            inspect_dataset(dataset, STAGE)
    opened.clear()
    found = inspect_dataset(dataset, STAGE)
    assert sorted(opened) == ["6.wav", "7.wav", "8.wav"]
    assert len(found.files) == COUNT


def test_changed_recordings_are_measured_anew(
    dataset: Dataset, recordings: Path, opened: list[str], write_audio: Callable, voice: Callable
) -> None:
    inspect_dataset(dataset, STAGE)
    opened.clear()
    write_audio(recordings / "3.wav", voice(1.0, seed=99))
    # The same size, but another time.
    os.utime(recordings / "5.wav", (1_000_000_000, 1_000_000_000))
    found = inspect_dataset(dataset, STAGE)
    assert sorted(opened) == ["3.wav", "5.wav"]
    assert found.files["duration"][3] == 1.0


def test_another_version_is_measured_anew(dataset: Dataset, opened: list[str], monkeypatch) -> None:
    inspect_dataset(dataset, STAGE)
    opened.clear()
    monkeypatch.setattr(inspection, "VERSION", 99)
    inspect_dataset(dataset, STAGE)
    assert len(opened) == COUNT
    # Of other columns too.
    with sqlite3.connect(dataset.root / DATABASE) as database:
        database.execute("ALTER TABLE clips ADD COLUMN more")
    database.close()
    assert inspect_dataset(dataset, STAGE).n_measured == COUNT


def test_what_was_written_before_serves(dataset: Dataset, opened: list[str]) -> None:
    """The file as it has been all along: the names and order of its columns stay."""
    inspect_dataset(dataset, STAGE)
    with closing(sqlite3.connect(dataset.root / DATABASE)) as database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(clips)")]
        [kept] = database.execute("SELECT * FROM clips WHERE file = '3.wav'").fetchall()
    assert columns == [
        *("file", "bytes", "mtime_ns", "version", "duration", "peak", "rms", "dc_offset"),
        *("leading_silence", "trailing_silence", "silence_ratio", "digital_silence"),
        *("noise_floor", "sample_rate", "bandwidth", "bit_depth", "clipping", "format"),
        *("encoder", "channels", "bit_rate", "original_rate", "sha256", "fingerprint"),
    ]
    (dataset.root / DATABASE).unlink()
    names = ", ".join(f'"{name}"' for name in columns[1:])
    with closing(sqlite3.connect(dataset.root / DATABASE)) as database, database:
        database.execute(f"CREATE TABLE clips (file TEXT PRIMARY KEY, {names})")
        database.execute(f"INSERT INTO clips VALUES ({','.join('?' * len(kept))})", kept)
    opened.clear()
    found = inspect_dataset(dataset, STAGE)
    assert "3.wav" not in opened
    assert len(opened) == COUNT - 1
    assert found.files["sha256"][3] == kept[columns.index("sha256")]


def test_a_recording_that_changes_meanwhile_is_told(
    dataset: Dataset, recordings: Path, monkeypatch
) -> None:
    measured = inspection.inspect_recording

    def disturbed(dataset: Dataset, file: str):
        if file == "4.wav":
            # Another process measures the new state before this one is through.
            with monkeypatch.context() as patch:
                patch.setattr(inspection, "inspect_recording", measured)
                os.utime(recordings / "2.wav", (1_000_000_000, 1_000_000_000))
                inspect_dataset(dataset, "MatchDataset")
        return measured(dataset, file)

    with monkeypatch.context() as patch:
        patch.setattr(inspection, "inspect_recording", disturbed)
        patch.setattr(inspection, "open_cache", partial(open_cache, batch_rows=1))
        patch.setattr(inspection, "map_ahead", lambda function, items: map(function, items))
        with pytest.raises(DatasetError, match=r"changed while .*: 2\.wav; run again"):
            inspect_dataset(dataset, STAGE)
    assert inspect_dataset(dataset, STAGE).n_measured == 0


def test_what_changes_while_it_is_measured_is_not_kept(
    dataset: Dataset, recordings: Path, monkeypatch
) -> None:
    measured = inspection.inspect_recording
    path = recordings / "2.wav"
    about = path.stat()

    def disturbed(dataset: Dataset, file: str):
        if file == path.name:
            os.utime(path, (1_000_000_000, 1_000_000_000))
        return measured(dataset, file)

    with monkeypatch.context() as patch:
        patch.setattr(inspection, "inspect_recording", disturbed)
        assert inspect_dataset(dataset, STAGE).rejected == {"2.wav": "changed while it was read"}
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
    found = inspect_dataset(dataset, STAGE)
    assert not found.rejected and found.n_measured == 1


def test_rejected_are_listed(dataset: Dataset, recordings: Path, write_audio: Callable) -> None:
    (recordings / "1.wav").write_text("no audio")
    (recordings / "4.wav").unlink()
    found = inspect_dataset(dataset, STAGE)
    assert set(found.rejected) == {"1.wav", "4.wav"}
    assert found.rejected["4.wav"] == "is missing"
    assert dataset.read_rejected(STAGE) == found.rejected
    assert found.files["file"].tolist() == [f"{n}.wav" for n in (0, 2, 3, 5, 6, 7, 8)]
    assert len(found.fingerprints) == COUNT - 2
    # One that was good and is broken now is not remembered as good.
    (recordings / "0.wav").write_text("no audio any more")
    assert set(inspect_dataset(dataset, STAGE).rejected) == {"0.wav", "1.wav", "4.wav"}
    # Mended ones leave the list.
    for name in ("0.wav", "1.wav", "4.wav"):
        write_audio(recordings / name, np.sin(np.arange(8000)).astype(np.float32) / 2)
    assert inspect_dataset(dataset, STAGE).rejected == {}
    assert dataset.read_rejected(STAGE) == {}


def test_nothing_usable(dataset: Dataset, recordings: Path) -> None:
    for number in range(COUNT):
        (recordings / f"{number}.wav").write_text("no audio")
    with pytest.raises(DatasetError, match=f"not one of {COUNT} recordings"):
        inspect_dataset(dataset, STAGE)
    assert len(dataset.read_rejected(STAGE)) == COUNT


def test_silence_has_nuisances_but_no_fingerprint(
    dataset: Dataset, recordings: Path, write_audio: Callable
) -> None:
    write_audio(recordings / "0.wav", np.zeros(8000, np.float32))
    # Of channels that cancel each other out one is heard.
    wave = np.sin(np.arange(8000)).astype(np.float32) / 2
    write_audio(recordings / "1.wav", np.stack([wave, -wave], axis=1), subtype="FLOAT")
    write_audio(recordings / "2.wav", wave[:1])
    found = inspect_dataset(dataset, STAGE)
    assert found.rejected == {}
    assert not any(found.fingerprints[number].any() for number in (0, 2))
    assert found.fingerprints[1].any()
    assert found.files["digital_silence"][0] == 1
    assert found.files["peak"][1] == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_database_gives_one_line(dataset: Dataset, how: str) -> None:
    inspect_dataset(dataset, STAGE)
    path = dataset.root / DATABASE
    damage(path, how)
    with pytest.raises(DatasetError, match=rf"cannot use .*{DATABASE}.*remove it") as error:
        inspect_dataset(dataset, STAGE)
    assert "\n" not in str(error.value)
    path.unlink()
    assert inspect_dataset(dataset, STAGE).n_measured == COUNT


def test_recordings_elsewhere_are_not_touched(dataset: Dataset, recordings: Path) -> None:
    def state() -> dict:
        return {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in recordings.iterdir()}

    before = state()
    recordings.chmod(0o555)
    try:
        inspect_dataset(dataset, STAGE)
    finally:
        recordings.chmod(0o755)
    assert state() == before
    assert (dataset.root / DATABASE).is_file()


def test_mounted_folders_are_measured(
    tmp_path: Path, voice: Callable, write_audio: Callable
) -> None:
    write_audio(tmp_path / "far/a/b.wav", voice(0.5))
    write_audio(tmp_path / "data/c.wav", voice(0.5, seed=1))
    dataset = Dataset.create(tmp_path / "data", mounts={"real": tmp_path / "far"})
    (dataset.root / "files-metadata.csv").write_text(
        "file,speaker,id,gender,label\nreal/a/b.wav,s,,,bona-fide\nc.wav,s,,,spoof\n"
    )
    found = inspect_dataset(dataset, STAGE)
    assert found.files["file"].tolist() == ["real/a/b.wav", "c.wav"]
    assert (tmp_path / "data" / DATABASE).is_file()

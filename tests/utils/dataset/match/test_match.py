"""Matching as a whole: files, tables, going on and refusing."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyloudnorm
import pytest
import soundfile

from src.utils.dataset import derive
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.derive import Derived
from src.utils.dataset.generate import generate_tables
from src.utils.dataset.inspection import inspect_dataset
from src.utils.dataset.match import MatchSettings, match_dataset
from src.utils.errors import DatasetError

# file: (rate, channels, subtype)
KINDS = {
    "a.wav": (16_000, 1, "PCM_16"),
    "a.flac": (22_050, 1, "PCM_16"),
    "b/c.ogg": (44_100, 2, "VORBIS"),
    "b/d.wav": (8000, 1, "FLOAT"),
    "e.mp3": (16_000, 1, "MPEG_LAYER_III"),
    "f.wav": (48_000, 2, "PCM_24"),
}
NEW = {
    "a.wav": "a.wav.wav",
    "a.flac": "a.flac.wav",
    "b/c.ogg": "b/c.wav",
    "b/d.wav": "b/d.wav",
    "e.mp3": "e.wav",
    "f.wav": "f.wav",
}


def hashes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def source(tmp_path: Path, speech: Callable, write_audio: Callable) -> Dataset:
    folder = tmp_path / "release"
    rows = ["file,label,speaker,mood"]
    for seed, (file, (rate, channels, subtype)) in enumerate(KINDS.items()):
        wave = speech(seed=seed, rate=rate)
        wave = np.stack([wave, wave / 2], axis=1) if channels == 2 else wave
        write_audio(folder / file, wave, rate, subtype)
        rows.append(f"{file},{'fake' if seed % 2 else 'real'},s{seed},m{seed}")
    write_audio(folder / "silent.wav", np.zeros(8000, np.float32))
    write_audio(folder / "short.wav", speech(seed=9)[:4000])
    (folder / "broken.wav").write_text("no audio")
    rows += ["silent.wav,real,s9,x", "short.wav,real,s9,x", "broken.wav,real,s9,x"]
    (folder / "metadata.csv").write_text("\n".join(rows) + "\n")
    generate_tables(folder)
    return Dataset.open(folder)


@pytest.fixture
def measured(source: Dataset) -> pd.DataFrame:
    return inspect_dataset(source, "MatchDataset").files


def match(
    source: Dataset,
    output: Path,
    measured: pd.DataFrame,
    settings: MatchSettings,
    differing: Sequence[str] = (),
) -> Derived:
    return match_dataset(source, output, measured, settings.decide(differing))


def test_the_copy(source: Dataset, measured: pd.DataFrame, tmp_path: Path) -> None:
    before = hashes(source.root)
    derived = match(source, tmp_path / "out", measured, MatchSettings())
    assert hashes(source.root) == before
    assert derived.rejected == {
        "silent.wav": "is silent (its peak is under -80 dBFS)",
        "short.wav": "leaves less than 0.4 s",
        "broken.wav": "could not be measured",
    }
    assert derived.dataset.read_rejected("MatchDataset") == derived.rejected
    table = derived.dataset.read_files()
    assert dict(zip(table["mood"], table["file"], strict=True)) == {
        f"m{seed}": new for seed, new in enumerate(NEW.values())
    }
    for file, new in NEW.items():
        info = soundfile.info(tmp_path / "out" / new)
        assert (info.samplerate, info.channels) == (16_000, 1)
        assert (info.format, info.subtype) == ("WAV", "PCM_16")
        row = table.set_index("file").loc[new]
        assert row["duration"] == pytest.approx(info.frames / 16_000, abs=1e-6)
        assert row["duration"] == pytest.approx(soundfile.info(source.path(file)).duration, abs=0.1)
        assert row["sample_rate"] == 16_000
        wave, _ = soundfile.read(tmp_path / "out" / new)
        assert np.sqrt(np.mean(wave**2)) == pytest.approx(0.05, rel=2e-3)
        assert row["amplitude"] == pytest.approx(np.abs(wave).max(), abs=1e-4)
        assert abs(wave.mean()) < 1e-4
    # What was measured holds for the new recordings.
    known = derived.dataset.read_measurements(table["file"].tolist())
    assert known["duration"].tolist() == pytest.approx(table["duration"].tolist())


def test_lufs_and_another_rate(source: Dataset, measured: pd.DataFrame, tmp_path: Path) -> None:
    settings = MatchSettings(sample_rate=24_000, loudness="lufs", target=-30.0)
    match(source, tmp_path / "out", measured, settings)
    for new in NEW.values():
        wave, rate = soundfile.read(tmp_path / "out" / new)
        assert rate == 24_000
        assert pyloudnorm.Meter(rate).integrated_loudness(wave) == pytest.approx(-30, abs=0.05)


def test_it_continues(source: Dataset, measured: pd.DataFrame, tmp_path: Path, monkeypatch) -> None:
    settings = MatchSettings(noise="match", duration="match", seed=5)
    measured = measured[measured["file"].isin(list(KINDS))]
    match(source, tmp_path / "whole", measured, settings)

    class Killed(BaseException):
        pass

    def killed(*_, **__):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(derive, "require_some", killed)
        with pytest.raises(Killed):
            match(source, tmp_path / "out", measured, settings)
    (tmp_path / "out/b/c.wav").unlink()
    again = match(source, tmp_path / "out", measured, settings)
    assert again.kept == len(KINDS) - 1
    for new in NEW.values():
        one, other = ((tmp_path / name / new).read_bytes() for name in ("out", "whole"))
        assert one == other
    assert match(source, tmp_path / "out", measured, settings).kept == len(KINDS)


def test_another_plan_is_refused(source: Dataset, measured: pd.DataFrame, tmp_path: Path) -> None:
    settings = MatchSettings(duration="match")
    match(source, tmp_path / "out", measured, settings)
    before = hashes(tmp_path / "out")
    longer = measured.assign(duration=measured["duration"] * 0.9)
    with pytest.raises(DatasetError, match="made with another selection of recordings"):
        match(source, tmp_path / "out", longer, settings)
    with pytest.raises(DatasetError, match="made with another noise, selection of recordings"):
        match(source, tmp_path / "out", measured, settings, ["noise_floor"])
    with pytest.raises(DatasetError, match="made with another seed"):
        other = MatchSettings(duration="match", seed=8)
        match(source, tmp_path / "out", measured, other)
    assert hashes(tmp_path / "out") == before


def test_clipped_ones_are_left_out(source: Dataset, measured: pd.DataFrame, tmp_path: Path) -> None:
    clipped = measured.assign(clipping=np.where(measured["file"] == "f.wav", 0.01, 0.0))
    derived = match(source, tmp_path / "out", clipped, MatchSettings(), ["clipping"])
    assert derived.rejected["f.wav"] == "is clipped"
    assert not (tmp_path / "out/f.wav").exists()
    kept = match(source, tmp_path / "kept", clipped, MatchSettings())
    assert "f.wav" not in kept.rejected
    spoofs = measured.assign(clipping=np.where(measured["label"] == "spoof", 0.01, 0.0))
    with pytest.raises(DatasetError, match="every spoof recording is clipped"):
        match(source, tmp_path / "none", spoofs, MatchSettings(), ["clipping"])
    assert not (tmp_path / "none").exists()


def test_the_source_is_refused_as_output(source: Dataset, measured: pd.DataFrame) -> None:
    before = hashes(source.root)
    for place in (source.root, source.root / "new", source.root.parent):
        with pytest.raises(DatasetError, match="would write into the source"):
            match(source, place, measured, MatchSettings())
    assert hashes(source.root) == before

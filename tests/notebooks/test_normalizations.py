"""The methods of level normalisation, and what they do to the classes."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from src.notebooks import normalizations
from src.notebooks.normalizations import (
    NORMALIZATIONS,
    Normalization,
    measure_extent,
    normalize_waveform,
)
from src.utils.audio.io import measure_level
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.normalize import normalize_dataset
from src.utils.errors import AudioError, DatasetError

BY_NAME = {one.name: one for one in NORMALIZATIONS}


def rms(waveform: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(waveform, dtype=np.float64))))


@pytest.fixture
def wave(voice: Callable) -> np.ndarray:
    return voice(0.5) + np.float32(0.02)


def test_the_normalizations() -> None:
    assert list(BY_NAME) == [
        *("original", "RMS 0.01", "RMS 0.1", "RMS 0.2", "RMS 0.5", "peak", "z-score"),
    ]


def test_waveforms(wave: np.ndarray) -> None:
    done = {one.name: normalize_waveform(wave, one) for one in NORMALIZATIONS}
    assert np.array_equal(done["original"], wave)
    for target in (0.01, 0.1, 0.2, 0.5):
        assert rms(done[f"RMS {target:g}"]) == pytest.approx(target, rel=1e-5)
    assert np.abs(done["peak"]).max() == pytest.approx(1, rel=1e-6)
    assert done["z-score"].mean() == pytest.approx(0, abs=1e-5)
    assert done["z-score"].std() == pytest.approx(1, rel=1e-5)
    assert all(one.dtype == np.float32 for one in done.values())


@pytest.mark.parametrize("method", NORMALIZATIONS, ids=lambda one: one.name)
def test_levels_are_foretold(wave: np.ndarray, method: Normalization) -> None:
    """From the extremes and moments alone, without the waveform."""
    told = measure_extent(np.array_split(wave, 7)).after(method)
    done = normalize_waveform(wave, method)
    assert told.peak == pytest.approx(np.abs(done).max(), rel=1e-4)
    assert told.rms == pytest.approx(rms(done), rel=1e-4)


@pytest.mark.parametrize(
    ("waveform", "reason"),
    [
        (np.zeros(100, np.float32), "is silent \\(its peak"),
        (np.full(100, 0.3, np.float32), "silent but for a constant offset"),
    ],
)
def test_nothing_to_normalise(waveform: np.ndarray, reason: str) -> None:
    with pytest.raises(AudioError, match=reason):
        normalize_waveform(waveform, BY_NAME["peak"])


def test_clipped_share() -> None:
    assert normalizations.clipped_share(np.array([0.5, 1.0, -1.5, 1.1])) == 0.5


def test_one_speaker_with_both_classes(make_table: Callable) -> None:
    files = make_table(("ana", "F", 3, 0), ("bia", "F", 3, 1), ("caio", "M", 1, 1))
    files["duration"] = [1.0, 2, 3, 9, 4, 5, 1, 1, 1]
    chosen = normalizations.choose_clips(files)
    assert chosen["label"].tolist() == ["bona-fide", "spoof"]
    assert chosen["speaker"].unique().tolist() == ["bia"]
    assert chosen["duration"].tolist() == [5.0, 1.0]
    # Nobody has both: of each class anyone's.
    apart = normalizations.choose_clips(files[files["speaker"] == "ana"])
    assert apart["duration"].tolist() == [2.0]


@pytest.fixture
def dataset(make_table: Callable, write_audio: Callable, voice: Callable, tmp_path: Path):
    """Spoofs are ten times as loud, and of the same crest."""
    files = make_table(("ana", "F", 2, 2), ("bia", "F", 2, 2), duration=0.3)
    for n, (file, label) in enumerate(zip(files["file"], files["label"], strict=True)):
        peak = (0.05 if label == "bona-fide" else 0.5) * (1 + n / 100)
        write_audio(tmp_path / file, voice(seed=3, peak=peak))
    made = Dataset.open(tmp_path)
    made.write_tables(files)
    return made


def test_clips_are_read(dataset: Dataset) -> None:
    clips = normalizations.read_clips(dataset, dataset.read_files())
    assert clips.titles == ["bona-fide: bona-fide/ana/0.wav", "spoof: spoof/ana/0.wav"]
    assert list(clips.normalized) == list(BY_NAME)
    assert list(clips.sounds) == ["spoof, original", "spoof, RMS 0.1", "spoof, RMS 0.5"]
    assert clips.sample_rate == 16_000
    levels = clips.levels.set_index("normalization")
    assert levels.loc["RMS 0.1", "spoof RMS"] == pytest.approx(0.1, rel=1e-4)
    assert levels.loc["peak", "bona-fide peak"] == pytest.approx(1.0, rel=1e-4)
    assert levels.loc["original", "spoof cut off"] == 0
    assert levels.loc["RMS 0.5", "spoof cut off"] > 0.01
    dataset.path("spoof/ana/0.wav").write_bytes(b"no audio")
    with pytest.raises(DatasetError, match=r"spoof/ana/0.wav is not audio"):
        normalizations.read_clips(dataset, dataset.read_files())


def test_level_no_longer_tells(dataset: Dataset) -> None:
    levels = normalizations.compare_normalizations(dataset, dataset.read_files())
    assert len(levels) == 8 * len(NORMALIZATIONS)
    table = normalizations.summarise_normalizations(levels).set_index("normalization")
    assert list(table.index) == list(BY_NAME)
    assert table.loc["original", ["peak EER", "RMS EER"]].tolist() == [0.0, 0.0]
    assert table.loc["peak", "peak EER"] == table.loc["RMS 0.1", "RMS EER"] == 0.5
    assert table.loc["original", "spoof clipping"] == 0
    assert table.loc["RMS 0.5", "bona-fide clipping"] == 1
    assert table.loc["peak", "spoof clipping"] == 0
    one = normalizations.summarise_normalizations(levels[levels["label"] == "spoof"])
    assert one["peak EER"].isna().all()


def test_rejected_and_too_many(dataset: Dataset) -> None:
    files = dataset.read_files()
    assert normalizations.compare_normalizations(dataset, files, most=3)["file"].nunique() == 3
    dataset.path(files["file"][0]).write_bytes(b"no audio")
    assert normalizations.compare_normalizations(dataset, files)["file"].nunique() == 7
    with pytest.raises(DatasetError, match="not one of 1 recordings"):
        normalizations.compare_normalizations(dataset, files[:1])


@pytest.mark.parametrize("name", ["RMS 0.1", "peak"])
def test_as_the_stage_does(dataset: Dataset, tmp_path_factory, name: str) -> None:
    """What the page foretells is what `NormalizeDataset` writes, where nothing clips."""
    normalization = BY_NAME[name]
    output = tmp_path_factory.mktemp("out") / "normalized"
    target = 0.1 if normalization.method == "peak" else normalization.target_rms
    derived = normalize_dataset(dataset, output, normalization.method, target)
    assert derived.limited == 0
    told: pd.DataFrame = normalizations.compare_normalizations(dataset, dataset.read_files())
    told = told[told["normalization"] == name].set_index("file")
    for file in told.index:
        written = measure_level(derived.dataset.path(file))
        assert written.peak == pytest.approx(told.loc[file, "peak"], abs=1e-3)
        assert written.rms == pytest.approx(told.loc[file, "rms"], abs=1e-3)

"""Units: clusters of what is told apart by ear, at the frames of the encoder."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from src.networks.pretraining.settings import PretrainingSettings
from src.networks.pretraining.units import Units, features_of, find_units
from src.utils.dataset.waveforms import Waveforms
from src.utils.embeddings.backbones import load_backbone
from src.utils.errors import ArgumentError, CheckpointError, DatasetError, RunError


@pytest.fixture
def tones(tmp_path: Path, write_audio: Callable) -> Waveforms:
    """Three recordings of half a low and half a high tone, the third far too short."""
    time = np.arange(16_000) / 16_000
    wave = 0.3 * np.sin(2 * np.pi * np.where(time < 0.5, 300, 3_000) * time).astype(np.float32)
    lengths, paths = (16_000, 16_000, 3_000), []
    for number, length in enumerate(lengths):
        paths.append(write_audio(tmp_path / f"{number}.wav", wave[:length]))
    file = tmp_path / "all"
    np.concatenate([wave[:n] for n in lengths]).tofile(file)
    starts = (0, 16_000, 32_000)
    return Waveforms(file, tuple(paths), (("", ""),) * 3, starts, lengths, 16_000)


def test_what_sounds_alike_is_one_unit(tones: Waveforms, start_of: Callable) -> None:
    features = features_of(start_of("hubert"), PretrainingSettings())
    units = find_units([tones], features, 2, 7, "test")
    low, high = units[0][4:20], units[0][30:45]
    assert len(units[0]) == 49
    assert len(set(low)) == len(set(high)) == 1
    assert low[0] != high[0]
    np.testing.assert_array_equal(units[0], units[1])
    # Repeated to 0.4 s.
    assert len(units[2]) == 19
    assert units.counts.sum() == 49 + 49 + 19
    np.testing.assert_array_equal(units.rows(1, 2)[0], units[1])


def test_units_of_a_hidden_layer_are_of_that_layer(
    tones: Waveforms, start_of: Callable, tmp_path: Path
) -> None:
    start = start_of("hubert")
    start.save(tmp_path / "first", start.make_hubert(3))
    asked = PretrainingSettings(units="1", units_from=str(tmp_path / "first"))
    found = features_of(start, asked)(tones.part(0))
    backbone = load_backbone("hubert", str(tmp_path / "first"), "float32", (1, 1))
    pooled = backbone.embed([backbone.prepare(tones.part(0))])[0, 0]
    np.testing.assert_allclose(found.mean(0), pooled[0], atol=1e-4)
    np.testing.assert_allclose(found.std(0), pooled[1], atol=1e-4)


def test_long_recordings_are_cut_without_a_seam(
    start_of: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, voice: Callable
) -> None:
    start = start_of("hubert")
    start.save(tmp_path / "first", start.make_hubert(3))
    # Below the first layer frames do not see each other, but for the positional convolution.
    hear = features_of(start, PretrainingSettings(units="0", units_from=str(tmp_path / "first")))
    clip = voice(3.0)
    whole = hear(clip)
    monkeypatch.setattr("src.networks.pretraining.units._PIECE_FRAMES", 50)
    cut = hear(clip)
    assert whole.shape == cut.shape
    np.testing.assert_allclose(cut[12:38], whole[12:38], atol=1e-4)
    np.testing.assert_allclose(cut[112:137], whole[112:137], atol=1e-4)


def test_what_cannot_give_units_is_said(
    tones: Waveforms, start_of: Callable, tmp_path: Path
) -> None:
    start = start_of("hubert")
    with pytest.raises(ArgumentError, match=r"--units=3 is a hidden layer: .*--units-from="):
        features_of(start, PretrainingSettings(units="3"))
    start.save(tmp_path / "first", start.make_hubert(3))
    asked = PretrainingSettings(units="3", units_from=str(tmp_path / "first"))
    with pytest.raises(ArgumentError, match=r"has the layers 0 to 2"):
        features_of(start, asked)
    start.config.conv_stride = (5, 2, 2, 2, 2, 2, 1)
    del start.__dict__["geometry"]
    asked = PretrainingSettings(units="1", units_from=str(tmp_path / "first"))
    with pytest.raises(CheckpointError, match=r"the frames of .* do not lie where"):
        features_of(start, asked)
    features = features_of(start_of("hubert"), PretrainingSettings())
    with pytest.raises(DatasetError, match=r"117 frames, fewer than --n-units=500"):
        find_units([tones], features, 500, 7, "test")


def test_chance_is_what_knowing_how_often_units_occur_is_worth() -> None:
    def units(*of: int) -> Units:
        return Units(np.array(of, np.int16), np.array([0, len(of)]), 2)

    # Three and two of five, with one more of each.
    assert units(0, 0, 1).chance_on(units(1, 0)) == pytest.approx(-np.log(3 / 5 * 2 / 5) / 2)


def test_units_come_back_from_their_file_and_damage_is_told(tmp_path: Path) -> None:
    units = Units(np.array([0, 1, 1], np.int16), np.array([0, 2, 3]), 2)
    path = tmp_path / "units.safetensors"
    units.write(path)
    found = Units.read(path, 2)
    np.testing.assert_array_equal(found[0], [0, 1])
    np.testing.assert_array_equal(found[1], [1])
    with pytest.raises(RunError, match=r"is damaged .*remove it"):
        Units.read(path, 3)
    for of, starts in (([0, 7, 1], [0, 2, 3]), ([0, 1, 1], [0, 2, 1]), ([0, -1, 1], [0, 2, 3])):
        Units(np.array(of, np.int16), np.array(starts), 2).write(path)
        with pytest.raises(RunError, match="is damaged"):
            Units.read(path, 2)
    path.write_bytes(b"nothing")
    with pytest.raises(RunError, match="is damaged"):
        Units.read(path, 2)

"""Vocoders in ONNX: what they are given, and which files are refused."""

import json
from pathlib import Path

import librosa
import numpy as np
import pytest

from src.spoofs.attack import Material
from src.spoofs.make import SpoofSettings, make_spoofs
from src.spoofs.mel_settings import MelSettings, compute_mel, read_mel_settings
from src.spoofs.vocoder import OnnxVocoder
from src.utils.dataset.dataset import Dataset
from src.utils.errors import CheckpointError
from src.utils.onnx_file import files_of
from tests.spoofs.onnx_writing import MEL, block, number, write_vocoder


def test_mel_bands_are_those_of_librosa(clip: np.ndarray) -> None:
    settings = MelSettings(**MEL, center=True, scale="htk", norm="none", power="power", log="10")
    found = compute_mel(clip, settings)
    wanted = librosa.feature.melspectrogram(
        y=clip, sr=16_000, n_fft=512, hop_length=128, n_mels=20, fmax=8000, htk=True, norm=None,
        pad_mode="reflect",
    )  # fmt: skip
    wanted = np.log10(np.maximum(wanted, 1e-5))[:, : found.shape[1]]
    assert np.abs(found - wanted)[:, :-4].max() < 1e-3


def test_frames_lie_where_samples_are_made() -> None:
    click = np.zeros(128 * 20, np.float32)
    click[128 * 9 + 64] = 1.0
    mel = compute_mel(click, MelSettings(**MEL))
    assert mel.shape == (20, 20)
    assert mel.mean(axis=0).argmax() == 9


def test_a_vocoder_makes_spoofs(real: Dataset, tmp_path: Path) -> None:
    path = write_vocoder(tmp_path / "v")
    made = make_spoofs(real, tmp_path / "out", SpoofSettings(vocoders=(path,)))
    assert made.n_by_attack == {"onnx-tiny": 4}
    assert made.derived.files.groupby("utterance")["duration"].nunique().max() == 1


def test_weights_beside_the_graph_count(tmp_path: Path, clip: np.ndarray) -> None:
    one = OnnxVocoder(Material(), write_vocoder(tmp_path / "one"))
    two = OnnxVocoder(Material(), write_vocoder(tmp_path / "two", "weights.bin"))
    assert np.allclose(one.apply(clip, 16_000, {}), two.apply(clip, 16_000, {}), atol=1e-6)
    assert len(files_of(two.path, "the vocoder")) == 2
    assert one.identity() != two.identity()


@pytest.mark.parametrize("place", ["../outside.bin", "/etc/hostname", "linked.bin", "absent.bin"])
def test_weights_elsewhere_are_refused(place: str, tmp_path: Path) -> None:
    (tmp_path / "outside.bin").write_bytes(bytes(20 * 128 * 4))
    folder = tmp_path / "v"
    folder.mkdir()
    path = folder / "tiny.onnx"
    (folder / "linked.bin").symlink_to(tmp_path / "outside.bin")
    weights = block(13, block(1, "location") + block(2, place))
    path.write_bytes(block(7, block(5, weights)))
    with pytest.raises(CheckpointError, match="no file in its folder"):
        OnnxVocoder(Material(), path)


def test_damaged_graphs(tmp_path: Path) -> None:
    path = write_vocoder(tmp_path)
    whole = path.read_bytes()
    for content in (
        b"",
        b"no graph",
        whole[:200],
        np.random.default_rng(1).bytes(64),
        number(7, 3) * 20,
    ):
        path.write_bytes(content)
        with pytest.raises(CheckpointError, match="vocoder"):
            OnnxVocoder(Material(), path)
    with pytest.raises(CheckpointError, match="takes a file in ONNX"):
        OnnxVocoder(Material(), tmp_path / "absent.onnx")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"n_mels": 40}, "does not run on 40 bands"),
        ({"hop_length": 300}, "not 9,600: hop_length=300"),
        ({"layout": "frames-first"}, "frames-first"),
        ({"f_max": 9000}, "f_max is above half"),
        ({"f_min": 8000}, "f_min is not below"),
        ({"win_length": 1024}, "win_length is longer"),
        ({"hop_length": 600}, "longer than the window"),
        ({"floor": 0}, "has no logarithm"),
        ({"n_mel": 20}, "n_mel"),
        ({"n_fft": "512"}, "n_fft"),
    ],
)
def test_settings_refused(given: dict, told: str, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=told):
        OnnxVocoder(Material(), write_vocoder(tmp_path, **given))


def test_settings_absent(tmp_path: Path) -> None:
    path = write_vocoder(tmp_path)
    beside = path.with_name("tiny.onnx.json")
    beside.rename(path.with_suffix(".json"))
    assert OnnxVocoder(Material(), path).mel == MelSettings(**MEL)
    path.with_suffix(".json").unlink()
    with pytest.raises(CheckpointError, match="mel bands"):
        OnnxVocoder(Material(), path)
    beside.write_text(json.dumps([1]))
    with pytest.raises(CheckpointError):
        read_mel_settings(beside)

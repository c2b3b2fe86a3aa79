"""Pretrained backbones, on tiny random checkpoints of the real layouts."""

import json
import logging
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers

from src.demo.checkpoint import make_checkpoint
from src.utils.config import ROOT
from src.utils.embeddings.backbones import load_backbone
from src.utils.embeddings.backbones.transformer import WINDOW_SECONDS, TransformerBackbone
from src.utils.errors import AudiosError, CheckpointError

KINDS = [(kind, large) for kind in ("wav2vec2", "hubert", "wavlm") for large in (False, True)]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    made: dict[tuple[str, bool], Path] = {}

    def get(kind: str, large: bool = False) -> Path:
        if (kind, large) not in made:
            folder = tmp_path_factory.mktemp("checkpoints") / f"{kind}-{large}"
            made[kind, large] = make_checkpoint(folder, kind, large=large)
        return made[kind, large]

    return get


@pytest.fixture(scope="module")
def backbone(checkpoint: Callable) -> Callable[..., TransformerBackbone]:
    made: dict[tuple[str, bool], TransformerBackbone] = {}

    def get(kind: str, large: bool = False) -> TransformerBackbone:
        if (kind, large) not in made:
            made[kind, large] = load_backbone(kind, str(checkpoint(kind, large)))
        return made[kind, large]

    return get


def embed(backbone: TransformerBackbone, *waveforms: np.ndarray) -> np.ndarray:
    return backbone.embed([backbone.prepare(waveform) for waveform in waveforms])


def reference_states(folder: Path, waveform: np.ndarray) -> torch.Tensor:
    """transformers' own hidden states of one clip, (layers, frames, dim), by its own tools."""
    model = transformers.AutoModel.from_pretrained(folder).eval()
    processor = transformers.AutoFeatureExtractor.from_pretrained(folder)
    values = processor(waveform, sampling_rate=16_000, return_tensors="pt")["input_values"]
    with torch.inference_mode():
        states = model(values, output_hidden_states=True).hidden_states
    return torch.cat(states)


def pooled(states: torch.Tensor) -> np.ndarray:
    return np.stack([states.mean(1).numpy(), states.std(1, correction=0).numpy()], axis=1)


@pytest.mark.parametrize(("kind", "large"), KINDS)
def test_vectors_are_the_models_own(
    checkpoint: Callable, backbone: Callable, voice: Callable, kind: str, large: bool
) -> None:
    about = backbone(kind, large).describe()
    assert (about["layers"], about["stats"], about["dim"]) == (4, ["mean", "std"], 32)
    waveform = voice(0.8) + np.float32(0.01)
    found = embed(backbone(kind, large), waveform)
    assert found.shape == (1, 4, 2, 32)
    assert found.dtype == np.float32
    expected = pooled(reference_states(checkpoint(kind, large), waveform))
    np.testing.assert_allclose(found[0], expected, atol=1e-4)


@pytest.mark.parametrize(("kind", "large"), KINDS)
def test_batch_mates_do_not_matter(
    backbone: Callable, voice: Callable, kind: str, large: bool
) -> None:
    lengths = (0.3, 1.7, 0.9, 0.05)
    clips = [voice(seconds, seed=n, peak=0.1 * (n + 1)) for n, seconds in enumerate(lengths)]
    alone = np.concatenate([embed(backbone(kind, large), clip) for clip in clips])
    np.testing.assert_allclose(embed(backbone(kind, large), *clips), alone, atol=1e-4)
    order = [2, 0, 3, 1]
    shuffled = embed(backbone(kind, large), *[clips[n] for n in order])
    np.testing.assert_allclose(shuffled, alone[order], atol=1e-4)
    # They are no constants that would agree whatever happened.
    assert np.abs(alone[0] - alone[1]).max() > 1e-2


@pytest.mark.parametrize(("kind", "large"), [("wav2vec2", False), ("wavlm", True)])
def test_shorter_than_a_frame(backbone: Callable, voice: Callable, kind: str, large: bool) -> None:
    model = backbone(kind, large)
    assert model.receptive_field == 400
    short = voice(0.3)[:150]
    assert len(model.prepare(short)) == 400
    assert len(model.prepare(voice(0.3)[:401])) == 401
    found = embed(model, short, voice(0.5))
    assert np.isfinite(found).all()
    # A single frame does not vary.
    np.testing.assert_allclose(found[0, :, 1], 0, atol=1e-6)
    np.testing.assert_allclose(found[0], embed(model, short)[0], atol=1e-4)


def test_normalised_before_padded(backbone: Callable, voice: Callable) -> None:
    short = voice(0.3)[:150] + np.float32(0.3)
    prepared = backbone("wav2vec2", True).prepare(short)
    assert prepared[:150].mean() == pytest.approx(0, abs=1e-4)
    assert prepared[:150].std() == pytest.approx(1, abs=1e-2)
    assert (prepared[150:] == 0).all()
    # This checkpoint's preprocessor does not normalise.
    np.testing.assert_allclose(backbone("hubert").prepare(short)[:150], short, atol=1e-6)


def test_long_clips_are_cut_into_windows(
    checkpoint: Callable, backbone: Callable, voice: Callable, monkeypatch
) -> None:
    monkeypatch.setattr("src.utils.embeddings.backbones.transformer.WINDOW_SECONDS", 1.0)
    model = backbone("hubert", False)
    waveform = voice(2.5)
    states = [
        reference_states(checkpoint("hubert", False), part) for part in np.array_split(waveform, 3)
    ]
    expected = pooled(torch.cat(states, dim=1))
    found = embed(model, voice(0.4, seed=3), waveform)
    np.testing.assert_allclose(found[1], expected, atol=1e-4)
    exact = voice(1.0)
    np.testing.assert_allclose(
        embed(model, exact)[0],
        pooled(reference_states(checkpoint("hubert", False), exact)),
        atol=1e-4,
    )


def test_longer_than_a_window(backbone: Callable, voice: Callable) -> None:
    assert WINDOW_SECONDS == 60.0
    long = voice(WINDOW_SECONDS + 5)
    windows = backbone("wav2vec2")._windows(long)
    assert [len(window) for window in windows] == [len(long) // 2] * 2
    found = embed(backbone("wav2vec2"), long)
    assert found.shape == (1, 4, 2, 32)
    assert np.isfinite(found).all()


def test_memory_of_a_batch_is_bounded(backbone: Callable, voice: Callable, monkeypatch) -> None:
    model = backbone("wav2vec2")
    monkeypatch.setattr(model, "batch_seconds", 1.0)
    seen = []
    pool = model._pool
    monkeypatch.setattr(model, "_pool", lambda ws: seen.append([len(w) for w in ws]) or pool(ws))
    clips = [voice(seconds, seed=n) for n, seconds in enumerate((0.2, 0.3, 0.4, 1.5, 0.1))]
    found = embed(model, *clips)
    assert sum(map(len, seen)) == 5
    assert all(len(batch) == 1 or len(batch) * max(batch) <= 16_000 for batch in seen)
    monkeypatch.undo()
    np.testing.assert_allclose(found, embed(model, *clips), atol=1e-4)


def test_description_tells_the_weights(checkpoint: Callable, tmp_path: Path) -> None:
    here = checkpoint("wav2vec2")
    moved = shutil.copytree(here, tmp_path / "moved")
    one, other = (load_backbone("wav2vec2", str(path)).describe() for path in (here, moved))
    assert one["revision"] == other["revision"]
    assert one["checkpoint"] != other["checkpoint"]
    make_checkpoint(tmp_path / "other", "wav2vec2", seed=8)
    another = load_backbone("wav2vec2", str(tmp_path / "other")).describe()
    assert another["revision"] != one["revision"]
    json.dumps(one)


def test_xlsr_is_a_wav2vec2(checkpoint: Callable, voice: Callable) -> None:
    model = load_backbone("xlsr", str(checkpoint("wav2vec2", True)))
    assert model.describe()["name"] == "xlsr"
    assert embed(model, voice(0.3)).shape == (1, 4, 2, 32)


def one_line(error: BaseException) -> str:
    assert "\n" not in str(error)
    return str(error)


def use(name: str, folder: Path | str) -> None:
    """All that reads a checkpoint, as a stage does it."""
    model = load_backbone(name, str(folder))
    model.describe()
    model.embed([model.prepare(np.ones(2000, np.float32) * np.arange(2000) / 2000)])


def test_another_architecture(checkpoint: Callable) -> None:
    with pytest.raises(CheckpointError) as raised:
        use("hubert", checkpoint("wavlm"))
    assert "is a wavlm model; the backbone hubert needs hubert" in one_line(raised.value)


@pytest.mark.parametrize("name", ["./absent", "/absent/folder", "~/absent-checkpoint", "a/b/c"])
def test_no_such_folder(name: str) -> None:
    with pytest.raises(CheckpointError) as raised:
        use("wav2vec2", name)
    assert f"no folder {name}" in one_line(raised.value)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_text("")
    with pytest.raises(CheckpointError, match="no folder"):
        use("wav2vec2", tmp_path / "model.bin")


@pytest.mark.parametrize(
    "missing", ["config.json", "preprocessor_config.json", "model.safetensors"]
)
def test_missing_parts(checkpoint: Callable, tmp_path: Path, missing: str) -> None:
    folder = shutil.copytree(checkpoint("wav2vec2"), tmp_path / "c")
    (folder / missing).unlink()
    with pytest.raises(CheckpointError) as raised:
        use("wav2vec2", folder)
    assert str(folder) in one_line(raised.value)
    if missing == "model.safetensors":
        assert "holds no weights" in str(raised.value)


def test_damaged_weights(checkpoint: Callable, tmp_path: Path) -> None:
    folder = shutil.copytree(checkpoint("wav2vec2"), tmp_path / "c")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(CheckpointError) as raised:
        use("wav2vec2", folder)
    assert "cannot be loaded" in one_line(raised.value)


def test_incomplete_weights(checkpoint: Callable, tmp_path: Path) -> None:
    """Missing weights would be drawn at random without a word."""
    from safetensors.torch import load_file, save_file

    folder = shutil.copytree(checkpoint("wav2vec2"), tmp_path / "c")
    weights = load_file(folder / "model.safetensors")
    kept = {key: value for key, value in weights.items() if "layers.2." not in key}
    assert len(kept) < len(weights)
    save_file(kept, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(CheckpointError, match=r"lacks .* weights of a wav2vec2 model"):
        use("wav2vec2", folder)


class Malice:
    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> tuple:
        return (Path.touch, (Path(self.path),))


@pytest.mark.parametrize("zipped", [False, True])
def test_a_pickle_is_not_executed(checkpoint: Callable, tmp_path: Path, zipped: bool) -> None:
    folder = shutil.copytree(checkpoint("wav2vec2"), tmp_path / "c")
    (folder / "model.safetensors").unlink()
    harm = tmp_path / "harm"
    malice = {"weight": Malice(harm)}
    if zipped:
        torch.save(malice, folder / "pytorch_model.bin")
    else:
        (folder / "pytorch_model.bin").write_bytes(pickle.dumps(malice))
    with pytest.raises(CheckpointError) as raised:
        use("wav2vec2", folder)
    one_line(raised.value)
    assert not harm.exists()
    # The bait does work where a pickle is loaded.
    pickle.loads(pickle.dumps(malice))
    assert harm.exists()


def test_a_checkpoints_code_is_not_executed(checkpoint: Callable, tmp_path: Path) -> None:
    folder = shutil.copytree(checkpoint("wav2vec2"), tmp_path / "c")
    harm = tmp_path / "harm"
    (folder / "evil.py").write_text(f"from pathlib import Path\nPath({str(harm)!r}).touch()\n")
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "evil", "auto_map": {"AutoConfig": "evil.EvilConfig"}}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError):
        use("wav2vec2", folder)
    assert not harm.exists()


def test_weights_as_torch_file(checkpoint: Callable, tmp_path: Path, voice: Callable) -> None:
    from safetensors.torch import load_file

    folder = shutil.copytree(checkpoint("wav2vec2"), tmp_path / "c")
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    found = embed(load_backbone("wav2vec2", str(folder)), voice(0.3))
    expected = embed(load_backbone("wav2vec2", str(checkpoint("wav2vec2"))), voice(0.3))
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_an_unreachable_hub_is_one_line(tmp_path: Path) -> None:
    script = (
        "from src.utils.embeddings.backbones import load_backbone\n"
        "from src.utils.errors import CheckpointError\n"
        "try:\n    load_backbone('wav2vec2')\n"
        "except CheckpointError as error:\n    print(error)\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    [line] = answer.stdout.splitlines()
    assert line.startswith("cannot fetch the checkpoint facebook/wav2vec2-base")
    assert line.endswith("--checkpoint=FOLDER")
    assert not answer.stderr.strip()


def test_loading_is_quiet(
    checkpoint: Callable, voice: Callable, capfd: pytest.CaptureFixture
) -> None:
    logging.getLogger("src").setLevel(logging.WARNING)
    embed(load_backbone("wav2vec2", str(checkpoint("wav2vec2"))), voice(0.3))
    captured = capfd.readouterr()
    assert not captured.out
    assert not captured.err
    assert issubclass(CheckpointError, AudiosError)

"""Checkpoints whose settings or weights ask for more than there is, or choose what is run."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from src.utils.embeddings.backbones import load_backbone
from src.utils.embeddings.backbones.checkpoint import Checkpoint
from tests.frugal import refusal


@pytest.fixture
def copied(checkpoint: Callable, tmp_path: Path) -> Path:
    """Return a checkpoint that the test may damage."""
    return shutil.copytree(checkpoint("wav2vec2"), tmp_path / "copied")


def change(path: Path, **settings: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | settings))


def use(folder: Path) -> None:
    """All that reads a checkpoint, as a stage does it."""
    model = load_backbone("wav2vec2", str(folder))
    model.describe()
    model._checkpoint.model()


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"num_hidden_layers": 10_000}, "num_hidden_layers=10000"),
        ({"num_hidden_layers": 500}, "num_hidden_layers=500, more than"),
        ({"num_hidden_layers": -1}, "num_hidden_layers=-1"),
        ({"num_hidden_layers": "three"}, "num_hidden_layers=three"),
        ({"hidden_size": 100_000}, "asks for"),
        ({"hidden_size": 2_000_000_000}, "hidden_size=2,000,000,000, more than"),
        ({"intermediate_size": 900_000}, "asks for"),
        ({"num_conv_pos_embeddings": 900_000}, "asks for"),
        ({"conv_dim": [32] * 100_000}, "conv_dim=so many values"),
        ({"num_labels": 1_000_000_000}, "num_labels=1000000000"),
        ({"vocab_size": 10**30}, "vocab_size"),
        ({"quantization_config": {"quant_method": "bitsandbytes"}}, "is quantised"),
        ({"dtype": "load"}, "cannot be loaded"),
    ],
)
def test_settings_that_ask_for_too_much(copied: Path, settings: dict, word: str) -> None:
    change(copied / "config.json", **settings)
    assert word in refusal(lambda: use(copied)).text


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"sampling_rate": 0}, "sampling_rate=0"),
        ({"sampling_rate": 10**9}, "sampling_rate=1000000000"),
        ({"feature_size": 10**9}, "feature_size=1000000000"),
        ({"n_fft": 10**9}, "n_fft=1000000000"),
    ],
)
def test_preprocessors_that_ask_for_too_much(copied: Path, settings: dict, word: str) -> None:
    change(copied / "preprocessor_config.json", **settings)
    assert word in refusal(lambda: use(copied)).text


@pytest.mark.parametrize("key", ["attn_implementation", "_attn_implementation"])
@pytest.mark.parametrize("kernel", ["evil/kernel", "flash_attention_2", "flex_attention"])
def test_settings_choose_no_kernel(
    copied: Path, key: str, kernel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever they name, the model is the one that it is without; nothing is fetched."""
    plain = Checkpoint(str(copied)).model()
    change(copied / "config.json", **{key: kernel, "experts_implementation": "evil/kernel"})
    model = Checkpoint(str(copied)).model()
    assert model.config._attn_implementation == plain.config._attn_implementation
    samples = torch.from_numpy(np.linspace(-1, 1, 2000, dtype=np.float32))[None]
    with torch.inference_mode():
        torch.testing.assert_close(
            model(samples).last_hidden_state, plain(samples).last_hidden_state
        )


@pytest.mark.parametrize("outside", ["../elsewhere.safetensors", "/tmp/elsewhere.safetensors"])
def test_weights_outside_the_folder(copied: Path, outside: str) -> None:
    shutil.move(copied / "model.safetensors", copied.parent / "elsewhere.safetensors")
    weights = load_file(copied.parent / "elsewhere.safetensors")
    named = {"metadata": {}, "weight_map": dict.fromkeys(weights, outside)}
    (copied / "model.safetensors.index.json").write_text(json.dumps(named))
    assert "outside its folder" in refusal(lambda: use(copied)).text


def test_a_torch_file_of_strides(copied: Path) -> None:
    """A kilobyte that claims gigabytes."""
    weights = load_file(copied / "model.safetensors")
    (copied / "model.safetensors").unlink()
    name = next(iter(weights))
    weights[name] = torch.zeros(1).expand(1 << 20, 1 << 12)
    torch.save(weights, copied / "pytorch_model.bin")
    assert "pytorch_model.bin" in refusal(lambda: use(copied)).text


def test_one_tensor_under_many_names(copied: Path) -> None:
    (copied / "model.safetensors").unlink()
    tensor = torch.zeros(1000, 1000)
    weights = {f"name{number}": tensor for number in range(1000)}
    torch.save(weights, copied / "pytorch_model.bin")
    assert "claim 4,000,000,000 bytes" in refusal(lambda: use(copied)).text


def test_a_header_of_a_hundred_megabytes(copied: Path) -> None:
    path = copied / "model.safetensors"
    size = 99_000_000
    with path.open("wb") as stream:
        stream.write(size.to_bytes(8, "little") + b"{")
        stream.truncate(size + 8)
    assert "header" in refusal(lambda: use(copied)).text


def test_weights_of_an_encoder_alone_suffice(encoder_of: Callable, tmp_path: Path) -> None:
    """The decoder is made by its settings, though nothing of it is there."""
    folder = shutil.copytree(encoder_of("whisper"), tmp_path / "copied")
    weights = load_file(folder / "model.safetensors")
    kept = {name: value for name, value in weights.items() if "decoder" not in name}
    assert len(kept) < len(weights)
    save_file(kept, folder / "model.safetensors", {"format": "pt"})
    assert Checkpoint(str(folder)).model("encoder") is not None

"""What people give in place of a checkpoint is named, in our own words alone."""

import json
import logging
import pickle
import shutil
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from src.utils.embeddings.backbones import load_backbone
from src.utils.embeddings.backbones.checkpoint import Checkpoint
from src.utils.embeddings.backbones.recognise_checkpoint import explain, plain_reason
from src.utils.errors import CheckpointError
from tests.utils.embeddings.backbones.test_checkpoint import change_config, use

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
NOT_OURS = ("pip ", "trust_remote_code", "weights_only", "http", "\x1b", "\n", "torch.load")


@pytest.fixture
def copied(checkpoint: Callable, tmp_path: Path) -> Path:
    return shutil.copytree(checkpoint("wav2vec2"), tmp_path / "copied")


def refused(given: Path | str, name: str = "wav2vec2") -> str:
    with pytest.raises(CheckpointError) as raised:
        use(name, given)
    told = str(raised.value)
    assert not [word for word in NOT_OURS if word in told]
    return told


def save(path: Path, value: Any, is_old: bool = False) -> Path:
    torch.save(value, path, _use_new_zipfile_serialization=not is_old)
    return path


@pytest.mark.parametrize("is_old", [False, True])
@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ({"args": Namespace(arch="wav2vec2"), "last_optimizer_state": None}, "fairseq"),
        ({"cfg": {"normalize": False}, "model": {"a": torch.zeros(2)}}, "fairseq"),
        ({"task_cfg": {}, "model_cfg": {}, "model_weight": {"a": torch.zeros(2)}}, "s3prl"),
        ({"Optimizer": {}, "Config": {}, "Paras": Namespace(upstream="tera")}, "s3prl"),
        ({"state_dict": {}, "pytorch-lightning_version": "2.0"}, "Lightning"),
        ({"weight": torch.zeros(2)}, "a file of torch without the settings of its model"),
        ({"path": Path("x")}, "a pickle of something else than weights"),
    ],
)
def test_files_of_torch(tmp_path: Path, value: Any, kind: str, is_old: bool) -> None:
    path = save(tmp_path / "wav2vec_small.pt", value, is_old)
    told = refused(path)
    assert told.startswith(f"{path} is ")
    assert kind in told
    assert "--checkpoint takes a folder in Hugging Face layout" in told
    assert ("name the same model at the hub" in told) == (kind in ("fairseq", "s3prl"))
    # In a folder, it is no more a checkpoint.
    told = refused(tmp_path)
    assert f"holds no config.json; it holds {path.name}, " in told
    assert kind in told


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("model.gguf", b"GGUF\3\0\0\0", "llama.cpp"),
        ("any.bin", b"GGUF\3\0\0\0", "llama.cpp"),
        ("model.onnx", b"\x08\x07", "ONNX"),
        ("tf_model.h5", b"\x89HDF\r\n", "TensorFlow"),
        ("flax_model.msgpack", b"\x81", "Flax"),
        ("model.safetensors", b"\x08\0\0\0\0\0\0\0{}", "a file of weights alone"),
        ("pytorch_model.bin", POINTER.encode(), "a pointer of Git LFS"),
        ("readme.txt", b"hello", "no checkpoint"),
        ("model.pt", b"PK\3\4 damaged", "no checkpoint"),
        ("model.pt", pickle.dumps({"a": 1}), "a pickle of something else"),
        ("model.pt", b"", "an empty file"),
    ],
)
def test_other_files(tmp_path: Path, name: str, content: bytes, kind: str) -> None:
    (tmp_path / name).write_bytes(content)
    assert f"{name} is " in refused(tmp_path / name)
    assert kind in refused(tmp_path / name)


def test_folders_of_something_else(copied: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert f"{empty} is empty; --checkpoint takes a folder" in refused(empty)
    (empty / "adapter_config.json").write_text("{}")
    (empty / "adapter_model.safetensors").write_bytes(b"")
    assert "holds an adapter (PEFT) without its model: merge the two" in refused(empty)
    (copied / "model.safetensors").unlink()
    for name, kind in (("tf_model.h5", "TensorFlow"), ("model.onnx", "ONNX")):
        (copied / name).write_bytes(b"x")
        told = refused(copied)
        assert "holds no weights that are read (model.safetensors or pytorch_model.bin)" in told
        assert f"{name} (" in told
        assert kind in told


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "model-1-of-2.safetensors"])
def test_pointers_of_git_lfs(copied: Path, name: str) -> None:
    (copied / name).write_text(POINTER)
    assert refused(copied) == (
        f"{copied / name} is a pointer of Git LFS: the file itself was not fetched (git lfs pull "
        f"does)"
    )


@pytest.mark.parametrize("content", ["{", "", "\x93NUMPY", "[" * 100_000])
def test_settings_that_are_no_json(copied: Path, content: str) -> None:
    (copied / "config.json").write_text(content, encoding="latin-1")
    assert refused(copied) == f"{copied / 'config.json'} is no JSON; fetch the checkpoint again"


def test_a_model_that_nobody_knows(copied: Path) -> None:
    change_config(copied, model_type="evil", auto_map={"AutoConfig": "evil.EvilConfig"})
    refused(copied, "auto")
    with pytest.raises(CheckpointError, match="cannot be loaded: ") as raised:
        _ = Checkpoint(str(copied)).config
    assert not [word for word in NOT_OURS if word in str(raised.value)]
    (copied / "config.json").write_text(json.dumps({"hidden_size": 4}))
    assert "names no model_type in its config.json" in refused(copied)


def test_a_missing_preprocessor_is_assumed_and_told(
    copied: Path, encoder_of: Callable, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    whole = load_backbone("wav2vec2", str(copied))
    (copied / "preprocessor_config.json").unlink()
    with caplog.at_level(logging.WARNING, "src"):
        assumed = load_backbone("wav2vec2", str(copied))
    [told] = {record.getMessage() for record in caplog.records}
    assert "no preprocessor_config.json: 16 kHz and normalised clips are assumed" in told
    assert assumed.describe()["preprocessor"] == "assumed: 16 kHz, normalised"
    assert "preprocessor" not in whole.describe()
    assert assumed.sample_rate == 16_000
    clip = np.random.default_rng(3).normal(3, 2, 4000).astype(np.float32)
    prepared = assumed.prepare(clip)
    assert abs(prepared.mean()) < 1e-3
    assert prepared.std() == pytest.approx(1, abs=1e-3)
    # What else than samples it takes cannot be assumed.
    folder = shutil.copytree(encoder_of("whisper"), tmp_path / "whisper")
    (folder / "preprocessor_config.json").unlink()
    assert "without which a whisper model cannot be fed" in refused(folder, "auto")


def test_the_words_of_others_stay_out() -> None:
    error = ValueError(
        "\x1b[1mCan't load\x1b[0m it. Please pip install -U x. See https://a.b.\nmore"
    )
    assert plain_reason(error) == "Can't load it."
    assert plain_reason(ValueError("set trust_remote_code=True")) == "ValueError"
    assert plain_reason(ValueError()) == "ValueError()"
    assert explain(ValueError("anything")) is None
    assert "never executes" in str(explain(ValueError("pass `trust_remote_code=True` to x")))
    text = "has model type `mimi9` but Transformers does not recognize this architecture"
    assert explain(ValueError(text)) == "transformers knows no model of the type mimi9"


@given(content=st.binary(max_size=80), start=st.sampled_from([b"", b"PK\3\4", b"\x80\2", b"GGUF"]))
def test_any_bytes(content: bytes, start: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "any.pt"
    path.write_bytes(start + content)
    with pytest.raises(CheckpointError) as raised:
        Checkpoint(str(path))
    assert len(str(raised.value).splitlines()) == 1

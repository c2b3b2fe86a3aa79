"""Opening checkpoints: what is wrong is said in one line, and nothing is executed."""

import json
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
from safetensors.torch import load_file, save_file

from src.demo.checkpoint import make_checkpoint
from src.utils.config import ROOT
from src.utils.embeddings.backbones import load_backbone
from src.utils.embeddings.backbones.checkpoint import Checkpoint
from src.utils.errors import AudiosError, CheckpointError


@pytest.fixture
def copied(checkpoint: Callable, tmp_path: Path) -> Path:
    """Return a checkpoint that the test may damage."""
    return shutil.copytree(checkpoint("wav2vec2"), tmp_path / "copied")


def one_line(error: BaseException) -> str:
    assert isinstance(error, AudiosError)
    assert "\n" not in str(error)
    return str(error)


def use(name: str, folder: Path | str) -> None:
    """All that reads a checkpoint, as a stage does it."""
    model = load_backbone(name, str(folder))
    model.describe()
    model.embed([model.prepare(np.ones(2000, np.float32) * np.arange(2000) / 2000)])


def change_config(folder: Path, **settings: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | settings))


def test_another_architecture(checkpoint: Callable) -> None:
    with pytest.raises(CheckpointError) as raised:
        use("hubert", checkpoint("wavlm"))
    assert one_line(raised.value).endswith(
        "is a wavlm model; the backbone hubert needs hubert; --backbone=auto takes it"
    )


@pytest.mark.parametrize("name", ["./absent", "/absent/folder", "~/absent-checkpoint", "a/b/c"])
def test_no_such_folder(name: str) -> None:
    with pytest.raises(CheckpointError) as raised:
        use("wav2vec2", name)
    assert f"no folder {name}" in one_line(raised.value)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_text("")
    with pytest.raises(CheckpointError, match=r"model\.bin is an empty file; --checkpoint takes"):
        use("wav2vec2", tmp_path / "model.bin")


@pytest.mark.parametrize("missing", ["config.json", "model.safetensors"])
def test_missing_parts(copied: Path, missing: str) -> None:
    (copied / missing).unlink()
    with pytest.raises(CheckpointError) as raised:
        use("wav2vec2", copied)
    assert str(copied) in one_line(raised.value)
    if missing == "model.safetensors":
        assert "holds no weights" in str(raised.value)


def test_damaged_weights(copied: Path) -> None:
    weights = copied / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(CheckpointError) as raised:
        use("wav2vec2", copied)
    assert "cannot be loaded: model.safetensors: its header of" in one_line(raised.value)


def test_incomplete_weights(copied: Path) -> None:
    """Missing weights would be drawn at random without a word."""
    weights = load_file(copied / "model.safetensors")
    kept = {key: value for key, value in weights.items() if "layers.2." not in key}
    assert len(kept) < len(weights)
    save_file(kept, copied / "model.safetensors", {"format": "pt"})
    with pytest.raises(CheckpointError, match=r"lacks .* weights of a wav2vec2 model") as raised:
        use("wav2vec2", copied)
    one_line(raised.value)


def test_weights_that_do_not_fit(copied: Path) -> None:
    change_config(copied, intermediate_size=48)
    with pytest.raises(CheckpointError) as raised:
        use("wav2vec2", copied)
    assert "of another shape than its config.json says" in one_line(raised.value)


@pytest.mark.parametrize(
    ("kind", "setting", "value"),
    [
        ("wav2vec2", "hidden_act", "relu"),
        ("wavlm", "hidden_act", "gelu_new"),
        ("wav2vec2", "feat_extract_activation", "relu"),
        ("wav2vec2", "adapter_attn_dim", 16),
        ("hubert", "conv_pos_batch_norm", True),
    ],
)
def test_settings_that_are_not_computed(
    checkpoint: Callable, tmp_path: Path, kind: str, setting: str, value: object
) -> None:
    folder = shutil.copytree(checkpoint(kind), tmp_path / "copied")
    change_config(folder, **{setting: value})
    with pytest.raises(CheckpointError) as raised:
        load_backbone(kind, str(folder))
    assert one_line(raised.value) == (
        f"the checkpoint {folder} has {setting}={value}, which is not supported; "
        f"--backbone=auto leaves it to transformers, which is slower"
    )


class Malice:
    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> tuple:
        return (Path.touch, (Path(self.path),))


@pytest.mark.parametrize("zipped", [False, True])
def test_a_pickle_is_not_executed(copied: Path, tmp_path: Path, zipped: bool) -> None:
    (copied / "model.safetensors").unlink()
    harm = tmp_path / "harm"
    malice = {"weight": Malice(harm)}
    if zipped:
        torch.save(malice, copied / "pytorch_model.bin")
    else:
        (copied / "pytorch_model.bin").write_bytes(pickle.dumps(malice))
    with pytest.raises(CheckpointError) as raised:
        use("wav2vec2", copied)
    assert "cannot be loaded: pytorch_model.bin: it" in one_line(raised.value)
    assert not harm.exists()
    # The bait does work where a pickle is loaded.
    pickle.loads(pickle.dumps(malice))
    assert harm.exists()


def test_a_checkpoints_code_is_not_executed(copied: Path, tmp_path: Path) -> None:
    harm = tmp_path / "harm"
    (copied / "evil.py").write_text(f"from pathlib import Path\nPath({str(harm)!r}).touch()\n")
    change_config(copied, model_type="evil", auto_map={"AutoConfig": "evil.EvilConfig"})
    with pytest.raises(CheckpointError):
        use("wav2vec2", copied)
    assert not harm.exists()


def test_weights_as_torch_file(copied: Path, checkpoint: Callable) -> None:
    torch.save(load_file(copied / "model.safetensors"), copied / "pytorch_model.bin")
    (copied / "model.safetensors").unlink()
    found = Checkpoint(str(copied))
    expected = Checkpoint(str(checkpoint("wav2vec2")))
    weights = found.model().state_dict()
    for name, weight in expected.model().state_dict().items():
        assert weights[name].dtype == torch.float32
        assert torch.equal(weights[name], weight)
    assert found.revision().startswith("sha256:")
    assert found.revision() != expected.revision()


def test_weights_in_half_precision_are_widened(copied: Path) -> None:
    weights = load_file(copied / "model.safetensors")
    save_file(
        {name: weight.half() for name, weight in weights.items()},
        copied / "model.safetensors",
        {"format": "pt"},
    )
    change_config(copied, dtype="float16")
    model = Checkpoint(str(copied)).model()
    assert {weight.dtype for weight in model.parameters()} == {torch.float32}


def test_weights_in_parts(copied: Path, checkpoint: Callable) -> None:
    whole = Checkpoint(str(copied)).model()
    shutil.rmtree(copied)
    whole.save_pretrained(copied, max_shard_size="50KB")
    shutil.copy(checkpoint("wav2vec2") / "preprocessor_config.json", copied)
    parts = sorted(copied.glob("*-of-*"))
    assert len(parts) > 1
    opened = Checkpoint(str(copied))
    revision = opened.revision()
    weights = opened.model().state_dict()
    for name, weight in whole.state_dict().items():
        assert torch.equal(weights[name], weight)
    parts[-1].write_bytes(parts[-1].read_bytes()[:-4] + b"\0\1\2\3")
    assert opened.revision() != revision


@pytest.mark.parametrize(
    "changed", ["model.safetensors", "config.json", "preprocessor_config.json"]
)
def test_revision_tells_what_was_changed(copied: Path, changed: str) -> None:
    opened = Checkpoint(str(copied))
    before = opened.revision()
    assert before == opened.revision()
    path = copied / changed
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)
    assert opened.revision() != before


def test_a_preprocessor_saved_within_a_processor(copied: Path) -> None:
    """As `Wav2Vec2Processor.save_pretrained` leaves it."""
    alone = copied / "preprocessor_config.json"
    settings = json.loads(alone.read_text())
    alone.unlink()
    path = copied / "processor_config.json"
    path.write_text(json.dumps({"feature_extractor": settings}))
    backbone = load_backbone("wav2vec2", str(copied))
    first = backbone.describe()
    assert first["do_normalize"] == settings["do_normalize"]
    path.write_text(json.dumps({"feature_extractor": settings | {"do_normalize": False}}))
    changed = load_backbone("wav2vec2", str(copied)).describe()
    assert not changed["do_normalize"]
    assert changed["revision"] != first["revision"]


def test_description_tells_the_weights(copied: Path, checkpoint: Callable, tmp_path: Path) -> None:
    paths = (checkpoint("wav2vec2"), copied, make_checkpoint(tmp_path / "o", "wav2vec2", seed=8))
    one, moved, another = (load_backbone("wav2vec2", str(path)).describe() for path in paths)
    assert one["revision"] == moved["revision"]
    assert one["checkpoint"] != moved["checkpoint"]
    assert another["revision"] != one["revision"]


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

"""Which path a checkpoint takes, and what is refused in one line."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import transformers

from src.utils.config import ROOT
from src.utils.dataset.dataset import Dataset
from src.utils.embeddings.backbones import _MAKERS, load_backbone
from src.utils.embeddings.backbones.auto import PATHS
from src.utils.embeddings.backbones.huggingface import HuggingFaceBackbone
from src.utils.embeddings.backbones.transformer import MODEL_TYPES, TransformerBackbone
from src.utils.embeddings.extract import extract_split
from src.utils.embeddings.presets import BACKBONES
from src.utils.errors import ArgumentError, AudiosError, CheckpointError, EmbeddingError
from tests.utils.embeddings.backbones.huggingface.encoders import save_encoder


def one_line(error: BaseException) -> str:
    assert isinstance(error, AudiosError)
    assert "\n" not in str(error)
    return str(error)


def save_config(folder: Path, **settings: object) -> Path:
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(settings))
    return folder


class TestTables:
    @pytest.mark.parametrize("name", BACKBONES)
    def test_every_name_has_what_makes_it(self, name: str) -> None:
        assert callable(_MAKERS.load(name))

    def test_a_name_without_an_entry_is_an_error(self) -> None:
        with pytest.raises(ArgumentError, match=r"--backbone=wav2vec3.*wav2vec2"):
            load_backbone("wav2vec3")

    def test_what_presets_need_has_a_path(self) -> None:
        needed = {preset.model_type for preset in BACKBONES.values()} - {None}
        assert needed <= set(PATHS)

    def test_the_names_are_listed_without_heavy_imports(self) -> None:
        script = (
            "import sys\nfrom src.utils.embeddings.presets import BACKBONES\nprint(*BACKBONES)\n"
            "assert not {'torch', 'transformers', 'numpy'} & set(sys.modules)\n"
        )
        answer = subprocess.run(
            [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert answer.stdout.split() == list(BACKBONES)


class TestChoice:
    @pytest.mark.parametrize("model_type", PATHS)
    def test_by_model_type(self, model_type: str, encoder_of: Callable) -> None:
        found = load_backbone("auto", str(encoder_of(model_type)))
        assert type(found) is PATHS[model_type]
        assert isinstance(found, TransformerBackbone) == (model_type in MODEL_TYPES)
        about = found.describe()
        assert about["name"] == "auto"
        assert about["model_type"] == model_type
        fast = model_type in MODEL_TYPES
        assert about["implementation"] == ("fast" if fast else "transformers")

    def test_rare_settings_are_left_to_transformers(self, tmp_path: Path, voice: Callable) -> None:
        """As MMS, whose layers end in adapters."""
        folder = save_encoder(
            tmp_path / "mms", "wav2vec2", adapter_attn_dim=8, do_stable_layer_norm=True
        )
        found = load_backbone("auto", str(folder), "float32")
        assert isinstance(found, HuggingFaceBackbone)
        assert np.isfinite(found.embed([found.prepare(voice(0.5))])).all()
        with pytest.raises(CheckpointError, match=r"adapter_attn_dim=8.*--backbone=auto"):
            load_backbone("wav2vec2", str(folder))

    def test_precision_and_layers_are_passed_on(self, encoder_of: Callable) -> None:
        for model_type in ("hubert", "whisper"):
            about = load_backbone(
                "auto", str(encoder_of(model_type)), "bfloat16", (1, 2)
            ).describe()
            assert (about["precision"], about["first_layer"], about["layers"]) == ("bfloat16", 1, 2)


class TestRefusals:
    def test_no_checkpoint(self) -> None:
        with pytest.raises(ArgumentError) as raised:
            load_backbone("auto")
        assert one_line(raised.value).startswith("--backbone=auto needs --checkpoint=")

    def refused(self, folder: Path) -> str:
        with pytest.raises(CheckpointError) as raised:
            load_backbone("auto", str(folder))
        said = one_line(raised.value)
        assert str(folder) in said
        for model_type in PATHS:
            assert model_type in said
        return said

    def test_text(self, tmp_path: Path) -> None:
        transformers.BertConfig(hidden_size=16).save_pretrained(tmp_path / "bert")
        assert "is a bert model" in self.refused(tmp_path / "bert")

    def test_an_unknown_model_type(self, tmp_path: Path) -> None:
        folder = save_config(tmp_path / "new", model_type="wav2vec9")
        assert "is a wav2vec9 model" in self.refused(folder)

    def test_no_model_type(self, tmp_path: Path) -> None:
        folder = save_config(tmp_path / "wav2vec2", hidden_size=16)
        assert "names no model_type" in self.refused(folder)

    def test_no_config(self, tmp_path: Path) -> None:
        (tmp_path / "model.safetensors").write_bytes(b"")
        with pytest.raises(CheckpointError) as raised:
            load_backbone("auto", str(tmp_path))
        assert "holds no config.json; --checkpoint takes a folder" in one_line(raised.value)

    @pytest.mark.parametrize("text", ["[1, 2]", "{", '"whisper"', ""])
    def test_a_config_that_is_none(self, text: str, tmp_path: Path) -> None:
        folder = save_config(tmp_path / "broken")
        (folder / "config.json").write_text(text)
        with pytest.raises(CheckpointError) as raised:
            load_backbone("auto", str(folder))
        assert str(folder) in one_line(raised.value)

    @pytest.mark.parametrize("value", [7, ["whisper"], None, ""])
    def test_a_model_type_that_is_no_name(self, value: object, tmp_path: Path) -> None:
        self.refused(save_config(tmp_path / "odd", model_type=value))

    def test_a_preset_names_the_remedy(self, encoder_of: Callable, tmp_path: Path) -> None:
        with pytest.raises(CheckpointError) as raised:
            load_backbone("wav2vec2", str(encoder_of("whisper")))
        assert one_line(raised.value).endswith(
            "is a whisper model; the backbone wav2vec2 needs wav2vec2; --backbone=auto takes it"
        )
        transformers.BertConfig(hidden_size=16).save_pretrained(tmp_path / "bert")
        with pytest.raises(CheckpointError) as raised:
            load_backbone("wav2vec2", str(tmp_path / "bert"))
        assert "auto" not in one_line(raised.value)

    def test_an_unreachable_hub(self, tmp_path: Path) -> None:
        script = (
            "from src.utils.embeddings.backbones import load_backbone\n"
            "from src.utils.errors import CheckpointError\n"
            "try:\n    load_backbone('auto', 'openai/whisper-base')\n"
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
        assert line.startswith("cannot fetch the checkpoint openai/whisper-base")
        assert line.endswith("--checkpoint=FOLDER")
        assert not answer.stderr.strip()


def test_two_checkpoints_do_not_share_a_store(
    dataset: Dataset, encoder_of: Callable, tmp_path: Path
) -> None:
    """Nor two states of one folder: the hash of weights and settings tells them apart."""
    whisper, other = encoder_of("whisper"), encoder_of("data2vec-audio")
    store = tmp_path / "embeddings"
    first = load_backbone("auto", str(whisper), "float32")
    extraction = extract_split(dataset, "downstream_val", first, store)
    assert extraction.n_computed > 0
    assert extraction.store.folder == store / "auto" / "downstream_val"
    assert extraction.store.backbone == first.describe()
    moved = Path(shutil.copytree(whisper, tmp_path / "moved"))
    again = load_backbone("auto", str(moved), "float32")
    assert extract_split(dataset, "downstream_val", again, store).n_computed == 0
    (moved / "preprocessor_config.json").write_text(
        (moved / "preprocessor_config.json").read_text().replace("\n", "\n ", 1)
    )
    changed = load_backbone("auto", str(moved), "float32")
    for backbone in (changed, load_backbone("auto", str(other), "float32")):
        with pytest.raises(EmbeddingError, match="was made otherwise") as raised:
            extract_split(dataset, "downstream_val", backbone, store)
        assert "revision" in one_line(raised.value)

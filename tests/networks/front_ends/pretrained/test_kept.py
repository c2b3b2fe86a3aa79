"""What a run keeps of a pretrained front end, and what it loads from the checkpoint again."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from src.networks.front_ends import FRONT_ENDS
from src.networks.network import Network
from src.networks.settings import NetworkSettings
from src.networks.trained import NAME, TrainedNetwork
from src.utils.errors import ArgumentError, AudiosError, CheckpointError
from src.utils.runs import MANIFEST, Run
from src.utils.tensor_file import tensor_shapes
from tests.networks.front_ends.pretrained.tiny import Folder, make, save, settings_of, train
from tests.utils.embeddings.backbones.huggingface.encoders import save_encoder


def trained_run(
    checkpoint: Path, runs: Path, windows: Tensor, labels: Tensor, layers: str = "last", **opts: Any
) -> tuple[Run, Tensor]:
    """Train a little; return the run and the scores of the windows."""
    settings = settings_of(checkpoint, layers, **opts)
    network = make(checkpoint, layers, **opts)
    train(network, windows, labels)
    return save(settings, network, runs), network.eval()(windows).detach()


@pytest.mark.parametrize(
    ("options", "is_small"),
    [
        ({}, False),
        ({"freeze": "none", "layers": "weighted"}, False),
        ({"freeze": "2", "layers": "weighted"}, True),
        ({"freeze": "all"}, True),
        ({"lora": 2, "gradient_checkpointing": True}, True),
        ({"layers": "1"}, False),
    ],
)
@pytest.mark.parametrize("model_type", ["wavlm", "wav2vec2-conformer"])
def test_a_loaded_run_gives_the_same_scores(
    model_type: str,
    options: dict,
    is_small: bool,
    folder_of: Folder,
    tmp_path: Path,
    windows: Tensor,
    labels: Tensor,
) -> None:
    run, scores = trained_run(folder_of(model_type), tmp_path, windows, labels, **options)
    loaded = TrainedNetwork.of(run)
    with torch.inference_mode():
        assert torch.equal(loaded.network(windows), scores)
    assert loaded.network.front_end.describe() == loaded.settings.front
    kept = tensor_shapes(run.folder / NAME)
    assert (any(".feature_extractor." in name for name in kept)) != is_small


def test_a_run_that_keeps_its_weights_needs_no_checkpoint(
    copied: Path, tmp_path: Path, windows: Tensor, labels: Tensor
) -> None:
    run, scores = trained_run(copied, tmp_path / "runs", windows, labels)
    shutil.rmtree(copied)
    with torch.inference_mode():
        assert torch.equal(TrainedNetwork.of(run).network(windows), scores)
    with pytest.raises(ArgumentError, match="--checkpoint=x: the network keeps all its weights"):
        TrainedNetwork.of(run, "x")


@pytest.mark.parametrize("options", [{"freeze": "all"}, {"lora": 2}, {"freeze": "1"}])
def test_a_checkpoint_that_was_moved_is_named_again(
    options: dict, copied: Path, tmp_path: Path, windows: Tensor, labels: Tensor
) -> None:
    run, scores = trained_run(copied, tmp_path / "runs", windows, labels, **options)
    moved = tmp_path / "elsewhere"
    copied.rename(moved)
    with pytest.raises(CheckpointError, match=r"no longer at .*: --checkpoint=FOLDER"):
        TrainedNetwork.of(run)
    loaded = TrainedNetwork.of(run, str(moved))
    with torch.inference_mode():
        assert torch.equal(loaded.network(windows), scores)
    save_encoder(tmp_path / "other", "wav2vec2", seed=8)
    with pytest.raises(CheckpointError, match=r"another than .* trained on \(revision differs\)"):
        TrainedNetwork.of(run, str(tmp_path / "other"))
    save_encoder(moved, "wav2vec2", seed=8)
    with pytest.raises(CheckpointError, match=r"another than .* trained on \(revision differs\)"):
        TrainedNetwork.of(run, str(moved))


def test_a_front_end_without_a_checkpoint_takes_none(tmp_path: Path) -> None:
    settings = NetworkSettings("raw", "aasist", back={"variant": "aasist-l"})
    run = save(settings, Network.make(settings), tmp_path)
    with pytest.raises(ArgumentError, match="--checkpoint=x: the front end raw loads none"):
        TrainedNetwork.of(run, "x")


def test_weights_of_no_checkpoint_are_all_kept(
    folder_of: Folder, tmp_path: Path, windows: Tensor, labels: Tensor
) -> None:
    """As of a network that others trained."""
    told = json.loads((folder_of("hubert") / "config.json").read_text())
    front = FRONT_ENDS.load("hubert").of_config(
        told, sample_rate=16_000, normalize=False, layers="2", freeze="all"
    )
    assert "checkpoint" not in front
    assert front["config"]["num_hidden_layers"] == 2
    settings = NetworkSettings("hubert", "linear", samples=4000, layers="2", front=front)
    network = Network.make(settings)
    run = save(settings, network, tmp_path)
    with torch.inference_mode():
        expected = network.eval()(windows)
        assert torch.equal(TrainedNetwork.of(run).network(windows), expected)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"front": {}}, "front end are damaged: config is missing"),
        ({"lora": "2"}, "front end are damaged: lora"),
        ({"config": {"model_type": "whisper"}}, "is a whisper model"),
        ({"config": {"model_type": "hubert", "num_hidden_layers": 10**6}}, "num_hidden_layers"),
        ({"config": {"model_type": "hubert", "hidden_size": 10**6}}, "asks for|cannot be made"),
        ({"config": {"model_type": "hubert", "conv_dim": "x"}}, "cannot be made"),
    ],
)
def test_a_damaged_run_is_told(change: dict, told: str, folder_of: Folder, tmp_path: Path) -> None:
    settings = settings_of(folder_of("hubert"))
    run = save(settings, make(folder_of("hubert")), tmp_path)
    manifest = json.loads((run.folder / MANIFEST).read_text())
    network = manifest["settings"]["network"]
    network["front"] = change["front"] if "front" in change else network["front"] | change
    damaged = Run(run.number, run.folder, manifest)
    with pytest.raises(AudiosError, match=told) as raised:
        TrainedNetwork.of(damaged)
    assert "\n" not in str(raised.value)

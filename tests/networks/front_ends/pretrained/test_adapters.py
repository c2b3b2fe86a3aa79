"""LoRA: adapters alone are trained and kept, and they do what peft says they do."""

import pytest
import torch
from torch import Tensor

from src.networks.front_ends.pretrained.parts import PARTS
from src.networks.network import Network
from tests.networks.front_ends.pretrained.tiny import (
    NO_DROPOUT,
    Folder,
    changed_in,
    make,
    settings_of,
    train,
    weights_of,
)


@pytest.mark.parametrize("model_type", PARTS)
def test_adapters_alone_are_trained(
    model_type: str, folder_of: Folder, windows: Tensor, labels: Tensor
) -> None:
    """Each of them has an effect, also where a model never calls the layer that is adapted."""
    folder = folder_of(model_type, **NO_DROPOUT)
    network, plain = make(folder, lora=2), make(folder).eval()
    # At first they add nothing.
    torch.testing.assert_close(network.eval().front_end(windows), plain.front_end(windows))
    before = weights_of(network)
    losses = train(network, windows, labels, steps=4)
    assert losses[-1] < losses[0]
    changed = changed_in(network, before)
    adapters = {name for name in before if ".lora_" in name}
    assert len(adapters) == 2 * 3 * len(PARTS[model_type].projections)
    assert changed == adapters | {"head.layer.weight", "head.layer.bias"}
    assert network.kept_state().keys() == changed
    difference = network.eval().front_end(windows) - plain.front_end(windows)
    assert difference.abs().max() > 1e-4


def test_layers_that_are_frozen_have_no_adapters(folder_of: Folder) -> None:
    network = make(folder_of(), lora=2, freeze="2")
    adapted = {name.split(".")[4] for name in network.state_dict() if ".lora_" in name}
    assert adapted == {"2"}
    network.train()
    below, above = network.front_end.encoder.encoder.layers[1:]
    assert (below.training, above.training) == (False, True)


@pytest.mark.parametrize("model_type", ["wav2vec2", "wavlm"])
@torch.no_grad()
def test_an_adapter_adds_a_product_of_low_rank(
    model_type: str, folder_of: Folder, windows: Tensor
) -> None:
    """Twice B A, whatever the rank, is what the adapted weight has more."""
    network = make(folder_of(model_type), lora=3).eval()
    plain = make(folder_of(model_type)).eval()
    state = network.state_dict()
    for name, weight in state.items():
        if ".lora_B." in name:
            weight.normal_(0, 0.1)
    for name, weight in plain.front_end.encoder.named_parameters():
        for kind in ("q_proj", "k_proj", "v_proj", "out_proj"):
            if name.endswith(f"{kind}.weight"):
                stem = f"front_end.encoder.{name.removesuffix('.weight')}"
                found = {
                    key: value
                    for key, value in state.items()
                    if key.startswith(stem) and ".lora_" in key
                }
                assert len(found) == 2
                [down] = [value for key, value in found.items() if ".lora_A." in key]
                [up] = [value for key, value in found.items() if ".lora_B." in key]
                assert down.shape == (3, 32)
                weight += 2 * up @ down
    torch.testing.assert_close(
        network.front_end(windows), plain.front_end(windows), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("model_type", ["hubert", "wavlm"])
def test_another_training_begins_with_adapters_added_to_the_weights(
    model_type: str, folder_of: Folder, windows: Tensor, labels: Tensor
) -> None:
    network = make(folder_of(model_type), lora=2)
    train(network, windows, labels)
    scores = network.eval()(windows).detach()
    network.front_end.restart(freeze="1")
    assert not any(".lora_" in name for name in network.state_dict())
    torch.testing.assert_close(network(windows), scores, rtol=1e-4, atol=1e-5)
    before = weights_of(network)
    train(network, windows, labels)
    moved = {name for name in changed_in(network, before) if ".encoder.layers." in name}
    assert {name.split(".encoder.layers.")[1][0] for name in moved} == {"1", "2"}
    # No checkpoint has these weights: the run keeps all of them.
    assert network.kept_state().keys() == network.state_dict().keys()
    network.front_end.restart(lora=4)
    trained = {name for name, one in network.named_parameters() if one.requires_grad}
    assert all(".lora_" in name or not name.startswith("front_end.") for name in trained)
    assert network.kept_state().keys() == network.state_dict().keys()


@pytest.mark.parametrize("options", [{"lora": 2, "freeze": "1"}, {"freeze": "2"}, {"lora": 2}])
def test_checkpointing_alone_leaves_what_is_trained_and_kept_as_it_was(
    options: dict, folder_of: Folder, windows: Tensor, labels: Tensor
) -> None:
    network = make(folder_of(**NO_DROPOUT), **options)
    train(network, windows, labels)

    def about() -> tuple[set[str], set[str], dict]:
        trained = {name for name, one in network.named_parameters() if one.requires_grad}
        return trained, set(network.kept_state()), network.front_end.describe()

    trained, kept, told = about()
    network.front_end.restart(gradient_checkpointing=True)
    assert about() == (trained, kept, told | {"gradient_checkpointing": True})
    assert network.front_end.encoder.is_activation_checkpointing
    before = weights_of(network)
    train(network, windows, labels)
    assert changed_in(network, before) <= trained
    network.front_end.restart()
    assert about() == (trained, kept, told)
    assert not network.front_end.encoder.is_activation_checkpointing


def test_batch_norms_stand_still_beside_adapters_on_several_gpus(folder_of: Folder) -> None:
    """Where norms over all processes have taken their place."""
    network = make(folder_of("wav2vec2-conformer"), lora=2)
    connected = torch.nn.SyncBatchNorm.convert_sync_batchnorm(network).train()
    norms = [one for one in connected.modules() if isinstance(one, torch.nn.SyncBatchNorm)]
    assert norms
    assert not any(one.training for one in norms)
    assert not any("running_mean" in name for name in network.kept_state())


def test_adapters_are_drawn_from_torchs_generator(folder_of: Folder) -> None:
    """So that a seed gives the same network again."""
    settings = settings_of(folder_of(), lora=2)
    drawn = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        drawn.append(Network.make(settings).kept_state())
    assert all(torch.equal(drawn[0][name], drawn[1][name]) for name in drawn[0])
    assert any(not torch.equal(drawn[0][name], drawn[2][name]) for name in drawn[0])

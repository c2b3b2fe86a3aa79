"""Pretrained encoders as front ends: their layers, and what of them is trained."""

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from torch import Tensor
from torch.nn import functional

from src.networks.front_ends import FRONT_ENDS
from src.networks.front_ends.pretrained.parts import PARTS, REFUSED
from src.networks.network import LayerChoice
from src.utils.embeddings.backbones.huggingface import ARCHITECTURES
from src.utils.errors import ArgumentError, CheckpointError
from tests.networks.front_ends.pretrained.tiny import (
    Folder,
    changed_in,
    make,
    settings_of,
    train,
    weights_of,
)
from tests.utils.embeddings.backbones.huggingface.encoders import N_LAYERS, reference_states

FAST = ("wav2vec2", "hubert", "wavlm")
NO_DROPOUT = dict.fromkeys(
    ("hidden_dropout", "attention_dropout", "activation_dropout", "feat_proj_dropout"), 0.0
)


def test_every_architecture_is_taken_or_refused() -> None:
    assert {*PARTS, *REFUSED} == set(ARCHITECTURES)
    assert REFUSED == ("speech_to_text", "wav2vec2-bert", "whisper")


@pytest.mark.parametrize("model_type", PARTS)
@torch.no_grad()
def test_hidden_layers_are_those_of_the_backbone(
    model_type: str, folder_of: Folder, windows: Tensor
) -> None:
    """All of them, and one of them, also of a window of a few frames."""
    folder = folder_of(model_type)
    for given in (windows[:2], windows[:2, :1000]):
        expected = torch.stack([reference_states(folder, clip) for clip in given.numpy()])
        found = make(folder, "weighted").eval().front_end
        assert found.shape.layers == N_LAYERS + 1
        torch.testing.assert_close(found(given), expected, rtol=1e-4, atol=1e-5)
        for layer in (0, 2, N_LAYERS):
            alone = make(folder, str(layer)).eval().front_end
            assert alone.shape.layers == 1
            states = alone(given)
            torch.testing.assert_close(states[:, 0], expected[:, layer], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("model_type", FAST)
@torch.no_grad()
def test_the_last_layer_is_the_encoders_output(
    model_type: str, folder_of: Folder, windows: Tensor
) -> None:
    """Behind its last norm, where it has one."""
    plain = transformers.AutoModel.from_pretrained(folder_of(model_type)).eval()
    processor = transformers.AutoFeatureExtractor.from_pretrained(folder_of(model_type))
    given = processor(list(windows.numpy()), sampling_rate=16_000, return_tensors="pt")
    found = make(folder_of(model_type)).eval().front_end(windows)
    expected = plain(given["input_values"]).last_hidden_state
    torch.testing.assert_close(found[:, 0], expected, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_a_window_shorter_than_a_frame_is_filled_up(folder_of: Folder, windows: Tensor) -> None:
    network = make(folder_of()).eval()
    assert network.front_end(windows[:, :100]).shape == (4, 1, 1, 32)
    assert torch.isfinite(network(windows[:, :100])).all()


def test_layers_above_the_one_that_is_taken_are_not_made(folder_of: Folder) -> None:
    n_weights = {
        layers: sum(one.numel() for one in make(folder_of(), layers).parameters())
        for layers in ("1", "2", "3", "last")
    }
    assert n_weights["1"] < n_weights["2"] < n_weights["3"] == n_weights["last"]


@pytest.mark.parametrize("model_type", FAST)
def test_the_gradient_is_a_plain_loops(
    model_type: str, folder_of: Folder, windows: Tensor, labels: Tensor
) -> None:
    """By transformers' own model and a linear layer on the mean frame, dropout included."""
    network = make(folder_of(model_type), freeze="none").train()
    plain = transformers.AutoModel.from_pretrained(
        folder_of(model_type), layerdrop=0.0, apply_spec_augment=False
    ).train()
    layer = copy.deepcopy(network.head.layer)
    mean, deviation = windows.mean(1, keepdim=True), windows.std(1, keepdim=True, correction=0)
    torch.manual_seed(1)
    found = network(windows)[:, 0]
    functional.binary_cross_entropy_with_logits(found, labels).backward()
    torch.manual_seed(1)
    states = plain((windows - mean) / deviation).last_hidden_state
    expected = layer(states.mean(dim=1))[:, 0]
    functional.binary_cross_entropy_with_logits(expected, labels).backward()
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    ours = dict(network.front_end.encoder.named_parameters())
    compared = 0
    for name, weight in plain.named_parameters():
        if weight.grad is None:
            assert name == "masked_spec_embed"
            continue
        torch.testing.assert_close(ours[name].grad, weight.grad, rtol=1e-3, atol=1e-5, msg=name)
        compared += 1
    assert compared == sum(one.requires_grad for one in ours.values()) > 60


@pytest.mark.parametrize("layers", ["last", "weighted", "0", "2"])
@pytest.mark.parametrize("model_type", PARTS)
def test_all_that_is_trained_gets_a_gradient(
    model_type: str, layers: str, folder_of: Folder, windows: Tensor
) -> None:
    """Else several processes would wait for it in vain."""
    network = make(folder_of(model_type), layers, freeze="none").train()
    network(windows[:2]).sum().backward()
    trained = {name: one for name, one in network.named_parameters() if one.requires_grad}
    assert [name for name, one in trained.items() if one.grad is None] == []
    assert any("feature_extractor" in name or "conv1" in name for name in trained)


@pytest.mark.parametrize("model_type", FAST)
def test_training_lowers_the_loss(
    model_type: str, folder_of: Folder, windows: Tensor, labels: Tensor
) -> None:
    network = make(folder_of(model_type), **{"freeze": "convolutions"})
    before = weights_of(network)
    losses = train(network, windows, labels, steps=12)
    assert losses[-1] < 0.3 * losses[0]
    changed = changed_in(network, before)
    still = {name for name in before if ".feature_extractor." in name or "masked_spec" in name}
    assert still
    assert changed == before.keys() - still
    scores = network.eval()(windows)[:, 0]
    assert scores[:2].min() > scores[2:].max()


def test_none_frozen_trains_the_convolutions_too(
    folder_of: Folder, windows: Tensor, labels: Tensor
) -> None:
    network = make(folder_of(), freeze="none")
    before = weights_of(network)
    train(network, windows, labels)
    assert before.keys() == changed_in(network, before)


@pytest.mark.parametrize("model_type", PARTS)
def test_frozen_layers_do_not_move(
    model_type: str, folder_of: Folder, windows: Tensor, labels: Tensor
) -> None:
    """Nor do statistics of batch normalisations in them."""
    network = make(folder_of(model_type), "weighted", freeze="2")
    before = weights_of(network)
    train(network, windows, labels)
    path = ARCHITECTURES[model_type].layers
    top = {name for name in before if f".{path}.2." in name}
    behind = {"front_end.encoder.layer_norm.weight"} if PARTS[model_type].is_behind_taken else set()
    assert top
    assert changed_in(network, before) >= {"layers.weights", "head.layer.weight"}
    moved = {name for name in changed_in(network, before) if name.startswith("front_end.")}
    assert moved == top | behind


def test_a_frozen_encoder_is_evaluated_and_computed_without_gradient(
    folder_of: Folder, windows: Tensor, labels: Tensor
) -> None:
    network = make(folder_of(), freeze="all")
    evaluated = network.eval().front_end(windows)
    network.train()
    assert network.training
    frames = network.front_end(windows)
    assert not frames.requires_grad
    assert torch.equal(frames, evaluated)
    before = weights_of(network)
    train(network, windows, labels)
    assert changed_in(network, before) == {"head.layer.weight", "head.layer.bias"}


def test_what_lies_below_trained_layers_is_evaluated(folder_of: Folder, windows: Tensor) -> None:
    network = make(folder_of(), "1", freeze="0").train()
    below = make(folder_of(), "0", freeze="all").eval()
    seen = []
    layer = network.front_end.encoder.encoder.layers[0]
    layer.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    network.front_end(windows)
    assert layer.training
    assert not seen[0].requires_grad
    torch.testing.assert_close(seen[0], below.front_end(windows)[:, 0])


def test_no_frames_are_masked_and_no_layers_left_out(folder_of: Folder, windows: Tensor) -> None:
    """Whatever the checkpoint was trained with."""
    folder = folder_of("wav2vec2", mask_time_prob=0.9, layerdrop=0.9, **NO_DROPOUT)
    network = make(folder, freeze="none")
    torch.testing.assert_close(network.train()(windows), network.eval()(windows))


@pytest.mark.parametrize("layers", ["last", "weighted"])
@pytest.mark.parametrize("model_type", ["hubert", "wavlm", "moonshine"])
def test_checkpointing_gives_the_same_gradient_from_less_memory(
    model_type: str, layers: str, folder_of: Folder, windows: Tensor
) -> None:
    found, remembered = {}, {}
    for is_on in (False, True):
        network = make(folder_of(model_type), layers, gradient_checkpointing=is_on).train()
        kept = {}

        def count(tensor: Tensor, kept: dict[int, int] = kept) -> Tensor:
            storage = tensor.untyped_storage()
            kept[storage.data_ptr()] = storage.nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
            torch.manual_seed(1)
            loss = network(windows).square().sum()
        loss.backward()
        remembered[is_on] = sum(kept.values())
        found[is_on] = {
            name: one.grad for name, one in network.named_parameters() if one.requires_grad
        }
    assert remembered[True] < 0.75 * remembered[False]
    for name, gradient in found[False].items():
        torch.testing.assert_close(found[True][name], gradient, msg=name)


@pytest.mark.parametrize("layers", ["last", "weighted", "2"])
@pytest.mark.parametrize("model_type", FAST)
def test_bfloat16_autocast_is_near(
    model_type: str, layers: str, folder_of: Folder, windows: Tensor
) -> None:
    network = make(folder_of(model_type), layers).eval()
    expected = network.front_end(windows)
    with torch.autocast("cpu", torch.bfloat16):
        found = network.front_end(windows)
        network(windows).float().sum().backward()
    similar = functional.cosine_similarity(found.float(), expected, dim=-1)
    assert similar.mean() > 0.99


@torch.no_grad()
def test_layers_are_weighed_equally_at_first(folder_of: Folder, windows: Tensor) -> None:
    network = make(folder_of(), "weighted").eval()
    frames = network.front_end(windows)
    torch.testing.assert_close(network.layers(frames)[:, 0], frames.mean(dim=1))
    network.layers.weights[1] = 100.0
    torch.testing.assert_close(network.layers(frames)[:, 0], frames[:, 1])


def test_the_weights_of_layers_are_learned(
    folder_of: Folder, windows: Tensor, labels: Tensor
) -> None:
    network = make(folder_of(), "weighted", freeze="all")
    losses = train(network, windows, labels, steps=5)
    assert losses[-1] < losses[0]
    assert network.layers.weights.detach().unique().numel() == N_LAYERS + 1


def test_a_layer_choice_counts_from_the_first_that_is_given() -> None:
    frames = torch.arange(3.0).reshape(1, 3, 1, 1)
    assert LayerChoice(3, "6", first=5)(frames).item() == 1
    assert LayerChoice(3, "last", first=5)(frames).item() == 2
    for number in ("4", "8"):
        with pytest.raises(ArgumentError, match=f"--layers={number}: .* the layers 5 to 7"):
            LayerChoice(3, number, first=5)
    with pytest.raises(ArgumentError, match="gives one layer alone"):
        LayerChoice(1, "weighted")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"layers": "4"}, "--layers=4: the front end has the layers 0 to 3"),
        ({"layers": "lots"}, "--layers=lots: the front end has the layers 0 to 3"),
        ({"freeze": "4"}, "--freeze=4: the encoder has 3 layers"),
        ({"freeze": "2", "layers": "1"}, "--freeze=2: the encoder has 1 layers"),
        ({"freeze": "some"}, "--freeze=some: none, convolutions, all or a number"),
        ({"lora": 0}, "--lora=0: a rank is at least 1"),
        ({"lora": 4, "freeze": "all"}, "--lora=4 goes with no --freeze=all"),
        ({"lora": 4, "freeze": "3"}, "--lora=4 goes with no --freeze=3"),
        ({"lora": 4, "layers": "0"}, "--lora=4"),
    ],
)
def test_what_does_not_go_together_is_refused(options: dict, told: str, folder_of: Folder) -> None:
    with pytest.raises(ArgumentError, match=told):
        FRONT_ENDS.load("auto").open(str(folder_of()), **options)


def test_a_checkpoint_of_another_kind_is_refused(folder_of: Folder) -> None:
    with pytest.raises(ArgumentError, match="--front-end=auto needs --checkpoint="):
        FRONT_ENDS.load("auto").open()
    with pytest.raises(CheckpointError, match=r"hubert model; --front-end=wavlm needs wavlm; --f"):
        FRONT_ENDS.load("wavlm").open(str(folder_of("hubert")))
    for model_type in REFUSED:
        with pytest.raises(CheckpointError, match=f"is a {model_type} model, whose log-mel"):
            FRONT_ENDS.load("auto").open(str(folder_of(model_type)))


def test_a_checkpoint_that_cannot_be_reached_is_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(CheckpointError, match="cannot fetch the checkpoint nobody/nothing") as told:
        FRONT_ENDS.load("xlsr").open("nobody/nothing")
    assert "--checkpoint=FOLDER" in str(told.value)
    assert "\n" not in str(told.value)


def test_windows_are_normalised_as_the_preprocessor_does(folder_of: Folder) -> None:
    loud = torch.randn(2, 4000) * 3 + 1
    network = make(folder_of()).eval()
    assert settings_of(folder_of()).front["normalize"] is True
    processor = transformers.AutoFeatureExtractor.from_pretrained(folder_of())
    given = processor(list(loud.numpy()), sampling_rate=16_000, return_tensors="np")
    seen: list[np.ndarray] = []
    network.front_end.encoder.register_forward_pre_hook(
        lambda _, args, kwargs: seen.append(kwargs["input_values"].numpy()), with_kwargs=True
    )
    network(loud)
    np.testing.assert_allclose(seen[0], np.stack(given["input_values"]), rtol=1e-4, atol=1e-5)
    # Moonshine's takes samples as they are.
    network = make(folder_of("moonshine")).eval()
    seen.clear()
    network.front_end.encoder.register_forward_pre_hook(
        lambda _, args, kwargs: seen.append(kwargs["input_values"].numpy()), with_kwargs=True
    )
    network(loud)
    assert np.array_equal(seen[0], loud.numpy())

"""What a pretraining starts from."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import transformers

from src.networks.pretraining.settings import PretrainingSettings
from src.networks.pretraining.start import SIZES, Start
from src.utils.errors import ArgumentError, CheckpointError
from src.utils.notes import gather


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("backbone", ["wav2vec2", "hubert"])
def test_sizes_make_models_whose_frames_are_20_ms_apart(backbone: str, size: str) -> None:
    start = Start.of_config(backbone, size)
    assert (start.geometry.hop, start.geometry.receptive_field) == (320, 400)
    with torch.device("meta"):
        model = transformers.AutoModel.from_config(start.config)
    millions = sum(one.numel() for one in model.parameters()) / 1e6
    # Of base and large, what the papers say: 95 and 317 million parameters.
    expected = {"tiny": 1.0, "small": 13.0, "base": 94.4, "large": 315.4}[size]
    assert millions == pytest.approx(expected, rel=0.05)


def test_weights_follow_the_seed(start_of: Callable) -> None:
    start, before = start_of("wav2vec2"), torch.get_rng_state()
    models = [start.make_wav2vec2(seed) for seed in (7, 7, 8)]
    first, same, other = (one.project_hid.weight for one in models)
    assert torch.equal(first, same)
    assert not torch.equal(first, other)
    assert torch.equal(before, torch.get_rng_state())


def test_what_is_switched_off_for_training_is_saved_as_it_was(narrow: str, tmp_path: Path) -> None:
    path = tmp_path / "own.json"
    own = json.loads(Path(narrow).read_text()) | {"layerdrop": 0.25, "mask_feature_prob": 0.3}
    path.write_text(json.dumps(own))
    start = Start.of_config("wav2vec2", str(path))
    model = start.make_wav2vec2(7)
    assert (model.config.layerdrop, model.wav2vec2.config.mask_feature_prob) == (0, 0)
    start.save(tmp_path / "saved", model)
    saved = json.loads((tmp_path / "saved" / "config.json").read_text())
    assert (saved["layerdrop"], saved["mask_feature_prob"]) == (0.25, 0.3)


def test_pretraining_goes_on_from_a_checkpoint_with_its_quantiser(
    start_of: Callable, tmp_path: Path
) -> None:
    start = start_of("wav2vec2")
    begun = start.make_wav2vec2(3)
    start.save(tmp_path / "whole", begun)
    again = Start.of_checkpoint("wav2vec2", str(tmp_path / "whole")).make_wav2vec2(7)
    for (name, one), other in zip(begun.named_parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other), name


def test_of_an_encoder_alone_the_quantiser_is_new_and_that_is_told(
    start_of: Callable, tmp_path: Path
) -> None:
    start = start_of("wav2vec2")
    begun = start.make_wav2vec2(3)
    start.save(tmp_path / "encoder", begun.wav2vec2)
    with gather() as told:
        again = Start.of_checkpoint("wav2vec2", str(tmp_path / "encoder")).make_wav2vec2(7)
    assert "comes without a quantiser" in next(iter(told))
    for name, one in begun.wav2vec2.named_parameters():
        assert torch.equal(one, again.wav2vec2.get_parameter(name)), name
    assert not torch.equal(begun.project_q.weight, again.project_q.weight)


def test_what_does_not_fit_is_one_line(start_of: Callable, tmp_path: Path) -> None:
    start = start_of("hubert")
    start.save(tmp_path / "hubert", start.make_hubert(3))
    with pytest.raises(CheckpointError, match="is of hubert; --backbone=wav2vec2 goes on with"):
        Start.of_checkpoint("wav2vec2", str(tmp_path / "hubert"))
    with pytest.raises(ArgumentError, match=r"--config=huge is no file, and not one of tiny, "):
        Start.of_config("hubert", "huge")
    path = tmp_path / "config.json"
    for content, told in (
        ("[]", "holds no settings"),
        ('{"model_type": "wavlm"}', "is of wavlm"),
        ('{"hidden_size": 33, "num_attention_heads": 2}', "makes no hubert"),
        ('{"num_hidden_layers": 100000}', "num_hidden_layers"),
    ):
        path.write_text(content)
        with pytest.raises(CheckpointError, match=told):
            Start.of_config("hubert", str(path))


CONTRASTS = (
    ({"num_codevector_groups": 3}, "makes no wav2vec2: .* must be divisible by"),
    ({"num_negatives": 0}, "has num_negatives=0: masked frames are told from 1 other at least"),
    ({"num_negatives": -1}, "has num_negatives=-1: "),
    ({"contrastive_logits_temperature": 0}, "has contrastive_logits_temperature=0: cosines are"),
    ({"contrastive_logits_temperature": -0.1}, "has contrastive_logits_temperature=-0.1: "),
)
"""Settings that make an encoder, and nothing that learns by contrast."""


@pytest.mark.parametrize(("settings", "told"), CONTRASTS)
def test_settings_that_no_contrast_follows_from_are_one_line(
    settings: dict, told: str, narrow: str, tmp_path: Path
) -> None:
    path = tmp_path / "own.json"
    path.write_text(json.dumps(json.loads(Path(narrow).read_text()) | settings))
    with pytest.raises(CheckpointError, match=rf"own\.json {told}") as caught:
        Start.of_config("wav2vec2", str(path))
    assert "\n" not in str(caught.value)
    # To HuBERT they mean nothing.
    assert Start.of_config("hubert", str(path)).backbone == "hubert"


@pytest.mark.parametrize(
    "settings",
    # Transformers reads infinity, which is no JSON.
    [*(one for one, _ in CONTRASTS), {"contrastive_logits_temperature": float("inf")}],
)
def test_checkpoints_that_no_contrast_follows_from_are_one_line(
    settings: dict, start_of: Callable, tmp_path: Path
) -> None:
    start = start_of("wav2vec2")
    start.save(tmp_path / "encoder", start.make_wav2vec2(3).wav2vec2)
    path = tmp_path / "encoder" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | settings))
    with pytest.raises(CheckpointError) as caught:
        Start.of_checkpoint("wav2vec2", str(tmp_path / "encoder"))
    assert "encoder" in str(caught.value)
    assert next(iter(settings)) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("units", ["²", "٣", "-1", "", "1.5", "mel"])
def test_what_is_no_number_of_a_layer_is_one_line(units: str) -> None:
    with pytest.raises(ArgumentError, match=r"--units=.*: mfcc or the number of a hidden layer"):
        PretrainingSettings(units=units)

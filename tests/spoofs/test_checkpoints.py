"""Codecs and vocoders from tiny random checkpoints, of every kind that is known."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers

from src.demo.checkpoint import make_checkpoint
from src.spoofs.attack import Material
from src.spoofs.checkpoints import KINDS, load_checkpoint
from src.spoofs.make import SpoofSettings, make_spoofs
from src.utils.dataset.dataset import Dataset
from src.utils.errors import CheckpointError

TINY: dict[str, Callable[[], transformers.PreTrainedModel]] = {
    "encodec": lambda: transformers.EncodecModel(
        transformers.EncodecConfig(
            num_filters=4, hidden_size=16, codebook_size=16, num_lstm_layers=1,
            upsampling_ratios=[5, 4, 2], target_bandwidths=[2.4, 4.8],
        )
    ),
    "dac": lambda: transformers.DacModel(
        transformers.DacConfig(
            encoder_hidden_size=4, decoder_hidden_size=32, downsampling_ratios=[2, 4, 5],
            n_codebooks=3, codebook_size=16, codebook_dim=4,
        )
    ),
    "mimi": lambda: transformers.MimiModel(
        transformers.MimiConfig(
            hidden_size=32, num_filters=4, upsampling_ratios=[6, 5, 4], codebook_size=16,
            codebook_dim=16, num_quantizers=4, vector_quantization_hidden_dimension=16,
            upsample_groups=32, num_hidden_layers=1, intermediate_size=32, num_attention_heads=2,
            num_key_value_heads=2, head_dim=16, sliding_window=20,
        )
    ),
    "speecht5_hifigan": lambda: transformers.SpeechT5HifiGan(
        transformers.SpeechT5HifiGanConfig(
            model_in_dim=20, initializer_range=0.3, upsample_initial_channel=16,
            resblock_kernel_sizes=[3],
            resblock_dilation_sizes=[[1]],
        )
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    torch.manual_seed(3)
    found = {}
    for name, make in TINY.items():
        found[name] = tmp_path_factory.mktemp(name) / "small"
        make().save_pretrained(found[name])
    return found


def test_every_kind_is_tried() -> None:
    assert set(TINY) == set(KINDS)


@pytest.mark.parametrize("name", TINY)
def test_a_clip_comes_back_as_long(name: str, folders: dict[str, Path], speech: Callable) -> None:
    attack = load_checkpoint(str(folders[name]), Material())
    assert attack.name.endswith("-small")
    for rate in (16_000, 44_100):
        waveform = speech(words=(0.2,), rate=rate)
        drawn = attack.draw(np.random.default_rng(1))
        one, other = (attack.apply(waveform, rate, drawn) for _ in range(2))
        assert np.array_equal(one, other)
        assert 0 <= len(one) - len(waveform) < 0.2 * rate
    assert attack.identity().startswith("sha256:")


def test_parameters_reach_the_codec(folders: dict[str, Path], clip: np.ndarray) -> None:
    attack = load_checkpoint(str(folders["dac"]), Material())
    few, many = (attack.apply(clip, 16_000, {"codebooks": n}) for n in (1, 3))
    assert not np.allclose(few, many)


def test_spoofs_by_checkpoints(folders: dict[str, Path], real: Dataset, tmp_path: Path) -> None:
    given = (str(folders["encodec"]), str(folders["speecht5_hifigan"]))
    made = make_spoofs(real, tmp_path / "out", SpoofSettings(checkpoints=given, per_clip=2))
    assert not made.derived.rejected
    assert made.n_by_attack == {"encodec-small": 4, "hifigan-small": 4}


def test_others_are_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    other = make_checkpoint(tmp_path / "encoder", "wav2vec2")
    with pytest.raises(CheckpointError, match="of the type wav2vec2, and no codec"):
        load_checkpoint(str(other), Material())
    config = folders["dac"] / "config.json"
    before = config.read_text()
    config.write_text(before.replace('"sampling_rate": 16000', '"sampling_rate": 16'))
    with pytest.raises(CheckpointError, match="sampling_rate=16"):
        load_checkpoint(str(folders["dac"]), Material())
    config.write_text(before.replace('"decoder_hidden_size": 32', '"decoder_hidden_size": 65536'))
    with pytest.raises(CheckpointError, match="weights"):
        load_checkpoint(str(folders["dac"]), Material())
    config.write_text(before)

"""Attention within sequences, and WavLM's position bias."""

from collections.abc import Callable

import pytest
import torch

from src.utils.embeddings.backbones.transformer import attention
from src.utils.embeddings.backbones.transformer.attention import (
    Attention,
    PositionBias,
    PositionGate,
)
from src.utils.embeddings.backbones.transformer.ragged import Ragged

CPU = torch.device("cpu")
LENGTHS = [1, 130, 40, 64, 65]


def theirs(module, frames: torch.Tensor) -> torch.Tensor:
    """Return transformers' attention of one sequence (frames, channels)."""
    return module(frames[None])[0][0]


@torch.inference_mode()
def run(
    module, frames: torch.Tensor, dtype: torch.dtype, one_by_one: bool, lengths=tuple(LENGTHS)
) -> torch.Tensor:
    ragged = Ragged(lengths, CPU, one_by_one)
    is_wavlm = hasattr(module, "rel_attn_embed")
    biases = PositionBias(module, CPU, dtype)(ragged) if is_wavlm else None
    gate = PositionGate(module, CPU, dtype) if is_wavlm else None
    table = ragged.table(frames.to(dtype))
    found = Attention(module, 4, CPU, dtype)(table, torch.zeros_like(table), ragged, biases, gate)
    return found[: sum(lengths)].float()


@pytest.fixture(params=["hubert-base", "wavlm-base"])
def module(request: pytest.FixtureRequest, model_of: Callable):
    return model_of(request.param).encoder.layers[0].attention


@pytest.fixture
def frames() -> torch.Tensor:
    return torch.randn(sum(LENGTHS), 64)


@pytest.fixture
def expected(module, frames: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode():
        return torch.cat([theirs(module, part) for part in frames.split(LENGTHS)])


def test_attention_is_far_from_uniform(module, frames: torch.Tensor) -> None:
    """What this file shows depends on it."""
    with torch.inference_mode():
        query, key = module.q_proj(frames[1:131]), module.k_proj(frames[1:131])
        scores = query.unflatten(1, (4, 16)).transpose(0, 1) @ key.unflatten(1, (4, 16)).permute(
            1, 2, 0
        )
        assert (scores / 4).softmax(-1).amax(-1).mean() > 0.2


@pytest.mark.parametrize("one_by_one", [True, False])
def test_each_sequence_by_itself(
    module, frames: torch.Tensor, expected: torch.Tensor, one_by_one: bool
) -> None:
    found = run(module, frames, torch.float32, one_by_one)
    torch.testing.assert_close(found, expected, atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize("in_blocks", [True, False])
@pytest.mark.parametrize("at_once", [1, 64 * 4 * 65, 1 << 21])
def test_blocks_and_torchs_own_kernel_agree(
    module,
    frames: torch.Tensor,
    expected: torch.Tensor,
    in_blocks: bool,
    at_once: int,
    monkeypatch,
) -> None:
    monkeypatch.setattr(attention, "has_matrix_unit", lambda: not in_blocks)
    monkeypatch.setattr(attention, "SCORES_AT_ONCE", at_once)
    calls = []
    blocks = attention._attend_in_blocks
    monkeypatch.setattr(
        attention, "_attend_in_blocks", lambda *args: calls.append(1) or blocks(*args)
    )
    found = run(module, frames, torch.bfloat16, one_by_one=True)
    assert len(calls) == (len(LENGTHS) if in_blocks else 0)
    difference = found - expected
    assert difference.square().mean().sqrt() < 0.01 * expected.std()
    assert difference.abs().max() < 0.15 * expected.std()


def test_the_residual_is_added(module, frames: torch.Tensor) -> None:
    ragged = Ragged(LENGTHS, CPU, one_by_one=False)
    residual = torch.randn_like(frames)
    with torch.inference_mode():
        ours = Attention(module, 4, CPU, torch.float32)
        plain = ours(frames, torch.zeros_like(frames), ragged)
        found = ours(frames, residual, ragged)
    torch.testing.assert_close(found, plain + residual, atol=1e-5, rtol=1e-5)


class TestPositionBias:
    @pytest.mark.parametrize("length", [1, 2, 79, 82, 161, 900])
    def test_is_transformers_own(self, length: int, model_of: Callable) -> None:
        """Exact to 80 frames away, logarithmic to 800, then all the same; ahead is not behind."""
        module = model_of("wavlm-large").encoder.layers[0].attention
        with torch.inference_mode():
            ragged = Ragged([length], CPU, one_by_one=True)
            [found] = PositionBias(module, CPU, torch.float32)(ragged)
            assert torch.equal(found[0], module.compute_bias(length, length))

    def test_is_made_once_a_length(self, model_of: Callable) -> None:
        module = model_of("wavlm-base").encoder.layers[0].attention
        with torch.inference_mode():
            ragged = Ragged([30, 50, 30], CPU, one_by_one=True)
            first, longer, same = PositionBias(module, CPU, torch.float32)(ragged)
            assert longer.shape == (1, 4, 50, 50)
            assert same is first


def test_the_gate_is_transformers_own(model_of: Callable) -> None:
    module = model_of("wavlm-large").encoder.layers[1].attention
    frames = torch.randn(2, 10, 64)
    by_head = frames.view(2, 10, 4, 16).permute(0, 2, 1, 3)
    with torch.inference_mode():
        eight = module.gru_rel_pos_linear(by_head)
        update, reset = torch.sigmoid(eight.view(2, 4, 10, 2, 4).sum(-1)).chunk(2, dim=-1)
        expected = update * (reset * module.gru_rel_pos_const - 1.0) + 2.0
        found = PositionGate(module, CPU, torch.float32)(frames)
    torch.testing.assert_close(found, expected)
    assert expected.std() > 0.1

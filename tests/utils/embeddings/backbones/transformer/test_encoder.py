"""The encoder behind the front end."""

from collections.abc import Callable
from itertools import islice

import pytest
import torch

from src.utils.embeddings.backbones.transformer.encoder import Encoder
from src.utils.embeddings.backbones.transformer.ragged import Ragged
from tests.utils.embeddings.backbones.shapes import (
    N_LAYERS,
    SHAPES,
    reference_states_behind,
)

CPU = torch.device("cpu")
LENGTHS = (3, 200, 1, 128, 127, 64)


@torch.inference_mode()
def states_of(
    encoder: Encoder, features: torch.Tensor, lengths: tuple[int, ...], one_by_one: bool
) -> torch.Tensor:
    ragged = Ragged(lengths, CPU, one_by_one)
    return torch.stack(list(encoder.hidden_states(features, ragged)))[:, : sum(lengths)]


@pytest.mark.parametrize("one_by_one", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
def test_sequences_shorter_and_longer_than_the_positional_kernel(
    shape: str, one_by_one: bool, model_of: Callable
) -> None:
    model = model_of(shape)
    features = torch.randn(sum(LENGTHS), 48)
    expected = torch.cat(
        [reference_states_behind(model, part) for part in features.split(LENGTHS)], dim=1
    )
    encoder = Encoder(model, N_LAYERS, CPU, torch.float32)
    found = states_of(encoder, features, LENGTHS, one_by_one)
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("last_layer", range(N_LAYERS + 1))
@pytest.mark.parametrize("shape", ["wavlm-base", "xls-r-300m"])
def test_nothing_behind_the_last_layer_is_computed(
    shape: str, last_layer: int, model_of: Callable
) -> None:
    model = model_of(shape)
    features = torch.randn(10, 48)
    found = states_of(Encoder(model, last_layer, CPU, torch.float32), features, (10,), True)
    assert len(found) == last_layer + 1
    expected = reference_states_behind(model, features)[: last_layer + 1]
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("one_by_one", [True, False])
def test_a_batch_that_was_given_up_leaves_nothing_behind(
    one_by_one: bool, model_of: Callable
) -> None:
    """As when memory runs out in the middle of it, and the next one is shorter."""
    model = model_of("wavlm-large")
    encoder = Encoder(model, N_LAYERS, CPU, torch.float32)
    long = torch.randn(90, 48)
    with torch.inference_mode():
        given_up = encoder.hidden_states(long, Ragged([90], CPU, one_by_one))
        assert len(list(islice(given_up, 2))) == 2
        short = torch.randn(40, 48)
        found = states_of(encoder, short, (40,), one_by_one)
    expected = reference_states_behind(model, short)
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("one_by_one", [True, False])
def test_twice_the_same(one_by_one: bool, dtype: torch.dtype, model_of: Callable) -> None:
    encoder = Encoder(model_of("wavlm-base"), N_LAYERS, CPU, dtype)
    features = torch.randn(sum(LENGTHS), 48).to(dtype)
    one, other = (states_of(encoder, features, LENGTHS, one_by_one) for _ in range(2))
    assert torch.equal(one, other)

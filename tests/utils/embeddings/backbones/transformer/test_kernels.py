"""Fused and plain operators, against torch's own."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from src.utils.embeddings.backbones.precision import has_fused_kernels
from src.utils.embeddings.backbones.transformer import kernels
from src.utils.embeddings.backbones.transformer.kernels import (
    LayerNorm,
    Linear,
    TimeConvolution,
    project,
)

CPU = torch.device("cpu")


@pytest.fixture(params=["fused", "plain"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch) -> None:
    if request.param == "plain":
        monkeypatch.setattr(kernels, "has_fused_kernels", lambda dtype: False)


@pytest.fixture(params=[torch.float32, torch.bfloat16], ids=str)
def dtype(request: pytest.FixtureRequest) -> torch.dtype:
    return request.param


def check(found: torch.Tensor, expected: torch.Tensor, dtype: torch.dtype) -> None:
    assert found.dtype == dtype
    assert found.shape == expected.shape
    tolerance = 1e-4 if dtype == torch.float32 else 0.03
    assert (found - expected).abs().max() <= tolerance * expected.abs().max()


def activation(values: torch.Tensor, gelu: bool) -> torch.Tensor:
    # The exact one, not the approximation by tanh.
    return functional.gelu(values, approximate="none") if gelu else values


@pytest.mark.parametrize("gelu", [False, True])
@pytest.mark.parametrize("has_bias", [False, True])
@pytest.mark.parametrize("shape", [(1, 24), (130, 24), (2, 7, 24)])
def test_linear(dtype: torch.dtype, gelu: bool, has_bias: bool, shape: tuple[int, ...]) -> None:
    weight, bias, frames = torch.randn(40, 24), torch.randn(40) * 3, torch.randn(shape)
    linear = Linear(weight.to(dtype), bias.to(dtype) if has_bias else None, gelu)
    expected = functional.linear(frames, weight, bias if has_bias else None)
    check(linear(frames.to(dtype)), activation(expected, gelu), dtype)


def test_linear_with_residual(dtype: torch.dtype) -> None:
    weight, bias, frames = torch.randn(40, 24), torch.randn(40), torch.randn(130, 24)
    residual = torch.randn(130, 40) * 5
    linear = Linear(weight.to(dtype), bias.to(dtype))
    given = residual.to(dtype)
    found = linear(frames.to(dtype), given)
    check(found, functional.linear(frames, weight, bias) + residual, dtype)
    assert torch.equal(given, residual.to(dtype))


def test_linear_of_a_view(dtype: torch.dtype) -> None:
    """Rows of a wider table, as the front end's last chunk leaves them."""
    weight, frames = torch.randn(40, 24), torch.randn(50, 60)
    part = frames[3:33, 10:34]
    found = Linear(weight.to(dtype), None)(frames.to(dtype)[3:33, 10:34])
    check(found, functional.linear(part, weight), dtype)


@pytest.mark.parametrize("gelu", [False, True])
@pytest.mark.parametrize("n_clips", [1, 3])
def test_project(dtype: torch.dtype, gelu: bool, n_clips: int) -> None:
    windows, weight = torch.randn(n_clips, 50, 11), torch.randn(n_clips, 40, 11)
    expected = activation(torch.einsum("cfi,coi->cfo", windows, weight), gelu)
    check(project(windows.to(dtype), weight.to(dtype), gelu), expected, dtype)


@pytest.mark.parametrize("gelu", [False, True])
@pytest.mark.parametrize(
    ("kernel", "stride", "groups", "has_bias"),
    [(3, 2, 1, False), (2, 2, 1, True), (128, 1, 16, True), (3, 1, 1, True)],
)
@pytest.mark.parametrize("n_clips", [1, 3])
def test_convolution(
    dtype: torch.dtype,
    gelu: bool,
    kernel: int,
    stride: int,
    groups: int,
    has_bias: bool,
    n_clips: int,
) -> None:
    weight = torch.randn(64, 64 // groups, kernel) / kernel**0.5
    bias = torch.randn(64) * 3 if has_bias else None
    convolution = TimeConvolution(
        weight.to(dtype),
        None if bias is None else bias.to(dtype),
        stride=stride,
        groups=groups,
        gelu=gelu,
    )
    for length in (kernel, 200, 1500):
        frames = torch.randn(n_clips, length, 64)
        expected = functional.conv1d(
            frames.transpose(1, 2), weight, bias, stride=stride, groups=groups
        ).transpose(1, 2)
        check(convolution(frames.to(dtype)), activation(expected, gelu), dtype)


def test_layer_norm(dtype: torch.dtype) -> None:
    module = nn.LayerNorm(24, eps=1e-3)
    nn.init.normal_(module.weight)
    nn.init.normal_(module.bias)
    frames = torch.randn(5, 24) * 0.05
    with torch.inference_mode():
        found = LayerNorm(module, CPU, dtype)(frames.to(dtype))
        check(found, module(frames.to(dtype).float()), dtype)


def test_which_way_is_taken(request: pytest.FixtureRequest) -> None:
    """Else both parameters of `way` would test the same."""
    is_plain = "plain" in request.node.name
    assert Linear(torch.randn(4, 4), None)._is_fused == (
        not is_plain and has_fused_kernels(torch.float32)
    )

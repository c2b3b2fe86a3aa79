"""AASIST computed in a way of its own gives what its plain layers give."""

import copy
from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor
from torch.autograd import grad
from torch.nn.functional import conv2d, max_pool2d, selu

from src.networks.back_ends.aasist import back_end as module
from src.networks.back_ends.aasist import fast, fused
from src.networks.back_ends.aasist.back_end import VARIANTS, Aasist
from src.networks.back_ends.aasist.encoder import Encoder
from src.networks.front_ends.front_end import FrameShape, Kind
from src.utils.errors import ArgumentError

WIDTH = 48


@pytest.fixture(params=VARIANTS)
def variant(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(params=[1, 2])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@pytest.fixture
def plainly(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Tensor]], Tensor]:
    """Call a function while only plain layers are used."""

    def call(function: Callable[[], Tensor]) -> Tensor:
        with monkeypatch.context() as patch:
            patch.setattr(module, "is_fast", lambda frames: False)
            patch.setattr(module, "is_on_cpu", lambda frames: False)
            return function()

    return call


def shape_of(variant: str) -> FrameShape:
    kind = VARIANTS[variant].takes
    return FrameShape(kind, 1, 1 if kind == Kind.WAVEFORM else WIDTH)


def make(variant: str) -> Aasist:
    """Return a network whose normalisations are as if it had been trained."""
    torch.manual_seed(3)
    network = Aasist(shape_of(variant), {"variant": variant})
    for part in network.modules():
        if isinstance(part, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
            part.running_mean.normal_(0, 0.3)
            part.running_var.uniform_(0.5, 2)
            torch.nn.init.normal_(part.weight, 1, 0.3)
            torch.nn.init.normal_(part.bias, 0, 0.3)
    return network


def frames_of(variant: str, batch: int, samples: int) -> Tensor:
    """Return what a front end gives of windows."""
    of_waveform = VARIANTS[variant].takes == Kind.WAVEFORM
    shape = (batch, 1, samples, 1) if of_waveform else (batch, 1, samples // 320, WIDTH)
    return torch.randn(shape, generator=torch.Generator().manual_seed(batch))


@pytest.mark.parametrize(("batch", "samples"), [(1, 5003), (3, 2900)])
def test_scoring_equals_the_plain_layers(
    variant: str, batch: int, samples: int, plainly: Callable, threads: int
) -> None:
    network, frames = make(variant).eval(), frames_of(variant, batch, samples)
    with torch.inference_mode():
        wanted = plainly(lambda: network(frames))
        found = network(frames)
    assert torch.get_num_threads() == threads
    assert not torch.equal(found, wanted), "both are computed in the same way"
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-5)


def test_long_windows_are_cut_without_a_seam(plainly: Callable) -> None:
    network, frames = make("aasist-l").eval(), frames_of("aasist-l", 1, 12_000)
    with torch.no_grad():
        wanted = plainly(lambda: network._encode(frames))
        found = network._encode(frames)
    torch.testing.assert_close(found, wanted, atol=1e-4, rtol=1e-4)


def test_windows_that_go_one_by_one_are_not_mixed(
    variant: str, plainly: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, frames = make(variant).eval(), frames_of(variant, 3, 4000)
    monkeypatch.setattr(fast, "_NUMBERS_TOGETHER", 1)
    with torch.no_grad():
        wanted = plainly(lambda: network._encode(frames))
        found = network._encode(frames)
    torch.testing.assert_close(found, wanted, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_normalisation_and_selu_in_one_sweep(
    dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Values, gradients and running means are those of torch's layers, far from zero, too."""
    monkeypatch.setattr(fast, "_NUMBERS_AT_ONCE", 40)
    torch.manual_seed(1)
    maps = (torch.randn(2, 30, 5, 4) * 3 + 20).to(dtype).requires_grad_()
    norm = torch.nn.BatchNorm2d(4, momentum=0.3)
    torch.nn.init.normal_(norm.weight, 1, 0.3)
    torch.nn.init.normal_(norm.bias, 0, 0.3)
    exact = copy.deepcopy(norm).double()
    slope = torch.randn(maps.shape)
    leaves = [maps, norm.weight, norm.bias]
    with torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
        found = fused._normalize(norm, maps)
    wanted = selu(exact(maps.double().permute(0, 3, 1, 2))).permute(0, 2, 3, 1)
    torch.testing.assert_close(found.double(), wanted, atol=1e-5, rtol=1e-5)
    ours = grad(found, leaves, slope)
    theirs = grad(wanted, [maps, exact.weight, exact.bias], slope.double())
    near = 1e-4 if dtype == torch.float32 else 1e-2
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one.double(), other.double(), atol=near, rtol=near)
    for one, other in zip(norm.buffers(), exact.buffers(), strict=True):
        torch.testing.assert_close(one.double(), other.double(), atol=1e-5, rtol=1e-5)


def test_weights_that_changed_are_used() -> None:
    network, frames = make("aasist-l").eval(), frames_of("aasist-l", 1, 4000)
    with torch.no_grad():
        before = network(frames)
        network.encoder[0].second.weight.mul_(2)
        assert not torch.allclose(network(frames), before)


def test_training_has_the_gradients_of_the_plain_layers(variant: str, plainly: Callable) -> None:
    frames = frames_of(variant, 2, 3001)

    def gradients() -> list[Tensor]:
        network = make(variant).train()
        torch.manual_seed(5)  # The dropouts draw the same.
        network(frames).square().sum().backward()
        moved = [value.float() for name, value in network.named_buffers() if "norm" in name]
        return [*moved, *(weight.grad for weight in network.parameters())]

    wanted, found = plainly(gradients), gradients()
    assert any(not torch.equal(*both) for both in zip(found, wanted, strict=True))
    together = [torch.cat([each.flatten() for each in both]) for both in (found, wanted)]
    # Where two frames are as great but for rounding, either may have the gradient of a pooling.
    near = 1e-5 if variant == "ssl" else 2e-3
    assert float((together[0] - together[1]).norm() / together[1].norm()) < near


@pytest.mark.parametrize("padded", [(0, 1), (1, 1)])
def test_a_convolution_of_one_channel(padded: tuple[int, int]) -> None:
    bands, frames = padded
    torch.manual_seed(0)
    maps, weight, bias = torch.randn(2, 901, 5, 1), torch.randn(4, 1, 2, 3), torch.randn(4)
    leaves = [each.requires_grad_() for each in (maps, weight, bias)]
    wanted = conv2d(maps.permute(0, 3, 2, 1), weight, bias, padding=padded).permute(0, 3, 2, 1)
    found = fused._convolve(maps, weight, bias, (bands, frames))
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-5)
    slope = torch.randn_like(wanted)
    for one, other in zip(*(grad(each, leaves, slope) for each in (found, wanted)), strict=True):
        torch.testing.assert_close(one, other, atol=1e-3, rtol=1e-4)


def test_the_greatest_of_three() -> None:
    """Frames that are left over at the end, and the later of equal ones, have no gradient."""
    torch.manual_seed(0)
    maps = torch.randint(0, 4, (2, 11, 5, 3)).float().requires_grad_()
    wanted = max_pool2d(maps.permute(0, 3, 1, 2), (3, 1)).permute(0, 2, 3, 1)
    found = fused._GreatestOfThree.apply(maps)
    torch.testing.assert_close(found, wanted, atol=0, rtol=0)
    slope = torch.randn_like(wanted)
    one, other = (grad(each, maps, slope)[0] for each in (found, wanted))
    torch.testing.assert_close(one, other, atol=0, rtol=0)


def test_a_window_has_a_gradient_where_it_is_asked_for() -> None:
    frames = frames_of("aasist-l", 2, 4000).requires_grad_()
    network = make("aasist-l").train()
    network(frames).sum().backward()
    assert frames.grad is not None and frames.grad.abs().sum() > 0


def test_in_bfloat16_training_stays_near(plainly: Callable) -> None:
    frames = frames_of("aasist", 2, 3001)
    network = make("aasist").train()
    with torch.autocast("cpu", torch.bfloat16):
        found = network._encode(frames)
    wanted = plainly(lambda: network._encode(frames))
    assert ((found.float() - wanted).norm() / wanted.norm()).item() < 0.05


def test_hidden_frames() -> None:
    """As large as the released network behind its encoder, whose layers have 1024 numbers."""
    network = Aasist(FrameShape(Kind.HIDDEN, 1, 1024))
    assert network.settings == {"variant": "ssl"}
    with torch.no_grad():
        assert network.eval()(torch.randn(2, 1, 201, 1024)).shape == (2, 160)
        maps = network._encode(torch.randn(1, 1, 201, 1024))
    assert maps.shape == (1, 64, 42, 67)
    projection = 1024 * 128 + 128 + 2
    readout = 2 * 64 + 128 * 64 + 128 + 2 * 128 + 64 * 128 + 64
    graphs = sum(p.numel() for p in Aasist(FrameShape(Kind.WAVEFORM, 1, 1)).parameters()) - 2
    more_bands = (42 - 23) * 64
    counted = sum(parameter.numel() for parameter in network.parameters())
    assert counted == graphs + projection + readout + more_bands


@pytest.mark.parametrize(("kind", "name"), [(Kind.HIDDEN, "aasist-l"), (Kind.WAVEFORM, "ssl")])
def test_variants_go_with_their_frames(kind: Kind, name: str) -> None:
    with pytest.raises(ArgumentError, match=f"the variant {name} takes no {kind} frames"):
        Aasist(FrameShape(kind, 1, 1), {"variant": name})


def test_sizes_are_the_published_ones() -> None:
    """What the released networks hold beside normalisations that they do not use."""
    unused = {"aasist": 2 * (32 + 32 + 64 + 64 + 64), "aasist-l": 2 * (32 + 32 + 24 + 24 + 24)}
    published = {"aasist": 297_866, "aasist-l": 85_306}
    for name, count in published.items():
        network = Aasist(FrameShape(Kind.WAVEFORM, 1, 1), {"variant": name})
        head = 2 * (network.dim + 1)
        found = sum(parameter.numel() for parameter in network.parameters()) + head
        assert found + unused[name] == count


def test_blocks_pool_no_frame_of_hidden_frames() -> None:
    maps = torch.randn(1, 1, 5, 8)
    assert Encoder((4, 6), pooled=1)(maps).shape == (1, 6, 5, 8)
    assert Encoder((4, 6))(torch.randn(1, 1, 5, 18)).shape == (1, 6, 5, 2)

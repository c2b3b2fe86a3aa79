"""Back ends against what their papers and released weights say: sizes, shapes and formulas."""

import pytest
import torch
from torch import nn
from torch.nn.functional import adaptive_max_pool2d, max_pool2d, selu

from src.networks.back_ends.attentive import Attentive
from src.networks.back_ends.lcnn import Lcnn, MaxFeatureMap
from src.networks.back_ends.mhfa import Mhfa
from src.networks.back_ends.nes2net import Nes2Net
from src.networks.back_ends.sls import Sls, pool_frames
from src.networks.front_ends.front_end import FrameShape, Kind
from src.networks.heads import CosineHead, LinearHead, SeluHead
from src.utils.errors import ArgumentError

pytestmark = pytest.mark.usefixtures("one_thread")

XLSR = FrameShape(Kind.HIDDEN, 25, 1024)
"""All layers of XLS-R with 300 million parameters."""

LAST = FrameShape(Kind.HIDDEN, 1, 1024)


def count(*parts: nn.Module) -> int:
    return sum(one.numel() for part in parts for one in part.parameters())


def shapes(part: nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(one.shape) for name, one in part.state_dict().items()}


@pytest.mark.parametrize("variant", ["nes2net-x", "nes2net"])
def test_nes2net_has_511_thousand_parameters(variant: str) -> None:
    """As Liu et al. say of both, with one output; the released one has two."""
    back_end = Nes2Net(LAST, {"variant": variant})
    assert round(count(back_end, LinearHead(back_end.dim)), -3) == 511_000
    found = shapes(back_end)
    assert found["blocks.6.enter.weight"] == (128, 128, 1)
    is_x = variant == "nes2net-x"
    assert found["blocks.6.inner.convolutions.6.weight"] == (
        (16, 16, 3, 1) if is_x else (16, 16, 3)
    )
    assert found["blocks.0.gate.squeeze.weight"] == (128, 128, 1)
    assert found["norm.running_mean"] == (1024,)
    assert ("blocks.0.inner.sums.6" in found) == is_x
    if is_x:
        assert found["blocks.0.inner.sums.6"] == (1, 1, 1, 8)


def test_sls_has_23_399_thousand_parameters() -> None:
    """As Liu et al. say of it; 22,847 are a third of 201 frames times a third of 1,024 numbers."""
    with torch.device("meta"):
        back_end, head = Sls(XLSR), SeluHead(1024)
    assert round(count(back_end, head), -3) == 23_399_000
    found = shapes(back_end)
    assert found["out.weight"] == (1024, 22847)
    assert found["gate.weight"] == (1, 1024)


def test_lcnn_has_276_thousand_parameters() -> None:
    """As Jung et al. 2022 say of LCNN-LSTM-sum, which has an embedding and cosines behind it."""
    shape = FrameShape(Kind.SPECTRAL, 1, 60)
    back_end = Lcnn(shape, {"embedding": 64})
    assert round(count(back_end, CosineHead(64, 2)), -3) == 276_000
    found = shapes(Lcnn(shape))
    assert found["convolutions.0.weight"] == (64, 1, 5, 5)
    assert found["convolutions.13.weight"] == (128, 48, 3, 3)
    assert found["convolutions.25.weight"] == (64, 32, 3, 3)
    assert found["recurrent.weight_hh_l1_reverse"] == (192, 48)
    assert Lcnn(shape).dim == 96


def test_mhfa_has_the_shapes_of_its_authors() -> None:
    found = shapes(Mhfa(FrameShape(Kind.HIDDEN, 13, 768)))
    assert found == {
        "key_layers": (13,),
        "value_layers": (13,),
        "keys.weight": (128, 768),
        "keys.bias": (128,),
        "values.weight": (128, 768),
        "values.bias": (128,),
        "heads.weight": (32, 128),
        "heads.bias": (32,),
        "out.weight": (256, 4096),
        "out.bias": (256,),
    }


def test_mhfa_is_its_formula() -> None:
    """Head by head: frames are weighted by one linear function of their keys."""
    back_end = Mhfa(FrameShape(Kind.HIDDEN, 3, 5), {"heads": 2, "compression": 4, "size": 6})
    nn.init.normal_(back_end.key_layers)
    nn.init.normal_(back_end.value_layers)
    frames = torch.randn(1, 3, 7, 5)
    keys = sum(w * x for w, x in zip(back_end.key_layers.softmax(0), frames[0], strict=True))
    values = sum(w * x for w, x in zip(back_end.value_layers.softmax(0), frames[0], strict=True))
    keys, values = back_end.keys(keys), back_end.values(values)
    found = []
    for weight, bias in zip(back_end.heads.weight, back_end.heads.bias, strict=True):
        shares = (keys @ weight + bias).softmax(0)
        found.append((shares[:, None] * values).sum(0))
    torch.testing.assert_close(back_end(frames)[0], back_end.out(torch.cat(found)))


def test_attentive_pooling_is_its_formula() -> None:
    """Okabe et al. 2018: weighted mean, and the root of the weighted square less the mean's."""
    back_end = Attentive(FrameShape(Kind.SPECTRAL, 1, 5), {"size": 4, "attention": 3})
    frames = torch.randn(1, 1, 6, 5)
    h = back_end.projection(frames[0, 0]).relu()
    alpha = back_end.weight(back_end.hidden(h).tanh()).softmax(0)
    mean = (alpha * h).sum(0)
    deviation = ((alpha * h**2).sum(0) - mean**2).clamp(min=1e-10).sqrt()
    expected = torch.cat([mean, deviation])
    torch.testing.assert_close(back_end(frames)[0], expected, rtol=1e-4, atol=1e-4)


def test_frames_that_are_all_alike_have_a_gradient() -> None:
    """Digital silence: the deviation is 0, where a root has no slope."""
    back_end = Attentive(FrameShape(Kind.SPECTRAL, 1, 5))
    back_end(torch.ones(2, 1, 9, 5)).sum().backward()
    assert torch.isfinite(back_end.projection.weight.grad).all()


def test_sls_is_its_formula() -> None:
    """As published: pooled by (3, 3), without what is left over in frequency."""
    shape = FrameShape(Kind.HIDDEN, 4, 7)
    back_end = Sls(shape, {"frames": 12, "size": 5}).eval()
    frames = torch.randn(2, 4, 12, 7)
    summed = torch.zeros(2, 12, 7)
    for layer in frames.unbind(1)[1:]:
        gate = back_end.gate(layer.mean(dim=1)).sigmoid()
        summed += gate[:, :, None] * layer
    pooled = max_pool2d(selu(back_end.norm(summed[:, None])), (3, 3)).flatten(1)
    torch.testing.assert_close(back_end(frames), selu(back_end.out(pooled)))
    assert not torch.equal(back_end(frames), Sls(shape, {"frames": 12, "size": 5})(frames))


@pytest.mark.parametrize("length", [1, 2, 66, 67, 68, 199, 201, 202, 499])
def test_windows_of_other_lengths_are_pooled_evenly(length: int) -> None:
    frames = torch.randn(2, length, 5)
    expected = adaptive_max_pool2d(frames, (67, 5))
    torch.testing.assert_close(pool_frames(frames, 67), expected, rtol=0, atol=0)


def test_nes2net_adds_what_the_group_before_gave() -> None:
    """With blocks that hand on what they are given, groups add up, but for the last."""
    back_end = Nes2Net(FrameShape(Kind.HIDDEN, 1, 6), {"groups": 3, "inner_groups": 2}).eval()
    back_end.blocks = nn.ModuleList(nn.Identity() for _ in range(2))
    frames = torch.rand(1, 1, 4, 6)
    first, second, last = frames[0, 0].mean(dim=0).split(2)
    expected = torch.cat([first, first + second, last])
    torch.testing.assert_close(back_end(frames)[0], expected, rtol=1e-4, atol=1e-4)


def test_nes2net_x_begins_with_means() -> None:
    """Each sum weighs the groups beside each other alike at first."""
    block = Nes2Net(FrameShape(Kind.HIDDEN, 1, 32), {"groups": 2, "inner_groups": 4}).blocks[0]
    assert [one.flatten().tolist() for one in block.inner.sums] == [
        pytest.approx([1 / number] * number) for number in (2, 3, 4)
    ]


def test_channels_compete() -> None:
    x = torch.randn(2, 6, 3, 4, requires_grad=True)
    found = MaxFeatureMap()(x)
    torch.testing.assert_close(found, torch.maximum(x[:, :3], x[:, 3:]))
    found.sum().backward()
    won = (x[:, :3] >= x[:, 3:]).float()
    torch.testing.assert_close(x.grad, torch.cat([won, 1 - won], dim=1))


@pytest.mark.parametrize(
    ("back_end", "shape", "settings", "says"),
    [
        (Lcnn, FrameShape(Kind.SPECTRAL, 1, 15), {}, "16 numbers and more, and the front end"),
        (Nes2Net, FrameShape(Kind.HIDDEN, 1, 60), {}, "60 numbers cannot be dealt to 8 groups"),
        (Nes2Net, FrameShape(Kind.HIDDEN, 1, 32), {}, "32 numbers cannot be dealt to 8 groups"),
        (Nes2Net, LAST, {"groups": 1}, "1024 numbers cannot be dealt to 1 groups"),
        (Sls, FrameShape(Kind.HIDDEN, 1, 1024), {}, "first_layer=1, and the front end has the"),
        (Sls, XLSR, {"frames": 2}, "frames=3 and more, of 3 numbers and more"),
    ],
)
def test_what_does_not_go_is_told(back_end, shape, settings, says) -> None:
    with pytest.raises(ArgumentError, match=says):
        back_end(shape, settings)

"""YAMNet itself: its shape, TensorFlow's padding, and norms that were folded away."""

import copy

import numpy as np
import pytest
import torch

from src.networks.back_ends.yamnet.network import ConvolutionUnit, YamNet

SMALL = 1 / 16


def tensorflow_convolution(x: np.ndarray, kernel: np.ndarray, stride: int) -> np.ndarray:
    """A depthwise convolution by TensorFlow's rule of SAME, sum by sum."""
    channels, height, width = x.shape
    size = kernel.shape[-1]
    rows, columns = -(-height // stride), -(-width // stride)
    above = max((rows - 1) * stride + size - height, 0) // 2
    left = max((columns - 1) * stride + size - width, 0) // 2
    found = np.zeros((channels, rows, columns))
    for channel, row, column in np.ndindex(*found.shape):
        for i, j in np.ndindex(size, size):
            y, z = row * stride + i - above, column * stride + j - left
            if 0 <= y < height and 0 <= z < width:
                found[channel, row, column] += x[channel, y, z] * kernel[channel, i, j]
    return found


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", [(6, 4), (5, 3), (3, 2), (6, 3)])
def test_padding_is_tensorflow_s(size: tuple[int, int], stride: int) -> None:
    unit = ConvolutionUnit(2, 2, stride=stride, is_depthwise=True)
    x = np.random.default_rng(7).normal(size=(2, *size)).astype(np.float32)
    with torch.inference_mode():
        found = unit.convolve(torch.from_numpy(x)[None])[0].numpy()
    expected = tensorflow_convolution(x, unit.conv.weight.detach().numpy()[:, 0], stride)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_it_has_the_parameters_of_the_original() -> None:
    state = YamNet().state_dict()
    constant = (".norm.weight", ".num_batches_tracked")
    counted = {k: v.numel() for k, v in state.items() if not k.endswith(constant)}
    assert sum(counted.values()) == 3_751_369
    moving = sum(count for name, count in counted.items() if ".running_" in name)
    assert sum(counted.values()) - moving == 3_729_481
    assert all(unit.norm.eps == 1e-4 for _, unit in YamNet(None, SMALL).units())


def test_the_scale_of_a_norm_is_not_learnt() -> None:
    network = YamNet(None, SMALL)
    fixed = [name for name, value in network.named_parameters() if not value.requires_grad]
    assert fixed == [f"layers.{name}.norm.weight" for name, _ in network.units()]


def test_outputs_are_a_row_a_patch_and_patches_do_not_mix() -> None:
    network = YamNet(3, SMALL).eval()
    patches = torch.randn(4, 96, 64)
    with torch.inference_mode():
        together = network(patches)
        alone = torch.cat([network(patch[None]) for patch in patches])
    assert together.shape == (4, 3)
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)


def folded() -> YamNet:
    """A network whose norms do nothing but add an offset, as one for inference has them."""
    network = YamNet(2, SMALL).eval()
    for _, unit in network.units():
        unit.fold()
        torch.nn.init.normal_(unit.norm.bias, 0.2, 0.3)
        torch.nn.init.normal_(unit.conv.weight, 0, 1.5 / unit.conv.weight[0].numel() ** 0.5)
    return network


def test_a_folded_norm_adds_its_offset() -> None:
    network = folded()
    unit = network.layers[0]
    x = torch.randn(2, 1, 8, 8)
    with torch.inference_mode():
        expected = torch.relu(unit.convolve(x) + unit.norm.bias[:, None, None])
        torch.testing.assert_close(unit(x), expected)


def test_unfolding_changes_nothing_and_lets_training_begin_where_it_was() -> None:
    network = folded()
    patches, others = torch.randn(16, 96, 64), torch.randn(5, 96, 64) + 1
    with torch.inference_mode():
        before = network(patches), network(others)
        in_training = copy.deepcopy(network).train()(patches)
        assert (in_training - before[0]).abs().max() > 0.1
        network.unfold(patches)
        torch.testing.assert_close(network(patches), before[0], atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(network(others), before[1], atol=1e-4, rtol=1e-4)
        # By the statistics of the batch itself, which are those that it was unfolded by.
        torch.testing.assert_close(network.train()(patches), before[0], atol=1e-4, rtol=1e-4)

"""YAMNet as a back end: which frames it hears, and what it begins with."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from src.networks.back_ends.yamnet.back_end import Yamnet, cut_patches
from src.networks.back_ends.yamnet.network import YamNet
from src.networks.back_ends.yamnet.start import YamnetStart
from src.networks.back_ends.yamnet.weights import load_weights
from src.networks.examples import Crops
from src.networks.front_ends.front_end import FrameShape, Kind
from src.networks.network import Network
from src.networks.settings import NetworkSettings
from src.utils.errors import ArgumentError
from tests.networks.back_ends.yamnet.test_weights import CLASSES, SMALL, WRITERS

SHAPE = FrameShape(Kind.SPECTRAL, 1, 64)
SETTINGS = NetworkSettings("log-mel", "yamnet", samples=20_000, back={"width": SMALL})


def frames(count: int, batch: int = 2) -> torch.Tensor:
    return torch.randn(batch, count, 64, generator=torch.Generator().manual_seed(count))


@pytest.mark.parametrize(
    ("count", "starts"),
    [(96, [0]), (97, [0, 1]), (144, [0, 48]), (150, [0, 48, 54]), (400, [*range(0, 300, 48), 304])],
)
def test_every_frame_is_in_a_patch(count: int, starts: list[int]) -> None:
    given = frames(count)
    expected = torch.stack([given[:, start : start + 96] for start in starts], dim=1)
    assert_close(cut_patches(given), expected)


def test_what_is_shorter_than_a_patch_is_repeated() -> None:
    given = frames(40)
    found = cut_patches(given)
    assert found.shape == (2, 1, 96, 64)
    assert_close(found[:, 0], torch.cat([given, given, given[:, :16]], dim=1))


def test_a_window_s_vector_is_the_mean_of_its_patches() -> None:
    back = Yamnet(SHAPE, {"width": SMALL}).eval()
    given = frames(150)
    with torch.inference_mode():
        found = back(given[:, None])
        alone = [back.network.features(given[:, start : start + 96]) for start in (0, 48, 54)]
    assert found.shape == (2, back.dim)
    assert_close(found, torch.stack(alone).mean(dim=0), atol=1e-5, rtol=1e-4)


def test_it_is_told_what_does_not_go_with_it() -> None:
    with pytest.raises(ArgumentError, match="takes spectral frames, and the front end gives hidd"):
        Yamnet(FrameShape(Kind.HIDDEN, 1, 64))
    with pytest.raises(ArgumentError, match="width=5"):
        Yamnet(SHAPE, {"width": 5.0})


class _Crops(Crops):
    """Windows of noise, louder from one to the next."""

    def example(self, epoch: int, number: int) -> dict[str, np.ndarray]:
        noise = np.random.default_rng(number).normal(0, 0.01 * (1 + number), self.samples)
        return {"windows": noise.astype(np.float32), "labels": np.float32(number % 2)}


@pytest.mark.parametrize("name", WRITERS)
def test_published_weights_are_begun_with(name: str, tmp_path: Path) -> None:
    torch.manual_seed(1)
    trained = YamNet(CLASSES, SMALL).eval()
    for _, unit in trained.units():
        torch.nn.init.uniform_(unit.norm.running_var, 0.5, 1.5)
        torch.nn.init.normal_(unit.norm.bias, 0.2, 0.2)
    start = YamnetStart(load_weights(str(WRITERS[name](trained, tmp_path / name))))
    network = Network.make(SETTINGS)
    head = network.head.layer.weight.clone()
    start.begin(network)
    assert_close(network.head.layer.weight, head)
    windows = torch.randn(3, 20_000) * 0.1
    with torch.inference_mode():
        network.eval()
        before = network.vectors(windows)
        patches = cut_patches(network.front_end(windows)[:, 0])
        expected = trained.features(patches.flatten(0, 1)).unflatten(0, patches.shape[:2])
        assert_close(before, expected.mean(dim=1), atol=1e-3, rtol=1e-3)
        crops = _Crops(None, ("a",) * 6, ("s",) * 6, (0, 1) * 3, 20_000)
        start.adapt(network, crops)
        assert_close(network.vectors(windows), before, atol=1e-3, rtol=1e-3)
    means = [unit.norm.running_mean for _, unit in network.back_end.network.units()]
    # Norms that were folded away have statistics again.
    assert all(mean.abs().max() > 0 for mean in means) == start.weights.is_folded
    assert start.describe()["file"] == name


def test_weights_of_it_go_with_no_other_back_end(tmp_path: Path) -> None:
    trained = YamNet(CLASSES, SMALL)
    start = YamnetStart(load_weights(str(WRITERS["a.pth"](trained, tmp_path / "a.pth"))))
    other = Network.make(replace(SETTINGS, back_end="linear", back={}))
    with pytest.raises(ArgumentError, match="--weights goes with --back-end=yamnet"):
        start.begin(other)

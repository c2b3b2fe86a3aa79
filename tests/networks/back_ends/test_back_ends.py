"""The back ends of the table: what each must do, whatever is inside."""

from collections.abc import Callable
from itertools import chain

import pytest
import torch
from torch import nn

from src.networks.back_ends import BACK_ENDS
from src.networks.front_ends.front_end import FrameShape, Kind
from src.networks.losses import CrossEntropy
from src.networks.network import Network
from src.utils.errors import ArgumentError
from tests.networks.parts import make_front_end, make_network, make_windows
from tests.networks.small import small_back_end

pytestmark = pytest.mark.usefixtures("one_thread")

CASES = list(
    chain.from_iterable([(name, kind) for kind in BACK_ENDS.load(name).takes] for name in BACK_ENDS)
)
"""Every back end on every kind of frames that it takes."""


def scores(network: Network, windows: torch.Tensor) -> torch.Tensor:
    network.eval()
    with torch.no_grad():
        return network.head.score(network.vectors(windows))


def begin_training(network: Network) -> None:
    """Train without dropout: what is to be learnt by heart is learnt faster."""
    network.train()
    for part in network.modules():
        if isinstance(part, nn.Dropout):
            part.eval()


def settle(network: Network, windows: torch.Tensor) -> None:
    """Let normalisations take the means and variances of a batch, which they would near slowly."""
    begin_training(network)
    for part in network.modules():
        if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
            part.reset_running_stats()
            part.momentum = 1.0
    network(windows)
    network.eval()


def overfitted(name: str, kind: Kind, windows: torch.Tensor, labels: torch.Tensor) -> Network:
    network, small, loss = make_network(name, kind), small_back_end(name), CrossEntropy()
    optimiser = torch.optim.Adam(network.parameters(), small.rate)
    begin_training(network)
    for _ in range(small.steps):
        optimiser.zero_grad()
        loss(network(windows), labels).mean().backward()
        optimiser.step()
    settle(network, windows)
    return network


@pytest.mark.parametrize("name", BACK_ENDS)
def test_every_back_end_has_a_small_setting(name: str) -> None:
    small_back_end(name)


def test_a_back_end_without_a_small_setting_fails() -> None:
    with pytest.raises(AssertionError, match="--back-end=bogus has no small setting: add to"):
        small_back_end("bogus")


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_vectors_and_gradients(name: str, kind: Kind, voice: Callable) -> None:
    """Whatever the number of windows and of frames, and in training every parameter counts."""
    network = make_network(name, kind)
    for seconds, count in ((small_back_end(name).shortest, 2), (0.3, 1), (0.42, 3)):
        network.eval()
        vectors = network.vectors(make_windows(voice, count, seconds))
        assert vectors.shape == (count, network.back_end.dim)
        assert torch.isfinite(vectors).all()
    network.train()
    # Squares, since the mean of what is normalised over the batch is the same whatever it is.
    found = network.vectors(make_windows(voice, 4, 0.42)).square().sum()
    if found.requires_grad:
        found.backward()
    named = [*network.back_end.named_parameters(), *network.front_end.named_parameters()]
    trained = [(one, value.grad) for one, value in named if value.requires_grad]
    untouched = [one for one, gradient in trained if gradient is None or not gradient.any()]
    assert untouched == []


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_overfits_a_handful_of_clips(name: str, kind: Kind, voice: Callable) -> None:
    windows = make_windows(voice, 6, small_back_end(name).seconds)
    labels = torch.tensor([1.0, 0.0] * 3)
    network = overfitted(name, kind, windows, labels)
    before = scores(make_network(name, kind), windows)
    found = scores(network, windows)
    assert found[labels == 1].min() > found[labels == 0].max()
    # What is kept of it is all that it needs.
    again = make_network(name, kind, seed=1)
    again.load_kept_state(network.kept_state())
    torch.testing.assert_close(scores(again, windows), found, rtol=0, atol=0)
    assert (scores(make_network(name, kind), windows) == before).all()


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_windows_of_a_batch_do_not_influence_each_other(
    name: str, kind: Kind, voice: Callable
) -> None:
    network, windows = make_network(name, kind), make_windows(voice, 3)
    together = scores(network, windows)
    assert torch.equal(scores(network, windows), together)
    alone = torch.cat([scores(network, window[None]) for window in windows])
    torch.testing.assert_close(alone, together, rtol=1e-4, atol=1e-5)
    assert len(set(together.tolist())) == 3


@pytest.mark.parametrize("length", [400, 1600, 2314])
@pytest.mark.parametrize(("name", "kind"), CASES)
def test_windows_of_any_length(name: str, kind: Kind, length: int, voice: Callable) -> None:
    """A training on them goes, too."""
    network, windows = make_network(name, kind), make_windows(voice, 2)[:, :length]
    assert scores(network, windows).isfinite().all()
    network.train()(windows).sum().backward()


@pytest.mark.parametrize("name", BACK_ENDS)
def test_only_frames_that_it_takes(name: str) -> None:
    back_end = BACK_ENDS.load(name)
    for kind in set(Kind) - set(back_end.takes):
        with pytest.raises(ArgumentError, match=f"--back-end={name} takes .* gives {kind} ones"):
            back_end(FrameShape(kind, 2, 64))


@pytest.mark.parametrize("name", BACK_ENDS)
def test_settings_are_checked(name: str) -> None:
    back_end = BACK_ENDS.load(name)
    shape = make_front_end(name, back_end.takes[0]).shape
    with pytest.raises(ArgumentError, match=f"--back-end={name}=bogus is not one of"):
        back_end(shape, {"bogus": 1})
    for key, default in back_end.defaults.items():
        for wrong in ([], "bogus", type(default)(-1) if isinstance(default, int | float) else 3):
            with pytest.raises(ArgumentError, match=f"--back-end={name}: {key}") as raised:
                back_end(shape, {key: wrong})
            assert "\n" not in str(raised.value)
    assert set(small_back_end(name).settings) <= set(back_end.defaults)

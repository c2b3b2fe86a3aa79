"""The front ends of the table: what each must do, whatever is inside."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from src.networks.front_ends import FRONT_ENDS
from src.networks.front_ends.front_end import FrontEnd
from tests.networks.parts import make_windows
from tests.networks.small import small_front_end

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def front_end(request: pytest.FixtureRequest, tmp_path: Path) -> FrontEnd:
    name: str = request.param
    return FRONT_ENDS.load(name).make(small_front_end(name, tmp_path))


of_each = pytest.mark.parametrize("front_end", FRONT_ENDS, indirect=True)


def test_a_front_end_without_a_small_setting_fails(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="--front-end=bogus has no small setting: add to"):
        small_front_end("bogus", tmp_path)


@of_each
def test_shapes(front_end: FrontEnd, voice: Callable) -> None:
    assert front_end.description.strip() == front_end.description != ""
    for seconds, count in ((0.06, 2), (0.3, 1), (0.42, 3)):
        windows = make_windows(voice, count, seconds)
        frames = front_end.eval()(windows)
        assert frames.dtype == torch.float32
        assert torch.isfinite(frames).all()
        shape = front_end.shape
        assert (len(frames), frames.shape[1], frames.shape[3]) == (count, shape.layers, shape.width)
        assert 1 <= frames.shape[2] <= windows.shape[1]


@of_each
def test_windows_of_a_batch_do_not_influence_each_other(
    front_end: FrontEnd, voice: Callable
) -> None:
    windows = make_windows(voice, 3)
    front_end.eval()
    with torch.no_grad():
        together = front_end(windows)
        assert torch.equal(front_end(windows), together)
        for window, frames in zip(windows, together, strict=True):
            torch.testing.assert_close(front_end(window[None])[0], frames, rtol=1e-4, atol=1e-4)
    assert not torch.equal(together[0], together[1])


@of_each
def test_what_it_says_of_itself_makes_it_again(front_end: FrontEnd, voice: Callable) -> None:
    again = type(front_end).make(front_end.describe())
    assert again.describe() == front_end.describe()
    assert (again.shape, again.sample_rate) == (front_end.shape, front_end.sample_rate)
    again.load_state_dict(front_end.state_dict())
    windows = make_windows(voice, 2)
    with torch.no_grad():
        assert torch.equal(again.eval()(windows), front_end.eval()(windows))


@of_each
def test_gradients_reach_the_samples(front_end: FrontEnd, voice: Callable) -> None:
    windows = make_windows(voice, 2).requires_grad_()
    front_end.eval()(windows).square().sum().backward()
    assert windows.grad is not None
    assert windows.grad.any(dim=1).all()


@of_each
def test_gradients_reach_what_is_trained(front_end: FrontEnd, voice: Callable) -> None:
    trained = {name: one for name, one in front_end.named_parameters() if one.requires_grad}
    frames = front_end.train()(make_windows(voice, 2))
    if trained:
        frames.square().sum().backward()
    untouched = [n for n, one in trained.items() if one.grad is None or not one.grad.any()]
    assert untouched == []

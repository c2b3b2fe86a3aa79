"""From flags to what is trained: what is refused, and what a run that goes on keeps."""

import re
from pathlib import Path
from typing import Any

import pytest

from src.networks.choice import NetworkChoice
from src.networks.defaults import ADAPTED_RATE, PRETRAINED
from src.networks.losses import LOSSES
from src.networks.settings import NETWORK, NetworkSettings
from src.networks.windows import Covers
from src.utils.errors import ArgumentError, RunError
from src.utils.runs import Run


def started(folder: Path, network: NetworkSettings, **hyperparameters: Any) -> Run:
    """Return a run as one that is gone on with is read."""
    told = {NETWORK: network.describe(), "hyperparameters": hyperparameters}
    return Run(3, folder, {"settings": told})


@pytest.mark.parametrize("is_new", [True, False])
def test_windows_that_no_run_could_be_opened_with_are_refused(is_new: bool, tmp_path: Path) -> None:
    start = None if is_new else started(tmp_path, NetworkSettings("raw", "aasist"))
    names = ("raw", "aasist") if is_new else ()
    found = NetworkChoice(*names, seconds=625).recipe(start)
    assert found.network.samples == 10_000_000
    with pytest.raises(ArgumentError, match=r"--seconds=626 is above 625, the longest window"):
        NetworkChoice(*names, seconds=626).recipe(start)
    with pytest.raises(ArgumentError, match=r"--seconds=0 is not one sample"):
        NetworkChoice(*names, seconds=0).recipe(start)


@pytest.mark.parametrize(
    ("lora", "flags", "rate"),
    [
        (2, {}, ADAPTED_RATE),
        (2, {"gradient_checkpointing": True}, ADAPTED_RATE),
        (None, {"lora": 4}, ADAPTED_RATE),
        (2, {"freeze": "1"}, PRETRAINED.front_learning_rate),
        (None, {}, PRETRAINED.front_learning_rate),
        (2, {"trainer": {"front_learning_rate": 3e-4}}, 3e-4),
    ],
)
def test_adapters_that_go_on_have_their_rate(
    lora: int | None, flags: dict, rate: float, tmp_path: Path
) -> None:
    front = {"lora": lora, "sample_rate": 16_000}
    start = started(tmp_path, NetworkSettings("auto", "linear", front=front))
    assert NetworkChoice(**flags).recipe(start).trainer.front_learning_rate == rate


@pytest.mark.parametrize("name", LOSSES)
def test_the_loss_of_a_run_goes_on_unless_one_is_given(name: str, tmp_path: Path) -> None:
    network = NetworkSettings("raw", "aasist")
    assert NetworkChoice().recipe(started(tmp_path, network, loss=name)).loss == name
    given = NetworkChoice(loss="oc-softmax").recipe(started(tmp_path, network, loss=name))
    assert given.loss == "oc-softmax"


def test_the_loss_of_what_others_trained_is_cross_entropy(tmp_path: Path) -> None:
    network = NetworkSettings("raw", "aasist")
    assert NetworkChoice().recipe(started(tmp_path, network)).loss == "cross-entropy"
    assert NetworkChoice("raw", "aasist").recipe().loss == "cross-entropy"
    with pytest.raises(RunError, match=r"manifest\.json is damaged: entropy is no loss"):
        NetworkChoice().recipe(started(tmp_path, network, loss="entropy"))


@pytest.mark.parametrize(
    ("seconds", "covers", "scored", "trained"),
    [
        (None, Covers.ALL, 64_600, None),
        (2.0, Covers.FIRST, 32_000, None),
        (None, Covers.WHOLE, 800_000, 64_000),
        (2.0, Covers.WHOLE, 800_000, 32_000),
    ],
)
def test_windows_of_a_run_that_goes_on(
    seconds: float | None, covers: Covers, scored: int, trained: int | None, tmp_path: Path
) -> None:
    """One that scores recordings whole is not trained on windows of 50 s."""
    samples = 800_000 if covers is Covers.WHOLE else 64_600
    start = started(tmp_path, NetworkSettings("raw", "aasist", samples, covers))
    found = NetworkChoice(seconds=seconds).recipe(start)
    assert (found.network.samples, found.network.covers) == (scored, covers)
    assert found.samples == trained


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        ({"front_end_settings": {"coefficients": "abc"}}, "coefficients=abc is no whole number"),
        ({"front_end_settings": {"energy": "maybe"}}, "energy=maybe is neither true nor false"),
        ({"back_end_settings": {"shape": "1"}}, "shape"),
    ],
)
def test_what_a_setting_cannot_be(chosen: dict, told: str) -> None:
    with pytest.raises(ArgumentError, match=told):
        NetworkChoice("lfcc", "lcnn", **chosen).recipe()


@pytest.mark.parametrize(
    ("layers", "near"), [("weighed", "; did you mean weighted?"), ("-1", ""), ("lst", "last")]
)
def test_layers_that_there_cannot_be(layers: str, near: str) -> None:
    """What was meant is told where it is near."""
    told = f"--layers={layers} is not last, weighted or a layer's number"
    with pytest.raises(ArgumentError, match=f"^{re.escape(told)}.*{re.escape(near)}"):
        NetworkSettings("auto", "linear", layers=layers)

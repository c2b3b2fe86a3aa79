"""Networks on tiny encoders, and a few steps of training."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from src.networks.backbone import input_of
from src.networks.front_ends import FRONT_ENDS
from src.networks.network import Network
from src.networks.settings import NetworkSettings
from src.networks.trained import TrainedNetwork
from src.utils.runs import Kind, Run, new_run

SAMPLES = 4000


def settings_of(
    checkpoint: Path, layers: str = "last", front_end: str = "auto", **options: Any
) -> NetworkSettings:
    front = FRONT_ENDS.load(front_end).open(str(checkpoint), layers=layers, **options)
    return NetworkSettings(front_end, "linear", samples=SAMPLES, layers=layers, front=front)


def make(checkpoint: Path, layers: str = "last", **options: Any) -> Network:
    torch.manual_seed(7)
    return Network.make(settings_of(checkpoint, layers, **options))


def weights_of(module: torch.nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in module.state_dict().items()}


def changed_in(network: Network, before: dict[str, Tensor]) -> set[str]:
    """Return the names of weights that are not what they were."""
    now = network.state_dict()
    return {name for name, value in before.items() if not torch.equal(value, now[name])}


def train(network: Network, windows: Tensor, labels: Tensor, steps: int = 3) -> list[float]:
    """Take steps of AdamW on one batch; return the losses."""
    trained = [one for one in network.parameters() if one.requires_grad]
    optimizer = torch.optim.AdamW(trained, 3e-3, weight_decay=0)
    network.train()
    losses = []
    for _ in range(steps):
        loss = functional.binary_cross_entropy_with_logits(network(windows)[:, 0], labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def save(settings: NetworkSettings, network: Network, runs: Path) -> Run:
    """Make a run of a network, as a training leaves it."""
    trained = TrainedNetwork(settings, network)
    asked = {
        "backbone": input_of(trained),
        "classifier": settings.back_end,
        "network": settings.describe(),
        "hyperparameters": {},
        "seed": 7,
    }
    with new_run(runs, Kind.TRAINING, asked) as run:
        trained.save(run.folder)
    return run


Folder = Callable[..., Path]

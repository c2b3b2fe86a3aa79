"""The optimizer of the networks: torch's own Adam, without torch's compiler."""

import os
import subprocess
import sys

import pytest
import torch
from torch import nn

from src.models.adam import Adam
from src.utils.config import ROOT

SCRIPT = """
import sys
import torch
from src.models.adam import Adam
network = torch.nn.Linear(3, 1)
optimizer = Adam(network.parameters(), lr=0.1)
optimizer.zero_grad()
network(torch.ones(2, 3)).sum().backward()
optimizer.step()
print("torch._dynamo" in sys.modules)
"""


def trained(kind: type[torch.optim.Optimizer], weight_decay: float) -> list[torch.Tensor]:
    torch.manual_seed(3)
    network = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 1))
    optimizer = kind(network.parameters(), lr=0.03, weight_decay=weight_decay)
    for _ in range(20):
        optimizer.zero_grad()
        loss = (network(torch.randn(16, 5)) - 1).square().mean()
        loss.backward()
        optimizer.step()
    state = [values for of in optimizer.state.values() for values in of.values()]
    return [*network.state_dict().values(), *state]


@pytest.mark.parametrize("weight_decay", [0.0, 0.01])
def test_it_steps_as_torch_does(weight_decay: float) -> None:
    ours, theirs = (trained(kind, weight_decay) for kind in (Adam, torch.optim.Adam))
    assert len(ours) == 4 + 3 * 4
    for one, other in zip(ours, theirs, strict=True):
        assert torch.equal(one, other)


def test_it_does_not_load_the_compiler() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == "False"

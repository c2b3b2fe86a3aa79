"""How fast AASIST scores and is trained, against its plain layers and against the machine.

Run as `python benchmarks/aasist.py [--variant=aasist] [--batch=4] [--seconds=4]`. Everything runs
in one process on the same random weights and windows, with the same threads, turn by turn, the
best of the rounds each:

- the plain network: the published layers one by one, torch's own modules in float32;
- in training, the plain network once more while freed memory is kept, as our trainer has it;
- ours, in float32, and in training with bfloat16 convolutions, as autocast has them, too;
- the limit: the fastest of a few large matrix multiplications in float32.

A fraction of the limit is the network's own arithmetic (multiply and add count two; in training
the gradients of weights and of what they are given count as much each) per second, over what the
multiplications reached. The losses of a few steps from the same weights are printed at the end. The
network keeps its highest nodes, so that a curve parts from another as soon as rounding changes
which these are: how far is told by the plain network on windows that are a millionth louder.
"""

import argparse
import copy
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import src  # noqa: F401 - threads wait as those of the tasks do

# isort: split

import torch
from torch import Tensor

from benchmarks.extraction import matrix_limit
from benchmarks.parts.timing import best_by_turns
from src.networks.back_ends.aasist import back_end
from src.networks.network import Network
from src.networks.settings import NetworkSettings
from src.utils.config import SAMPLE_RATE
from src.utils.memory import freed_memory_kept

STEPS = 6


@contextmanager
def plain_layers() -> Iterator[None]:
    """Let the network be computed by its plain layers alone."""
    kept = back_end.is_fast, back_end.is_on_cpu
    back_end.is_fast = back_end.is_on_cpu = lambda frames: False
    yield
    back_end.is_fast, back_end.is_on_cpu = kept


def operations(network: Network, windows: Tensor) -> float:
    """Return the multiplications and additions of the convolutions for a batch."""
    counted = []

    def count(layer: torch.nn.Conv2d, _: tuple, made: Tensor) -> None:
        counted.append(2 * made.numel() * layer.weight[0].numel())

    handles = [
        layer.register_forward_hook(count)
        for layer in network.modules()
        if isinstance(layer, torch.nn.Conv2d)
    ]
    with torch.inference_mode(), plain_layers():
        network.eval()(windows)
    for handle in handles:
        handle.remove()
    filters = network.back_end.filter_bank.filters
    return sum(counted) + 2 * windows.numel() * filters.numel()


def score(network: Network, windows: Tensor) -> None:
    """Score windows once."""
    with torch.inference_mode():
        network.eval()(windows)


def train(network: Network, windows: Tensor, autocast: bool = False) -> float:
    """Return the loss of windows, half of which are of either class, and find its gradients."""
    network.train().zero_grad()
    with torch.autocast("cpu", torch.bfloat16) if autocast else nullcontext():
        outputs = network(windows).float()
    labels = torch.arange(len(windows)) % 2
    loss = torch.nn.functional.cross_entropy(outputs, labels)
    loss.backward()
    return loss.item()


def losses(network: Network, windows: Tensor, autocast: bool = False) -> list[float]:
    """Return the losses of a few steps; the dropouts draw the same whenever it is called."""
    network = copy.deepcopy(network)
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4)
    found = []
    for step in range(STEPS):
        torch.manual_seed(step)
        found.append(train(network, windows, autocast))
        optimizer.step()
    return found


def plainly(function: Callable, *arguments: object) -> object:
    """Call a function while the network is computed by its plain layers."""
    with plain_layers():
        return function(*arguments)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--variant", choices=("aasist", "aasist-l"), default="aasist")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=4.0, help="of a window")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    torch.manual_seed(7)
    settings = NetworkSettings("raw", "aasist", outputs=2, back={"variant": options.variant})
    network = Network.make(settings)
    windows = torch.randn(options.batch, round(options.seconds * SAMPLE_RATE))
    work = operations(network, windows)
    limit = matrix_limit(torch.float32, torch.device("cpu"))
    print(
        f"{options.variant}: {options.batch} windows of {options.seconds:g} s, "
        f"{work / options.batch / 1e9:.1f} GFLOP each; {torch.get_num_threads()} threads, "
        f"limit {limit / 1e9:,.0f} GFLOP/s of float32 matrix products"
    )
    kinds: dict[str, tuple[float, dict[str, Callable[[], object]]]] = {
        "scoring": (
            work,
            {
                "plain": partial(plainly, score, network, windows),
                "ours": partial(score, network, windows),
            },
        ),
        "training": (
            3 * work,
            {
                "plain": partial(plainly, train, network, windows),
                "plain, kept": partial(plainly, train, network, windows),
                "ours": partial(train, network, windows),
                "ours, bfloat16": partial(train, network, windows, True),
            },
        ),
    }
    for kind, (total, contestants) in kinds.items():
        kept = contestants.keys() - {"plain"} if kind == "training" else ()
        within = dict.fromkeys(kept, freed_memory_kept)
        taken = best_by_turns(contestants, options.rounds, within=within)
        for name, seconds in taken.items():
            print(
                f"{kind:8} {name:15} {seconds / options.batch * 1000:8.1f} ms a window, "
                f"{taken['plain'] / seconds:5.2f}x the plain network, "
                f"{total / seconds / limit:4.0%} of the limit"
            )
    curves = {
        "plain": plainly(losses, network, windows),
        "plain, rounded": plainly(losses, network, windows * (1 + 1e-6)),
        "ours": losses(network, windows),
        "ours, bfloat16": losses(network, windows, True),
    }
    for name, curve in curves.items():
        print(f"losses   {name:15} " + " ".join(f"{loss:.4f}" for loss in curve))


if __name__ == "__main__":
    main()

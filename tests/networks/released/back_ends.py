"""Back ends as published: names and shapes of their state dicts, and what they compute, plainly."""

import torch
from torch import Tensor
from torch.nn import functional as f

from tests.networks.released.published import (
    WIDTH,
    State,
    batch_norm,
    draw,
    draw_batch_norm,
    draw_linear,
    linear,
)

AASIST_BLOCKS = {
    "aasist": ((32, 32, 64, 64, 64, 64), (64, 32), 23),
    "aasist-l": ((32, 32, 24, 24, 24, 24), (24, 32), 23),
    "ssl-aasist": ((32, 32, 64, 64, 64, 64), (64, 32), 42),
}


def graph_state(channels: tuple[int, ...], nodes: tuple[int, int], bands: int) -> State:
    """Make what AASIST has in common, on raw waveforms and on an encoder."""
    state: State = {}
    draw_batch_norm(state, "first_bn", 1)
    before = 1
    for number, after in enumerate(channels):
        name = f"encoder.{number}.0"
        if number:
            draw_batch_norm(state, f"{name}.bn1", before)
        draw_convolution(state, f"{name}.conv1", before, after, 2, 3)
        draw_batch_norm(state, f"{name}.bn2", after)
        draw_convolution(state, f"{name}.conv2", after, after, 2, 3)
        if before != after:
            draw_convolution(state, f"{name}.conv_downsample", before, after, 1, 3)
        before = after
    size, out = nodes
    draw(state, "pos_S", 1, bands, before, scale=1.0)
    draw(state, "master1", 1, 1, size, scale=1.0)
    draw(state, "master2", 1, 1, size, scale=1.0)
    for name in ("GAT_layer_S", "GAT_layer_T"):
        for part in ("att_proj", "proj_with_att", "proj_without_att"):
            draw_linear(state, f"{name}.{part}", before, size)
        draw(state, f"{name}.att_weight", size, 1, scale=0.5)
        draw_batch_norm(state, f"{name}.bn", size)
    for name, width in (("11", size), ("12", out), ("21", size), ("22", out)):
        draw_heterogeneous(state, f"HtrgGAT_layer_ST{name}", width, out)
    for name in ("S", "T"):
        draw_linear(state, f"pool_{name}.proj", size, 1)
    for name in ("S1", "T1", "S2", "T2"):
        draw_linear(state, f"pool_h{name}.proj", out, 1)
    draw_linear(state, "out_layer", 5 * out, 2)
    return state


def draw_convolution(state: State, name: str, n_in: int, n_out: int, *kernel: int) -> None:
    draw(state, f"{name}.weight", n_out, n_in, *kernel)
    draw(state, f"{name}.bias", n_out)


def draw_heterogeneous(state: State, name: str, size: int, out: int) -> None:
    for part in ("proj_type1", "proj_type2"):
        draw_linear(state, f"{name}.{part}", size, size)
    for part in ("att_proj", "att_projM", "proj_with_att", "proj_without_att"):
        draw_linear(state, f"{name}.{part}", size, out)
    for part in ("proj_with_attM", "proj_without_attM"):
        draw_linear(state, f"{name}.{part}", size, out)
    for part in ("11", "22", "12", "M"):
        draw(state, f"{name}.att_weight{part}", out, 1, scale=20.0)
    draw_batch_norm(state, f"{name}.bn", out)


def aasist_state(variant: str = "aasist") -> State:
    """Make the state dict of AASIST or AASIST-L."""
    return graph_state(*AASIST_BLOCKS[variant])


def ssl_aasist_state() -> State:
    """Make the back end of AASIST on an encoder of `WIDTH` numbers."""
    state = graph_state(*AASIST_BLOCKS["ssl-aasist"])
    draw_linear(state, "LL", WIDTH, 128)
    draw_batch_norm(state, "first_bn1", 64)
    draw_convolution(state, "attention.0", 64, 128, 1, 1)
    draw_batch_norm(state, "attention.2", 128)
    draw_convolution(state, "attention.3", 128, 64, 1, 1)
    return state


def ssl_aasist(state: State, frames: Tensor) -> Tensor:
    """Return both outputs, of frames (batch, frames, width); after Tak et al. 2022."""
    x = f.max_pool2d(linear(state, "LL", frames).transpose(1, 2)[:, None], 3)
    x = f.selu(batch_norm(state, "first_bn", x))
    for number in range(6):
        name = f"encoder.{number}.0"
        y = convolve(state, f"{name}.conv1", x, (1, 1))
        y = convolve(state, f"{name}.conv2", f.selu(batch_norm(state, f"{name}.bn2", y)), (0, 1))
        if f"{name}.conv_downsample.weight" in state:
            x = convolve(state, f"{name}.conv_downsample", x, (0, 1))
        x = x + y
    x = f.selu(batch_norm(state, "first_bn1", x))
    wide = batch_norm(state, "attention.2", f.selu(convolve(state, "attention.0", x, (0, 0))))
    shares = convolve(state, "attention.3", wide, (0, 0))
    bands = (x * shares.softmax(dim=3)).sum(dim=3).transpose(1, 2) + state["pos_S"]
    times = (x * shares.softmax(dim=2)).sum(dim=2).transpose(1, 2)
    bands = pool(state, "pool_S", attend_among(state, "GAT_layer_S", bands), 0.5)
    times = pool(state, "pool_T", attend_among(state, "GAT_layer_T", times), 0.5)
    parts = [branch(state, number, times, bands) for number in (1, 2)]
    times, bands, master = (torch.maximum(*both) for both in zip(*parts, strict=True))
    told = torch.cat(
        [
            *(times.abs().amax(1), times.mean(1), bands.abs().amax(1), bands.mean(1)),
            master[:, 0],
        ],
        dim=1,
    )
    return linear(state, "out_layer", told)


def convolve(state: State, name: str, x: Tensor, padding: tuple[int, int]) -> Tensor:
    return f.conv2d(x, state[f"{name}.weight"], state[f"{name}.bias"], padding=padding)


def node_norm(state: State, name: str, nodes: Tensor) -> Tensor:
    return batch_norm(state, name, nodes.transpose(1, 2)).transpose(1, 2)


def attend_among(state: State, name: str, nodes: Tensor) -> Tensor:
    edges = torch.tanh(linear(state, f"{name}.att_proj", nodes[:, :, None] * nodes[:, None]))
    shares = ((edges @ state[f"{name}.att_weight"])[..., 0] / 2).softmax(dim=2)
    found = linear(state, f"{name}.proj_with_att", shares @ nodes)
    found = found + linear(state, f"{name}.proj_without_att", nodes)
    return f.selu(node_norm(state, f"{name}.bn", found))


def attend_between(
    state: State, name: str, one: Tensor, two: Tensor, master: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    n_one = one.shape[1]
    nodes = torch.cat(
        [linear(state, f"{name}.proj_type1", one), linear(state, f"{name}.proj_type2", two)], dim=1
    )
    edges = torch.tanh(linear(state, f"{name}.att_proj", nodes[:, :, None] * nodes[:, None]))
    board = (edges @ state[f"{name}.att_weight12"])[..., 0]
    board[:, :n_one, :n_one] = (edges @ state[f"{name}.att_weight11"])[:, :n_one, :n_one, 0]
    board[:, n_one:, n_one:] = (edges @ state[f"{name}.att_weight22"])[:, n_one:, n_one:, 0]
    shares = (board / 100).softmax(dim=2)
    weights = torch.tanh(linear(state, f"{name}.att_projM", nodes * master))
    weights = (weights @ state[f"{name}.att_weightM"] / 100).softmax(dim=1)
    master = linear(state, f"{name}.proj_with_attM", weights.transpose(1, 2) @ nodes) + linear(
        state, f"{name}.proj_without_attM", master
    )
    found = linear(state, f"{name}.proj_with_att", shares @ nodes)
    found = found + linear(state, f"{name}.proj_without_att", nodes)
    found = f.selu(node_norm(state, f"{name}.bn", found))
    return found[:, :n_one], found[:, n_one:], master


def pool(state: State, name: str, nodes: Tensor, share: float) -> Tensor:
    scores = torch.sigmoid(linear(state, f"{name}.proj", nodes))
    kept = scores.topk(max(int(nodes.shape[1] * share), 1), dim=1).indices
    return (nodes * scores).gather(1, kept.expand(-1, -1, nodes.shape[2]))


def branch(
    state: State, number: int, times: Tensor, bands: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    layer = f"HtrgGAT_layer_ST{number}"
    master = state[f"master{number}"].expand(len(times), -1, -1)
    times, bands, master = attend_between(state, f"{layer}1", times, bands, master)
    bands = pool(state, f"pool_hS{number}", bands, 0.5)
    times = pool(state, f"pool_hT{number}", times, 0.5)
    more = attend_between(state, f"{layer}2", times, bands, master)
    return times + more[0], bands + more[1], master + more[2]


def sls_state(frames: int) -> State:
    """Make the back end SLS for windows of so many frames."""
    state: State = {}
    draw_batch_norm(state, "first_bn", 1)
    draw_linear(state, "fc0", WIDTH, 1)
    draw_linear(state, "fc1", (frames // 3) * (WIDTH // 3), 1024)
    draw_linear(state, "fc3", 1024, 2)
    return state


def sls(state: State, layers: list[Tensor]) -> Tensor:
    """Return both logarithms of probabilities, of all layers; after Zhang et al. 2024."""
    summed = torch.zeros_like(layers[0])
    for layer in layers:
        summed = summed + layer * torch.sigmoid(linear(state, "fc0", layer.mean(1, keepdim=True)))
    x = f.max_pool2d(f.selu(batch_norm(state, "first_bn", summed[:, None])), 3).flatten(1)
    return f.selu(linear(state, "fc3", f.selu(linear(state, "fc1", x)))).log_softmax(dim=1)


NESTED = "Nested_Res2Net_TDNN"
GROUPS, INNER_GROUPS = 8, 3
"""INNER_GROUPS is 8 as published, and fewer here, since a group has 6 numbers and not 128."""


def nes2net_state() -> State:
    """Make the back end Nes2Net-X."""
    state: State = {}
    width = WIDTH // GROUPS
    narrow = width // INNER_GROUPS
    for number in range(GROUPS - 1):
        name = f"{NESTED}.Build_in_Res2Nets.{number}"
        draw_convolution(state, f"{name}.conv1", width, narrow * INNER_GROUPS, 1)
        draw_batch_norm(state, f"{name}.bn1", narrow * INNER_GROUPS)
        for inner in range(INNER_GROUPS - 1):
            draw(state, f"{name}.weighted_sum.{inner}", 1, 1, 1, inner + 2)
            draw_convolution(state, f"{name}.convs.{inner}", narrow, narrow, 3, 1)
            draw_batch_norm(state, f"{name}.bns.{inner}", narrow)
        draw_convolution(state, f"{name}.conv3", narrow * INNER_GROUPS, width, 1)
        draw_batch_norm(state, f"{name}.bn3", width)
        draw_convolution(state, f"{name}.se.se.1", width, width, 1)
        draw_convolution(state, f"{name}.se.se.3", width, width, 1)
        draw_batch_norm(state, f"{NESTED}.bns.{number}", width)
    draw_batch_norm(state, f"{NESTED}.bn", WIDTH)
    draw_linear(state, f"{NESTED}.fc", WIDTH, 2)
    return state


def nes2net(state: State, frames: Tensor) -> Tensor:
    """Return both outputs, of frames (batch, frames, width); after Liu et al. 2025."""
    groups = frames.transpose(1, 2).chunk(GROUPS, dim=1)
    found: list[Tensor] = []
    for number in range(GROUPS - 1):
        x = groups[number] if not found else found[-1] + groups[number]
        x = inner_block(state, f"{NESTED}.Build_in_Res2Nets.{number}", x)
        found.append(batch_norm(state, f"{NESTED}.bns.{number}", f.relu(x)))
    x = torch.cat([*found, groups[-1]], dim=1)
    return linear(state, f"{NESTED}.fc", f.relu(batch_norm(state, f"{NESTED}.bn", x)).mean(dim=2))


def inner_block(state: State, name: str, x: Tensor) -> Tensor:
    def along(part: str, given: Tensor) -> Tensor:
        return f.conv1d(given, state[f"{name}.{part}.weight"], state[f"{name}.{part}.bias"])

    parts = batch_norm(state, f"{name}.bn1", f.relu(along("conv1", x))).chunk(INNER_GROUPS, dim=1)
    beside, found = parts[-1][..., None], []
    for inner in range(INNER_GROUPS - 1):
        beside = torch.cat([beside, parts[inner][..., None]], dim=3)
        beside = f.conv2d(
            beside,
            state[f"{name}.convs.{inner}.weight"],
            state[f"{name}.convs.{inner}.bias"],
            padding=(2, 0),
            dilation=(2, 1),
        )
        beside = batch_norm(state, f"{name}.bns.{inner}", f.relu(beside))
        found.append((beside * state[f"{name}.weighted_sum.{inner}"]).sum(dim=3))
    y = torch.cat([*found, parts[-1]], dim=1)
    y = batch_norm(state, f"{name}.bn3", f.relu(along("conv3", y)))
    weights = f.relu(along("se.se.1", y.mean(dim=2, keepdim=True)))
    return x + y * torch.sigmoid(along("se.se.3", weights))


def antideepfake_state() -> State:
    """Make the output layer of an AntiDeepfake model."""
    state: State = {}
    draw_linear(state, "proj_fc", WIDTH, 2)
    return state

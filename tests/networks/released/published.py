"""State dicts with the names and shapes of published files, and what they compute, plainly.

Widths are small; every name, kernel, stride and number of groups is as published.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as f

WIDTH, INNER, CONVOLUTIONS, N_LAYERS = 48, 64, 24, 2
KERNELS = (10, 3, 3, 3, 3, 2, 2)
STRIDES = (5, 2, 2, 2, 2, 2, 2)
GROUPS, PLACES, HEADS = 16, 128, 16
LEAST_SAMPLES = 400

State = dict[str, Tensor]


def draw(state: State, name: str, *shape: int, scale: float | None = None) -> None:
    """Add a tensor drawn so that everything that is computed matters."""
    fan = math.prod(shape[1:]) if len(shape) > 1 else 16
    state[name] = torch.randn(shape) * (scale or 1.2 / math.sqrt(fan))


def draw_norm(state: State, name: str, size: int) -> None:
    state[f"{name}.weight"] = 1 + 0.2 * torch.randn(size)
    state[f"{name}.bias"] = 0.2 * torch.randn(size)


def draw_batch_norm(state: State, name: str, size: int) -> None:
    draw_norm(state, name, size)
    state[f"{name}.running_mean"] = 0.2 * torch.randn(size)
    state[f"{name}.running_var"] = 1 + torch.rand(size)
    state[f"{name}.num_batches_tracked"] = torch.tensor(10)


def draw_linear(state: State, name: str, n_in: int, n_out: int) -> None:
    draw(state, f"{name}.weight", n_out, n_in)
    draw(state, f"{name}.bias", n_out)


def encoder_state(prefix: str = "", is_large: bool = True, hubert: bool = False) -> State:
    """Make fairseq's state dict of a wav2vec 2.0 or a HuBERT, as pretraining left it."""
    state: State = {}
    channels = 1
    for number, kernel in enumerate(KERNELS):
        name = f"feature_extractor.conv_layers.{number}"
        draw(state, f"{name}.0.weight", CONVOLUTIONS, channels, kernel)
        if is_large and not hubert:
            draw(state, f"{name}.0.bias", CONVOLUTIONS)
        if is_large:
            draw_norm(state, f"{name}.2.1", CONVOLUTIONS)
        elif number == 0:
            draw_norm(state, f"{name}.2", CONVOLUTIONS)
        channels = CONVOLUTIONS
    draw_norm(state, "layer_norm", CONVOLUTIONS)
    draw_linear(state, "post_extract_proj", CONVOLUTIONS, WIDTH)
    draw(state, "mask_emb", WIDTH)
    draw(state, "encoder.pos_conv.0.weight_v", WIDTH, WIDTH // GROUPS, PLACES)
    state["encoder.pos_conv.0.weight_g"] = 0.5 + torch.rand(1, 1, PLACES)
    draw(state, "encoder.pos_conv.0.bias", WIDTH)
    for number in range(N_LAYERS):
        name = f"encoder.layers.{number}"
        for part in ("k_proj", "v_proj", "q_proj", "out_proj"):
            draw_linear(state, f"{name}.self_attn.{part}", WIDTH, WIDTH)
        draw_norm(state, f"{name}.self_attn_layer_norm", WIDTH)
        draw_linear(state, f"{name}.fc1", WIDTH, INNER)
        draw_linear(state, f"{name}.fc2", INNER, WIDTH)
        draw_norm(state, f"{name}.final_layer_norm", WIDTH)
    draw_norm(state, "encoder.layer_norm", WIDTH)
    if hubert:
        draw(state, "label_embs_concat", 504, 16)
    else:
        draw(state, "quantizer.vars", 1, 640, 8)
        draw_linear(state, "quantizer.weight_proj", CONVOLUTIONS, 640)
        draw_linear(state, "project_q", 16, 16)
    draw_linear(state, "final_proj", WIDTH, 16)
    return {f"{prefix}{name}": tensor for name, tensor in state.items()}


def encode(state: State, waves: Tensor, prefix: str = "") -> tuple[Tensor, list[Tensor]]:
    """Return the encoder's output, and what each layer gives: (batch, frames, width) each.

    After Baevski et al. 2020 and Hsu et al. 2021, written by the names of the file.
    """
    of = {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
    is_large = "feature_extractor.conv_layers.0.2.1.weight" in of
    x = waves[:, None]
    for number, stride in enumerate(STRIDES):
        name = f"feature_extractor.conv_layers.{number}"
        x = f.conv1d(x, of[f"{name}.0.weight"], of.get(f"{name}.0.bias"), stride)
        if is_large:
            x = norm(of, f"{name}.2.1", x.transpose(1, 2)).transpose(1, 2)
        elif number == 0:
            x = f.group_norm(x, len(x[0]), of[f"{name}.2.weight"], of[f"{name}.2.bias"])
        x = f.gelu(x)
    x = linear(of, "post_extract_proj", norm(of, "layer_norm", x.transpose(1, 2)))
    direction, length = of["encoder.pos_conv.0.weight_v"], of["encoder.pos_conv.0.weight_g"]
    kernel = direction * length / direction.norm(dim=(0, 1), keepdim=True)
    placed = f.conv1d(
        x.transpose(1, 2), kernel, of["encoder.pos_conv.0.bias"], padding=PLACES // 2, groups=GROUPS
    )
    x = x + f.gelu(placed[:, :, :-1]).transpose(1, 2)
    if not is_large:
        x = norm(of, "encoder.layer_norm", x)
    layers = []
    for number in range(N_LAYERS):
        name = f"encoder.layers.{number}"
        if is_large:
            x = x + attend(of, name, norm(of, f"{name}.self_attn_layer_norm", x))
            x = x + forward(of, name, norm(of, f"{name}.final_layer_norm", x))
        else:
            x = norm(of, f"{name}.self_attn_layer_norm", x + attend(of, name, x))
            x = norm(of, f"{name}.final_layer_norm", x + forward(of, name, x))
        layers.append(x)
    return (norm(of, "encoder.layer_norm", x) if is_large else x), layers


def norm(state: State, name: str, x: Tensor) -> Tensor:
    return f.layer_norm(x, x.shape[-1:], state[f"{name}.weight"], state[f"{name}.bias"])


def linear(state: State, name: str, x: Tensor) -> Tensor:
    return f.linear(x, state[f"{name}.weight"], state[f"{name}.bias"])


def batch_norm(state: State, name: str, x: Tensor) -> Tensor:
    told = (state[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias"))
    return f.batch_norm(x, *told)


def attend(state: State, name: str, x: Tensor) -> Tensor:
    heads = (
        linear(state, f"{name}.self_attn.{part}", x).unflatten(2, (HEADS, -1)).transpose(1, 2)
        for part in ("q_proj", "k_proj", "v_proj")
    )
    query, key, value = heads
    shares = (query @ key.transpose(2, 3) / math.sqrt(query.shape[-1])).softmax(dim=-1)
    return linear(state, f"{name}.self_attn.out_proj", (shares @ value).transpose(1, 2).flatten(2))


def forward(state: State, name: str, x: Tensor) -> Tensor:
    return linear(state, f"{name}.fc2", f.gelu(linear(state, f"{name}.fc1", x)))

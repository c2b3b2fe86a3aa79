"""How fast clips become pooled hidden layers, against the plain path and against the machine.

Run as `python benchmarks/extraction.py [--shape=base] [--seconds=120]`. Everything runs in one
process on the same random weights and the same clips of 1 to 15 seconds, turn by turn, the best
of the rounds each:

- the plain path: transformers, one clip at a time, mean and standard deviation of every hidden
  layer, in float32 and, where the hardware has it, in bfloat16;
- the fast path in the same formats, and with half of the layers;
- the limit: the fastest of a few large matrix multiplications in either format, by torch itself
  and by the operators that the fast path uses.

A fraction of the limit is the model's own arithmetic (multiply and add count two, no padding,
attention included) per second, over what the multiplications reached.
"""

import argparse
import copy
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import src  # noqa: F401 - threads wait as those of the tasks do

# isort: split

import numpy as np
import torch
import transformers

from benchmarks.parts.timing import best_by_turns
from src.utils.config import SAMPLE_RATE
from src.utils.embeddings.backbones.huggingface import ARCHITECTURES
from src.utils.embeddings.backbones.huggingface.backbone import HiddenStates
from src.utils.embeddings.backbones.moments import mean_and_variance
from src.utils.embeddings.backbones.precision import resolve_precision
from src.utils.embeddings.backbones.transformer.backbone import TransformerBackbone
from src.utils.embeddings.backbones.transformer.kernels import Linear
from src.utils.embeddings.backbones.transformer.model import SpeechModel
from src.utils.embeddings.backbones.windows import Window
from src.utils.embeddings.plan import make_plan

LARGE = {
    "hidden_size": 1024,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "intermediate_size": 4096,
    "feat_extract_norm": "layer",
    "conv_bias": True,
    "do_stable_layer_norm": True,
}
SHAPES = {
    "base": (transformers.Wav2Vec2Config, transformers.Wav2Vec2Model, {}),
    "hubert-base": (transformers.HubertConfig, transformers.HubertModel, {}),
    "large": (transformers.Wav2Vec2Config, transformers.Wav2Vec2Model, LARGE),
    "wavlm-large": (transformers.WavLMConfig, transformers.WavLMModel, LARGE),
}


def synchronize() -> None:
    """Wait for the GPU, if there is one."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def make_model(shape: str) -> transformers.PreTrainedModel:
    """Return a model of full size with random weights."""
    torch.manual_seed(7)
    config_class, model_class, settings = SHAPES[shape]
    return model_class(config_class(**settings)).eval()


def make_clips(seconds: float) -> list[np.ndarray]:
    """Return noise clips of 1 to 15 s, about `seconds` in all, longest first as in a plan."""
    chance = np.random.default_rng(7)
    lengths: list[float] = []
    while sum(lengths) < seconds:
        lengths.append(float(chance.uniform(1, 15)))
    samples = sorted((round(length * SAMPLE_RATE) for length in lengths), reverse=True)
    return [chance.standard_normal(count).astype(np.float32) for count in samples]


def model_operations(config: transformers.PretrainedConfig, n_samples: int) -> float:
    """Return the multiplications and additions that one clip needs."""
    total, length, channels = 0.0, n_samples, 1
    for width, kernel, stride in zip(
        config.conv_dim, config.conv_kernel, config.conv_stride, strict=True
    ):
        length = (length - kernel) // stride + 1
        total += length * kernel * channels * width
        channels = width
    dim = config.hidden_size
    total += length * channels * dim
    total += (
        length
        * dim
        * config.num_conv_pos_embeddings
        * (dim // config.num_conv_pos_embedding_groups)
    )
    per_frame = 4 * dim * dim + 2 * dim * config.intermediate_size + 2 * length * dim
    return 2 * (total + config.num_hidden_layers * length * per_frame)


def matrix_limit(dtype: torch.dtype, device: torch.device) -> float:
    """Return the operations per second of the fastest large matrix multiplication."""
    sizes = ((1536, 768, 3072), (2048, 2048, 2048), (4096, 4096, 4096))
    rates = []
    for rows, inputs, outputs in sizes if device.type == "cpu" else ((16384, 4096, 4096),):
        frames = torch.randn(rows, inputs, dtype=dtype, device=device)
        weight = torch.randn(outputs, inputs, dtype=dtype, device=device)
        ways = {
            "torch": partial(torch.mm, frames, weight.T),
            "ours": partial(Linear(weight, None), frames),
        }
        taken = min(best_by_turns(ways, 8, synchronize).values())
        rates.append(2 * rows * inputs * outputs / taken)
    return max(rates)


def plain(model: HiddenStates, clips: Sequence[np.ndarray]) -> None:
    """Pool every layer of every clip by the plain path."""
    for clip in clips:
        states = model(clip[None])[:, 0]
        mean_and_variance(states, states.shape[1]).cpu()


def batches_of(clips: Sequence[np.ndarray], batch_seconds: float) -> list[list[np.ndarray]]:
    """Group clips as an extraction does."""
    names = [f"{number:06d}" for number in range(len(clips))]
    seconds = np.array([len(clip) / SAMPLE_RATE for clip in clips])
    plan = make_plan(names, seconds, batch_seconds)
    return [[clips[row] for row in batch.rows] for batch in plan]


def fast(speech: SpeechModel, batches: Sequence[Sequence[np.ndarray]]) -> None:
    """Pool every layer of every clip by the fast path."""
    for batch in batches:
        features = speech.features(batch)
        speech.pool_layers([(f, Window(0, len(f), 0, len(f))) for f in features])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", choices=SHAPES, default="base")
    parser.add_argument("--seconds", type=float, default=120.0, help="audio in all")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = make_model(options.shape)
    config = model.config
    clips = make_clips(options.seconds)
    audio = sum(map(len, clips)) / SAMPLE_RATE
    work = sum(model_operations(config, len(clip)) for clip in clips)
    where = torch.cuda.get_device_name() if device.type == "cuda" else "CPU"
    print(
        f"{options.shape}: {len(clips)} clips, {audio:.0f} s of audio, "
        f"{work / audio / 1e9:.1f} GFLOP per second of audio; {where}, "
        f"{torch.get_num_threads()} threads"
    )
    precisions = ["float32"]
    if resolve_precision("auto", device) == "bfloat16":
        precisions.append("bfloat16")
    limits = {}
    for precision in precisions:
        limits[precision] = matrix_limit(getattr(torch, precision), device)
        print(f"limit {precision:9} {limits[precision] / 1e9:10,.0f} GFLOP/s of matrix products")
    n_layers = config.num_hidden_layers
    is_cpu, path = device.type == "cpu", TransformerBackbone
    batches = batches_of(clips, path.cpu_batch_seconds if is_cpu else path.gpu_batch_seconds)
    contestants: dict[str, Callable[[], object]] = {}
    for precision in precisions:
        dtype = getattr(torch, precision)
        kind = ARCHITECTURES[config.model_type]
        states = HiddenStates(copy.deepcopy(model).to(dtype), kind, (0, n_layers), device)
        contestants[f"plain {precision}"] = partial(plain, states, clips)
    for precision in precisions:
        dtype = getattr(torch, precision)
        speech = SpeechModel(model, (0, n_layers), device, dtype)
        contestants[f"fast {precision}"] = partial(fast, speech, batches)
    fastest = precisions[-1]
    half = SpeechModel(model, (0, n_layers // 2), device, getattr(torch, fastest))
    contestants[f"fast {fastest}, layers 0-{n_layers // 2}"] = partial(fast, half, batches)
    with torch.inference_mode():
        taken = best_by_turns(contestants, options.rounds, synchronize)
    slowest = taken["plain float32"]
    for name, seconds in taken.items():
        if "layers" in name:
            print(f"{name:32} {audio / seconds:7.1f} s of audio per second")
            continue
        fractions = ", ".join(
            f"{work / seconds / limit:4.0%} of the {precision} limit"
            for precision, limit in limits.items()
        )
        print(
            f"{name:32} {audio / seconds:7.1f} s of audio per second, "
            f"{slowest / seconds:5.2f}x the plain path, {fractions}"
        )


if __name__ == "__main__":
    main()

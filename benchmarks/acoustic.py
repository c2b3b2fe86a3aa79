"""How fast `acoustic` is, against the baseline `lfcc` and against its own Fourier transforms.

Run as `python benchmarks/acoustic.py`. All figures come from one process and the same clips, in
turn, the best of three rounds each:

- ours: `AcousticDescriptor` over all cores, as the extraction runs it;
- the alternative: the backbone `lfcc`, over all cores too;
- the limit: scipy's Fourier transforms of the framed stages that ours needs, and nothing else.
  Those of whole sub-band envelopes come on top, so the fraction is a little too small.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import src  # noqa: F401 - threads wait as those of the tasks do

# isort: split

import numpy as np
import scipy.fft
import torch

from src.demo.voice import make_speakers, speak
from src.utils.config import SAMPLE_RATE
from src.utils.embeddings.backbones.acoustic.descriptor import AcousticDescriptor
from src.utils.embeddings.backbones.lfcc import LfccBackbone
from src.utils.parallel import map_ahead, n_workers

N_CLIPS = 120
ROUNDS = 3

# (transform length, hop in samples, transforms per frame) of what the descriptor computes.
TRANSFORMS = (
    (512, 160, 1),  # cepstra
    (1024, 512, 1),  # texture
    (2048, 1024, 1),  # standing lines
    (1024, 160, 5),  # linear prediction: spectrum, autocorrelation, filter, residual, periodicity
    (4096, 682, 1),  # combs
    (8192, 1365, 1),
    (32768, 5461, 1),
)


def transforms_only(waveform: np.ndarray) -> float:
    """Compute as many Fourier transforms as the descriptor does, on the same samples."""
    last = 0.0
    for length, hop, times in TRANSFORMS:
        padded = np.resize(waveform, max(len(waveform), length))
        frames = np.lib.stride_tricks.sliding_window_view(padded, length)[::hop]
        for _ in range(times):
            last = float(scipy.fft.rfft(frames, axis=1)[0, 0].real)
    return last


def seconds_for(function: Callable[[np.ndarray], object], clips: list[np.ndarray]) -> float:
    """Return the best of several rounds over all clips, on all cores."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in map_ahead(function, clips):
            pass
        best = min(best, time.perf_counter() - start)
    return best


def main() -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    random = np.random.default_rng(7)
    speakers = make_speakers(4, 7)
    clips = [
        speak(speakers[i % 4], float(random.uniform(2, 6)), random, SAMPLE_RATE)
        for i in range(N_CLIPS)
    ]
    audio = sum(map(len, clips)) / SAMPLE_RATE
    print(f"{N_CLIPS} clips, {audio:.0f} s of audio, {n_workers()} cores")
    ours = audio / seconds_for(AcousticDescriptor(), clips)
    plain = audio / seconds_for(LfccBackbone().prepare, clips)
    limit = audio / seconds_for(transforms_only, clips)
    print(f"acoustic               {ours:8.0f} x real time")
    print(f"lfcc                   {plain:8.0f} x real time")
    print(f"Fourier transforms     {limit:8.0f} x real time (the limit)")
    print(f"ratio to lfcc          {ours / plain:8.2f}")
    print(f"fraction of the limit  {ours / limit:8.2f}")


if __name__ == "__main__":
    main()

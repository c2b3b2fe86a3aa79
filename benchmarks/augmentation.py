"""How fast augmentations are, against the extraction they feed and RawBoost's plain method.

Run as `python benchmarks/augmentation.py [--rounds=3] [--clips=24]`. All figures come from one
process and the same clips at 16 kHz, by turns, the best of the rounds each, in two parts:

RawBoost, on one core, each of the eight algorithms:
- ours: the kinds `rawboost1` to `rawboost8`;
- the alternative: what the authors' code does, in `parts/plain_rawboost.py`;
- the limit: the Fourier transforms that ours needs, and the noise of algorithms with any, and
  nothing else. Algorithm 2 has none.

Every kind that there is, drawn anew for each clip:
- on one core, times real time;
- on all cores, its time a clip as a share of what `acoustic` takes to extract the same clips.
  Kinds that are no faster than the extraction are marked, and the mean of all is the time of a copy
  whose kind is drawn.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import src  # noqa: F401 - threads wait as those of the tasks do

# isort: split

import numpy as np
import scipy.fft
import soundfile
import torch
from threadpoolctl import threadpool_limits

from benchmarks.parts.plain_rawboost import boost
from benchmarks.parts.timing import best_by_turns
from src.demo.voice import make_speakers, speak
from src.utils.audio.augmentations import AUGMENTATIONS, FAMILIES
from src.utils.audio.augmentations.augmentation import Augmentation, Material, Parameters, Voice
from src.utils.audio.augmentations.notch_filters import Blocks
from src.utils.audio.augmentations.rawboost import POWERS
from src.utils.config import SAMPLE_RATE
from src.utils.embeddings.backbones.acoustic.descriptor import AcousticDescriptor
from src.utils.errors import AudiosError
from src.utils.parallel import map_ahead, n_workers

SECONDS = (2, 6)
N_SPEAKERS = 6

Clips = list[np.ndarray]


def make_material(folder: Path, clips: Clips) -> Material:
    """Write clips as the noises and the voices that some kinds need."""
    voices = []
    for number, clip in enumerate(clips):
        path = folder / f"{number}.wav"
        soundfile.write(path, clip, SAMPLE_RATE)
        voices.append(Voice(path.name, path, f"speaker {number % N_SPEAKERS}"))
    return Material(noises=folder, voices=tuple(voices))


def transforms_only(mode: int, clips: Clips) -> None:
    """Compute the Fourier transforms and the noise of an algorithm of RawBoost."""
    blocks = Blocks(SAMPLE_RATE)
    has_noise = mode in (3, 4, 6, 7)
    random = np.random.default_rng(0)
    # How many transforms there are before each one back.
    forward = [1 + len(POWERS)] * (mode not in (2, 3, 7)) + [1] * has_noise
    for clip in clips:
        count = -(-len(clip) // (blocks.size - 2 * blocks.reach))
        frames = np.resize(clip, (count, blocks.size))
        for times in forward:
            for _ in range(times):
                spectra = scipy.fft.rfft(frames, axis=1)
            scipy.fft.irfft(spectra, axis=1)
        if has_noise:
            random.standard_normal(len(clip), np.float32)


def draw_all(augmentation: Augmentation, clips: Clips) -> list[Parameters]:
    """Draw the parameters of every clip."""
    return [augmentation.draw(np.random.default_rng(n)) for n in range(len(clips))]


def apply_all(augmentation: Augmentation, clips: Clips, drawn: list[Parameters]) -> None:
    """Change every clip, one after the other."""
    for clip, parameters in zip(clips, drawn, strict=True):
        augmentation.apply(clip, SAMPLE_RATE, parameters)


def compare_rawboost(clips: Clips, rounds: int) -> None:
    """Measure and print the first part."""
    audio = sum(map(len, clips)) / SAMPLE_RATE
    print("RawBoost, one core      ours  the plain way   ratio  fraction of the limit")
    totals = np.zeros(2)
    for mode, name in enumerate(FAMILIES["rawboost"], start=1):
        augmentation = AUGMENTATIONS.load(name)(Material())
        drawn = draw_all(augmentation, clips)

        def plainly(mode: int = mode) -> None:
            random = np.random.default_rng(0)
            for clip in clips:
                boost(mode, clip.astype(np.float64), random)

        contestants: dict[str, Callable[[], object]] = {
            "ours": lambda a=augmentation, d=drawn: apply_all(a, clips, d),
            "plain": plainly,
            "limit": lambda m=mode: transforms_only(m, clips),
        }
        taken = best_by_turns(contestants, rounds)
        ours, plain, limit = (taken[name] for name in contestants)
        totals += ours, plain
        fraction = "none" if mode == 2 else f"{limit / ours:.2f}"
        print(
            f"  {name:14} {audio / ours:9.0f} x {audio / plain:12.0f} x {plain / ours:7.1f} "
            f"{fraction:>10}"
        )
    print(f"ratio to the plain way, all eight: {totals[1] / totals[0]:.1f}")


def can_be_applied(name: str, material: Material, clips: Clips) -> Augmentation | None:
    """Return an augmentation; None, and say why, where something that it needs is not here."""
    try:
        augmentation = AUGMENTATIONS.load(name)(material)
        apply_all(augmentation, clips[:1], draw_all(augmentation, clips[:1]))
    except AudiosError as error:
        print(f"  {name:14} left out: {error}")
        return None
    return augmentation


def compare_copies(clips: Clips, material: Material, rounds: int) -> None:
    """Measure and print the second part."""
    audio = sum(map(len, clips)) / SAMPLE_RATE
    cores = n_workers()
    print(f"Copies                one core  ms a clip, {cores} cores  share of acoustic's")
    descriptor = AcousticDescriptor()
    costs, extractions = [], []
    for name in AUGMENTATIONS:
        augmentation = can_be_applied(name, material, clips)
        if augmentation is None:
            continue
        drawn = draw_all(augmentation, clips)
        pairs = list(zip(clips, drawn, strict=True))

        def on_all_cores(by: Augmentation = augmentation, pairs: list = pairs) -> None:
            for _ in map_ahead(lambda pair: by.apply(pair[0], SAMPLE_RATE, pair[1]), pairs):
                pass

        def extract() -> None:
            for _ in map_ahead(descriptor, clips):
                pass

        taken = best_by_turns(
            {
                "one": lambda a=augmentation, d=drawn: apply_all(a, clips, d),
                "all": on_all_cores,
                "acoustic": extract,
            },
            rounds,
        )
        costs.append(taken["all"])
        extractions.append(taken["acoustic"])
        share = taken["all"] / taken["acoustic"]
        print(
            f"  {name:14} {audio / taken['one']:9.0f} x {1000 * taken['all'] / len(clips):12.2f} "
            f"{share:18.2f}{'  slower' if share > 1 else ''}"
        )
    extraction = min(extractions)
    mean = float(np.mean(costs))
    print(f"acoustic alone: {1000 * extraction / len(clips):.2f} ms a clip on {cores} cores")
    print(
        f"a copy of a kind that is drawn: {1000 * mean / len(clips):.2f} ms, "
        f"{mean / extraction:.2f} of its extraction"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clips", type=int, default=24)
    options = parser.parse_args()
    torch.set_num_threads(1)
    random = np.random.default_rng(7)
    speakers = make_speakers(N_SPEAKERS, 7)
    clips = [
        speak(speakers[n % N_SPEAKERS], float(random.uniform(*SECONDS)), random, SAMPLE_RATE)
        for n in range(options.clips)
    ]
    clips = [clip.astype(np.float32) for clip in clips]
    print(f"{len(clips)} clips, {sum(map(len, clips)) / SAMPLE_RATE:.0f} s of audio")
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1):
        compare_rawboost(clips, options.rounds)
        compare_copies(clips, make_material(Path(folder), clips), options.rounds)


if __name__ == "__main__":
    main()

"""Whether windows are read as fast as networks learn from them.

Run as `python benchmarks/training_input.py [--rounds=3] [--clips=64] [--workers=1]`. Everything is
of one process and the same clips, by turns, the best of the rounds each, in windows a second:

- decoded once: what the trainer's reader gives from the file of waveforms, in the second epoch and
  later; in this process, in worker processes, and with RawBoost, algorithm 4;
- decoded each epoch: the same windows, each of a recording that is decoded for it: as FLAC here;
- what networks consume: AASIST and AASIST-L, forward and backward, batch 8 of windows of 4 s.

The ratio that counts is the last one: how many times as fast windows are read, by the way that
`TrainNetwork` takes, as the fastest of the networks takes them.
"""

import argparse
import sys
import tempfile
from dataclasses import replace
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import src  # noqa: F401 - threads wait as those of the tasks do

# isort: split

import numpy as np
import pandas as pd
import soundfile
import torch

from benchmarks.parts.timing import best_by_turns
from src.demo.voice import make_speakers, speak
from src.networks.examples import Augmenting, Crops
from src.networks.learner import DetectorLearner
from src.networks.losses import CrossEntropy
from src.networks.network import Network
from src.networks.settings import NetworkSettings
from src.networks.trainer.batches import Reader
from src.utils.audio.augmentations.chain import Recipe
from src.utils.config import SAMPLE_RATE
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.split import Shares, SplitSettings, split_dataset
from src.utils.dataset.split_recordings import SplitRecordings
from src.utils.dataset.waveforms import decoding

SAMPLES = 4 * SAMPLE_RATE
BATCH = 8


def make_recordings(folder: Path, n_clips: int) -> SplitRecordings:
    """Write clips of 3 to 8 s of two classes, and return those of a split that trains on most."""
    random, rows = np.random.default_rng(7), []
    speakers = make_speakers(8, 7)
    for number in range(n_clips):
        who = number % len(speakers)
        wave = speak(speakers[who], float(random.uniform(3, 8)), random)
        label = ("bona-fide", "spoof")[number // len(speakers) % 2]
        file = f"{label}/{who}-{number}.flac"
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / file, wave, SAMPLE_RATE)
        rows.append((file, f"p{who}", f"p{who}", "MF"[who % 2], label))
    dataset = Dataset.open(folder)
    columns = ["file", "speaker", "id", "gender", "label"]
    dataset.write_tables(pd.DataFrame(rows, columns=columns).assign(attack=""))
    shares = Shares(pretext=0.0, downstream_train=0.7, downstream_val=0.2, downstream_test=0.1)
    split_dataset(dataset, SplitSettings(shares=shares), seed=7)
    return SplitRecordings.read(dataset, "downstream_train")


class Epochs:
    """Reads epoch after epoch; the workers of the first one stay."""

    def __init__(self, crops: Crops, workers: int) -> None:
        self._numbers = count()
        self._reader = Reader(crops, workers, torch.device("cpu"))
        order = np.arange(len(crops))
        self._batches = [part.tolist() for part in np.split(order, range(BATCH, len(order), BATCH))]

    def __call__(self) -> None:
        """Read the next one."""
        for _ in self._reader.read(next(self._numbers), self._batches):
            pass


class Steps:
    """Learns from one batch."""

    def __init__(self, variant: str) -> None:
        network = Network.make(NetworkSettings("raw", "aasist", back={"variant": variant}))
        self._learner = DetectorLearner(network, CrossEntropy()).train()
        self._batch = {
            "windows": torch.randn(BATCH, SAMPLES),
            "labels": torch.arange(BATCH).remainder(2).float(),
        }

    def __call__(self) -> None:
        """Compute its gradient."""
        self._learner.zero_grad()
        self._learner(self._batch).backward()


def main() -> None:
    """Time all by turns and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clips", type=int, default=64)
    parser.add_argument("--workers", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        recordings = make_recordings(folder / "data", asked.clips)
        with decoding([recordings], SAMPLE_RATE, folder, "decode") as decoded:
            kept, [waveforms] = decoded.recordings[0], decoded.waveforms
            crops = Crops.of(kept, waveforms, SAMPLES)
            boosted = Crops.of(kept, waveforms, SAMPLES, 7, Augmenting(Recipe(("rawboost4",))))
            anew = replace(crops, waveforms=replace(waveforms, file=None))
            told = f"{asked.workers} workers"
            reading = {
                "decoded once": Epochs(crops, 0),
                f"decoded once, {told}": Epochs(crops, asked.workers),
                "decoded once, RawBoost": Epochs(boosted, 0),
                f"decoded once, RawBoost, {told}": Epochs(boosted, asked.workers),
                "decoded each epoch": Epochs(anew, 0),
                f"decoded each epoch, {told}": Epochs(anew, asked.workers),
            }
            learning = {name: Steps(name) for name in ("aasist", "aasist-l")}
            best = best_by_turns(reading | learning, asked.rounds)
    rates = {name: len(crops) / best[name] for name in reading}
    rates |= {name: BATCH / best[name] for name in learning}
    for name, rate in rates.items():
        print(f"{name:36} {rate:9.1f} windows/s")
    fastest = max(rates[name] for name in learning)
    print(
        f"decoding once is {rates['decoded once'] / rates['decoded each epoch']:.1f} times as fast"
    )
    print(f"read {rates[f'decoded once, {told}'] / fastest:.1f} times as fast as learnt from,")
    print(f"with RawBoost {rates[f'decoded once, RawBoost, {told}'] / fastest:.1f} times")


if __name__ == "__main__":
    main()

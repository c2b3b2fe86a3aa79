"""How many trials of a search a minute sees, of each classifier, ours against the plain way.

Run as `python benchmarks/search.py [--classifiers=mlp,svm,rf] [--trials=4] [--clips=8000]`. All
runs in one process on the same synthetic vectors of speakers, four fifths of whom are trained on;
a trial's hyperparameters are drawn from the classifier's search space, and are the same for all
contestants, turn by turn. A trial of the plain way is

- of the MLP, a loop of torch's own modules over batches of 32, which a loader reads from a file a
  clip in every epoch; and once more with the files read once a trial, into a list of batches. Of
  all contestants 50 epochs at most, and patience 8;
- of SVM and random forest, scikit-learn's pipeline with one job.

Ours is `Classifier.fit`, one trial after the other, and of the MLP as many at once as there are
cores, each by one thread. The limit is the fastest of a few large matrix multiplications in
float32 on all cores; the fraction counts the MLP's own products of matrices alone.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import src  # noqa: F401 - threads wait as those of the tasks do

# isort: split

import numpy as np
import torch
from sklearn.ensemble import RandomForestClassifier
from sklearn.svm import SVC

from benchmarks.extraction import matrix_limit
from benchmarks.parts.plain_trials import PlainMlp, PlainSklearn
from src.models.classifier import Choice, Range
from src.models.registry import CLASSIFIERS
from src.utils.embeddings.embedding_set import EmbeddingSet
from src.utils.metrics.eer import compute_eer
from src.utils.parallel import n_workers

DIM = 768
SPEAKERS = 80
FIXED: dict[str, dict[str, Any]] = {"mlp": {"epochs": 50, "patience": 8}}
"""Hyperparameters that no trial draws."""

Trial = Callable[[dict[str, Any], int], tuple[float, int]]
"""From hyperparameters and a seed to the validation EER and the number of epochs."""


def make_clips(clips: int, seed: int) -> tuple[EmbeddingSet, EmbeddingSet]:
    """Draw clips to train on and to validate on, of other speakers, whose classes overlap."""
    chance = np.random.default_rng(seed)
    mixing = chance.normal(0, DIM**-0.5, (DIM, DIM)) + np.eye(DIM)
    speaker, y = np.arange(clips) % SPEAKERS, np.arange(clips) // SPEAKERS % 2
    apart = chance.normal(0, 0.15, DIM)
    own = chance.normal(0, 0.5, (SPEAKERS, DIM))
    drawn = chance.normal(0, 1, (clips, DIM)) + own[speaker] + y[:, None] * apart
    every = EmbeddingSet(
        files=np.array([f"clip{i}" for i in range(clips)]),
        x=(drawn @ mixing).astype(np.float32),
        y=y.astype(np.int8),
        gender=np.array(["M", "F"])[speaker % 2],
        speaker=np.array([f"s{one}" for one in speaker]),
        attack=np.where(y == 1, "", "synthetic"),
        backbone="synthetic",
        layer=0,
    )
    held_out = speaker >= SPEAKERS * 4 // 5
    return every.where(~held_out), every.where(held_out)


def write_clips(folder: Path, train: EmbeddingSet, validation: EmbeddingSet) -> None:
    """Write a file a clip, standardised already, which is so much less to do for the plain way."""
    mean, scale = train.x.mean(axis=0), train.x.std(axis=0)
    for part in (train, validation):
        for file, vector in zip(part.files, (part.x - mean) / scale, strict=True):
            np.save(folder / f"{file}.npy", vector)


def draw(space: dict[str, Range | Choice], chance: np.random.Generator) -> dict[str, Any]:
    """Draw hyperparameters as a search that knows nothing yet."""
    drawn: dict[str, Any] = {}
    for name, limits in space.items():
        if isinstance(limits, Choice):
            drawn[name] = limits.values[chance.integers(len(limits.values))]
            continue
        low, high = limits.low, limits.high
        if limits.log:
            value = float(np.exp(chance.uniform(np.log(low), np.log(high))))
        else:
            value = float(chance.uniform(low, high))
        drawn[name] = round(value) if isinstance(low, int) else value
    return drawn


def ours(
    name: str, train: EmbeddingSet, validation: EmbeddingSet, settings: dict[str, Any], seed: int
) -> tuple[float, int]:
    """Fit one of our classifiers."""
    model = CLASSIFIERS.load(name)(settings, seed)
    history = model.fit(train, validation)
    eer = compute_eer(model.score(validation.x), validation.y)[0]
    return eer, len(history.val_losses) if name == "mlp" else 0


def contestants_of(
    name: str, folder: Path, train: EmbeddingSet, validation: EmbeddingSet
) -> dict[str, Trial]:
    """Return what makes a trial of a classifier, by the way it is made; the plain way first."""
    sets = (train, validation)
    plain: dict[str, Trial] = {
        "mlp": PlainMlp(folder, *sets, kept=False),
        "svm": PlainSklearn(SVC, {"class_weight": "balanced"}, *sets),
        "rf": PlainSklearn(RandomForestClassifier, {"class_weight": "balanced"}, *sets),
    }
    found = {"plain": plain[name]}
    if name == "mlp":
        found["plain, read once"] = PlainMlp(folder, *sets, kept=True)
    return found | {"ours": partial(ours, name, *sets)}


def measure(name: str, contestants: dict[str, Trial], trials: int, limit: float) -> None:
    """Time the trials of one classifier by turns and print a row for each way."""
    chance = np.random.default_rng(7)
    space = CLASSIFIERS.load(name).search_space
    drawn = [draw(space, chance) | FIXED.get(name, {}) for _ in range(trials)]
    quick = drawn[0] | ({"epochs": 1} if name == "mlp" else {})
    for trial in contestants.values():
        trial(quick, 7)
    seconds = dict.fromkeys(contestants, 0.0)
    found: dict[str, list[tuple[float, int]]] = {way: [] for way in contestants}
    for settings in drawn:
        for way, trial in contestants.items():
            start = time.perf_counter()
            found[way].append(trial(settings, 7))
            taken = time.perf_counter() - start
            seconds[way] += taken
            eer, epochs = found[way][-1]
            told = f", {taken / epochs * 1000:.0f} ms an epoch" if epochs else ""
            print(f"  {name} {way:16} {taken:6.1f} s, EER {eer:6.2%}{told}", flush=True)
    if name == "mlp":
        way, threads = f"ours, {n_workers()} at once", torch.get_num_threads()
        torch.set_num_threads(1)
        start = time.perf_counter()
        with ThreadPoolExecutor(n_workers()) as pool:
            found[way] = list(pool.map(lambda settings: contestants["ours"](settings, 7), drawn))
        seconds[way] = time.perf_counter() - start
        torch.set_num_threads(threads)
    for way, taken in seconds.items():
        epochs = sum(count for _, count in found[way])
        row = (
            f"{name:4} {way:17} {60 * trials / taken:8.1f} trials/min "
            f"{seconds['plain'] / taken:6.1f}x the plain way, EERs "
            + " ".join(f"{eer:6.2%}" for eer, _ in found[way])
        )
        if name == "mlp":
            work = sum(
                operations(contestants, settings["hidden_size"]) * count
                for settings, (_, count) in zip(drawn, found[way], strict=True)
            )
            row += (
                f", {epochs} epochs of {taken / epochs * 1000:.0f} ms, "
                f"{work / taken / limit:4.0%} of the limit"
            )
        print(row, flush=True)


def operations(contestants: dict[str, Trial], hidden: int) -> float:
    """Return multiplications and additions of the MLP's first layer in an epoch."""
    plain = contestants["plain"]
    assert isinstance(plain, PlainMlp)
    # Its gradient needs as many as its outputs.
    return 2 * DIM * hidden * (2 * len(plain.train.files) + len(plain.validation.files))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--classifiers", default="mlp,svm,rf")
    parser.add_argument("--trials", type=int, default=4)
    parser.add_argument("--clips", type=int, default=8000)
    asked = parser.parse_args()
    train, validation = make_clips(asked.clips, 7)
    limit = matrix_limit(torch.float32, torch.device("cpu"))
    print(
        f"{len(train.files)} clips of {DIM} numbers to train on, {len(validation.files)} to "
        f"validate on; {n_workers()} cores, limit {limit / 1e9:,.0f} GFLOP/s of float32 products"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_clips(folder, train, validation)
        for classifier in asked.classifiers.split(","):
            contestants = contestants_of(classifier, folder, train, validation)
            measure(classifier, contestants, asked.trials, limit)


if __name__ == "__main__":
    main()

"""A data set and a run of a tiny network on it, made without a training."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from src.models.data import TRAIN, VALIDATION
from src.models.record import Part, record_inputs, record_outcome
from src.models.reference import fit_reference
from src.networks.backbone import NetworkBackbone, input_of
from src.networks.network import Network
from src.networks.settings import NetworkSettings
from src.networks.trained import TrainedNetwork
from src.utils.audio.io import read_waveform
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.split import Shares, SplitSettings, split_dataset
from src.utils.dataset.split_recordings import SplitRecordings
from src.utils.runs import Kind, Run, new_run

SETTINGS = NetworkSettings("log-mel", "linear", samples=4800)


def write_hissing(
    root: Path, voice: Callable, write_audio: Callable, prefix: str = "s", n_people: int = 7
) -> Dataset:
    """Write people of two real and two hissing fake clips each, split by person."""
    random, rows = np.random.default_rng(7), []
    for number in range(n_people):
        person = f"{prefix}{number}"
        for label in ("bona-fide", "spoof"):
            for take in range(2):
                wave = voice(0.3 + 0.4 * take, seed=10 * number + take)
                hiss = random.normal(0, 0.1, len(wave)) * (label == "spoof")
                file = f"{label}/{person}-{take}.wav"
                write_audio(root / file, (wave + hiss).astype(np.float32))
                rows.append((file, person, person, "MF"[number % 2], label))
    found = Dataset.open(root)
    table = pd.DataFrame(rows, columns=["file", "speaker", "id", "gender", "label"])
    found.write_tables(table.assign(attack=np.where(table["label"] == "spoof", "hiss", "")))
    shares = Shares(pretext=0.0, downstream_train=0.2, downstream_val=0.2, downstream_test=0.6)
    split_dataset(found, SplitSettings(shares=shares), seed=7)
    return found


def make_run(
    dataset: Dataset, runs: Path, seed: int = 7, settings: NetworkSettings = SETTINGS
) -> Run:
    """Make a run of a network with random weights, as a training leaves it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        trained = TrainedNetwork(settings, Network.make(settings))
    parts = [SplitRecordings.read(dataset, name) for name in (TRAIN, VALIDATION)]
    asked = {
        "backbone": input_of(trained),
        "classifier": settings.back_end,
        "network": settings.describe(),
        "hyperparameters": {"epochs": 0},
        "seed": seed,
    }
    with new_run(
        runs, Kind.TRAINING, asked, {part.split: part.fingerprint for part in parts}
    ) as run:
        train, validation = (Part(part.clips, part) for part in parts)
        record_inputs(run, train, validation)
        trained.save(run.folder)
        backbone = NetworkBackbone(trained)
        seen, held = (
            trained.vectors(
                [
                    backbone.prepare(read_waveform(part.path(row), backbone.sample_rate))
                    for row in range(len(part))
                ]
            )
            for part in parts
        )
        fit_reference(seen, held).write(run.folder)
        record_outcome(run, validation, trained.score(held), None)
    return run

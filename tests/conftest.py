"""What the tests share: fixed seeds, and factories of small recordings, tables and stores."""

import random
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch
from hypothesis import settings

from src.utils.config import DOWNSTREAM_SPLITS
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.split import Shares, SplitSettings, split_dataset
from src.utils.embeddings.embedding_set import EmbeddingSet
from src.utils.embeddings.store import EmbeddingStore
from src.utils.embeddings.writer import Origin, StoreWriter

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # As under nohup, or behind an ampersand: what the tests start would inherit it, and Ctrl-C,
    # which some of them press, would do nothing.
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long a test takes is the machine's business: a busy one would fail by Hypothesis' limit.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

collect_ignore = ["stress"]
"""`make stress` runs that: it takes as long as it is given."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: of a file that takes more than a minute")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the slow files: the last one would keep one process busy and the others idle."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(autouse=True)
def fixed_seeds() -> None:
    """Every test starts from the same random state, whatever ran before it."""
    random.seed(7)
    np.random.seed(7)  # noqa: NPY002 - for libraries that still use the global state
    torch.manual_seed(7)


@pytest.fixture(scope="session")
def voice() -> Callable[..., np.ndarray]:
    """Make something speech-like: a buzz whose loudness comes and goes, and a little noise."""

    def make(
        seconds: float = 0.3, rate: int = 16_000, seed: int = 0, peak: float = 0.2
    ) -> np.ndarray:
        chance = np.random.default_rng(seed)
        time = np.arange(round(seconds * rate)) / rate
        pitch = chance.uniform(90, 250)
        buzz = sum(np.sin(2 * np.pi * pitch * k * time) / k for k in range(1, 12))
        wave = buzz * (1.2 + np.sin(2 * np.pi * 4 * time)) + 0.05 * chance.normal(size=time.shape)
        return (peak * wave / np.abs(wave).max()).astype(np.float32)

    return make


@pytest.fixture(scope="session")
def speech() -> Callable[..., np.ndarray]:
    """Make two words with silence before, between and behind, no two seeds alike.

    Harmonics of a gliding pitch, each with a loudness of its own that comes and goes, and breath
    up to half the rate. Levels are in dBFS: `level` the RMS of all, `floor` that of the noise.
    """

    def make(
        words: tuple[float, ...] = (0.45, 0.45),
        lead: float = 0.1,
        pause: float = 0.1,
        trail: float = 0.1,
        level: float = -25.0,
        floor: float = -60.0,
        rate: int = 16_000,
        seed: int = 0,
        pitch: float = 140.0,
    ) -> np.ndarray:
        chance = np.random.default_rng(seed)
        count = round((lead + sum(words) + pause * (len(words) - 1) + trail) * rate)
        time = np.arange(count) / rate

        def wandering(spread: float) -> np.ndarray:
            points = chance.normal(0, spread, int(time[-1] * 10) + 3)
            return np.interp(time, np.arange(len(points)) / 10, points)

        phase = 2 * np.pi * np.cumsum(pitch * (1 + wandering(0.08))) / rate
        sound = sum(np.exp(wandering(0.8)) / k * np.sin(k * phase) for k in range(1, 13))
        sound = sound + 0.1 * np.exp(wandering(0.5)) * chance.standard_normal(count)
        said = np.zeros(count)
        start = lead
        for word in words:
            said[round(start * rate) : round((start + word) * rate)] = 1
            start += word + pause
        sound = sound * said
        noise = 10 ** (floor / 20) * chance.standard_normal(count)
        gain = 10 ** (level / 20) / np.sqrt(np.mean(sound**2))
        return np.clip(gain * sound + noise, -0.99, 0.99).astype(np.float32)

    return make


@pytest.fixture(scope="session")
def write_audio() -> Callable[..., Path]:
    """Write a waveform as the suffix says, by soundfile itself."""

    def write(path: Path, waveform: np.ndarray, rate: int = 16_000, subtype: Any = None) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, waveform, rate, subtype=subtype)
        return path

    return write


@pytest.fixture(scope="session")
def make_cetuc(voice: Callable, write_audio: Callable) -> Callable[..., Path]:
    """Lay out a small corpus as CETUC does: `people` are folder names such as Ana_F001."""

    def make(
        folder: Path,
        people: tuple[str, ...] = ("Ana_F001", "Bia_F002", "Caio_M003", "Davi_M004"),
        without_spoofs: tuple[str, ...] = (),
        clips: int = 2,
        seconds: float = 0.25,
        rate: int = 16_000,
    ) -> Path:
        (folder / "fake_voices").mkdir(parents=True)
        for number, person in enumerate(people):
            for clip in range(clips):
                seed = 100 * number + clip
                name = f"{clip:02d}.wav"
                length = seconds + 0.01 * (seed % 7)
                real = voice(length, rate, seed)
                write_audio(folder / "real_voices" / person / name, real, rate)
                if person not in without_spoofs:
                    fake = voice(length, rate, seed + 50)
                    write_audio(folder / "fake_voices" / f"{person}_Fake" / name, fake, rate)
        return folder

    return make


@pytest.fixture(scope="session")
def make_table() -> Callable[..., pd.DataFrame]:
    """Make a files table of people given as (speaker, gender, n_bona_fide, n_spoof)."""

    def make(*people: tuple[str, str, int, int], **columns: Any) -> pd.DataFrame:
        rows = [
            (f"{label}/{speaker}/{clip}.wav", speaker, speaker, gender, label)
            for speaker, gender, *counts in people
            for label, count in zip(("bona-fide", "spoof"), counts, strict=True)
            for clip in range(count)
        ]
        table = pd.DataFrame(rows, columns=["file", "speaker", "id", "gender", "label"])
        nothing = {"attack": "", "source": "", "language": ""}
        unknown = dict.fromkeys(("duration", "amplitude", "sample_rate"), np.nan)
        return table.assign(**(nothing | unknown | columns))

    return make


@pytest.fixture(scope="session")
def make_set() -> Callable[..., EmbeddingSet]:
    """Make clips whose class shows along the first axis, `gap` deviations apart."""

    def make(
        n_bona_fide: int = 30,
        n_spoof: int = 30,
        dim: int = 4,
        gap: float = 12.0,
        seed: int = 0,
        prefix: str = "train",
        shift: float = 0.0,
    ) -> EmbeddingSet:
        n = n_bona_fide + n_spoof
        chance = np.random.default_rng(seed)
        y = np.r_[np.ones(n_bona_fide), np.zeros(n_spoof)].astype(np.int8)
        x = chance.normal(size=(n, dim))
        x[:, 0] += gap * (y - 0.5)
        return EmbeddingSet(
            files=np.array([f"{prefix}/{i}.wav" for i in range(n)]),
            x=(x + shift).astype(np.float32),
            y=y,
            gender=np.where(np.arange(n) % 2 == 0, "F", "M").astype(str),
            speaker=np.array([f"{prefix}{i % 6}" for i in range(n)]),
            attack=np.where(y == 1, "", "a1").astype(str),
            backbone="wav2vec2",
            layer=0,
        )

    return make


@pytest.fixture(scope="session")
def make_store() -> Callable[..., EmbeddingStore]:
    """Write a store: `layers` are sets of the same clips, one a layer, statistics side by side."""

    def make(
        embeddings: Path,
        split: str,
        *layers: EmbeddingSet,
        stats: tuple[str, ...] = ("mean",),
        dataset: str = "/nowhere/at/all",
        **about: Any,
    ) -> EmbeddingStore:
        first = layers[0]
        clips = pd.DataFrame(
            {
                "file": first.files,
                "speaker": first.speaker,
                "gender": first.gender,
                "label": np.where(first.y == 1, "bona-fide", "spoof"),
                "attack": first.attack,
                "bytes": "1",
                "mtime_ns": "1",
            }
        )
        backbone = {
            "name": first.backbone,
            "checkpoint": "somewhere",
            "revision": "r1",
            "sample_rate": 16_000,
            "layers": len(layers),
            "stats": list(stats),
            "stats_count": len(stats),
            "dim": first.x.shape[1] // len(stats),
        } | about
        origin = Origin(dataset, dataset)
        writer = StoreWriter(embeddings, split, backbone, origin, clips)
        writer.start()
        vectors = np.stack([layer.x for layer in layers], axis=1)
        shape = (len(first), len(layers), len(stats), backbone["dim"])
        writer.write(range(len(first)), vectors.reshape(shape), {})
        return writer.finish()

    return make


@pytest.fixture(scope="session")
def make_embeddings(make_set: Callable, make_store: Callable) -> Callable[..., Path]:
    """Write the three downstream stores of a toy problem into a folder.

    `gaps` has one number a layer: how far the classes are apart there.
    """

    def make(
        embeddings: Path, gaps: tuple[float, ...] = (12.0,), n: int = 20, **options: Any
    ) -> Path:
        about = options.pop("about", {})
        for number, split in enumerate(DOWNSTREAM_SPLITS):
            layers = [
                make_set(n, n, gap=gap, seed=10 * number + layer, prefix=split, **options)
                for layer, gap in enumerate(gaps)
            ]
            make_store(embeddings, split, *layers, **about)
        return embeddings

    return make


@pytest.fixture(scope="session")
def make_spoken(voice: Callable, write_audio: Callable) -> Callable[[Path], Dataset]:
    """Write ten people of a long and a short clip of each class, split by person."""

    def make(root: Path) -> Dataset:
        random, rows = np.random.default_rng(7), []
        for number in range(10):
            for label in ("bona-fide", "spoof"):
                for take in range(2):
                    wave = voice(0.2 + 0.4 * take, seed=10 * number + take)
                    hiss = random.normal(0, 0.1, len(wave)) * (label == "spoof")
                    file = f"{label}/p{number}-{take}.wav"
                    write_audio(root / file, (wave + hiss).astype(np.float32))
                    rows.append((file, f"p{number}", f"p{number}", "MF"[number % 2], label))
        dataset = Dataset.open(root)
        table = pd.DataFrame(rows, columns=["file", "speaker", "id", "gender", "label"])
        dataset.write_tables(table.assign(attack=np.where(table["label"] == "spoof", "hiss", "")))
        shares = Shares(pretext=0.0, downstream_train=0.5, downstream_val=0.2, downstream_test=0.3)
        split_dataset(dataset, SplitSettings(shares=shares), seed=7)
        return dataset

    return make


@pytest.fixture(scope="session")
def spoken(tmp_path_factory: pytest.TempPathFactory, make_spoken: Callable) -> Dataset:
    return make_spoken(tmp_path_factory.mktemp("spoken") / "data")

"""A data set of recordings of many kinds, and what the tests of copies look at."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

from src.utils.dataset.dataset import Dataset
from src.utils.dataset.generate import generate_tables

KINDS = {
    # file: (rate, channels, subtype, peak)
    "a/pcm16.wav": (16_000, 1, "PCM_16", 0.1),
    "a/pcm24.wav": (22_050, 1, "PCM_24", 0.9),
    "float.wav": (44_100, 2, "FLOAT", 0.5),
    "b.flac": (8000, 1, "PCM_16", 0.3),
    "c.ogg": (16_000, 1, "VORBIS", 0.2),
    "d.mp3": (16_000, 1, "MPEG_LAYER_III", 0.2),
}


def sounds(path: Path) -> np.ndarray:
    return soundfile.read(path, always_2d=True)[0]


def hashes(folder: Path) -> dict[str, tuple[str, int]]:
    return {
        path.relative_to(folder).as_posix(): (
            hashlib.sha256(path.read_bytes()).hexdigest(),
            path.stat().st_mtime_ns,
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def make_source(folder: Path, voice: Callable, write_audio: Callable) -> Dataset:
    rows = []
    for seed, (file, (rate, channels, subtype, peak)) in enumerate(KINDS.items()):
        wave = voice(0.5, rate, seed, peak)
        wave = np.stack([wave, wave[::-1] / 2], axis=1) if channels == 2 else wave
        write_audio(folder / file, wave, rate, subtype)
        rows.append(f"{file},{'fake' if seed % 2 else 'real'},s{seed},mood{seed}")
    write_audio(folder / "silent.wav", np.zeros(1600, np.float32))
    (folder / "broken.wav").write_text("no audio")
    rows += ["silent.wav,real,s9,x", "broken.wav,real,s9,x"]
    (folder / "metadata.csv").write_text("\n".join(["file,label,speaker,mood", *rows]) + "\n")
    generate_tables(folder)
    return Dataset.open(folder)

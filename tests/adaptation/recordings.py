"""Recordings of a case: buzzing tones, of which spoofs tremble and lack overtones."""

from pathlib import Path

import numpy as np
import soundfile

RATE = 16_000


def write_case(folder: Path, n_speakers: int = 12, per_label: int = 3, seed: int = 3) -> Path:
    """Write clips of each class by every speaker, and the table that tells of them.

    How loud the noise is tells nothing, unlike in the tones that commands are tried on elsewhere.
    """
    random, rows = np.random.default_rng(seed), ["file,label,speaker,gender"]
    for person in range(n_speakers):
        for label in ("bona-fide", "spoof"):
            for take in range(per_label):
                time = np.arange(int(RATE * random.uniform(0.6, 0.7))) / RATE
                pitch = 100 + 10 * person + random.uniform(0, 5)
                overtones = range(1, 20, 2 if label == "spoof" else 1)
                wave = sum(np.sin(2 * np.pi * pitch * k * time) / k for k in overtones)
                wave *= 1 + (label == "spoof") * np.sin(2 * np.pi * 6 * time)
                loudness = random.uniform(0.05, 0.3)
                samples = wave + loudness * random.standard_normal(time.size)
                file = f"case/m{person}-{label}-{take}.wav"
                (folder / "case").mkdir(parents=True, exist_ok=True)
                soundfile.write(folder / file, 0.1 * samples, RATE)
                rows.append(f"{file},{label},m{person},{'MF'[person % 2]}")
    (folder / "metadata.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder

"""Stage 5: add white noise, the same for the same seed and file name."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from src.utils.audio.io import SILENCE_PEAK, measure_level, read_blocks, read_info
from src.utils.audio.writing import full_scale, writable_like, write_blocks
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.derive import Change, Derived, derive_dataset
from src.utils.errors import ArgumentError, AudioError
from src.utils.seeding import file_generator


def add_noise(
    source: Dataset, output: Path, snr_db: tuple[float, float] = (5.0, 20.0), seed: int = 7
) -> Derived:
    """Write a copy of a data set with white Gaussian noise in every recording.

    The signal-to-noise ratio of a recording, in dB over its whole length, is drawn evenly
    from a range by a generator seeded with (seed, file), so that it depends neither on the
    order nor on the other files. Where the sum would clip, signal and noise are scaled down
    together, which keeps the ratio, and the recording is counted in `Derived.limited`.

    Parameters
    ----------
    source : Dataset
        The data set without the noise; only read.
    output : pathlib.Path
        The folder of the noisy copy.
    snr_db : (float, float)
        Lowest and highest ratio in dB.
    seed : int
        Of the ratios and of the noise.

    Raises
    ------
    ArgumentError
        When the range is empty.
    DatasetError
        As `derive_dataset` does.
    """
    low, high = snr_db
    if not low <= high:
        raise ArgumentError(f"--snr-db={low:g}..{high:g} is empty: the lower ratio comes first")

    def transform(file: str, old: Path, new: Path) -> Change:
        info, level = writable_like(read_info(old)), measure_level(old)
        if level.peak < SILENCE_PEAK:
            raise AudioError("is silent (its peak is under -80 dBFS)")
        snr = file_generator(seed, file).uniform(low, high)
        sigma = level.rms / 10 ** (snr / 20)
        # The noise is drawn twice from one seed instead of being kept: memory stays flat.
        peak = max(float(np.abs(block).max()) for block in _noisy(old, seed, file, sigma))
        gain = min(1.0, full_scale(info.subtype) / peak)
        write_blocks(new, (block * gain for block in _noisy(old, seed, file, sigma)), info)
        return Change(peak * gain, limited=gain < 1.0)

    recipe = {"snr_db": [low, high], "seed": seed}
    limit = "voice and noise were turned down together"
    return derive_dataset(source, output, "AddNoise", recipe, transform, limit=limit)


def _noisy(path: Path, seed: int, file: str, sigma: float) -> Iterator[np.ndarray]:
    random = file_generator(seed, file)
    random.uniform()  # the draw that chose the ratio
    for block in read_blocks(path):
        yield block + np.float32(sigma) * random.standard_normal(block.shape, dtype=np.float32)

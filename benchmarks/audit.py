"""How fast recordings are inspected and near-duplicates found, against the plain ways.

Run as `python benchmarks/audit.py [--clips=20000] [--recordings=FOLDER]`. Speech is made up, or
taken from the WAV and FLAC files of a folder. Two parts, each from one process, by turns:

Inspection, in seconds of audio per second:
- ours: nuisances, SHA-256 and fingerprint of each file, on all cores;
- the alternative: the same kinds of figures by librosa (decoding, peak, RMS, offset, trimming,
  splitting, frame levels, roll-off), clip after clip, without a fingerprint;
- the limit: `soundfile.read` alone, on all cores.

Near-duplicates, in seconds, for a quarter, a half and all of the clips, one in a hundred a noisy,
quieter copy with its start cut off (a clip is three recordings on top of each other, at speeds of
their own, so that no two are alike and values are about as frequent as in speech):
- ours, with the share of copies found, and how time grows: 1 is linear, 2 quadratic;
- the alternative: each clip against each other, frame by frame without shifting, timed on 2,000
  clips and grown by the square of their number;
- the limit: sorting as many frames.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import src  # noqa: F401 - threads wait as those of the tasks do

# isort: split

import librosa
import numpy as np
import soundfile
import soxr

from src.audit.duplicates import find_near_duplicates
from src.demo.voice import make_speakers, speak
from src.utils.audio.io import read_waveform
from src.utils.audio.nuisances.fingerprint import SAMPLE_RATE, compute_fingerprint
from src.utils.audio.writing import write_waveform
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.inspection import inspect_recording
from src.utils.parallel import map_ahead, n_workers

N_MADE = 60
N_INSPECTED = 600
N_PAIRWISE = 2000
N_VOICES = 3
ONE_IN = 100
ROUNDS = 3


def collect(recordings: Path | None, folder: Path) -> list[Path]:
    """Return recordings: those of a folder, or made-up ones."""
    if recordings is not None:
        found = [p for p in sorted(recordings.rglob("*")) if p.suffix in (".wav", ".flac")]
        return found
    random = np.random.default_rng(7)
    speakers = make_speakers(N_MADE, 7)
    paths = [folder / f"{number}.wav" for number in range(N_MADE)]
    for speaker, path in zip(speakers, paths, strict=True):
        write_waveform(path, speak(speaker, float(random.uniform(2, 5)), random, 16_000))
    return paths


def by_librosa(path: Path) -> None:
    """Measure what librosa has functions for."""
    waveform, rate = librosa.load(path, sr=None)
    np.abs(waveform).max()
    waveform.mean()
    librosa.feature.rms(y=waveform, frame_length=rate // 100, hop_length=rate // 100)
    librosa.effects.trim(waveform, top_db=40)
    librosa.effects.split(waveform, top_db=40)
    librosa.feature.spectral_rolloff(y=waveform, sr=rate, roll_percent=0.99)


def on_all_cores(function: Callable[[Path], object], paths: list[Path]) -> None:
    """Call a function for every path."""
    for _ in map_ahead(function, paths):
        pass


def best_of(function: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Return the best time of several rounds, seconds."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def compare_inspection(paths: list[Path]) -> None:
    """Measure and print the first part."""
    audio = sum(soundfile.info(path).duration for path in paths)
    dataset = Dataset(paths[0].parent, Path("/"))
    ours = best_of(
        lambda: on_all_cores(lambda path: inspect_recording(dataset, str(path)[1:]), paths)
    )
    plain = best_of(lambda: [by_librosa(path) for path in paths])
    limit = best_of(lambda: on_all_cores(lambda path: soundfile.read(path), paths))
    print(f"inspection: {len(paths)} clips, {audio:.0f} s of audio, {n_workers()} cores")
    for name, taken in (("ours", ours), ("librosa", plain), ("decoding (limit)", limit)):
        print(f"  {name:18} {audio / taken:8,.0f} x real time")
    print(f"  ratio to librosa {plain / ours:.2f}, fraction of the limit {limit / ours:.2f}")


def make_prints(paths: list[Path], count: int) -> tuple[list[np.ndarray], np.ndarray]:
    """Return fingerprints of clips and, by pairs of numbers, which are copies."""
    spoken = [read_waveform(path, SAMPLE_RATE) for path in paths]

    def spoken_by_one(chance: np.random.Generator) -> np.ndarray:
        base = spoken[int(chance.integers(len(spoken)))]
        clip = soxr.resample(base, SAMPLE_RATE, SAMPLE_RATE * chance.uniform(0.7, 1.4))
        return np.resize(clip / clip.std(), 3 * SAMPLE_RATE)

    def make(number: int) -> np.ndarray:
        # A copy has the number, and so the voices, of the clip before it.
        is_copy = number % ONE_IN == 1
        chance = np.random.default_rng(number - is_copy)
        clip = np.float32(0.05) * sum(spoken_by_one(chance) for _ in range(N_VOICES))
        if is_copy:
            noise = np.random.default_rng(number).normal(size=len(clip)) * clip.std() / 10
            clip = (0.5 * (clip + noise))[137:].astype(np.float32)
        return compute_fingerprint(clip)

    prints = list(map_ahead(make, range(count)))
    return prints, np.array([(n, n + 1) for n in range(0, count - 1, ONE_IN)])


def pairwise(prints: list[np.ndarray]) -> None:
    """Compare each clip with each other one, laid start over start."""
    length = min(120, *(len(one) for one in prints))
    table = np.stack([one[:length] for one in prints])
    for row in range(len(table) - 1):
        np.bitwise_count(table[row + 1 :] ^ table[row]).sum(axis=1, dtype=np.int64)


def compare_duplicates(paths: list[Path], count: int) -> None:
    """Measure and print the second part."""
    prints, copies = make_prints(paths, count)
    some = prints[:N_PAIRWISE]
    each = best_of(lambda: pairwise(some), 1) / len(some) ** 2
    print(f"near-duplicates: {sum(map(len, prints)) / count:.0f} frames a clip")
    before: tuple[int, float] | None = None
    for n_clips in (count // 4, count // 2, count):
        here = prints[:n_clips]
        start = time.perf_counter()
        pairs = find_near_duplicates(here)
        ours = time.perf_counter() - start
        frames = np.concatenate(here)
        limit = best_of(lambda frames=frames: np.argsort(frames), 1)
        found = {tuple(pair) for pair in pairs.tolist()}
        planted = copies[copies[:, 1] < n_clips].tolist()
        recall = np.mean([tuple(pair) in found for pair in planted])
        plain = each * n_clips**2
        grown = "" if before is None else _growth(before, (n_clips, ours))
        print(
            f"  {n_clips:8,} clips: ours {ours:7.2f} s, {recall:.1%} of {len(planted)} copies"
            f" and {len(found) - round(recall * len(planted))} other pairs; each with each"
            f" {plain:8.1f} s, ratio {plain / ours:6.1f}; fraction of the limit"
            f" {limit / ours:.2f}{grown}"
        )
        before = n_clips, ours


def _growth(before: tuple[int, float], now: tuple[int, float]) -> str:
    exponent = np.log(now[1] / before[1]) / np.log(now[0] / before[0])
    return f"; time grows with the power {exponent:.2f}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=20_000)
    parser.add_argument("--recordings", type=Path, default=None)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        paths = [path.resolve() for path in collect(options.recordings, Path(folder))]
        compare_inspection(paths[:N_INSPECTED])
        compare_duplicates(paths, options.clips)


if __name__ == "__main__":
    main()

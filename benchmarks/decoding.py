"""How fast recordings of every format become what a model takes, against librosa and FFmpeg.

Run as `python benchmarks/decoding.py [--clips=200] [--seconds=5]`. All figures are seconds of
audio per second, from one run over the same synthetic clips, turn by turn, the best of the
rounds each:

- ours, decoded to the end and checked, resampled to 16 kHz and normalised, as extraction reads for
  a CPU (threads) and for a GPU (processes), a reader a core; the processes' start is told apart;
- the alternatives, each with the checkpoint's feature extractor, clip after clip: `librosa.load`,
  where it reads the format, and FFmpeg's decoder and resampler through PyAV, as torchcodec has
  them;
- the limit: decoding alone, by soundfile where it reads the format and else by PyAV, in as many
  processes as cores.
"""

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import src  # noqa: F401 - threads wait as those of the tasks do

# isort: split

import librosa
import numpy as np
import soxr
import transformers

from benchmarks.parts.encoding import FORMS, Form, decode_plainly, read_by_ffmpeg, write_form
from benchmarks.parts.timing import best_by_turns
from src.demo.checkpoint import make_checkpoint
from src.demo.voice import make_speakers, speak
from src.utils.config import SAMPLE_RATE
from src.utils.embeddings.backbones import load_backbone
from src.utils.embeddings.engines.local import Reading, read_versions
from src.utils.parallel import map_ahead, n_workers
from src.utils.processes import process_pool

READ_BY_LIBROSA = (".wav", ".flac", ".ogg", ".mp3")
"""Without a program that it would call, which there need not be."""

N_DISTINCT = 20
SPOKEN_RATE = 48_000


def write_clips(folder: Path, form: Form, count: int, seconds: float) -> list[Path]:
    """Write distinct clips, and give them further names until there are `count`."""
    folder.mkdir()
    paths = [folder / f"{number}{form.suffix}" for number in range(count)]
    speakers = make_speakers(min(count, N_DISTINCT), 7)
    random = np.random.default_rng(7)
    for speaker, path in zip(speakers, paths, strict=False):
        spoken = speak(speaker, seconds, random, SPOKEN_RATE)
        write_form(path, soxr.resample(spoken, SPOKEN_RATE, form.rate), form)
    for number in range(len(speakers), count):
        paths[number].hardlink_to(paths[number % len(speakers)])
    return paths


def read_by_librosa(path: Path, sample_rate: int) -> np.ndarray:
    """Read a clip as users of librosa do."""
    return librosa.load(path, sr=sample_rate)[0]


def plain_loop(
    read: Callable[[Path, int], np.ndarray],
    extractor: transformers.FeatureExtractionMixin,
    paths: Sequence[Path],
) -> None:
    """Read and prepare clip after clip, as a user of transformers would."""
    for path in paths:
        extractor(read(path, SAMPLE_RATE), sampling_rate=SAMPLE_RATE, return_tensors="np")


def read_all(read: Callable[[Reading], object], readings: Sequence[Reading]) -> None:
    """Read and prepare ahead, as extraction does."""
    for _ in map_ahead(read, readings, ahead=128):
        pass


def decode_all(pool: ProcessPoolExecutor, paths: Sequence[Path]) -> None:
    """Decode in all processes of a pool, an equal part each."""
    n_parts = 4 * n_workers()
    list(pool.map(decode_plainly, [paths[part::n_parts] for part in range(n_parts)]))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=5.0, help="length of a clip")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    audio = options.clips * options.seconds
    print(f"{options.clips} clips of {options.seconds:g} s in each format, {n_workers()} cores")
    spawn = multiprocessing.get_context("spawn")
    with (
        tempfile.TemporaryDirectory() as temporary,
        ProcessPoolExecutor(n_workers(), mp_context=spawn) as pool,
    ):
        folder = Path(temporary)
        checkpoint = str(make_checkpoint(folder / "checkpoint", "wav2vec2"))
        extractor = transformers.AutoFeatureExtractor.from_pretrained(checkpoint)
        read = partial(read_versions, load_backbone("wav2vec2", checkpoint), None)
        corpora = {
            form: write_clips(folder / form.name, form, options.clips, options.seconds)
            for form in FORMS
        }
        start = time.perf_counter()
        with process_pool(read, n_workers()) as read_elsewhere:
            read_elsewhere(Reading(next(iter(corpora.values()))[0]))
            print(f"processes start in {time.perf_counter() - start:.1f} s")
            for form, paths in corpora.items():
                alternatives = {"FFmpeg": partial(plain_loop, read_by_ffmpeg, extractor, paths)}
                if form.suffix in READ_BY_LIBROSA:
                    alternatives["librosa"] = partial(plain_loop, read_by_librosa, extractor, paths)
                readings = [Reading(path) for path in paths]
                ours = {
                    "threads": partial(read_all, read, readings),
                    "processes": partial(read_all, read_elsewhere, readings),
                }
                limit = {"limit": partial(decode_all, pool, paths)}
                taken = best_by_turns(alternatives | ours | limit, options.rounds)
                print(f"{form.name:18} limit     {audio / taken['limit']:8,.0f} x real time")
                for way in (*alternatives, *ours):
                    ratios = [f"{taken[one] / taken[way]:5.2f}x {one}" for one in alternatives]
                    print(
                        f"{'':18} {way:9} {audio / taken[way]:8,.0f} x real time, "
                        f"{', '.join(ratios)}, {taken['limit'] / taken[way]:4.0%} of the limit"
                    )


if __name__ == "__main__":
    main()

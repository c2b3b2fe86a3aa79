"""Part 6: many clips and a long recording, with the memory that they take."""

import os
import shutil
import time
from pathlib import Path

import numpy as np
import soundfile

from tests.stress.bench import Bench
from tests.stress.figures import MEMORY_LIMIT, Figures
from tests.stress.forks import Ended, fork_fab

MANY, TENTH = 20_000, 2_000
HOURS = 2.0
HOUR_SECONDS = 250.0
"""What all stages take for an hour of sound, on one slow core."""
LONG_SHARE = 0.5
"""Of the time that the few clips have left: the share of the many; the rest is the long one's."""
GROWTH = 512 << 20
"""Bytes that ten times as many clips may take more."""
DISTINCT = 200
RATE = 16_000


def run(bench: Bench, figures: Figures, deadline: float) -> None:
    """Run stages on a long recording, on some clips and on ten times as many.

    Parameters
    ----------
    bench : Bench
        Prepared.
    figures : Figures
        Of this part.
    deadline : float
        On the clock of `time.monotonic`.
    """
    began = time.monotonic()
    folder = bench.folder / "large"
    clips = _make_clips(folder / "distinct")
    few = TENTH if deadline - began > 400 else 200
    small = _many(folder, clips, few, figures, deadline)
    seconds = time.monotonic() - began
    left = deadline - time.monotonic()
    count = int(min(MANY, 10 * few, few * LONG_SHARE * left / seconds))
    if count < 2 * few:
        figures.note(f"{few:,} clips took {seconds:.0f} s: no time for more")
    else:
        large = _many(folder, clips, count, figures, time.monotonic() + 1.3 * LONG_SHARE * left)
        for task, (peak, seconds) in large.items():
            before = small.get(task, (peak, seconds))[0]
            figures.note(
                f"{task}: {before >> 20:,} MiB with {few:,} clips, {peak >> 20:,} MiB with "
                f"{count:,} ({seconds:.0f} s)"
            )
            if peak - before > GROWTH:
                figures.faults += 1
                figures.tell(
                    "growth", f"{task}: {count:,} clips take {peak - before >> 20} MiB more"
                )
    left = deadline - time.monotonic()
    _long(bench, folder, figures, min(HOURS, max(0.05, left / HOUR_SECONDS)), deadline)
    shutil.rmtree(folder, ignore_errors=True)


def _make_clips(folder: Path) -> list[Path]:
    """Write voice-like clips of 0.6 s, no two alike."""
    folder.mkdir(parents=True)
    chance, time_ = np.random.default_rng(7), np.arange(int(0.6 * RATE)) / RATE
    paths = []
    for number in range(DISTINCT):
        pitch = chance.uniform(90, 250)
        buzz = sum(np.sin(2 * np.pi * pitch * k * time_) / k for k in range(1, 12))
        loudness = 1.2 + np.sin(2 * np.pi * 4 * time_ + chance.uniform(0, 6))
        noise = chance.normal(0, 0.1 if number % 2 else 0.3, time_.shape)
        wave = buzz * loudness + noise
        paths.append(folder / f"{number}.wav")
        soundfile.write(paths[-1], 0.3 * wave / np.abs(wave).max(), RATE)
    return paths


Peaks = dict[str, tuple[int, float]]
"""Bytes and seconds by task."""


def _many(folder: Path, clips: list[Path], count: int, figures: Figures, deadline: float) -> Peaks:
    """Run the stages on so many names of the clips."""
    here = folder / str(count)
    rows = ["file,label,speaker,gender"]
    speakers = max(10, count // 100)
    for number in range(count):
        label = "spoof" if number % 2 else "bona-fide"
        speaker = number // 2 % speakers
        name = f"audio/{speaker:04d}/{number:06d}.wav"
        (here / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        # Half of the clips are noisier, so that there is something to learn.
        os.link(clips[2 * (number % (DISTINCT // 2)) + number % 2], here / "data" / name)
        rows.append(f"{name},{label},s{speaker:04d},{'MF'[speaker % 2]}")
    (here / "data/metadata.csv").write_text("\n".join(rows) + "\n")
    data, runs = f"--dataset={here}/data", f"--runs={here}/runs"
    embeddings, acoustic = f"--embeddings={here}/embeddings", "--backbone=acoustic"
    peaks: Peaks = {}
    for words in (
        ("GenerateDatasetCSV", data),
        ("AddDatasetDuration", data),
        ("AddDatasetAmplitude", data),
        ("SplitDataset", data, "--pretext=0"),
        ("GenerateEmbeddings", data, acoustic, embeddings),
        ("TrainModel", acoustic, "--classifier=svm", "--layer=-1", embeddings, runs),
        ("TrainModel", acoustic, "--classifier=mlp", "--layer=-1", embeddings, runs),
        ("TestModel", acoustic, "--classifier=mlp", embeddings, runs),
        ("Predict", "--any-sound", "--classifier=mlp", f"--audio={here}/data/audio", runs),
    ):
        title = words[0] if words[0] != "TrainModel" else f"TrainModel {words[2][13:]}"
        ended = _run(words, f"{title} of {count:,} clips", figures, deadline)
        if ended is None:
            break
        peaks[title] = ended.peak, ended.seconds
    table = here / "data/files-metadata.csv"
    if table.exists():
        lost = count - (len(table.read_text().splitlines()) - 1)
        figures.lost += lost
        if lost:
            figures.tell("lost", f"{lost:,} of {count:,} clips are in no table")
    shutil.rmtree(here)
    return peaks


def _run(words: tuple[str, ...], what: str, figures: Figures, deadline: float) -> Ended | None:
    """Run a command and say how it ended; None where it failed, or its time was over."""
    ended = fork_fab(words).wait(max(2.0, deadline - time.monotonic()))
    figures.peak = max(figures.peak, ended.peak)
    if ended.hung:
        figures.note(f"{what}: broken off after {ended.seconds:.0f} s, the time was over")
        return None
    if ended.peak > MEMORY_LIMIT:
        figures.tell("memory", f"{what}: {ended.peak >> 20:,} MiB")
    if ended.code or ended.is_traceback:
        figures.faults += not ended.is_traceback
        figures.tracebacks += ended.is_traceback
        figures.tell("large", f"{what}: exit {ended.code}: {ended.last_line[:300]}")
        return None
    return ended


def _long(bench: Bench, folder: Path, figures: Figures, hours: float, deadline: float) -> None:
    """Run the stages that read recordings on a corpus with a long one."""
    last = list(bench.places)[-1]
    bench.restore(last)
    corpus = bench.here / "corpus"
    clip = sorted((corpus / "real_voices").rglob("*.wav"))[0]
    long = clip.with_name(clip.name.replace("-0001", "-0099"))
    wave = np.concatenate([soundfile.read(path)[0] for path in sorted(corpus.rglob("*.wav"))[:8]])
    with soundfile.SoundFile(long, "w", RATE, 1) as stream:
        for _ in range(int(hours * 3600 * RATE / len(wave))):
            stream.write(wave)
    data, runs = f"--dataset={corpus}", f"--runs={bench.here}/runs"
    told = []
    for words in (
        ("GenerateDatasetCSV", data),
        ("AddDatasetDuration", data),
        ("AddDatasetAmplitude", data),
        ("NormalizeDataset", data, f"--output={folder}/normalized"),
        ("AuditDataset", data, runs),
        ("SplitDataset", data, "--pretext=0"),
        (
            *("GenerateEmbeddings", data, "--backbone=acoustic", "--splits=full"),
            f"--embeddings={folder}/embeddings",
        ),
        ("Predict", "--any-sound", "--classifier=lr", f"--audio={long}", runs),
    ):
        ended = _run(words, f"{words[0]} of {hours:.2f} h", figures, deadline)
        if ended is None:
            break
        told.append(f"{words[0]} {ended.peak >> 20:,} MiB in {ended.seconds:.0f} s")
    figures.lost += len(bench.rejected())
    if bench.rejected():
        figures.tell("lost", f"of {hours:.2f} h: {sorted(bench.rejected())[:2]}")
    figures.note(f"a recording of {hours:.2f} h: {', '.join(told)}")

"""How much sooner two workers end a search than one, of as many trials.

Run as `python benchmarks/search_jobs.py [--classifier=lr] [--trials=24] [--clips=8000]`. Both
search the same synthetic vectors of speakers by `fab OptimizeHyperparameters`, each trial by one
thread: `--jobs=1` and `--jobs=2`, by turns. The time is that of the whole command, from its start
to its last file, so that what workers load at their start counts, too.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import src  # noqa: F401 - threads wait as those of the tasks do

# isort: split

import numpy as np
import pandas as pd

from benchmarks.search import make_clips
from src.utils.config import BONA_FIDE, ROOT, SPOOF
from src.utils.embeddings.embedding_set import EmbeddingSet
from src.utils.embeddings.writer import Origin, StoreWriter

_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def write_store(folder: Path, split: str, clips: EmbeddingSet) -> None:
    """Write a store of one layer and one statistic."""
    table = pd.DataFrame(
        {
            "file": clips.files,
            "speaker": clips.speaker,
            "gender": clips.gender,
            "label": np.where(clips.y == 1, BONA_FIDE, SPOOF),
            "attack": clips.attack,
            "bytes": "1",
            "mtime_ns": "1",
        }
    )
    about = {
        "name": "wav2vec2",
        "checkpoint": "synthetic",
        "revision": "none",
        "sample_rate": 16_000,
        "layers": 1,
        "stats": ["mean"],
        "stats_count": 1,
        "dim": clips.x.shape[1],
    }
    writer = StoreWriter(folder, split, about, Origin("synthetic", "synthetic"), table)
    writer.start()
    writer.write(range(len(table)), clips.x[:, None, None, :], {})
    writer.finish()


def search(embeddings: Path, runs: Path, classifier: str, trials: int, jobs: int) -> float:
    """Search by so many workers, and return the seconds that it took."""
    command = [
        str(Path(sys.executable).with_name("fab")),
        "OptimizeHyperparameters",
        "--backbone=wav2vec2",
        *(f"--classifier={classifier}", f"--trials={trials}", f"--jobs={jobs}", "--seeds=1"),
        *(f"--embeddings={embeddings}", f"--runs={runs}"),
    ]
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT, env=os.environ | _ONE_THREAD)
    taken = time.perf_counter() - start
    (study,) = runs.glob("*_study*")
    assert len(pd.read_csv(study / "trials.csv")) == trials
    best = json.loads((study / "best_hyperparameters.json").read_text())
    print(f"  {jobs} worker(s) {taken:6.1f} s, EER {best['validation_eer']:.2%}", flush=True)
    return taken


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--classifier", default="lr")
    parser.add_argument("--trials", type=int, default=24)
    parser.add_argument("--clips", type=int, default=8000)
    parser.add_argument("--rounds", type=int, default=2)
    asked = parser.parse_args()
    train, validation = make_clips(asked.clips, 7)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for split, clips in (("downstream_train", train), ("downstream_val", validation)):
            write_store(folder / "embeddings", split, clips)
        seconds: dict[int, float] = {}
        for number in range(asked.rounds):
            for jobs in (1, 2):
                runs = folder / f"runs{number}-{jobs}"
                taken = search(folder / "embeddings", runs, asked.classifier, asked.trials, jobs)
                seconds[jobs] = min(seconds.get(jobs, taken), taken)
    print(
        f"{asked.classifier}, {asked.trials} trials on {asked.clips} clips of {train.x.shape[1]} "
        f"numbers, a thread each: one worker {seconds[1]:.1f} s, two {seconds[2]:.1f} s, "
        f"{seconds[2] / seconds[1]:.2f} of the time"
    )


if __name__ == "__main__":
    main()

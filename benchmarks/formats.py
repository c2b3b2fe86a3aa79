"""How far the format of a clip moves its score: the same clips as WAV and as what people send.

Run as `python benchmarks/formats.py --runs=runs --run-number=2 --dataset=datasets/release
[--clips=100]`. Clips of the test split, as many of either class, are encoded by real encoders and
judged by the run as `fab Predict` judges them. For each format, against the clips' own: the median
and the 95th percentile of how far the log-likelihood ratio moves (natural logarithm), how many
verdicts change, and the EER of these clips with its change.
"""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import src  # noqa: F401 - threads wait as those of the tasks do

# isort: split

import numpy as np
import pandas as pd
import soxr

from benchmarks.parts.encoding import FORMS, Form, write_form
from src.models.lookup import find_training
from src.predict.detector import Detector
from src.predict.judge import Judge
from src.predict.verdict import Verdict
from src.utils.audio.io import open_audio
from src.utils.config import BONA_FIDE, LABEL_VALUE, LABELS
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.split import read_split
from src.utils.metrics.eer import compute_eer

OWN = Form("as they are", "", 0)


def draw(table: pd.DataFrame, count: int, seed: int) -> pd.DataFrame:
    """Draw as many clips of either class."""
    parts = [table[table["label"] == label] for label in LABELS]
    size = min(count // 2, *map(len, parts))
    return pd.concat([part.sample(size, random_state=seed) for part in parts])


def encode(dataset: Dataset, files: list[str], form: Form, folder: Path) -> list[Path]:
    """Write every clip in a form, and return the paths in order."""
    if form is OWN:
        return [dataset.path(file) for file in files]
    paths = []
    for number, file in enumerate(files):
        with open_audio(dataset.path(file)) as audio:
            mono = np.concatenate([audio.to_mono(block) for block in audio.blocks(30)])
            rate = audio.sample_rate
        samples = mono if rate == form.rate else soxr.resample(mono, rate, form.rate)
        path = folder / f"{number}{form.suffix}"
        write_form(path, samples.clip(-1, 1), form)
        paths.append(path)
    return paths


def judge_all(judge: Judge, paths: list[Path]) -> list[Verdict]:
    """Judge every clip."""
    return list(judge.judge([(str(number), path) for number, path in enumerate(paths)]))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--run-number", type=int)
    parser.add_argument("--dataset", type=Path, default=Path("datasets/release"))
    parser.add_argument("--clips", type=int, default=100)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    dataset = Dataset.open(options.dataset)
    clips = draw(read_split(dataset, "downstream_test"), options.clips, options.seed)
    files = clips["file"].tolist()
    labels = clips["label"].map(LABEL_VALUE).to_numpy()
    run = find_training(options.runs, run_number=options.run_number)
    judge = Judge(Detector.load(run))
    print(f"run {run.number}, {(clips['label'] == BONA_FIDE).sum()} clips of either class")
    own: list[Verdict] = []
    for form in (OWN, *FORMS):
        with tempfile.TemporaryDirectory() as folder:
            verdicts = judge_all(judge, encode(dataset, files, form, Path(folder)))
        if form is OWN:
            own = verdicts
        both = [
            (new, old, label)
            for new, old, label in zip(verdicts, own, labels, strict=True)
            if new.llr is not None and old.llr is not None
        ]
        moved = np.abs([new.llr - old.llr for new, old, _ in both])
        changed = sum(new.verdict != old.verdict for new, old, _ in both)
        truth = np.array([label for *_, label in both])
        eer, was = (
            compute_eer(np.array([pair[which].llr for pair in both]), truth)[0] for which in (0, 1)
        )
        median, most = np.quantile(moved, (0.5, 0.95))
        print(
            f"{form.name:18} median {median:6.3f}, 95 % within {most:6.3f}, "
            f"{changed:3} of {len(both)} verdicts change, EER {eer:.1%} ({eer - was:+.1%})"
        )


if __name__ == "__main__":
    main()

"""How often genuine recordings are called partly spoof, and how often a stretch of spoof is found.

Run as `python benchmarks/stretches.py --runs=RUNS --run-number=N --corpora=FOLDER,FOLDER
--sources=NAME,NAME [--minutes=10] [--recordings=12] [--spoofs=8] [--seed=0]`. A corpus is a folder
with a `metadata.csv` of the columns path, label, source and attack; the sources are those that the
run was not trained on (see `SplitDataset --hold-out=source:NAME,NAME`). One recording in two is of
one source, the others are conversations of three. Printed is the share of each with its counts.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import src  # noqa: F401 - threads wait as those of the tasks do

# isort: split

import numpy as np
import pandas as pd

from src.models.lookup import find_training
from src.predict.detector import Detector
from src.predict.stretch_trials import LENGTHS, compose_recording, measure_stretches
from src.utils.audio.io import read_waveform
from src.utils.config import BONA_FIDE, SPOOF

FEWEST_SECONDS = 40
"""A source with less bona-fide speech would be the same few clips over and over."""


def read_table(corpora: list[Path]) -> pd.DataFrame:
    """Return the clips of corpora, with the path of each."""
    tables = []
    for corpus in corpora:
        table = pd.read_csv(corpus / "metadata.csv", dtype=str, keep_default_na=False)
        tables.append(table.assign(path=[corpus / path for path in table["path"]]))
    return pd.concat(tables, ignore_index=True)


def read_clips(table: pd.DataFrame, rate: int) -> list[np.ndarray]:
    """Decode clips."""
    return [read_waveform(path, rate) for path in table["path"]]


def main() -> None:
    """Compose recordings, judge them, and print the shares."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--run-number", type=int, required=True)
    parser.add_argument("--corpora", required=True)
    parser.add_argument("--sources", required=True)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--recordings", type=int, default=12)
    parser.add_argument("--spoofs", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    detector = Detector.load(find_training(given.runs, run_number=given.run_number))
    rate = detector.backbone.sample_rate
    table = read_table([Path(folder) for folder in given.corpora.split(",")])
    table = table[table["source"].isin(given.sources.split(","))]
    chance = np.random.default_rng(given.seed)
    voices = [
        clips
        for _, group in table[table["label"] == BONA_FIDE].groupby("source")
        if sum(map(len, clips := read_clips(group, rate))) >= FEWEST_SECONDS * rate
    ]
    attacks = [
        wave
        for _, group in table[table["label"] == SPOOF].groupby(["source", "attack"])
        if len(wave := np.concatenate(read_clips(group, rate))) >= max(LENGTHS) * rate
    ]
    genuine = []
    for number in range(given.recordings):
        several = [voices[n] for n in chance.permutation(len(voices))[:3]]
        chosen = several if number % 2 else [voices[number // 2 % len(voices)]]
        genuine.append(compose_recording(chosen, 60 * given.minutes, rate, chance))
    spoofs = [attacks[n] for n in chance.permutation(len(attacks))[: given.spoofs]]
    found = measure_stretches(detector, genuine, spoofs, seed=given.seed)
    print(
        f"{len(genuine)} genuine recordings of {given.minutes:g} min of {len(voices)} sources: "
        f"{found.false_alarms:.1%} partly spoof, {found.called_spoof:.1%} spoof"
    )
    for seconds, share in found.found.items():
        print(
            f"with {seconds} s of {len(spoofs)} attacks: {share:.1%} of "
            f"{len(found.with_spoof[seconds])} found"
        )


if __name__ == "__main__":
    main()

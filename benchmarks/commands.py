"""How long commands take that are waited for, in processor seconds of the whole process.

Run as `python benchmarks/commands.py [--runs=300] [--lines=1000000] [--rounds=3]`, on a machine
that does nothing else. Each command is started as a user starts it, by turns with the least that it
could take, and the best of the rounds is told:

- ours: the command, on made-up voices, runs and scores;
- the least: `fab -l`, which loads the command line and does nothing, and what the command cannot do
  without: the libraries of a model and of formats (a verdict), the files of the runs (lists and
  comparisons), or the lines of scores (an evaluation), read by the standard library.

Told are the seconds that a command may take, and how many times the least it takes.
"""

import argparse
import csv
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import src  # noqa: F401 - threads wait as those of the tasks do

# isort: split

import numpy as np

from src.demo.corpus import make_corpus
from src.utils.config import ROOT

FAB = [sys.executable, "-m", "fabric"]
READ_MODEL = "import sklearn.pipeline, sklearn.svm, onnxruntime, av"
READ_FILES = """
import pathlib, sys
for path in pathlib.Path(sys.argv[1]).glob("*/*"):
    if path.suffix in (".json", ".csv"):
        path.read_bytes()
"""
READ_LINES = """
import csv, sys
for name in sys.argv[1:]:
    with open(name) as stream:
        for row in csv.reader(stream):
            pass
"""


def seconds_of(command: Sequence[object]) -> float:
    """Return the processor seconds that a process and its children take."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "TQDM_DISABLE": "1"}
    subprocess.run(
        list(map(str, command)), cwd=ROOT, env=environment, capture_output=True, check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def write_scores(folder: Path, n_lines: int, chance: np.random.Generator) -> tuple[Path, Path]:
    """Write scores as ASVspoof 2021 has them, and the key, in another order."""
    labels = chance.integers(2, size=n_lines)
    scores = chance.normal(2.0 * labels)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "scores.txt").open("w") as stream:
        stream.writelines(f"E_{n:010d} {score:.6f}\n" for n, score in enumerate(scores))
    words = ("spoof", "bona-fide")
    with (folder / "key.csv").open("w") as stream:
        stream.write("file,label,speaker\n")
        for n in chance.permutation(n_lines):
            stream.write(f"E_{n:010d},{words[labels[n]]},S{n % 50}\n")
    return folder / "scores.txt", folder / "key.csv"


def write_runs(folder: Path, n_runs: int, chance: np.random.Generator) -> None:
    """Evaluate scores once, and copy the run with other scores as often as asked for."""
    scores, key = write_scores(folder.with_name("small"), 400, chance)
    seconds_of(
        [*FAB, "EvaluateScores", f"--scores={scores}", f"--protocol={key}", f"--runs={folder}"]
    )
    [first] = folder.glob("run0_*")
    with (first / "scores.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    manifest = json.loads((first / "manifest.json").read_text())
    for number in range(1, n_runs):
        run = folder / f"run{number}_20260101-{number // 60 % 24:02d}{number % 60:02d}00"
        shutil.copytree(first, run)
        (run / "manifest.json").write_text(json.dumps(manifest | {"number": number}))
        with (run / "scores.csv").open("w", newline="") as stream:
            writer = csv.DictWriter(stream, rows[0].keys())
            writer.writeheader()
            for row in rows:
                moved = float(row["score"]) + chance.normal(0, 0.1 + number / 1000)
                writer.writerow(row | {"score": repr(moved)})


def main() -> None:
    """Time every command by turns with its least, and print a line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    chance = np.random.default_rng(7)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_corpus(folder / "voices", n_speakers=2, clips_per_speaker=1)
        clip = next((folder / "voices").rglob("*.wav"))
        few, many = folder / "few", folder / "many"
        write_runs(few, 3, chance)
        write_runs(many, given.runs, chance)
        scores, key = write_scores(folder / "large", given.lines, chance)
        nothing = [*FAB, "-l"]
        all_runs = ",".join(map(str, range(given.runs)))
        python = [sys.executable, "-c"]
        cases: list[tuple[str, float, list[object], list[object]]] = [
            (
                "Predict, one clip",
                2,
                [*FAB, "Predict", f"--audio={clip}", "--detector=acoustic", "--any-sound"],
                [*python, READ_MODEL],
            ),
            (
                "ListRuns, 3 runs",
                0.6,
                [*FAB, "ListRuns", f"--runs={few}"],
                [*python, READ_FILES, few],
            ),
            (
                f"ListRuns, {given.runs} runs",
                2,
                [*FAB, "ListRuns", f"--runs={many}"],
                [*python, READ_FILES, many],
            ),
            (
                f"CompareRuns, {given.runs} runs",
                10,
                [*FAB, "CompareRuns", f"--runs-list={all_runs}", f"--runs={many}"],
                [*python, READ_FILES, many],
            ),
            (
                f"EvaluateScores, {given.lines:,} lines",
                15,
                [
                    *(*FAB, "EvaluateScores", f"--scores={scores}", f"--protocol={key}"),
                    f"--runs={folder / 'evaluated'}",
                ],
                [*python, READ_LINES, scores, key],
            ),
        ]
        print(f"{'command':32} {'seconds':>8} {'to reach':>9} {'the least':>10} {'ratio':>6}")
        for title, target, ours, least in cases:
            taken, floor = [], []
            for _ in range(given.rounds):
                taken.append(seconds_of(ours))
                floor.append(seconds_of(nothing) + seconds_of(least))
            ratio = min(taken) / min(floor)
            print(f"{title:32} {min(taken):8.2f} {target:9g} {min(floor):10.2f} {ratio:5.1f}x")


if __name__ == "__main__":
    main()

"""Run the suite within a time budget: `python -m tests.stress --minutes 10`.

Every part has a seed, by which its chances are drawn again. What reproduces a finding is printed
and saved in the folder `stress-findings`. The exit status is 1 when anything was found.
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path

from src.utils.config import ROOT
from tests.stress.bench import Bench
from tests.stress.figures import Figures, render_table, verdict
from tests.stress.forks import import_everything

SHARES = {
    "kills": 0.33,
    "faults": 0.15,
    "together": 0.08,
    "inputs": 0.2,
    "workers": 0.06,
    "large": 0.18,
}
"""The parts, each a module, and the share of the time that each may take."""
FINDINGS = ROOT / "stress-findings"
MARGIN = 15.0
MOST_TOLD = 600
"""Characters of a finding that are printed again at the end."""


def main() -> int:
    """Read the flags, run the parts, print the table and return the exit status."""
    flags = argparse.ArgumentParser("tests.stress", description=__doc__.splitlines()[0])
    flags.add_argument("--minutes", type=float, default=60.0, help="for all parts together")
    flags.add_argument("--parts", default=",".join(SHARES), help="some of them, by commas")
    flags.add_argument("--seed", type=int, help="of every part (default: a random one)")
    flags.add_argument("--only", default="", help="stages or parsers whose name holds this")
    given = flags.parse_args()
    parts = [name for name in SHARES if name in given.parts.split(",")]
    seed = random.randrange(1_000_000) if given.seed is None else given.seed
    began = time.monotonic()
    # The last turn of a part may take longer than it did undisturbed.
    end = began + 60 * given.minutes - MARGIN
    shutil.rmtree(FINDINGS, ignore_errors=True)
    import_everything()
    folder = Path(tempfile.mkdtemp(prefix="audios-stress-"))
    done: list[Figures] = []
    try:
        bench = Bench(folder)
        print(f"seed {seed}; preparing in {folder}", flush=True)
        titles = {stage.title for stage in bench.stages if given.only in stage.title}
        bench.prepare(titles if given.only and titles else None)
        if given.only and titles:
            bench.places = {s: p for s, p in bench.places.items() if given.only in s.title}
        for stage, place in bench.places.items():
            print(f"{stage.title:28} {place.seconds:5.1f} s  {place.moments} touches of the disk")
        print(f"prepared in {time.monotonic() - began:.0f} s", flush=True)
        for number, name in enumerate(parts):
            now = time.monotonic()
            # What a part leaves over, those behind it have.
            share = SHARES[name] / sum(SHARES[other] for other in parts[number:])
            deadline = now + share * (end - now)
            figures = Figures(name, seed, FINDINGS, peak=bench.peak)
            done.append(figures)
            more = {"only": given.only} if name == "inputs" else {}
            import_module(f"tests.stress.{name}").run(bench, figures, deadline, **more)
            figures.seconds = time.monotonic() - now
            print(f"[{name}] {figures.seconds:.0f} s", flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if done:
            print(f"\n{render_table(done)}\n")
            for one in done:
                for note in one.notes:
                    print(f"{one.part}: {note}")
    for one in done:
        for finding in one.findings:
            print(f"found: [{one.part}] {finding[:MOST_TOLD]}")
    print(f"in all {time.monotonic() - began:.0f} of {60 * given.minutes:.0f} s")
    return verdict(done)


if __name__ == "__main__":
    sys.exit(main())

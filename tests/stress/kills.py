"""Part 1: every stage killed at random moments, run again, and compared byte by byte."""

import random

from tests.stress.bench import PATIENCE, Bench, turns
from tests.stress.figures import Figures
from tests.stress.forks import Ended, SharedNumber
from tests.stress.moments import Moments, die
from tests.stress.stages import Stage
from tests.stress.trees import differences, read_tree, torn

TWICE = 0.3
"""The share of trials in which the second run is killed as well."""
AT_A_MOMENT = 0.6
"""The share of kills right before or behind a touch of the disk, not at any time."""


def run(bench: Bench, figures: Figures, deadline: float) -> None:
    """Kill stages until the time is over.

    Parameters
    ----------
    bench : Bench
        Prepared.
    figures : Figures
        Of this part.
    deadline : float
        On the clock of `time.monotonic`.
    """
    chance = random.Random(figures.seed)
    for stage in turns(bench, chance, deadline, cost=2.3):
        bench.restore(stage)
        done = [kill_once(bench, stage, chance, figures)]
        if chance.random() < TWICE:
            done.append(kill_once(bench, stage, chance, figures))
        how = f"seed {figures.seed}, killed {' and '.join(done)}"
        place = bench.places[stage]
        halves = torn(place.found, place.wanted, read_tree(bench.here))
        if halves:
            figures.different += sum(one.size for one in halves)
            what = "; ".join(f"{one.file} {one.why}" for one in halves[:3])
            figures.tell(f"torn {stage.title}", f"{stage.title}: {how}: {what}")
        judge(bench, figures, stage, how)


def kill_once(bench: Bench, stage: Stage, chance: random.Random, figures: Figures) -> str:
    """Run a stage, kill it, and return the moment in words.

    Parameters
    ----------
    bench : Bench
        Where it lies.
    stage : Stage
        What is run.
    chance : random.Random
        Draws the moment.
    figures : Figures
        Counts the kill, unless the stage ends before.
    """
    place = bench.places[stage]
    if chance.random() < AT_A_MOMENT and place.moments:
        at = chance.randint(1, place.moments)
        moments = Moments(bench.here, SharedNumber(), at, die)
        ended = bench.start(place.words, moments).wait(PATIENCE)
        moment = f"at touch {at} of {place.moments}"
    else:
        seconds = chance.uniform(0, place.seconds)
        fork = bench.start(place.words)
        ended = fork.poll(seconds) or fork.kill()
        moment = f"after {seconds:.3f} of {place.seconds:.3f} s"
    figures.kills += ended.code == -9
    figures.peak = max(figures.peak, ended.peak)
    return moment if ended.code == -9 else f"{moment} (too late)"


def judge(bench: Bench, figures: Figures, stage: Stage, how: str) -> None:
    """Run a disturbed stage again until its end, and compare what it leaves.

    Parameters
    ----------
    bench : Bench
        Where it lies.
    stage : Stage
        What was disturbed.
    figures : Figures
        To which faults are added.
    how : str
        What was done, by which it can be done again.
    """
    ended = bench.run(stage)
    figures.peak = max(figures.peak, ended.peak)
    if not check_end(figures, stage, ended, f"{how}, then run again", must_end_well=True):
        save(bench, figures, stage, how)
        return
    lost = bench.rejected()
    if lost:
        figures.lost += len(lost)
        figures.tell(f"lost {stage.title}", f"{stage.title}: {how}: set aside {sorted(lost)[:3]}")
    found = differences(bench.places[stage].wanted, read_tree(bench.here))
    if found:
        figures.different += sum(one.size for one in found)
        told = "\n    ".join(f"{one.file} {one.why}" for one in found[:6])
        figures.tell(f"different {stage.title}", f"{stage.title}: {how}:\n    {told}")
        save(bench, figures, stage, how)


def check_end(
    figures: Figures, stage: Stage, ended: Ended, how: str, must_end_well: bool = False
) -> bool:
    """Say whether a stage ended as it may: well, or with one line and exit 1.

    Parameters
    ----------
    figures : Figures
        To which what is wrong is added.
    stage : Stage
        What was run.
    ended : Ended
        How it ended.
    how : str
        What was done.
    must_end_well : bool
        Whether one line is wrong as well.
    """
    if ended.is_traceback:
        figures.tracebacks += 1
        figures.tell(
            f"traceback {stage.title} {ended.last_line[:60]}",
            f"{stage.title}: {how}: traceback: {ended.last_line}\n    {where(ended)}",
        )
    elif ended.hung or ended.code not in (0, 1) or (must_end_well and ended.code):
        figures.faults += 1
        state = "hangs" if ended.hung else f"exit {ended.code}"
        figures.tell(
            f"{state} {stage.title}", f"{stage.title}: {how}: {state}: {ended.last_line[:300]}"
        )
    else:
        return True
    return False


def where(ended: Ended) -> str:
    """Return the innermost line of the project that a traceback names."""
    lines = [line.strip() for line in ended.lines if "/src/" in line or "/tasks/" in line]
    return lines[-1] if lines else ""


def save(bench: Bench, figures: Figures, stage: Stage, how: str) -> None:
    """Keep what a stage has left, the first time of each."""
    place = figures.folder / figures.part / stage.title
    if not place.exists():
        place.mkdir(parents=True)
        (place / "how.txt").write_text(f"{how}\nfab {' '.join(bench.places[stage].words)}\n")

"""Part 3: eight of each task at once, on the same folders."""

import random
import time

from tests.stress.bench import PATIENCE, Bench, turns
from tests.stress.figures import Figures
from tests.stress.kills import check_end, judge

COUNT = 8


def run(bench: Bench, figures: Figures, deadline: float) -> None:
    """Run stages eight times at once until the time is over.

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
    tried = 0
    for stage in turns(bench, chance, deadline, cost=COUNT / 2 + 2):
        bench.restore(stage)
        words, forks = bench.places[stage].words, []
        gap = chance.choice([0.0, 0.0, 0.05, bench.places[stage].seconds / COUNT])
        for _ in range(COUNT):
            forks.append(bench.start(words))
            time.sleep(gap)
        how = f"seed {figures.seed}, {COUNT} at once, {gap:.3f} s apart"
        ended = [fork.wait(COUNT * PATIENCE) for fork in forks]
        figures.peak = max(figures.peak, *(one.peak for one in ended))
        for one in ended:
            check_end(figures, stage, one, how)
        if all(one.code for one in ended):
            figures.faults += 1
            figures.tell(
                f"none {stage.title}", f"{stage.title}: {how}: none ended: {ended[0].last_line}"
            )
        tried += 1
        judge(bench, figures, stage, f"{how}, then once")
    figures.note(f"{tried:,} stages, {COUNT} at once of each")

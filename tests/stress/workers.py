"""Part 5: processes that a stage has started, killed and stopped while they work for it."""

import os
import random
import signal
import time
from collections import defaultdict
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from tests.stress.bench import Bench
from tests.stress.figures import Figures
from tests.stress.forks import Fork, fork_fab
from tests.stress.kills import check_end, judge
from tests.stress.slow import use_processes
from tests.stress.stages import Stage

HANGS = 90.0
"""Seconds after which a stage whose worker is gone hangs."""
RAY_SECONDS, POOL_SECONDS = 60.0, 15.0
"""What a trial takes: with a cluster of its own, and with processes that import everything."""
BY_KIND = {"pool": "GenerateEmbeddingsWav2vec2", "ray": "GenerateEmbeddings-acoustic"}
"""The stages: the built-in backbones, which use the cores themselves, know no process pool."""
STARTS = 40.0
STOPPED = 1.5
WAYS = ("killed", "stopped and continued", "stopped and killed")


def run(bench: Bench, figures: Figures, deadline: float) -> None:
    """Kill and stop the workers of extractions until the time is over.

    Parameters
    ----------
    bench : Bench
        Prepared.
    figures : Figures
        Of this part.
    deadline : float
        On the clock of `time.monotonic`.
    """
    stages = {one.title: one for one in bench.places if one.title in BY_KIND.values()}
    if len(stages) < len(BY_KIND):
        figures.note("not all of the stages are there: nothing was tried")
        return
    chance = random.Random(figures.seed)
    has_ray = find_spec("ray") is not None
    if not has_ray:
        figures.note("Ray is not installed here: its workers were not tried")
    tried = {"pool": 0, "ray": 0}
    while time.monotonic() + POOL_SECONDS < deadline:
        is_late = deadline - time.monotonic() < RAY_SECONDS
        kind = "ray" if has_ray and not is_late and tried["ray"] < tried["pool"] / 3 else "pool"
        tried[kind] += _try(bench, stages[BY_KIND[kind]], figures, chance, kind)
    figures.note(f"{tried['pool']} extractions with a process pool, {tried['ray']} with Ray")


def _try(bench: Bench, stage: Stage, figures: Figures, chance: random.Random, kind: str) -> bool:
    bench.restore(stage)
    words = bench.places[stage].words
    is_pool = kind == "pool"
    fork = fork_fab(
        words if is_pool else (*words, "--engine=ray"), use_processes if is_pool else None
    )
    wanted = "serve(" if is_pool else "ray::"
    workers = _wait_for(fork, wanted, 2)
    delay = chance.uniform(0, 1.2 if kind == "pool" else 4.0)
    everything: set[int] = set()
    how = f"seed {figures.seed}, {kind}"
    if workers:
        fork.poll(delay)
        everything = set(descendants(fork.pid))
        workers = [pid for pid in everything if wanted in _command(pid)] or workers
        victim, way = chance.choice(sorted(workers)), chance.choice(WAYS)
        how = f"{how}: a worker {way} {delay:.2f} s after it came"
        figures.kills += way != "stopped and continued"
        _harm(victim, way)
    else:
        how = f"{how}: no worker came"
    ended = fork.wait(HANGS)
    for pid in everything - set(descendants(os.getpid())):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    figures.peak = max(figures.peak, ended.peak)
    check_end(figures, stage, ended, how)
    lost = bench.rejected()
    if lost:
        figures.lost += len(lost)
        figures.tell("lost", f"{stage.title}: {how}: set aside {sorted(lost)[:3]}")
    judge(bench, figures, stage, how)
    return bool(workers)


def _harm(pid: int, way: str) -> None:
    with suppress(ProcessLookupError):
        if way != "killed":
            os.kill(pid, signal.SIGSTOP)
            time.sleep(STOPPED)
        os.kill(pid, signal.SIGCONT if way.endswith("continued") else signal.SIGKILL)


def _wait_for(fork: Fork, what: str, count: int) -> list[int]:
    """Wait until a fork has so many processes whose command holds a word."""
    end = time.monotonic() + STARTS
    while fork.poll(0.05) is None and time.monotonic() < end:
        found = [pid for pid in descendants(fork.pid) if what in _command(pid)]
        if len(found) >= count:
            return found
    return []


def descendants(pid: int) -> list[int]:
    """Return the processes that a process has started, and those that these have.

    Parameters
    ----------
    pid : int
        Its number.
    """
    children = defaultdict(list)
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError, ValueError, IndexError):
                # The command, in brackets, may hold anything.
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                children[int(fields[1])].append(int(folder.name))
    found, todo = [], [pid]
    while todo:
        new = children[todo.pop()]
        found += new
        todo += new
    return found


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except (OSError, UnicodeDecodeError):
        return ""

"""Part 2: full, read-only and broken disks, folders that vanish, sources that change while read."""

import json
import random
import resource
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from src.utils.dataset.derive import RECIPE
from src.utils.runs import MANIFEST, parse_folder_name
from tests.stress.bench import PATIENCE, Bench, copy_tree, turns
from tests.stress.disks import (
    READ_ONLY,
    change_disk,
    leave_shared_mounts,
    small_disk,
    used_bytes,
)
from tests.stress.figures import Figures
from tests.stress.forks import Ended, SharedNumber, fork_fab
from tests.stress.kills import check_end, judge
from tests.stress.moments import ERRORS, Moments, fail
from tests.stress.stages import Stage

PLENTY = 1 << 30


@dataclass
class Trial:
    """One disturbance of one stage.

    Attributes
    ----------
    bench : Bench
        Where it is laid out.
    stage : Stage
        What is disturbed.
    chance : random.Random
        Draws how.
    how : str
        What was done, in words.
    changed : set of str
        Recordings that may be set aside, since they were not what they should be.
    """

    bench: Bench
    stage: Stage
    chance: random.Random
    how: str = ""
    changed: frozenset[str] = frozenset()
    mend: Callable[[], None] = lambda: None

    @property
    def words(self) -> tuple[str, ...]:
        """The command."""
        return self.bench.places[self.stage].words

    @property
    def seconds(self) -> float:
        """How long it takes undisturbed."""
        return self.bench.places[self.stage].seconds

    def run(self, before: Callable[[], None] | None = None) -> Ended:
        """Run the stage with something set up in its process first.

        Parameters
        ----------
        before : callable, optional
            What is set up.
        """
        return fork_fab(self.words, before).wait(PATIENCE)


def run(bench: Bench, figures: Figures, deadline: float) -> None:
    """Disturb stages until the time is over.

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
    kinds = [wrong_moment, wrong_moment, small_files, vanished, changed_source]
    mount = bench.folder / "mount"
    mount.mkdir()
    if leave_shared_mounts(mount):
        kinds += [full_disk, full_disk, read_only]
    else:
        figures.note("no disks may be mounted here: full ones are played by RLIMIT_FSIZE alone")
    tried = 0
    for stage in turns(bench, chance, deadline, cost=2.5):
        kind = chance.choice(kinds)
        if kind is changed_source and not stage.reads:
            kind = wrong_moment
        tried += 1
        if kind in (full_disk, read_only):
            shutil.rmtree(bench.here, ignore_errors=True)
            bench.here.mkdir()
            with small_disk(bench.here):
                copy_tree(bench.places[stage].before, bench.here)
                judge_fault(Trial(bench, stage, chance), kind, figures)
        else:
            bench.restore(stage)
            judge_fault(Trial(bench, stage, chance), kind, figures)
    figures.note(f"{tried:,} disturbed runs")


def judge_fault(trial: Trial, kind: Callable[[Trial], Ended], figures: Figures) -> None:
    """Disturb a stage, look at how it ended, mend what was disturbed, and let it go on.

    Parameters
    ----------
    trial : Trial
        Laid out.
    kind : callable
        How it is disturbed.
    figures : Figures
        Of this part.
    """
    bench, stage = trial.bench, trial.stage
    before = set(results_in(bench.here))
    ended = kind(trial)
    how = f"seed {figures.seed}, {trial.how}"
    figures.peak = max(figures.peak, ended.peak)
    if ended.code not in (-9,):
        check_end(figures, stage, ended, how)
    if ended.code == 1 and not ended.is_traceback and not ended.last_line.startswith(stage.task):
        figures.faults += 1
        figures.tell(f"line {stage.title}", f"{stage.title}: {how}: says {ended.last_line[:300]}")
    lost = {(file, why) for file, why in bench.rejected() if file not in trial.changed}
    if lost:
        figures.lost += len(lost)
        told = sorted(lost)[:2]
        figures.tell(f"lost {stage.title} {trial.how[:12]}", f"{stage.title}: {how}: {told}")
    if any(file in trial.changed for file, _ in bench.rejected()):
        # Rightly of other recordings than what follows, which leaves it alone or refuses it.
        for folder in set(results_in(bench.here)) - before:
            shutil.rmtree(folder)
    trial.mend()
    judge(bench, figures, stage, how)


def results_in(here: Path) -> list[Path]:
    """Return the folders that stand for one selection of recordings, and never for another.

    Parameters
    ----------
    here : pathlib.Path
        Where the bench works.

    Returns
    -------
    list of pathlib.Path
        Of all runs, studies and matched data sets.
    """
    runs = [path.parent for path in here.glob(f"runs/*/{MANIFEST}")]
    matched = [
        path.parent
        for path in here.glob(f"*/{RECIPE}")
        if json.loads(path.read_text())["stage"] == "MatchDataset"
    ]
    return [folder for folder in runs if parse_folder_name(folder.name) is not None] + matched


def wrong_moment(trial: Trial) -> Ended:
    """Let the operating system refuse every touch of the disk from a moment on."""
    name = trial.chance.choice(list(ERRORS))
    at = trial.chance.randint(1, max(1, trial.bench.places[trial.stage].moments))
    trial.how = f"{name} from touch {at} on"
    return trial.run(Moments(trial.bench.here, SharedNumber(), at, fail(ERRORS[name])).watch)


def small_files(trial: Trial) -> Ended:
    """Let no file grow beyond a size, as on a full disk."""
    sizes = [path.stat().st_size for path in trial.bench.here.rglob("*") if path.is_file()]
    most = int(2 ** trial.chance.uniform(3, max(4, max(sizes).bit_length())))
    trial.how = f"no file may grow beyond {most} bytes"
    return trial.run(lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)))


def full_disk(trial: Trial) -> Ended:
    """Run out of space."""
    here = trial.bench.here
    left = int(2 ** trial.chance.uniform(12, 21))
    change_disk(here, used_bytes(here) + left)
    trial.how = f"{left} bytes left on the disk"
    trial.mend = lambda: change_disk(here, PLENTY)
    return trial.run()


def read_only(trial: Trial) -> Ended:
    """Work on a disk that may not be written to."""
    here = trial.bench.here
    change_disk(here, PLENTY, READ_ONLY)
    trial.how = "a read-only disk"
    trial.mend = lambda: change_disk(here, PLENTY)
    return trial.run()


def vanished(trial: Trial) -> Ended:
    """Move a folder away meanwhile, and back afterwards."""
    bench = trial.bench
    folders = [path for path in bench.here.iterdir() if path.is_dir()]
    used = [path for path in folders if any(str(path) in word for word in trial.words)]
    folder = trial.chance.choice(used or folders)
    away = bench.folder / "away"
    seconds = trial.chance.uniform(0, trial.seconds)
    trial.how = f"{folder.name} moved away after {seconds:.3f} s"

    def mend() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        away.rename(folder)

    trial.mend = mend
    fork = fork_fab(trial.words)
    fork.poll(seconds)
    folder.rename(away)
    return fork.wait(PATIENCE)


def changed_source(trial: Trial) -> Ended:
    """Remove, cut, overwrite or exchange a recording meanwhile, and put it back afterwards."""
    bench = trial.bench
    clips = sorted((bench.here / trial.stage.reads).rglob("*.wav"))
    clip, other = trial.chance.sample(clips, 2)
    kept = bench.folder / "kept.wav"
    shutil.copy2(clip, kept)
    seconds = trial.chance.uniform(0, 0.7 * trial.seconds)
    what = trial.chance.choice(["removed", "cut", "emptied", "overwritten", "exchanged"])
    trial.how = f"{clip.name} {what} after {seconds:.3f} s"
    trial.changed = frozenset({clip.relative_to(bench.here / trial.stage.reads).as_posix()})
    trial.mend = lambda: _put_back(kept, clip)
    fork = fork_fab(trial.words)
    fork.poll(seconds)
    _change(clip, what, other)
    return fork.wait(PATIENCE)


def _put_back(kept: Path, clip: Path) -> None:
    clip.unlink(missing_ok=True)
    shutil.copy2(kept, clip)


def _change(clip: Path, what: str, other: Path) -> None:
    content = clip.read_bytes()
    if what == "removed":
        clip.unlink()
    elif what == "cut":
        clip.write_bytes(content[: len(content) // 2])
    elif what == "emptied":
        clip.write_bytes(b"")
    elif what == "overwritten":
        with clip.open("r+b") as stream:
            stream.write(b"no sound" * 1000)
    else:
        shutil.copyfile(other, clip)
        time.sleep(0.01)

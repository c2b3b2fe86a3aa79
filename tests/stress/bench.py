"""The workplace of the suite: a small corpus, and what every stage finds and leaves."""

import csv
import os
import random
import shutil
import tarfile
import time
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from safetensors.torch import save_file

from src.demo.checkpoint import make_checkpoint
from src.demo.corpus import make_corpus
from tests.adaptation.recordings import write_case
from tests.networks.released.back_ends import aasist_state
from tests.stress.forks import Ended, Fork, SharedNumber, apart, fork_fab
from tests.stress.moments import Moments
from tests.stress.stages import STAGES, Stage
from tests.stress.trees import Tree, read_tree

PATIENCE = 120.0
"""Seconds that a stage on the small corpus may take on a machine with much else to do."""


@dataclass(frozen=True)
class Place:
    """What a stage finds, and what it leaves when nothing disturbs it.

    Attributes
    ----------
    before : pathlib.Path
        A copy of what it finds.
    found, wanted : Tree
        What it finds, and what it leaves.
    words : tuple of str
        Its command.
    moments : int
        How often it touches the disk.
    seconds : float
        How long it takes.
    """

    before: Path
    found: Tree
    wanted: Tree
    words: tuple[str, ...]
    moments: int
    seconds: float


@dataclass
class Bench:
    """Runs stages, disturbed or not, on copies of a small corpus.

    Attributes
    ----------
    folder : pathlib.Path
        Where everything is written, and removed from at the end.
    stages : tuple of Stage
        Those that are run.
    """

    folder: Path
    stages: tuple[Stage, ...] = STAGES
    places: dict[Stage, Place] = field(default_factory=dict)
    peak: int = 0

    @property
    def here(self) -> Path:
        """Where stages work; always the same path, since manifests name it."""
        return self.folder / "here"

    def prepare(self, upto: set[str] | None = None) -> None:
        """Make the corpus and run every stage once, undisturbed.

        Parameters
        ----------
        upto : set of str, optional
            Titles of the stages wanted: what comes behind the last of them is left out.

        Raises
        ------
        RuntimeError
            When a stage fails.
        """
        apart(lambda: make_inputs(self.here))
        for number, stage in enumerate(self.stages):
            if upto is not None and not upto:
                return
            before = self.folder / "before" / f"{number:02d}"
            copy_tree(self.here, before)
            words = (stage.task, *self._filled(stage.words))
            counted = SharedNumber()
            ended = self.start(words, Moments(self.here, counted)).wait(PATIENCE)
            self.peak = max(self.peak, ended.peak)
            if ended.code:
                raise RuntimeError(f"{' '.join(words)} ended with {ended.code}:\n{ended.err}")
            trees = read_tree(before, keep=True), read_tree(self.here, keep=True)
            self.places[stage] = Place(before, *trees, words, counted.value, ended.seconds)
            if upto is not None:
                upto.discard(stage.title)

    def _filled(self, words: tuple[str, ...]) -> list[str]:
        tested = sorted(
            int(path.parent.name.split("_")[0].removeprefix("run"))
            for path in self.here.glob("runs/run*/test_results.json")
        )
        numbers = ",".join(map(str, tested[:2]))
        return [word.format(here=self.here, tested=numbers) for word in words]

    def start(self, words: tuple[str, ...], moments: Moments | None = None, **env: str) -> Fork:
        """Run a command in a fork.

        Parameters
        ----------
        words : tuple of str
            The command.
        moments : Moments, optional
            What is to happen meanwhile.
        **env : str
            Of the environment.
        """
        before = None if moments is None else moments.watch
        return fork_fab(words, before, **env)

    def run(self, stage: Stage) -> Ended:
        """Run a stage undisturbed, on what is there.

        Parameters
        ----------
        stage : Stage
            A prepared one.
        """
        ended = self.start(self.places[stage].words).wait(PATIENCE)
        self.peak = max(self.peak, ended.peak)
        return ended

    def restore(self, stage: Stage) -> None:
        """Lay out what a stage finds."""
        shutil.rmtree(self.here, ignore_errors=True)
        copy_tree(self.places[stage].before, self.here)

    def rejected(self) -> set[tuple[str, str]]:
        """Return every recording that any table sets aside, with the reason."""
        found = set()
        for path in self.here.rglob("rejected.csv"):
            if ".partial" not in str(path):
                with path.open(encoding="utf-8", newline="") as stream:
                    found |= {(row["file"], row["reason"]) for row in csv.DictReader(stream)}
        return found


def copy_tree(source: Path, target: Path) -> None:
    """Copy a folder with the times of its files, by which stages know them."""
    shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)


def make_inputs(here: Path) -> None:
    """Make what no stage writes: a corpus, archives, a checkpoint and evidence."""
    corpus = here / "corpus"
    make_corpus(corpus, n_speakers=7, clips_per_speaker=2, seconds=(1.0, 1.2))
    clips = sorted(corpus.rglob("*.wav"))
    case = write_case(here / "case", n_speakers=8)
    # As old as a corpus is: a stage that asks for the time must not meet its own.
    for clip in (*clips, *case.rglob("*.wav")):
        os.utime(clip, (1_600_000_000, 1_600_000_000))
    (here / "archives").mkdir()
    with zipfile.ZipFile(here / "archives/release_in_the_wild.zip", "w") as archive:
        rows = ["file,speaker,label"]
        for number, clip in enumerate(clips):
            archive.write(clip, f"release_in_the_wild/{number}.wav")
            label = "bona-fide" if "real_voices" in clip.parts else "spoof"
            rows.append(f"{number}.wav,{clip.parent.name.split('_')[0]},{label}")
        archive.writestr("release_in_the_wild/meta.csv", "\n".join(rows) + "\n")
    with tarfile.open(here / "for-2sec.tar.gz", "w:gz") as archive:
        for number, clip in enumerate(clips):
            part = ("training", "validation", "testing")[number % 3]
            label = "real" if "real_voices" in clip.parts else "fake"
            archive.add(clip, f"for-2sec/{part}/{label}/{number}.wav")
    make_checkpoint(here / "checkpoint", "wav2vec2")
    save_file(aasist_state("aasist-l"), here / "released.safetensors")
    (here / "evidence").mkdir()
    for number, clip in enumerate(clips[:6]):
        shutil.copy2(clip, here / f"evidence/{number}.wav")


def turns(bench: Bench, chance: random.Random, deadline: float, cost: float = 1.0):
    """Yield the prepared stages in random order, round after round, until the time is over.

    Parameters
    ----------
    bench : Bench
        Whose stages.
    chance : random.Random
        Draws the order.
    deadline : float
        On the clock of `time.monotonic`.
    cost : float
        What a turn takes, in undisturbed runs of the stage.
    """
    slow = {stage: 0.0 for stage in bench.places if stage.is_slow}
    n_round = 0
    while time.monotonic() < deadline:
        order = list(bench.places)
        chance.shuffle(order)
        tried = False
        for stage in order:
            left = deadline - time.monotonic()
            if (stage in slow and n_round % 4) or cost * bench.places[stage].seconds + 0.5 > left:
                continue
            tried = True
            yield stage
        n_round += 1
        if not tried and n_round % 4 == 1:
            return

"""Extraction on this machine: clips are read ahead while the device computes."""

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from src.utils.audio.augmentations.chain import Chain, Recipe, name_chain
from src.utils.audio.io import read_waveform
from src.utils.embeddings.backbones import Backbone
from src.utils.embeddings.engines.embed import embed_each
from src.utils.embeddings.engines.engine import AS_RECORDED, Embedded, PathOf, Versions
from src.utils.embeddings.plan import MAX_BATCH_CLIPS, Batch, Plan
from src.utils.errors import ArgumentError, AudioError
from src.utils.parallel import attempt, map_ahead, n_workers
from src.utils.processes import process_pool

AHEAD_SECONDS = 1800.0
"""Seconds of decoded audio that may wait in memory: 115 MB at 16 kHz."""

AHEAD_SECONDS_A_READER = 120.0
"""With many readers somewhat more may wait, or long clips would keep most of them idle."""


BATCHES_IN_FLIGHT = 2
"""Batches at a time on a GPU: while one computes, the other is assembled or copied back."""

Prepared = np.ndarray | AudioError
"""One version of a clip as input of `Backbone.embed`, or why there is none."""


@dataclass(frozen=True)
class Reading:
    """What is wanted of a recording.

    Attributes
    ----------
    path : pathlib.Path
        Where it is.
    chains : tuple of (Chain or None)
        By which each version is augmented; None for the recording as it is.
    """

    path: Path
    chains: tuple[Chain | None, ...] = (None,)


class LocalEngine:
    """Computes batches one after the other, or on a GPU two at a time.

    For a GPU that takes thousands of clips a second the GIL would limit reading threads, so a
    process pool reads; on a CPU, which computes for longer than it reads, threads do.

    Parameters
    ----------
    n_readers : int, optional
        Number of threads, or processes, that read, resample and prepare clips (default: one a
        core).
    overlap : bool, optional
        Whether to work as for a GPU (default: when the backbone leaves the CPU free).
    """

    def __init__(self, n_readers: int | None = None, overlap: bool | None = None) -> None:
        self.n_readers = n_readers or n_workers()
        self.overlap = overlap
        self._started = ExitStack()
        self._served: tuple[Backbone, Recipe | None] | None = None

    @classmethod
    def at(cls, address: str | None) -> "LocalEngine":
        """Make one with its defaults; it works on this machine alone (see `Engine.at`).

        Parameters
        ----------
        address : str or None
            None, since there is nothing to connect to.

        Raises
        ------
        ArgumentError
            When there is an address.
        """
        if address is not None:
            raise ArgumentError(f"--ray-address={address} goes with --engine=ray")
        return cls()

    def run(
        self, backbone: Backbone, batches: Plan, path_of: PathOf, versions: Versions = AS_RECORDED
    ) -> Generator[Embedded]:
        """Compute batches in their order; for the parameters see `Engine.run`.

        Raises
        ------
        AudiosError
            When a reading process is killed.
        """
        try:
            yield from self._run(backbone, batches, path_of, versions)
        except BaseException:
            # The next run must not be given the results of this one's unfinished reads.
            self.close()
            raise

    def _run(
        self, backbone: Backbone, batches: Plan, path_of: PathOf, versions: Versions
    ) -> Generator[Embedded]:
        clips = [(row, batch) for batch in batches for row in batch.rows.tolist()]
        n_readers = min(self.n_readers, len(clips))
        overlap = backbone.leaves_cpu_free if self.overlap is None else self.overlap
        read: Callable[[Reading], list[Prepared]] = partial(
            read_versions, backbone, versions.recipe
        )
        if overlap and clips:
            read = self._reader_pool(backbone, versions.recipe)

        def read_row(clip: tuple[int, Batch]) -> list[Prepared] | AudioError:
            row, batch = clip
            return attempt(read, Reading(path_of(row), versions.of(row, batch.versions)))

        prepared = map_ahead(
            read_row,
            clips,
            ahead=max(2 * MAX_BATCH_CLIPS, 2 * n_readers),
            cost=lambda clip: clip[1].seconds * len(clip[1].versions),
            budget=max(AHEAD_SECONDS, AHEAD_SECONDS_A_READER * self.n_readers),
            threads=n_readers,
        )
        # A thread prepares on each core already: products this small take three times the time when
        # all cores share each of them, and are the same to the bit.
        with closing(prepared), threadpool_limits(1, "blas"):
            work = (one for batch in batches for one in _assemble(batch, prepared))
            embed = partial(_embed, backbone)
            if not overlap:
                yield from map(embed, work)
                return
            # One more than is in flight, so that neither stops while a third is written.
            ahead = BATCHES_IN_FLIGHT + 1
            yield from map_ahead(embed, work, ahead=ahead, threads=BATCHES_IN_FLIGHT)

    def _reader_pool(
        self, backbone: Backbone, recipe: Recipe | None
    ) -> Callable[[Reading], list[Prepared]]:
        """Return `read_versions` in a process pool, kept for later runs since it starts slowly."""
        if self._served is None or self._served[0] is not backbone or self._served[1] != recipe:
            self.close()
            read = partial(read_versions, backbone, recipe)
            self._read = self._started.enter_context(process_pool(read, self.n_readers))
            self._served = (backbone, recipe)
        return self._read

    def close(self) -> None:
        """End the reading processes."""
        self._served = None
        self._started.close()


def read_versions(backbone: Backbone, recipe: Recipe | None, reading: Reading) -> list[Prepared]:
    """Read a recording once, and make each version of it that is wanted.

    Parameters
    ----------
    backbone : Backbone
        Whose input they become.
    recipe : Recipe or None
        What chains are applied by; None where there are none.
    reading : Reading
        The recording, and how its versions are made.

    Raises
    ------
    AudioError
        When the recording cannot be read.
    """
    waveform = read_waveform(reading.path, backbone.sample_rate)

    def make(chain: Chain | None) -> np.ndarray:
        if chain is None or recipe is None:
            return backbone.prepare(waveform)
        try:
            changed = recipe.apply(chain, waveform, backbone.sample_rate)
        except AudioError as error:
            raise AudioError(f"cannot be augmented by {name_chain(chain)}: {error}") from error
        return backbone.prepare(changed)

    return [attempt(make, chain) for chain in reading.chains]


def _assemble(
    batch: Batch, prepared: Iterator[list[Prepared] | AudioError]
) -> Iterator[tuple[int, dict[int, Prepared]]]:
    """Yield the number of each version of a batch, and that version of its clips by row."""
    clips = {row: next(prepared) for row in batch.rows.tolist()}
    for place, version in enumerate(batch.versions):
        yield (
            version,
            {row: c if isinstance(c, AudioError) else c[place] for row, c in clips.items()},
        )


def _embed(backbone: Backbone, work: tuple[int, dict[int, Prepared]]) -> Embedded:
    version, clips = work
    rejected = {row: str(clip) for row, clip in clips.items() if isinstance(clip, AudioError)}
    accepted = {row: clip for row, clip in clips.items() if not isinstance(clip, AudioError)}
    done = embed_each(backbone, list(accepted.values()))
    rows = list(accepted)
    rejected |= {rows[place]: reason for place, reason in done.rejected.items()}
    return Embedded([rows[place] for place in done.rows], done.vectors, rejected, version)

"""Extraction in this process: threads read ahead while the device computes."""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from src.utils.audio import read_waveform
from src.utils.embeddings.backbones import Backbone
from src.utils.embeddings.engines.engine import Embedded
from src.utils.embeddings.plan import MAX_BATCH_CLIPS, Batch
from src.utils.errors import AudioError
from src.utils.parallel import map_ahead, n_workers

AHEAD_SECONDS = 1800.0
"""How much decoded audio may wait in memory: 115 MB at 16 kHz."""

AHEAD_SECONDS_A_READER = 120.0
"""With many readers somewhat more may wait, or long clips would keep most of them idle."""


class LocalEngine:
    """Computes batches one after the other.

    Parameters
    ----------
    n_readers : int, optional
        Threads that read, resample and prepare clips (default: one a core).
    """

    def __init__(self, n_readers: int | None = None) -> None:
        self.n_readers = n_readers or n_workers()

    def run(
        self, backbone: Backbone, batches: Sequence[Batch], path_of: Callable[[int], Path]
    ) -> Generator[Embedded]:
        """Yield what became of each batch, in order (see `Engine.run`)."""

        def read(clip: tuple[int, float]) -> np.ndarray:
            return backbone.prepare(read_waveform(path_of(clip[0]), backbone.sample_rate))

        prepared = map_ahead(
            read,
            ((row, batch.seconds) for batch in batches for row in batch.rows.tolist()),
            ahead=2 * MAX_BATCH_CLIPS,
            cost=lambda clip: clip[1],
            budget=max(AHEAD_SECONDS, AHEAD_SECONDS_A_READER * self.n_readers),
            threads=self.n_readers,
        )
        with closing(prepared):
            for batch in batches:
                rows = batch.rows.tolist()
                yield _embed(backbone, {row: next(prepared) for row in rows})

    def close(self) -> None:
        """Do nothing: every run ends its own threads."""


def _embed(backbone: Backbone, clips: dict[int, np.ndarray | AudioError]) -> Embedded:
    rejected = {row: str(clip) for row, clip in clips.items() if isinstance(clip, AudioError)}
    accepted = {row: clip for row, clip in clips.items() if not isinstance(clip, AudioError)}
    if not accepted:
        return Embedded([], np.empty((0, 0, 0, 0), np.float32), rejected)
    vectors = backbone.embed(list(accepted.values()))
    finite = np.isfinite(vectors.reshape(len(vectors), -1)).all(axis=1)
    rows = np.array(list(accepted))
    rejected |= {row: "gives a vector that is not finite" for row in rows[~finite].tolist()}
    return Embedded(rows[finite].tolist(), vectors[finite], rejected)

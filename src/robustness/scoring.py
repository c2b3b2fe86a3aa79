"""Scoring clips under a condition: read, changed in memory, embedded in batches."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from functools import partial

import numpy as np
from threadpoolctl import threadpool_limits

from src.predict.detector import Detector
from src.robustness.kept import KeptScores
from src.utils.audio.augmentations.augmentation import Augmentation
from src.utils.audio.augmentations.chain import apply_chain
from src.utils.audio.augmentations.conditions import Condition
from src.utils.audio.io import estimate_seconds, read_waveform
from src.utils.dataset.presence import Presence
from src.utils.dataset.split_recordings import SplitRecordings
from src.utils.embeddings.engines.local import AHEAD_SECONDS
from src.utils.embeddings.plan import MAX_BATCH_CLIPS, Batch, make_plan
from src.utils.errors import AudioError
from src.utils.files import require_unchanged
from src.utils.parallel import attempt, map_ahead
from src.utils.seeding import file_generator

MOST_BYTES = 256 << 20
"""Recordings are kept in memory from one condition to the next where all of them take no more."""

KEEP_SECONDS = 20.0
"""How much work a kill may lose."""

_FLOAT_BYTES = 4

Progress = Callable[[int], None]
"""Called with how many clips more are done."""


class Scorer:
    """Scores the clips of a test under one condition after the other.

    Parameters
    ----------
    detector : Detector
        The trained model.
    source : SplitRecordings
        The clips.
    seed : int
        Of what conditions draw.
    """

    def __init__(self, detector: Detector, source: SplitRecordings, seed: int) -> None:
        self._detector = detector
        self._source = source
        self._seed = seed
        self._rate = detector.backbone.sample_rate
        files = source.clips.files.tolist()
        self._seconds = np.array([*map_ahead(self._estimate, range(len(files)))], np.float64)
        # What shares a batch may move the last bits of a score, so batches are always the same.
        self._plan = make_plan(files, self._seconds, detector.backbone.batch_seconds)
        is_small = self._seconds.sum() * self._rate * _FLOAT_BYTES <= MOST_BYTES
        self._waveforms: dict[int, np.ndarray] | None = {} if is_small else None
        self._presence = Presence(source.source)

    def score(
        self,
        condition: Condition,
        by: Mapping[str, Augmentation],
        kept: KeptScores,
        progress: Progress,
    ) -> None:
        """Score the clips that have no score yet, and keep the scores as they come.

        Parameters
        ----------
        condition : Condition
            What the clips go through.
        by : mapping of str to Augmentation
            What changes them, by its name.
        kept : KeptScores
            The scores that are there, to which the others are added.
        progress : callable
            See `Progress`.

        Raises
        ------
        StorageError
            When scores cannot be kept, or the recordings' disk has gone.
        """
        done = kept.is_done
        batches = [batch for batch in self._plan if not done[batch.rows].all()]
        rows = [row for batch in batches for row in batch.rows.tolist()]
        prepare = partial(self._prepare, condition, by)
        prepared = map_ahead(
            lambda row: attempt(prepare, row),
            rows,
            ahead=2 * MAX_BATCH_CLIPS,
            cost=lambda row: float(self._seconds[row]),
            budget=AHEAD_SECONDS,
        )
        written = time.monotonic()
        # As when stores are made (see `LocalEngine`): a thread on each core prepares already.
        with closing(prepared), threadpool_limits(1, "blas"):
            for batch in batches:
                clips = {row: next(prepared) for row in batch.rows.tolist()}
                self._add(batch, clips, kept)
                progress(len(clips))
                if time.monotonic() - written > KEEP_SECONDS:
                    kept.write()
                    written = time.monotonic()
        kept.write()

    def _add(
        self, batch: Batch, clips: Mapping[int, np.ndarray | AudioError], kept: KeptScores
    ) -> None:
        failed = {row: str(clip) for row, clip in clips.items() if isinstance(clip, AudioError)}
        sound = {row: clip for row, clip in clips.items() if not isinstance(clip, AudioError)}
        done = self._detector.embed(list(sound.values()))
        rows = list(sound)
        failed |= {rows[place]: reason for place, reason in done.rejected.items()}
        if done.rows:
            scores = self._detector.classifier.score(done.vectors)
            for place, score in zip(done.rows, scores.tolist(), strict=True):
                if np.isfinite(score):
                    kept.scores[rows[place]] = score
                else:
                    failed[rows[place]] = "gives a score that is not finite"
        for row in batch.rows.tolist():
            self._presence.note(str(self._source.clips.files[row]), row in failed)
        kept.failed.update(failed)

    def _prepare(
        self, condition: Condition, by: Mapping[str, Augmentation], row: int
    ) -> np.ndarray:
        waveform = self._read(row)
        if condition.steps:
            clips = self._source.clips
            random = file_generator(self._seed, f"{condition.name}/{clips.files[row]}")
            chain = condition.draw(random, by, str(clips.speaker[row]))
            waveform = apply_chain(chain, waveform, self._rate, by)
        return self._detector.backbone.prepare(waveform)

    def _read(self, row: int) -> np.ndarray:
        if self._waveforms is not None and row in self._waveforms:
            return self._waveforms[row]
        path = self._source.path(row)
        waveform = read_waveform(path, self._rate)
        require_unchanged(path, self._source.identities[row])
        if self._waveforms is not None:
            waveform.setflags(write=False)
            self._waveforms[row] = waveform
        return waveform

    def _estimate(self, row: int) -> float:
        seconds = attempt(estimate_seconds, self._source.path(row))
        # What cannot be read is told of when it is its turn.
        return 0.0 if isinstance(seconds, AudioError) else seconds


def count_done(kept: Sequence[KeptScores]) -> int:
    """Return how many scores are there, with the clips that will get none.

    Parameters
    ----------
    kept : sequence of KeptScores
        Of several conditions.
    """
    return sum(int(one.is_done.sum()) for one in kept)

"""Judging many recordings in a stream: read ahead, embedded in batches, yielded in order.

The segments of a recording that are embedded are the whole and its windows; segments of one or
several recordings share a batch. Neither the batch nor its other segments change a score, but for
its last bits.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from src.models.classifier import score_with_members
from src.predict.bandwidths import Bandwidths
from src.predict.detector import Detector
from src.predict.recording import CLIPPING_WARNED, Heard, read_channels
from src.predict.stretches import find_stretches
from src.predict.verdict import (
    PARTLY_SPOOF,
    REFUSED,
    JudgedWindow,
    Verdict,
    most_suspicious,
    worst_of,
)
from src.predict.windows import PART_SECONDS, Segment, cut_segments, part_samples
from src.utils.audio.io import estimate_seconds, read_parts
from src.utils.audio.nuisances.measure import Nuisances
from src.utils.config import SPOOF
from src.utils.embeddings.engines.local import AHEAD_SECONDS, BATCHES_IN_FLIGHT
from src.utils.embeddings.plan import MAX_BATCH_CLIPS
from src.utils.errors import AudioError
from src.utils.faults import rejection
from src.utils.parallel import attempt, map_ahead

ProgressCallback = Callable[[str, float, float], None]
"""Called with a file, the seconds of it that are judged, and its length in seconds."""

SETTLED_SEGMENTS = 64
"""After how many segments batches begin anew. What shares a batch may move the last bits of a
score, so that work that was broken off is taken up again where none did."""


@dataclass
class _PendingVerdict:
    """A recording, or a channel of it, of which some segments are not judged yet."""

    file: str
    channel: int | None = None
    nuisances: Nuisances | None = None
    warnings: Sequence[str] = ()
    refusal: str = ""
    scores: list[float] = field(default_factory=list)
    distances: list[float] = field(default_factory=list)
    members: list[np.ndarray] = field(default_factory=list)
    windows: list[JudgedWindow] = field(default_factory=list)


@dataclass(frozen=True)
class _QueuedSegment:
    """A segment queued for embedding, with what the backbone prepared of it, if it could.

    The last one of a recording has no segment: it completes the verdict.
    """

    pending: _PendingVerdict
    segment: Segment | None = None
    prepared: np.ndarray | None = None
    channels: Sequence[_PendingVerdict] = ()
    """All channels of the recording that is completed, where they differ."""
    settles: bool = False
    """Whether what comes behind it shares no batch with what came before."""


@dataclass(frozen=True)
class _Embedded:
    """A batch with the score of each segment, its distance from the training data, and faults.

    Of a fusion there is each member's ratio of it, too. A segment without a score has the reason
    among the faults.
    """

    segments: Sequence[_QueuedSegment]
    scores: np.ndarray
    distances: np.ndarray
    members: np.ndarray
    faults: Sequence[str]


class Judge:
    """Gives verdicts on recordings by a trained detector.

    Parameters
    ----------
    detector : Detector
        The trained model with its calibration.
    prior : float
        Prior probability of bona-fide, between 0 and 1.
    bandwidths : Bandwidths, optional
        Those of the training recordings, to warn of a recording that differs.
    stream : int, optional
        Which audio stream, from 0 on, of a file that has several; by default the first.
    any_sound : bool
        Whether what holds no speech is judged too.
    """

    def __init__(
        self,
        detector: Detector,
        prior: float = 0.5,
        bandwidths: Bandwidths | None = None,
        stream: int | None = None,
        any_sound: bool = False,
    ) -> None:
        self._detector = detector
        self._backbone = detector.backbone
        self._prior = prior
        self._bandwidths = bandwidths
        self._stream = stream
        self._any_sound = any_sound

    def judge(
        self,
        files: Sequence[tuple[str, Path]],
        progress: ProgressCallback = lambda *_: None,
        settled: Callable[[], None] = lambda: None,
    ) -> Generator[Verdict]:
        """Yield a verdict on every recording, in order.

        Parameters
        ----------
        files : sequence of (str, pathlib.Path)
            The name of each recording, and where it lies.
        progress : callable, optional
            Called after each window of a long recording with its name, the seconds judged so far
            and its length in seconds.
        settled : callable, optional
            Called when verdicts up to here do not depend on what follows, nor that on them:
            judging the other recordings another time gives the same, to the last bit.
        """
        rate = self._backbone.sample_rate
        read = partial(
            read_channels, sample_rate=rate, number=self._stream, any_sound=self._any_sound
        )
        recordings = map_ahead(
            lambda item: attempt(read, item[1]),
            files,
            cost=lambda item: _seconds(item[1]),
            budget=AHEAD_SECONDS,
        )
        # As when stores are made (see `LocalEngine`): a thread on each core prepares already.
        with closing(recordings), threadpool_limits(1, "blas"):
            segments = map_ahead(
                self._prepare,
                self._segments(files, recordings),
                ahead=2 * MAX_BATCH_CLIPS,
                cost=lambda queued: len(queued.segment.samples) / rate if queued.segment else 0.0,
                budget=AHEAD_SECONDS,
            )
            with closing(segments):
                yield from self._verdicts(self._embedded(segments), progress, settled)

    def _segments(
        self, files: Sequence[tuple[str, Path]], recordings: Iterable[list[Heard] | AudioError]
    ) -> Iterator[_QueuedSegment]:
        for (file, path), heard in zip(files, recordings, strict=True):
            if isinstance(heard, AudioError):
                yield _QueuedSegment(_PendingVerdict(file, refusal=str(heard)))
                continue
            pendings = []
            for one in heard:
                pendings.append(_pending(file, one))
                yield from self._segments_of(path, one, pendings[-1])
            yield _QueuedSegment(pendings[0], channels=pendings if len(pendings) > 1 else ())

    def _segments_of(
        self, path: Path, heard: Heard, pending: _PendingVerdict
    ) -> Iterator[_QueuedSegment]:
        recording, rate = heard.recording, self._backbone.sample_rate
        if isinstance(recording, AudioError):
            return
        parts: Iterable[np.ndarray]
        if recording.waveform is None:
            size = part_samples(recording.nuisances.duration, rate)
            parts = read_parts(path, size, rate, self._stream, heard.channel)
        else:
            parts = [recording.waveform]
        try:
            for segment in cut_segments(parts, rate):
                # A short recording is judged as a whole, since it was not refused.
                is_only = not segment.is_window and recording.waveform is not None
                place = (segment.start, segment.end)
                if is_only or recording.holds_voice(segment.samples, rate, *place):
                    yield _QueuedSegment(pending, segment)
                elif segment.is_window:
                    pending.windows.append(JudgedWindow(*place))
        except Exception as error:
            # It was whole when it was first read: somebody has changed it meanwhile.
            pending.refusal = str(rejection(error))

    def _prepare(self, queued: _QueuedSegment) -> _QueuedSegment:
        if queued.segment is None:
            return queued
        prepared = attempt(self._backbone.prepare, queued.segment.samples)
        if isinstance(prepared, AudioError):
            queued.pending.refusal = str(prepared)
            return queued
        return replace(queued, prepared=prepared)

    def _embedded(self, segments: Iterable[_QueuedSegment]) -> Iterator[_Embedded]:
        batches = self._batches(segments)
        if not self._backbone.leaves_cpu_free:
            return map(self._embed, batches)
        return map_ahead(
            self._embed, batches, ahead=BATCHES_IN_FLIGHT + 1, threads=BATCHES_IN_FLIGHT
        )

    def _batches(self, segments: Iterable[_QueuedSegment]) -> Iterator[list[_QueuedSegment]]:
        """Group segments into batches that fit the backbone's limit, padding counted."""
        batch: list[_QueuedSegment] = []
        count, longest = 0, 0.0
        unsettled = 0
        for queued in segments:
            if queued.segment is None and unsettled >= SETTLED_SEGMENTS:
                yield [*batch, replace(queued, settles=True)]
                batch, count, longest, unsettled = [], 0, 0.0, 0
                continue
            if queued.segment is not None:
                unsettled += 1
                seconds = queued.segment.end - queued.segment.start
                too_long = (count + 1) * max(longest, seconds) > self._backbone.batch_seconds
                if count and (too_long or count == MAX_BATCH_CLIPS):
                    yield batch
                    batch, count, longest = [], 0, 0.0
                count, longest = count + 1, max(longest, seconds)
            batch.append(queued)
        yield batch

    def _embed(self, batch: list[_QueuedSegment]) -> _Embedded:
        prepared = [queued.prepared for queued in batch if queued.prepared is not None]
        done = self._detector.embed(prepared)
        scores, distances = np.full((2, len(prepared)), np.nan)
        members = np.full((len(prepared), len(self._detector.members)), np.nan)
        if done.rows:
            found = score_with_members(self._detector.classifier, done.vectors)
            scores[done.rows], members[done.rows] = found
            if self._detector.reference is not None:
                distances[done.rows] = self._detector.reference.distances(done.vectors)
        faults = [done.rejected.get(place, "") for place in range(len(prepared))]
        return _Embedded(batch, scores, distances, members, faults)

    def _verdicts(
        self,
        batches: Iterable[_Embedded],
        progress: ProgressCallback,
        settled: Callable[[], None],
    ) -> Iterator[Verdict]:
        for batch in batches:
            scores, distances = batch.scores.tolist(), batch.distances.tolist()
            results = iter(zip(scores, distances, batch.members, batch.faults, strict=True))
            for queued in batch.segments:
                pending, segment = queued.pending, queued.segment
                if segment is None:
                    yield self._close_all(queued)
                    if queued.settles:
                        settled()
                    continue
                if queued.prepared is None:
                    continue
                score, distance, members, fault = next(results)
                if not segment.is_window:
                    pending.refusal = pending.refusal or fault
                    pending.scores.append(score)
                    pending.distances.append(distance)
                    pending.members.append(members)
                    continue
                pending.windows.append(self._window(segment, score, distance))
                if pending.nuisances and pending.nuisances.duration > PART_SECONDS:
                    progress(pending.file, segment.end, pending.nuisances.duration)

    def _window(self, segment: Segment, score: float, distance: float) -> JudgedWindow:
        if not np.isfinite(score):
            return JudgedWindow(segment.start, segment.end)
        probability = self._probability(score)
        return JudgedWindow(
            segment.start, segment.end, score, probability, self._is_outside(distance)
        )

    def _close_all(self, queued: _QueuedSegment) -> Verdict:
        if not queued.channels:
            return self._close(queued.pending)
        return worst_of([self._close(pending) for pending in queued.channels])

    def _close(self, pending: _PendingVerdict) -> Verdict:
        file, channel = pending.file, pending.channel
        duration = pending.nuisances.duration if pending.nuisances else None
        score = float(np.mean(pending.scores)) if pending.scores else np.nan
        if not pending.refusal and not pending.scores:
            pending.refusal = "holds too little speech in any part to be judged"
        if not pending.refusal and not np.isfinite(score):
            pending.refusal = "gives a score that is not finite"
        if pending.refusal or pending.nuisances is None:
            refusal = pending.refusal
            return Verdict(file, REFUSED, duration=duration, refusal=refusal, channel=channel)
        windows = sorted(pending.windows, key=lambda window: window.start)
        warnings = [
            *pending.warnings,
            *self._warnings(pending.nuisances, float(np.mean(pending.distances)), windows),
        ]
        calibration = self._detector.calibration
        whole = Verdict(
            file=file,
            verdict=str(calibration.verdicts(np.array([score]), self._prior)[0]),
            score=score,
            llr=float(calibration.llrs(np.array([score]))[0]),
            probability=self._probability(score),
            duration=duration,
            warnings=warnings,
            windows=windows,
            channel=channel,
            members=self._members(pending),
        )
        return self.judge_stretches(whole)

    def _members(self, pending: _PendingVerdict) -> dict[str, float]:
        """Return each member's ratio of the whole, as its score is: the mean of its parts'."""
        means = np.mean(pending.members, axis=0).tolist()
        return dict(zip(self._detector.members, means, strict=True))

    def judge_stretches(self, whole: Verdict) -> Verdict:
        """Return the verdict on a recording by the one on its whole, and by its windows.

        Parameters
        ----------
        whole : Verdict
            With its windows, and without stretches.
        """
        windows, calibration = whole.windows, self._detector.calibration
        if whole.verdict == SPOOF or not windows:
            return whole
        scores = [np.nan if window.score is None else window.score for window in windows]
        llrs = calibration.llrs(np.array(scores))
        found = find_stretches(windows, llrs, self._prior, calibration.confidence)
        if found:
            lowest = min(stretch.probability for stretch in found)
            return replace(whole, verdict=PARTLY_SPOOF, probability=lowest, stretches=tuple(found))
        if whole.lowest is not None and 1 - whole.lowest >= calibration.confidence:
            note = "its most suspicious seconds look like spoof, too weakly among so many to say so"
            return replace(whole, warnings=[*whole.warnings, note])
        return whole

    def _is_outside(self, distance: float) -> bool:
        reference = self._detector.reference
        return reference is not None and distance > reference.limit

    def _probability(self, score: float) -> float:
        scores = np.array([score])
        return float(self._detector.calibration.probabilities(scores, self._prior)[0])

    def _warnings(
        self, nuisances: Nuisances, distance: float, windows: Sequence[JudgedWindow]
    ) -> list[str]:
        notes: list[str] = []
        reference = self._detector.reference
        if reference is not None and self._is_outside(distance):
            notes.append(
                f"far outside the training data (distance {distance:.1f}, limit "
                f"{reference.limit:.1f})"
            )
        elif any(window.is_outside for window in most_suspicious(windows)):
            notes.append("the most suspicious seconds are far outside the training data")
        rate = self._backbone.sample_rate
        if nuisances.sample_rate < rate:
            notes.append(f"sampled at {nuisances.sample_rate:,} Hz, under the {rate:,} Hz needed")
        known = self._bandwidths
        if known is not None and known.differs(nuisances.bandwidth):
            notes.append(
                f"bandwidth {nuisances.bandwidth / 1000:.1f} kHz, of the training "
                f"{known.low / 1000:.1f} to {known.high / 1000:.1f}"
            )
        if nuisances.clipping > CLIPPING_WARNED:
            notes.append(f"{nuisances.clipping:.0%} of its samples are clipped")
        return notes


def _seconds(path: Path) -> float:
    """Return the seconds of a recording that are held in memory once it is decoded."""
    duration = attempt(estimate_seconds, path)
    # What cannot be read is told of by its reader, and of a long one little is held.
    return 0.0 if isinstance(duration, AudioError) or duration > PART_SECONDS else duration


def _pending(file: str, heard: Heard) -> _PendingVerdict:
    recording = heard.recording
    channel = None if heard.channel is None else heard.channel + 1
    if isinstance(recording, AudioError):
        return _PendingVerdict(file, channel, refusal=str(recording))
    return _PendingVerdict(file, channel, recording.nuisances, recording.warnings)

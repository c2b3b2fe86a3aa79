"""Judging many recordings in a stream: read ahead, embedded in batches, told in order.

What is embedded of a recording, the whole and its windows, are pieces; pieces of one or several
recordings share a batch. Neither the batch nor what lies beside changes a score.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from src.predict.bandwidths import Bandwidths
from src.predict.detector import Detector
from src.predict.recording import CLIPPING_TOLD, Recording, has_sound, listen
from src.predict.verdict import REFUSED, Verdict, Window, most_suspicious
from src.predict.windows import PART_SECONDS, Stretch, cut, part_samples
from src.utils.audio.io import read_info, read_parts
from src.utils.audio.nuisances.measure import Nuisances
from src.utils.embeddings.engines.local import AHEAD_SECONDS, BATCHES_IN_FLIGHT
from src.utils.embeddings.plan import MAX_BATCH_CLIPS
from src.utils.errors import AudioError
from src.utils.parallel import attempt, map_ahead

Heed = Callable[[str, float, float], None]
"""Is told how many seconds of a file's length are judged."""


@dataclass
class _Case:
    """A recording on its way to a verdict."""

    file: str
    nuisances: Nuisances | None = None
    refusal: str = ""
    scores: list[float] = field(default_factory=list)
    distances: list[float] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)


@dataclass(frozen=True)
class _Piece:
    """A stretch of a case, prepared for the backbone; None where it is not judged.

    The last piece of a case has no stretch either: it closes it.
    """

    case: _Case
    stretch: Stretch | None = None
    prepared: np.ndarray | None = None


@dataclass(frozen=True)
class _Embedded:
    """A batch with the scores of its judged pieces, and their distances from the training data."""

    pieces: Sequence[_Piece]
    scores: np.ndarray
    distances: np.ndarray


class Judge:
    """Gives verdicts on recordings.

    Parameters
    ----------
    detector : Detector
    prior : float
        The share of bona-fide recordings that is expected, between 0 and 1.
    bandwidths : Bandwidths, optional
        Those of the training, to tell what differs.
    """

    def __init__(
        self, detector: Detector, prior: float = 0.5, bandwidths: Bandwidths | None = None
    ) -> None:
        self._detector = detector
        self._backbone = detector.backbone
        self._prior = prior
        self._bandwidths = bandwidths

    def judge(
        self, files: Sequence[tuple[str, Path]], heed: Heed = lambda *_: None
    ) -> Generator[Verdict]:
        """Yield a verdict on every recording, in order.

        Parameters
        ----------
        files : sequence of (str, pathlib.Path)
            How each is listed, and where it lies.
        heed : callable, optional
            Is told how far a recording of many windows is.
        """
        rate = self._backbone.sample_rate
        heard = map_ahead(
            lambda item: attempt(partial(listen, sample_rate=rate), item[1]),
            files,
            cost=lambda item: _seconds(item[1]),
            budget=AHEAD_SECONDS,
        )
        with closing(heard):
            pieces = map_ahead(
                self._prepare,
                self._pieces(files, heard),
                ahead=2 * MAX_BATCH_CLIPS,
                cost=lambda piece: len(piece.stretch.samples) / rate if piece.stretch else 0.0,
                budget=AHEAD_SECONDS,
            )
            with closing(pieces):
                yield from self._verdicts(self._embedded(pieces), heed)

    def _pieces(
        self, files: Sequence[tuple[str, Path]], heard: Iterable[Recording | AudioError]
    ) -> Iterator[_Piece]:
        rate = self._backbone.sample_rate
        for (file, path), found in zip(files, heard, strict=True):
            if isinstance(found, AudioError):
                yield _Piece(_Case(file, refusal=str(found)))
                continue
            case = _Case(file, found.nuisances)
            parts: Iterable[np.ndarray]
            if found.waveform is None:
                parts = read_parts(path, part_samples(found.nuisances.duration, rate), rate)
            else:
                parts = [found.waveform]
            try:
                for stretch in cut(parts, rate):
                    if not stretch.is_window or has_sound(stretch.samples, rate, found.sound_level):
                        yield _Piece(case, stretch)
                    else:
                        case.windows.append(Window(stretch.start, stretch.end))
            except AudioError as error:
                # It was whole when it was listened to: somebody has changed it meanwhile.
                case.refusal = str(error)
            yield _Piece(case)

    def _prepare(self, piece: _Piece) -> _Piece:
        if piece.stretch is None:
            return piece
        prepared = self._backbone.prepare(piece.stretch.samples)
        return _Piece(piece.case, piece.stretch, prepared)

    def _embedded(self, pieces: Iterable[_Piece]) -> Iterator[_Embedded]:
        batches = self._batches(pieces)
        if not self._backbone.leaves_cpu_free:
            return map(self._embed, batches)
        return map_ahead(
            self._embed, batches, ahead=BATCHES_IN_FLIGHT + 1, threads=BATCHES_IN_FLIGHT
        )

    def _batches(self, pieces: Iterable[_Piece]) -> Iterator[list[_Piece]]:
        """Group pieces so that what is embedded together, padding counted, fits a batch."""
        batch: list[_Piece] = []
        count, longest = 0, 0.0
        for piece in pieces:
            if piece.stretch is not None:
                seconds = piece.stretch.end - piece.stretch.start
                too_long = (count + 1) * max(longest, seconds) > self._backbone.batch_seconds
                if count and (too_long or count == MAX_BATCH_CLIPS):
                    yield batch
                    batch, count, longest = [], 0, 0.0
                count, longest = count + 1, max(longest, seconds)
            batch.append(piece)
        yield batch

    def _embed(self, batch: list[_Piece]) -> _Embedded:
        prepared = [piece.prepared for piece in batch if piece.prepared is not None]
        if not prepared:
            return _Embedded(batch, np.empty(0), np.empty(0))
        vectors = self._detector.vectors(prepared)
        finite = np.isfinite(vectors).all(axis=1)
        scores, distances = np.full((2, len(vectors)), np.nan)
        if finite.any():
            scores[finite] = self._detector.classifier.score(vectors[finite])
            if self._detector.reference is not None:
                distances[finite] = self._detector.reference.distances(vectors[finite])
        return _Embedded(batch, scores, distances)

    def _verdicts(self, batches: Iterable[_Embedded], heed: Heed) -> Iterator[Verdict]:
        for batch in batches:
            judged = iter(zip(batch.scores.tolist(), batch.distances.tolist(), strict=True))
            for piece in batch.pieces:
                case, stretch = piece.case, piece.stretch
                if stretch is None:
                    yield self._close(case)
                    continue
                score, distance = next(judged)
                if not stretch.is_window:
                    case.scores.append(score)
                    case.distances.append(distance)
                    continue
                case.windows.append(self._window(stretch, score, distance))
                if case.nuisances and case.nuisances.duration > PART_SECONDS:
                    heed(case.file, stretch.end, case.nuisances.duration)

    def _window(self, stretch: Stretch, score: float, distance: float) -> Window:
        if not np.isfinite(score):
            return Window(stretch.start, stretch.end)
        probability = self._probability(score)
        return Window(stretch.start, stretch.end, score, probability, self._is_outside(distance))

    def _close(self, case: _Case) -> Verdict:
        duration = case.nuisances.duration if case.nuisances else None
        score = float(np.mean(case.scores)) if case.scores else np.nan
        if not case.refusal and not np.isfinite(score):
            case.refusal = "gives a vector that is not finite"
        if case.refusal or case.nuisances is None:
            return Verdict(case.file, REFUSED, duration=duration, refusal=case.refusal)
        windows = sorted(case.windows, key=lambda window: window.start)
        return Verdict(
            file=case.file,
            verdict=str(self._detector.calibration.verdicts(np.array([score]), self._prior)[0]),
            score=score,
            llr=float(self._detector.calibration.llrs(np.array([score]))[0]),
            probability=self._probability(score),
            duration=duration,
            warnings=self._warnings(case.nuisances, float(np.mean(case.distances)), windows),
            windows=windows,
        )

    def _is_outside(self, distance: float) -> bool:
        reference = self._detector.reference
        return reference is not None and distance > reference.limit

    def _probability(self, score: float) -> float:
        scores = np.array([score])
        return float(self._detector.calibration.probabilities(scores, self._prior)[0])

    def _warnings(
        self, nuisances: Nuisances, distance: float, windows: Sequence[Window]
    ) -> list[str]:
        told = []
        reference = self._detector.reference
        if reference is not None and self._is_outside(distance):
            told.append(
                f"far outside the training data (distance {distance:.1f}, limit "
                f"{reference.limit:.1f})"
            )
        elif any(window.is_outside for window in most_suspicious(windows)):
            told.append("the most suspicious seconds are far outside the training data")
        rate = self._backbone.sample_rate
        if nuisances.sample_rate < rate:
            told.append(f"sampled at {nuisances.sample_rate:,} Hz, under the {rate:,} Hz needed")
        known = self._bandwidths
        if known is not None and known.differs(nuisances.bandwidth):
            told.append(
                f"bandwidth {nuisances.bandwidth / 1000:.1f} kHz, of the training "
                f"{known.low / 1000:.1f} to {known.high / 1000:.1f}"
            )
        if nuisances.clipping > CLIPPING_TOLD:
            told.append(f"{nuisances.clipping:.0%} of its samples are clipped")
        return told


def _seconds(path: Path) -> float:
    """Return how long a recording is held once it is decoded."""
    try:
        duration = read_info(path).duration
    except AudioError:
        return 0.0
    return 0.0 if duration > PART_SECONDS else duration

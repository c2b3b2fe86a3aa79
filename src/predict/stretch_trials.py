"""How often a detector calls genuine recordings partly spoof, and how often it finds a stretch.

To tell it of a detector that will judge unknown voices, everything here must be of sources that it
was not trained on.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from src.predict.detector import Detector
from src.predict.judge import Judge
from src.predict.verdict import PARTLY_SPOOF, SPOOF, Verdict
from src.predict.windows import HOP_SECONDS, WINDOW_SECONDS
from src.utils.audio.writing import write_waveform
from src.utils.errors import AudiosError

LENGTHS = (4, 8, 15)
"""Seconds of the stretches that are put into recordings."""


@dataclass(frozen=True)
class StretchTrials:
    """Verdicts on genuine recordings, as they are and with a stretch of spoof.

    Attributes
    ----------
    genuine : sequence of Verdict
        On each recording as it is.
    with_spoof : dict of int to sequence of Verdict
        By the seconds of spoof that were put in.
    """

    genuine: Sequence[Verdict]
    with_spoof: dict[int, Sequence[Verdict]]

    @property
    def false_alarms(self) -> float:
        """Share of the genuine recordings that are called partly spoof."""
        return float(np.mean([one.verdict == PARTLY_SPOOF for one in self.genuine]))

    @property
    def called_spoof(self) -> float:
        """Share of the genuine recordings that are called spoof as a whole."""
        return float(np.mean([one.verdict == SPOOF for one in self.genuine]))

    @property
    def found(self) -> dict[int, float]:
        """By the seconds of spoof, the share of recordings that are called spoof or partly so."""
        return {
            seconds: float(np.mean([one.verdict in (PARTLY_SPOOF, SPOOF) for one in verdicts]))
            for seconds, verdicts in self.with_spoof.items()
        }


def compose_recording(
    voices: Sequence[Sequence[np.ndarray]],
    seconds: float,
    sample_rate: int,
    chance: np.random.Generator,
) -> np.ndarray:
    """Compose a recording of clips: of one voice or source, or a conversation of several.

    Clips of one are taken in an order drawn by chance, all of them before one comes again. In a
    conversation each has a turn of 5 to 30 s, and who is next is drawn by chance.

    Parameters
    ----------
    voices : sequence of sequences of numpy.ndarray
        The clips of each, float32 of shape (samples,).
    seconds : float
        The length of the recording.
    sample_rate : int
        Hz.
    chance : numpy.random.Generator
        Draws.

    Raises
    ------
    AudiosError
        When one has no clips.
    """
    if not voices or not all(map(len, voices)):
        raise AudiosError("a recording is composed of clips, and there are none")
    waiting: list[list[np.ndarray]] = [[] for _ in voices]
    parts: list[np.ndarray] = []
    size, count = round(seconds * sample_rate), 0
    while count < size:
        voice = int(chance.integers(len(voices)))
        turn = count + round(chance.uniform(5, 30) * sample_rate)
        while count < min(size, turn):
            if not waiting[voice]:
                waiting[voice] = [voices[voice][n] for n in chance.permutation(len(voices[voice]))]
            parts.append(waiting[voice].pop())
            count += len(parts[-1])
    return np.concatenate(parts)[:size]


def measure_stretches(
    detector: Detector,
    genuine: Sequence[np.ndarray],
    spoof: Sequence[np.ndarray] = (),
    lengths: Sequence[int] = LENGTHS,
    seed: int = 0,
) -> StretchTrials:
    """Judge genuine recordings as they are, and with stretches of spoof put in by chance.

    The windows around a stretch are judged anew, and all others taken over, which differ in
    nothing; so is the score of the whole, which a stretch of seconds moves little.

    Parameters
    ----------
    detector : Detector
        The trained model.
    genuine : sequence of numpy.ndarray
        Recordings at the rate of its backbone, float32 of shape (samples,).
    spoof : sequence of numpy.ndarray
        Waveforms of spoof, each at least as long as the longest stretch, of one voice and attack
        each; all of them go into every recording, one at a time.
    lengths : sequence of int
        Seconds of the stretches.
    seed : int
        Of the places where they are put.
    """
    chance = np.random.default_rng(seed)
    judge = Judge(detector)
    rate = detector.backbone.sample_rate
    margin = round(WINDOW_SECONDS)
    with tempfile.TemporaryDirectory() as folder:
        wholes = _judge(judge, Path(folder), genuine, rate)
        joints, places = [], []
        for recording, number in ((one, n) for one in range(len(genuine)) for n in lengths):
            for fake in spoof:
                last = len(genuine[recording]) // rate - margin
                place = int(chance.integers(margin, max(margin + 1, last)))
                middle = place * rate
                before = genuine[recording][middle - margin * rate : middle]
                behind = genuine[recording][middle : middle + margin * rate]
                joints.append(np.concatenate([before, fake[: number * rate], behind]))
                places.append((recording, number, place - margin))
        judged = _judge(judge, Path(folder), joints, rate)
    with_spoof: dict[int, list[Verdict]] = {number: [] for number in lengths}
    for joint, (recording, number, start) in zip(judged, places, strict=True):
        plain = _without_stretches(wholes[recording], detector)
        with_spoof[number].append(judge.judge_stretches(_put_in(plain, joint, start)))
    return StretchTrials(wholes, {number: tuple(found) for number, found in with_spoof.items()})


def _judge(judge: Judge, folder: Path, waveforms: Sequence[np.ndarray], rate: int) -> list[Verdict]:
    files = []
    for number, waveform in enumerate(waveforms):
        files.append((str(number), folder / f"{number}.wav"))
        write_waveform(files[-1][1], waveform, rate)
    return list(judge.judge(files))


def _without_stretches(judged: Verdict, detector: Detector) -> Verdict:
    """Return the verdict on the whole of a recording."""
    if judged.score is None:
        return judged
    [verdict] = detector.calibration.verdicts(np.array([judged.score]))
    return replace(judged, verdict=str(verdict), stretches=(), warnings=())


def _put_in(whole: Verdict, joint: Verdict, start: int) -> Verdict:
    """Return a verdict whose windows from a second on, and around it, are those of another."""
    if whole.is_refused or joint.is_refused:
        return whole
    first, replaced = round(start / HOP_SECONDS), round(WINDOW_SECONDS / HOP_SECONDS) + 1
    windows = [*whole.windows[:first], *joint.windows, *whole.windows[first + replaced :]]
    shifted = [
        replace(window, start=n * HOP_SECONDS, end=n * HOP_SECONDS + WINDOW_SECONDS)
        for n, window in enumerate(windows)
    ]
    return replace(whole, windows=shifted)

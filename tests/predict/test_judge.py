"""From recordings to verdicts, in a stream."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from src.models.reference import fit_reference
from src.predict import judge as module
from src.predict import recording, windows
from src.predict.bandwidths import Bandwidths
from src.predict.detector import Detector
from src.predict.judge import Judge
from src.utils.audio.io import read_waveform
from src.utils.audio.voice_activity import FRAME_SECONDS
from tests.predict.conftest import EverythingSpeaks, LoudnessBackbone

WEAK = "its most suspicious seconds look like spoof, too weakly among so many to say so"


@pytest.fixture
def files(tmp_path: Path, write_audio: Callable, voice: Callable) -> list[tuple[str, Path]]:
    """Five short ones, one broken and one of ten seconds whose middle is soft."""
    made = [
        (f"{n}.wav", write_audio(tmp_path / f"{n}.wav", voice(0.8 + 0.3 * n, seed=n)))
        for n in range(5)
    ]
    (tmp_path / "broken.wav").write_text("no audio")
    wave = voice(10.0)
    wave[4 * 16_000 : 8 * 16_000] *= 0.1
    made.insert(2, ("broken.wav", tmp_path / "broken.wav"))
    made.insert(4, ("long.flac", write_audio(tmp_path / "long.flac", wave)))
    return made


def level(samples: np.ndarray) -> float:
    return 10 * (float(np.sqrt(np.mean(samples**2))) - 0.1)


def around(level: float, spread: float, length: float, width: float) -> np.ndarray:
    """Make vectors of training as the backbone gives them."""
    return np.random.default_rng(0).normal((level, length), (spread, width), (50, 2))


def test_every_recording_gets_a_verdict_in_order(detector: Detector, files: list) -> None:
    found = list(Judge(detector).judge(files))
    assert [one.file for one in found] == [file for file, _ in files]
    for one, (_, path) in zip(found, files, strict=True):
        if one.file == "broken.wav":
            assert (one.verdict, one.score, one.llr, one.probability) == ("refused", *[None] * 3)
            assert "is not audio" in one.reason
            continue
        wave = read_waveform(path)
        assert one.score == pytest.approx(level(wave), abs=1e-5)
        assert one.llr == pytest.approx(4 * one.score)
        assert one.probability == pytest.approx(1 / (1 + np.exp(-one.llr)))
        assert one.duration == pytest.approx(len(wave) / 16_000)
        weak = [WEAK] if one.file == "long.flac" else []
        assert (one.warnings, len(one.windows)) == (weak, 7 * len(weak))
        assert (one.channel, one.channels, one.stretches) == (None, (), ())


def test_windows_are_judged_on_their_own(detector: Detector, files: list) -> None:
    [one] = Judge(detector).judge([files[4]])
    wave = read_waveform(files[4][1])
    assert [window.start for window in one.windows] == [0, 1, 2, 3, 4, 5, 6]
    for window in one.windows:
        part = wave[round(window.start * 16_000) : round(window.end * 16_000)]
        assert window.score == pytest.approx(level(part), abs=1e-5)
    assert one.seconds == "4.0-8.0"


def test_windows_of_silence_are_not_judged(
    detector: Detector, tmp_path: Path, write_audio: Callable, voice: Callable
) -> None:
    wave = voice(12.0)
    wave[5 * 16_000 : 11 * 16_000] = 0
    path = write_audio(tmp_path / "a.wav", wave)
    [one] = Judge(detector).judge([("a.wav", path)])
    silent = [window.start for window in one.windows if window.score is None]
    assert silent == [5, 6, 7]
    assert all(window.probability is None for window in one.windows if window.start in silent)
    assert len(one.windows) == 9


@pytest.mark.parametrize("batch_seconds", [0.1, 3.0, 8.0, 1000.0])
def test_what_shares_a_batch_changes_nothing(
    detector: Detector, files: list, batch_seconds: float
) -> None:
    backbone = LoudnessBackbone(batch_seconds)
    found = list(Judge(replace(detector, backbone=backbone)).judge(files))
    expected = list(Judge(detector).judge(files))
    assert [one.score for one in found] == pytest.approx([one.score for one in expected])
    assert found[4].windows == expected[4].windows
    for batch in backbone.batches:
        assert len(batch) == 1 or len(batch) * max(batch) <= batch_seconds * 16_000
    assert sum(map(len, backbone.batches)) == 6 + 7
    assert len(backbone.batches) < 13 or batch_seconds < 1


def test_a_long_recording_goes_in_parts(
    detector: Detector, tmp_path: Path, write_audio: Callable, voice: Callable, monkeypatch
) -> None:
    for changed in (windows, recording, module):
        monkeypatch.setattr(changed, "PART_SECONDS", 5.0)
    wave = voice(14.0, 22_050)
    wave[: 7 * 22_050] *= 0.3
    path = write_audio(tmp_path / "a.wav", wave, 22_050)
    heard = []
    [one] = Judge(detector).judge([("a", path)], lambda *told: heard.append(told))
    heard_whole = read_waveform(path)
    parts = [batch for batch in detector.backbone.batches for batch in batch if batch != 64_000]
    assert len(parts) == 3
    assert max(parts) < 5 * 16_000
    assert sum(parts) == len(heard_whole)
    starts = np.cumsum([0, *parts])
    each = [level(heard_whole[a:b]) for a, b in pairwise(starts)]
    assert one.score == pytest.approx(np.mean(each), abs=1e-4)
    assert [window.start for window in one.windows] == list(range(11))
    for window in one.windows:
        part = heard_whole[round(window.start * 16_000) : round(window.end * 16_000)]
        assert window.score == pytest.approx(level(part), abs=1e-4)
    assert heard[-1] == ("a", pytest.approx(14.0, abs=0.01), pytest.approx(14.0, abs=0.01))


def test_the_prior_moves_the_probability(detector: Detector, files: list) -> None:
    [even], [rare] = (list(Judge(detector, prior).judge(files[:1])) for prior in (0.5, 0.01))
    assert even.score == rare.score
    assert even.llr == rare.llr
    odds = rare.probability / (1 - rare.probability)
    assert odds == pytest.approx(even.probability / (1 - even.probability) / 99)


def test_what_is_odd_is_told(detector: Detector, files: list) -> None:
    near = around(0.1, 0.02, 16_000, 5_000)
    far = around(0.1, 0.02, 1e6, 5_000)
    quiet = Judge(replace(detector, reference=fit_reference(near, near)))
    assert next(quiet.judge(files[:1])).warnings == []
    loud = Judge(replace(detector, reference=fit_reference(far, far)))
    [one] = loud.judge(files[:1])
    assert "far outside the training data" in one.reason
    assert one.verdict != "refused"
    for known, told in (((6_000, 8_000), False), ((100, 2_000), True)):
        judge = Judge(detector, bandwidths=Bandwidths(*map(float, known), 16_000, 50))
        assert ("bandwidth" in next(judge.judge(files[:1])).reason) == told


def test_suspicious_seconds_that_are_odd_are_told(detector: Detector, files: list) -> None:
    """The whole is like the training, its softest window is not."""
    near = around(0.07, 0.01, 1e5, 1e6)
    [one] = Judge(replace(detector, reference=fit_reference(near, near))).judge([files[4]])
    assert one.warnings == ["the most suspicious seconds are far outside the training data", WEAK]


def test_a_low_rate_and_clipping_are_told(
    detector: Detector, tmp_path: Path, write_audio: Callable, voice: Callable
) -> None:
    low = write_audio(tmp_path / "a.wav", voice(1.0, 8_000), 8_000)
    loud = write_audio(tmp_path / "b.wav", np.clip(10 * voice(1.0), -1, 1))
    one, other = Judge(detector).judge([("a", low), ("b", loud)])
    assert list(one.warnings) == ["sampled at 8,000 Hz, under the 16,000 Hz needed"]
    assert len(other.warnings) == 1
    assert "of its samples are clipped" in other.reason


def test_a_vector_that_is_not_finite_is_refused(detector: Detector, files: list) -> None:
    class Broken(LoudnessBackbone):
        def embed(self, prepared):
            found = super().embed(prepared)
            found[0] = np.nan
            return found

    found = list(Judge(replace(detector, backbone=Broken(1000.0))).judge(files[:2]))
    assert [one.verdict == "refused" for one in found] == [True, False]
    assert "not finite" in found[0].reason
    assert found[1].score is not None


def test_a_recording_that_the_backbone_fails_on_is_refused_alone(
    detector: Detector, files: list
) -> None:
    files = files[:2]
    first, second = Judge(detector).judge(files)
    wrong = round(second.duration * 16_000)
    assert second.duration != first.duration

    class Failing(LoudnessBackbone):
        def embed(self, prepared):
            if any(len(clip) == wrong for clip in prepared):
                raise RuntimeError("no such shape")
            return super().embed(prepared)

    one, other = Judge(replace(detector, backbone=Failing(1000.0))).judge(files)
    assert one == first
    assert other.verdict == "refused"
    assert other.refusal == "makes the backbone fail (RuntimeError: no such shape)"


def test_a_score_that_is_not_finite_is_refused(
    detector: Detector, files: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detector.classifier, "score", lambda x: np.full(len(x), np.inf))
    [found] = Judge(detector).judge(files[:1])
    assert found.refusal == "gives a score that is not finite"


def test_a_gpu_keeps_batches_in_flight(detector: Detector, files: list) -> None:
    backbone = LoudnessBackbone(3.0)
    backbone.leaves_cpu_free = True
    found = list(Judge(replace(detector, backbone=backbone)).judge(files))
    assert found == list(Judge(detector).judge(files))


def test_a_soft_stretch_of_a_loud_recording_is_spoof(
    detector: Detector, tmp_path: Path, write_audio: Callable, voice: Callable
) -> None:
    """The whole is bona-fide; the verdict, its probability and its seconds are the stretch's."""
    wave = 4 * voice(60.0, peak=0.2)
    path = write_audio(tmp_path / "whole.wav", wave)
    wave[30 * 16_000 : 38 * 16_000] *= 0.05
    [whole, partly] = Judge(detector).judge(
        [("whole", path), ("partly", write_audio(tmp_path / "partly.wav", wave))]
    )
    assert (whole.verdict, whole.stretches) == ("bona-fide", ())
    assert whole.warnings == []
    assert partly.llr > 2.2
    assert partly.verdict == "partly-spoof"
    [stretch] = partly.stretches
    assert stretch.start == pytest.approx(30, abs=1) and stretch.end == pytest.approx(38, abs=1)
    assert partly.seconds == f"{stretch.start:.1f}-{stretch.end:.1f}"
    assert partly.probability == stretch.probability < 0.1
    soft = [one.score for one in partly.windows if stretch.start <= one.start <= stretch.end - 4]
    assert stretch.probability == pytest.approx(1 / (1 + np.exp(-4 * np.mean(soft))))


def test_channels_that_differ_are_judged_each(
    detector: Detector, tmp_path: Path, write_audio: Callable, voice: Callable
) -> None:
    """The worst counts, and a channel without sound is told of; copies are one sound."""
    loud, soft = 4 * voice(3.0, seed=1), 0.1 * voice(3.0, seed=2)
    paths = {
        name: write_audio(tmp_path / f"{name}.wav", np.stack(channels, axis=1))
        for name, channels in {
            "interview": (loud, soft),
            "copies": (loud, 0.5 * loud),
            "one": (0 * loud, loud),
        }.items()
    }
    alone = [write_audio(tmp_path / f"{n}.wav", wave) for n, wave in enumerate((loud, soft))]
    interview, copies, one = Judge(detector).judge(list(paths.items()))
    scores = [verdict.score for verdict in Judge(detector).judge([("a", a) for a in alone])]
    assert interview.verdict == "spoof"
    assert (interview.channel, interview.reason) == (2, "channel 2")
    assert [(part.channel, part.verdict) for part in interview.channels] == [
        (1, "bona-fide"),
        (2, "spoof"),
    ]
    assert [part.score for part in interview.channels] == pytest.approx(scores, abs=1e-4)
    assert interview.score == interview.channels[1].score
    assert (copies.channel, copies.channels) == (None, ())
    assert (one.verdict, one.channel) == ("bona-fide", 2)
    assert one.warnings == ["channel 1 is not judged: it is silent (its peak is under -80 dBFS)"]


def test_channels_of_a_long_recording_go_in_parts(
    detector: Detector, tmp_path: Path, write_audio: Callable, voice: Callable, monkeypatch
) -> None:
    for changed in (windows, recording, module):
        monkeypatch.setattr(changed, "PART_SECONDS", 5.0)
    waves = [voice(14.0, seed=1), 0.2 * voice(14.0, seed=2)]
    path = write_audio(tmp_path / "a.flac", np.stack(waves, axis=1))
    alone = [write_audio(tmp_path / f"{n}.flac", wave) for n, wave in enumerate(waves)]
    [both] = Judge(detector).judge([("a", path)])
    expected = Judge(detector).judge([("a", one) for one in alone])
    for found, wanted in zip(both.channels, expected, strict=True):
        assert found.score == pytest.approx(wanted.score, abs=1e-4)
        assert len(found.windows) == len(wanted.windows) == 11
    assert max(max(batch) for batch in detector.backbone.batches) < 5 * 16_000


def test_windows_without_speech_are_not_judged(
    detector: Detector, tmp_path: Path, write_audio: Callable, voice: Callable, monkeypatch
) -> None:
    """As the music of a podcast, however loud."""

    class Later(EverythingSpeaks):
        def finish(self) -> np.ndarray:
            found = super().finish()
            found[: round(6 / FRAME_SECONDS)] = 0
            return found

    monkeypatch.setattr(recording, "VoiceActivity", Later)
    path = write_audio(tmp_path / "a.wav", voice(12.0))
    [one] = Judge(detector).judge([("a", path)])
    assert [w.start for w in one.windows if w.score is None] == [0, 1, 2]
    [any_sound] = Judge(detector, any_sound=True).judge([("a", path)])
    assert all(window.score is not None for window in any_sound.windows)


def test_a_long_recording_with_a_word_here_and_there_is_refused(
    detector: Detector, tmp_path: Path, write_audio: Callable, voice: Callable, monkeypatch
) -> None:
    """Where no part holds enough, and all together do."""

    class Rarely(EverythingSpeaks):
        def finish(self) -> np.ndarray:
            found = super().finish()
            found[np.arange(len(found)) % 100 != 0] = 0
            return found

    for changed in (windows, recording, module):
        monkeypatch.setattr(changed, "PART_SECONDS", 5.0)
    monkeypatch.setattr(recording, "VoiceActivity", Rarely)
    [one] = Judge(detector).judge([("a", write_audio(tmp_path / "a.wav", voice(14.0)))])
    assert one.refusal == "holds too little speech in any part to be judged"

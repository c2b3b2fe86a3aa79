"""What is measured of a detector: false alarms, and stretches that are found."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from src.predict.detector import Detector
from src.predict.judge import Judge
from src.predict.stretch_trials import compose_recording, measure_stretches
from src.predict.verdict import Verdict
from src.utils.errors import AudiosError

RATE = 16_000


def test_a_recording_is_composed_of_clips() -> None:
    """All of a voice before one comes again; of several in turns."""
    one = [np.full(RATE, value, np.float32) for value in (1, 2, 3)]
    alone = compose_recording([one], 6, RATE, np.random.default_rng(0))
    assert len(alone) == 6 * RATE
    assert sorted(alone[::RATE][:3]) == sorted(alone[::RATE][3:]) == [1, 2, 3]
    other = [np.full(RATE, value, np.float32) for value in (10, 20)]
    both = compose_recording([one, other], 200, RATE, np.random.default_rng(0))[::RATE]
    changes = np.flatnonzero(np.diff(both >= 10))
    assert len(changes) > 2 and np.diff(changes).min() >= 5
    for voices in ([], [one, []]):
        with pytest.raises(AudiosError, match="there are none"):
            compose_recording(voices, 6, RATE, np.random.default_rng(0))


def test_a_soft_stretch_is_found_in_loud_recordings(detector: Detector, voice: Callable) -> None:
    genuine = [4 * voice(40.0, seed=seed) for seed in (1, 2)]
    soft = [0.2 * voice(20.0, seed=3), 0.2 * voice(20.0, seed=4)]
    found = measure_stretches(detector, genuine, soft, lengths=(1, 8))
    assert (found.false_alarms, found.called_spoof) == (0.0, 0.0)
    assert {seconds: len(one) for seconds, one in found.with_spoof.items()} == {1: 4, 8: 4}
    assert found.found == {1: 0.0, 8: 1.0}


def test_windows_are_those_of_the_whole_recording(
    detector: Detector, voice: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the recording with the stretch had been judged as it is."""
    genuine, soft = 4 * voice(40.0, seed=1), 0.2 * voice(8.0, seed=3)
    seen, real = [], Judge.judge_stretches

    def watched(self, whole: Verdict) -> Verdict:
        seen.append(whole)
        return real(self, whole)

    monkeypatch.setattr(Judge, "judge_stretches", watched)
    measure_stretches(detector, [genuine], [soft], lengths=(8,), seed=5)
    place = int(np.random.default_rng(5).integers(4, 36))
    whole = np.concatenate([genuine[: place * RATE], soft, genuine[place * RATE :]])
    measure_stretches(replace(detector), [whole])
    put_in, judged = seen[-2], seen[-1]
    assert [one.start for one in put_in.windows] == [one.start for one in judged.windows]
    scores = [[one.score for one in verdict.windows] for verdict in (put_in, judged)]
    assert scores[0] == pytest.approx(scores[1], abs=2e-3)

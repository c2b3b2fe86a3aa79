"""The detector that comes with AUDIOS, as typed on a machine that has nothing else."""

import json
import re

import numpy as np
import pytest
import soundfile

from src.utils.config import DETECTORS
from tests.cli.conftest import MIXED

needs_recordings = pytest.mark.skipif(not MIXED.is_dir(), reason="needs ../shared/corpora/mixed")

HEADLINE = re.compile(
    r"detector acoustic \d\S* \(acoustic \+ \w+\): EER \d+\.\d+% \(95 % interval \d+\.\d% to "
    r"\d+\.\d%\) on [\d,]+ clips of \d+ sources held out; newest attack .+ "
    r"\(20\d\d\); \d+ languages; made 20\d\d-\d\d-\d\d"
)


def test_it_is_listed(fresh_fab):
    answer = fresh_fab("ListDetectors").succeeds("acoustic", "newest attack", "95 % interval")
    about = json.loads((DETECTORS / "acoustic" / "detector.json").read_text())
    assert f"{about['held_out']['eer']:.1%}" in answer.out
    assert about["made"] in answer.out


@needs_recordings
def test_one_command_to_a_verdict(fresh_fab, fab, tmp_path):
    """A genuine clip, a spoof and a tone, with no run anywhere; all of them in a fresh process."""
    for clip in ("tr_00000", "tr_00650"):
        samples, rate = soundfile.read(MIXED / "audio" / f"{clip}.flac")
        soundfile.write(tmp_path / f"{clip}.wav", samples, rate)
    tone = 0.1 * np.sin(2 * np.pi * 440 * np.arange(32_000) / 16_000)
    soundfile.write(tmp_path / "tone.wav", tone, 16_000)
    for audio in [*tmp_path.glob("*.wav"), tmp_path]:
        words = (f"--audio={audio}", f"--runs={tmp_path / 'runs'}")
        answer = (fresh_fab if audio == tmp_path else fab)("Predict", *words)
        assert "Traceback" not in answer.err
        if audio.stem != "tone":
            assert HEADLINE.match(answer.out.splitlines()[0]), answer.out
            assert "run 0" not in answer.out
    named = fab("Predict", f"--audio={tmp_path / 'tr_00000.wav'}", "--detector=acoustic")
    assert HEADLINE.match(named.succeeds().out)


def test_a_name_that_there_is_not(fab, tmp_path):
    words = ("Predict", f"--audio={tmp_path}", f"--runs={tmp_path / 'runs'}")
    fab(*words, "--detector=acustic").fails(2, "--detector=acustic", "did you mean acoustic?")
    fab(*words, "--detector=acoustic", "--run-number=1").fails(2, "leave out the flags")
    fab(*words, "--classifier=svm").fails(1, "run first: fab TrainModel")


def test_the_committed_detector_is_small_and_says_nothing_of_a_machine():
    files = list((DETECTORS / "acoustic").iterdir())
    assert sum(path.stat().st_size for path in files) < 5_000_000
    assert not [path for path in files if path.suffix in (".wav", ".flac", ".mp3")]
    texts = "".join(p.read_text() for p in files if p.suffix in (".json", ".md", ".csv"))
    assert not re.search(r"(?<!\w)/(home|work|tmp|root|Users)/", texts)

"""Collapse is told, and nothing is where all is well."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from src.networks.pretraining.collapse import Expected, find_collapse
from src.networks.pretraining.examples import PretrainingExamples
from src.networks.pretraining.settings import PretrainingSettings
from src.networks.pretraining.validator import PretrainingValidator
from src.networks.pretraining.wav2vec2 import Wav2Vec2Learner
from src.networks.trainer.processes import Processes
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.split_recordings import SplitRecordings
from src.utils.dataset.waveforms import decoding

EXPECTED = Expected("codes", 320, 4.615)


def test_a_sound_pretraining_is_not_warned_of() -> None:
    assert find_collapse(EXPECTED, loss=2.0, perplexity=200.0, spread=0.3) == []


@pytest.mark.parametrize(
    ("loss", "perplexity", "spread", "told"),
    [
        (2.0, 6.0, 0.3, "the codes have collapsed: 6.0 of 320 are in use"),
        (2.0, 200.0, 1e-5, "the features are constant: 0.00% of their power"),
        (4.61, 200.0, 0.3, "the loss is at chance or hardly below it: 4.610 nats"),
    ],
)
def test_each_kind_of_collapse_is_told(
    loss: float, perplexity: float, spread: float, told: str
) -> None:
    (found,) = find_collapse(EXPECTED, loss, perplexity, spread)
    assert found.startswith(told)


def test_collapse_is_told_while_training_goes_on(
    dataset: Dataset, start_of: Callable, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    start, part = start_of("wav2vec2"), SplitRecordings.read(dataset, "pretext_val")
    learner = Wav2Vec2Learner(start.make_wav2vec2(7)).eval()
    with decoding([part], 16_000, tmp_path, "test") as decoded, torch.no_grad():
        examples = PretrainingExamples(
            tuple(part.clips.files.tolist()),
            decoded.waveforms[0],
            start.processor,
            start.geometry,
            PretrainingSettings(seconds=0.5),
            seed=7,
            n_negatives=10,
        )
        expected = Expected("codes", learner.codes, learner.chance)
        validator = PretrainingValidator(examples, expected, 2, Processes.join())
        first = validator.measure(learner)
        assert first.more["perplexity"] > 1.5
        # The first epoch is not told of: all begin at chance.
        assert not caplog.messages
        learner.model.quantizer.weight_proj.bias[[0, learner.codes]] = 1e4
        found = validator.measure(learner)
        assert found.more["perplexity"] == 1
        assert "the codes have collapsed: 1.0 of 8 are in use" in caplog.text
        caplog.clear()
        # Once is enough.
        validator.measure(learner)
        assert not caplog.messages

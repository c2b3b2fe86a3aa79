"""The network that tells voices apart, against the package that it is of."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from src.utils.dataset.voices import encoder
from src.utils.errors import AudioError, DatasetError

needs_weights = pytest.mark.skipif(
    find_spec("resemblyzer") is None, reason="needs Resemblyzer (requirements-speakers.txt)"
)


@pytest.fixture(scope="module")
def ours() -> encoder.VoiceEncoder:
    return encoder.load_encoder()


@needs_weights
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seconds", [0.5, 1.6, 1.9, 4.0, 7.3])
def test_vectors_are_those_of_the_package(
    ours: encoder.VoiceEncoder, speech: Callable, seconds: float
) -> None:
    theirs = pytest.importorskip("resemblyzer").VoiceEncoder("cpu", verbose=False)
    waveform = speech(words=(seconds - 0.2,))
    found = ours.embed(waveform)
    assert found.dtype == np.float32 and found.shape == (encoder.SIZE,)
    np.testing.assert_allclose(found, theirs.embed_utterance(waveform), atol=1e-4)
    assert np.linalg.norm(found) == pytest.approx(1, abs=1e-5)


@needs_weights
def test_long_recordings_are_heard_in_parts(
    ours: encoder.VoiceEncoder, speech: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    waveform = speech(words=(6.0,))
    whole = ours.embed(waveform)
    monkeypatch.setattr(encoder, "_PARTS_AT_ONCE", 2)
    np.testing.assert_allclose(ours.embed(waveform), whole, atol=1e-6)


def test_quiet_recordings_are_raised_and_loud_ones_stay(speech: Callable) -> None:
    loud, quiet = speech(level=-20.0), speech(level=-50.0, floor=-90.0)
    assert np.array_equal(encoder.level_up(loud), loud)
    assert np.sqrt(np.mean(encoder.level_up(quiet) ** 2)) == pytest.approx(
        10 ** (-30 / 20), rel=0.01
    )


def test_what_tells_no_voice() -> None:
    with pytest.raises(AudioError, match=r"shorter than 0\.4 s"):
        encoder.level_up(np.ones(6_000, np.float32))
    with pytest.raises(AudioError, match="is silent"):
        encoder.level_up(np.zeros(16_000, np.float32))


def test_without_the_package_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder.find_weights.cache_clear()
    monkeypatch.setattr(encoder, "find_spec", lambda name: None)
    with pytest.raises(DatasetError, match=r"pip install -r requirements-speakers\.txt") as error:
        encoder.load_encoder()
    assert "\n" not in str(error.value)
    assert "--no-deps" in str(error.value)
    encoder.find_weights.cache_clear()


def test_another_file_is_never_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder.torch, "load", lambda *_, **__: pytest.fail("was loaded"))
    path = tmp_path / "pretrained.pt"
    path.write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(DatasetError, match=r"pretrained\.pt is not the file of weights"):
        encoder.load_encoder(path)

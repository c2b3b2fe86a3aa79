"""Windows to learn from: where they lie, that they repeat themselves, and how they are changed."""

import pickle
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from src.networks.examples import Augmenting, Crops
from src.networks.learner import LABELS, WINDOWS
from src.utils.audio.augmentations.chain import Recipe
from src.utils.audio.io import read_waveform
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.split_recordings import SplitRecordings
from src.utils.dataset.waveforms import Decoded, decoding
from src.utils.errors import ArgumentError

SAMPLES = 4800


@pytest.fixture(scope="module")
def decoded(spoken: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Decoded]:
    recordings = SplitRecordings.read(spoken, "downstream_train")
    with decoding([recordings], 16_000, tmp_path_factory.mktemp("decoded"), "decode") as found:
        yield found


def crops(decoded: Decoded, augmenting: Augmenting | None = None, seed: int = 7) -> Crops:
    return Crops.of(decoded.recordings[0], decoded.waveforms[0], SAMPLES, seed, augmenting)


def window(of: Crops, epoch: int, number: int) -> np.ndarray:
    found = of.example(epoch, number)
    assert found is not None
    return found[WINDOWS]


def rows(decoded: Decoded) -> tuple[int, int]:
    """Return a recording that is longer than a window, and one that is shorter."""
    lengths = decoded.waveforms[0].lengths
    return int(np.argmax(lengths)), int(np.argmin(lengths))


def test_a_window_is_a_part_of_its_recording(decoded: Decoded) -> None:
    long, short = rows(decoded)
    recordings, of = decoded.recordings[0], crops(decoded)
    whole = read_waveform(recordings.path(long))
    found = window(of, 0, long)
    assert found.shape == (SAMPLES,)
    assert found.dtype == np.float32
    starts = range(len(whole) - SAMPLES + 1)
    assert any(np.array_equal(whole[start : start + SAMPLES], found) for start in starts)
    # A shorter one is repeated.
    whole = read_waveform(recordings.path(short))
    np.testing.assert_array_equal(window(of, 0, short), np.resize(whole, SAMPLES))
    example = of.example(0, short)
    assert example is not None
    assert example[LABELS] == recordings.clips.y[short]


def test_epochs_and_seeds_differ_and_repeat_themselves(decoded: Decoded) -> None:
    long, _ = rows(decoded)
    augmenting = Augmenting(Recipe(("white", "rawboost4"), (1, 2)))
    of = crops(decoded, augmenting)
    first = window(of, 0, long)
    np.testing.assert_array_equal(window(of, 0, long), first)
    # As a worker process has it.
    np.testing.assert_array_equal(window(pickle.loads(pickle.dumps(of)), 0, long), first)
    assert not np.array_equal(window(of, 1, long), first)
    assert not np.array_equal(window(crops(decoded, augmenting, seed=8), 0, long), first)


def test_as_many_are_augmented_as_asked_for(decoded: Decoded) -> None:
    _, short = rows(decoded)
    plain = window(crops(decoded), 0, short)
    of = crops(decoded, Augmenting(Recipe(("white",)), 0.25))
    changed = [not np.array_equal(window(of, epoch, short), plain) for epoch in range(60)]
    assert 5 <= sum(changed) <= 28


def test_a_faster_voice_still_fills_its_window(decoded: Decoded) -> None:
    long, _ = rows(decoded)
    augmenting = Augmenting(Recipe(("speed",)))
    assert not augmenting.keeps_length
    for epoch in range(4):
        found = window(crops(decoded, augmenting), epoch, long)
        assert found.shape == (SAMPLES,)
        # It is not the beginning once more.
        assert not np.array_equal(found[-400:], found[:400])


class _Ramp:
    """One recording whose samples tell where they lie, from 0 to 1."""

    sample_rate = 16_000

    def __init__(self, length: int) -> None:
        self.lengths = (length,)

    def part(self, row: int, start: int, count: int) -> np.ndarray:
        ramp = np.linspace(0, 1, self.lengths[row], dtype=np.float32)
        return ramp[start : start + count]


@pytest.mark.parametrize("kind", ["speed", "tempo"])
@pytest.mark.parametrize("share", [1.3, 3.0])
def test_a_voice_of_another_pace_is_learnt_from_at_any_place(kind: str, share: float) -> None:
    """Also of a recording that is not much longer than a window, and at its end."""
    ramp = _Ramp(int(share * SAMPLES))
    of = Crops(ramp, ("ramp",), ("p",), (1,), SAMPLES, augmenting=Augmenting(Recipe((kind,))))
    found = [window(of, epoch, 0) for epoch in range(200)]
    np.testing.assert_array_equal(window(of, 3, 0), found[3])
    # Within, since resampling rings at the ends.
    begins, ends = (np.array([one[place] for one in found]) for place in (200, -200))
    assert begins.std() > 0.05
    assert begins.min() < 0.15
    assert ends.max() > 0.9


def test_babble_is_made_of_voices_of_the_split(decoded: Decoded) -> None:
    of = crops(decoded, Augmenting(Recipe(("babble",))))
    assert of.augmenting is not None
    voices = {voice.file for voice in of.augmenting.recipe.material.voices}
    clips = decoded.recordings[0].clips
    assert voices == set(clips.files[clips.y == 1].tolist())
    assert of.example(0, 0) is not None


def test_what_lacks_its_material_is_refused_before_the_training(decoded: Decoded) -> None:
    with pytest.raises(ArgumentError, match="noises"):
        crops(decoded, Augmenting(Recipe(("noises",))))


def test_a_recording_that_changed_is_left_out(decoded: Decoded, tmp_path: Path) -> None:
    from dataclasses import replace

    gone = replace(decoded.waveforms[0], file=None, paths=(tmp_path / "gone.wav",) * 20)
    of = replace(crops(decoded), waveforms=gone)
    assert of.example(0, 0) is None

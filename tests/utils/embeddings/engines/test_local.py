"""The engine of this process."""

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from src.utils.embeddings.engines import LocalEngine, load_engine
from src.utils.embeddings.engines import local as module
from src.utils.embeddings.plan import Batch
from src.utils.errors import ArgumentError
from tests.utils.embeddings.toy import Toy


@pytest.fixture
def clips(tmp_path: Path, voice: Callable, write_audio: Callable) -> Callable[[int], Path]:
    """Say where the recording of a row lies: five good ones, and a broken one."""
    for row in range(5):
        write_audio(tmp_path / f"{row}.wav", voice(0.2, seed=row))
    (tmp_path / "5.wav").write_text("no audio")
    return lambda row: tmp_path / f"{row}.wav"


def batch(*rows: int, seconds: float = 0.2) -> Batch:
    return Batch(np.array(rows, np.int32), seconds)


def test_batches_come_in_order(clips: Callable) -> None:
    toy = Toy()
    plan = [batch(4, 5, 0), batch(5), batch(3, 1, 2)]
    first, second, third = LocalEngine().run(toy, plan, clips)
    assert (first.rows, list(first.rejected)) == ([4, 0], [5])
    assert (second.rows, len(second.vectors), list(second.rejected)) == ([], 0, [5])
    assert (third.rows, third.rejected) == ([3, 1, 2], {})
    assert "cannot be opened" in first.rejected[5]
    assert toy.batches == [2, 3]
    alone = [next(LocalEngine().run(Toy(), [batch(row)], clips)).vectors[0] for row in (3, 1, 2)]
    np.testing.assert_array_equal(third.vectors, alone)


def test_vectors_that_are_not_finite_are_rejected(clips: Callable) -> None:
    class Infinite(Toy):
        def embed(self, prepared) -> np.ndarray:
            vectors = super().embed(prepared)
            vectors[1, 0, 0, 0] = np.inf
            return vectors

    [done] = LocalEngine().run(Infinite(), [batch(2, 0, 1)], clips)
    assert (done.rows, done.rejected) == ([2, 1], {0: "gives a vector that is not finite"})
    assert np.isfinite(done.vectors).all()


def test_long_clips_are_not_read_far_ahead(clips: Callable, monkeypatch) -> None:
    """Half an hour of audio may wait: a clip of that length waits alone, short ones in crowds."""
    held, most = 0, 0
    lock = threading.Lock()

    class Watching(Toy):
        def prepare(self, waveform: np.ndarray) -> np.ndarray:
            nonlocal held, most
            with lock:
                held += 1
                most = max(most, held)
            return waveform

        def embed(self, prepared) -> np.ndarray:
            nonlocal held
            with lock:
                held -= len(prepared)
            return super().embed(prepared)

    for seconds, limit in ((module.AHEAD_SECONDS, 2), (module.AHEAD_SECONDS / 4, 5)):
        held, most = 0, 0
        plan = [batch(number % 5, seconds=seconds) for number in range(40)]
        assert len(list(LocalEngine(2).run(Watching(), plan, clips))) == 40
        assert most <= limit


def test_engines_by_name() -> None:
    assert isinstance(load_engine("local"), LocalEngine)
    with pytest.raises(ArgumentError, match="--engine=rai is not one of local, ray; did you mean"):
        load_engine("rai")
    with pytest.raises(ArgumentError, match=r"--ray-address=10\.0\.0\.1:6379 goes with --engine=r"):
        load_engine("local", "10.0.0.1:6379")

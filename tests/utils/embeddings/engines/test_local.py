"""The engine of this process."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from src.demo.checkpoint import make_checkpoint
from src.utils.dataset.dataset import Dataset
from src.utils.embeddings.backbones import load_backbone
from src.utils.embeddings.engines import load_engine
from src.utils.embeddings.engines import local as module
from src.utils.embeddings.engines.local import LocalEngine
from src.utils.embeddings.extract import extract_split
from src.utils.embeddings.plan import Batch
from src.utils.errors import ArgumentError, AudiosError
from tests.utils.embeddings.toy import BROKEN, Broken, DeadlyToRead, Toy, Watched, content


@pytest.fixture
def clips(tmp_path: Path, voice: Callable, write_audio: Callable) -> Callable[[int], Path]:
    """Say where the recording of a row lies: five good ones, and a broken one."""
    for row in range(5):
        write_audio(tmp_path / f"{row}.wav", voice(0.2, seed=row))
    (tmp_path / "5.wav").write_text("no audio")
    return lambda row: tmp_path / f"{row}.wav"


def batch(*rows: int, seconds: float = 0.2) -> Batch:
    return Batch(np.array(rows, np.int32), seconds)


@pytest.mark.parametrize("overlap", [False, True])
def test_batches_come_in_order(clips: Callable, overlap: bool) -> None:
    toy = Toy()
    plan = [batch(4, 5, 0), batch(5), batch(3, 1, 2)]
    first, second, third = LocalEngine(overlap=overlap).run(toy, plan, clips)
    assert (first.rows, list(first.rejected)) == ([4, 0], [5])
    assert (second.rows, len(second.vectors), list(second.rejected)) == ([], 0, [5])
    assert (third.rows, third.rejected) == ([3, 1, 2], {})
    assert "is not audio" in first.rejected[5]
    # Two batches may well be begun the other way round.
    assert sorted(toy.batches) == [2, 3]
    alone = [next(LocalEngine().run(Toy(), [batch(row)], clips)).vectors[0] for row in (3, 1, 2)]
    np.testing.assert_array_equal(third.vectors, alone)


class Choosy(Toy):
    """Fails on batches that hold a clip of this number of samples."""

    def __init__(self, wrong: int) -> None:
        super().__init__()
        self.wrong = wrong

    def embed(self, prepared) -> np.ndarray:
        if any(len(clip) == self.wrong for clip in prepared):
            raise RuntimeError("no kernel for such a shape")
        return super().embed(prepared)


def test_a_clip_that_the_backbone_fails_on_is_rejected_alone(
    clips: Callable, voice: Callable, write_audio: Callable
) -> None:
    write_audio(clips(2), voice(0.3))
    plan = [batch(0, 2, 1), batch(3), batch(2)]
    first, second, third = LocalEngine().run(Choosy(4800), plan, clips)
    assert (first.rows, second.rows, third.rows) == ([0, 1], [3], [])
    why = "makes the backbone fail (RuntimeError: no kernel for such a shape)"
    assert first.rejected == third.rejected == {2: why}
    [whole] = LocalEngine().run(Toy(), [batch(0, 1)], clips)
    np.testing.assert_array_equal(first.vectors, whole.vectors)


def test_a_backbone_that_fails_on_everything_rejects_nothing(clips: Callable) -> None:
    class Gone(Toy):
        def embed(self, prepared) -> np.ndarray:
            raise RuntimeError("the device is gone")

    with pytest.raises(RuntimeError, match="the device is gone"):
        list(LocalEngine().run(Gone(), [batch(0, 1)], clips))


def test_a_cpu_computes_one_batch_here(clips: Callable) -> None:
    watched = Watched()
    done = list(LocalEngine().run(watched, [batch(row) for row in range(5)], clips))
    assert (watched.most, watched.threads) == (1, {threading.current_thread().name})
    assert {-float(one.vectors.item()) for one in done} == {os.getpid()}


def test_a_gpu_has_two_batches_of_clips_read_elsewhere(clips: Callable, monkeypatch) -> None:
    monkeypatch.setattr(Watched, "leaves_cpu_free", True)
    watched = Watched()
    done = list(LocalEngine(2).run(watched, [batch(row) for row in (*range(5), 1, 2)], clips))
    assert [one.rows for one in done] == [[row] for row in (*range(5), 1, 2)]
    assert (watched.most, len(watched.threads)) == (2, 2)
    processes = {-one.vectors.item() for one in done}
    assert len(processes) <= 2
    assert os.getpid() not in processes


@pytest.mark.parametrize("has_gpu", [False, True])
def test_which_backbones_leave_the_cpu_free(tmp_path: Path, monkeypatch, has_gpu: bool) -> None:
    checkpoint = str(make_checkpoint(tmp_path, "wav2vec2"))
    backbone = load_backbone("wav2vec2", checkpoint, precision="float32")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: has_gpu)
    assert backbone.leaves_cpu_free is has_gpu
    assert not load_backbone("acoustic").leaves_cpu_free


def test_nothing_to_do() -> None:
    assert not list(LocalEngine(overlap=True).run(Toy(), [], Path))


def test_a_killed_reader_is_one_line(dataset: Dataset, tmp_path: Path) -> None:
    engine = LocalEngine(2, overlap=True)
    with pytest.raises(AudiosError, match="was killed, perhaps because memory ran out; run this"):
        extract_split(dataset, "full", DeadlyToRead(), tmp_path / "e", engine)
    # What was killed is gone on with.
    found = extract_split(dataset, "full", Toy(), tmp_path / "e", engine)
    assert list(found.rejected) == [BROKEN]


def test_an_error_of_one_batch_ends_all(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(AudiosError, match=r"^the checkpoint toy lacks its weights$"):
        extract_split(dataset, "full", Broken(), tmp_path, LocalEngine(2, overlap=True))


@pytest.mark.parametrize("name", ["toy", "wav2vec2"])
def test_the_store_is_the_same(dataset: Dataset, tmp_path: Path, name: str) -> None:
    if name == "wav2vec2":
        checkpoint = str(make_checkpoint(tmp_path / "checkpoint", name))
    for overlap in (False, True):
        backbone = Toy() if name == "toy" else load_backbone(name, checkpoint, precision="float32")
        backbone.batch_seconds = 1.0
        engine = LocalEngine(2, overlap)
        extract_split(dataset, "full", backbone, tmp_path / str(overlap), engine)
    plain, overlapped = (content(tmp_path / str(way) / name / "full") for way in (False, True))
    assert plain == overlapped


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


def test_readers_stay_for_the_next_run(clips: Callable) -> None:
    """They import torch anew when they start, which takes seconds."""
    watched = Watched()
    engine = LocalEngine(n_readers=1, overlap=True)

    def reader(backbone: Watched) -> float:
        [done] = engine.run(backbone, [batch(0)], clips)
        return -float(done.vectors.item())

    first = reader(watched)
    assert first != os.getpid()
    assert reader(watched) == first
    assert reader(Watched()) != first
    engine.close()
    assert reader(watched) != first
    engine.close()

"""Backbones that cost nothing, and the corpus they are tried on."""

import os
import signal
import threading
import time
from pathlib import Path

import numpy as np

from src.utils.errors import CheckpointError

PEOPLE = ("Ana_F001", "Bia_F002", "Caio_M003", "Davi_M004", "Eva_F005", "Ze_M006")
N_GOOD = 24
BROKEN = "real_voices/Ana_F001/broken.wav"


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


class Toy:
    """A backbone of two layers that counts what it is given, and may stop half-way."""

    name = "toy"
    sample_rate = 16_000
    batch_seconds = 0.6
    leaves_cpu_free = False

    def __init__(self, stop_after: int | None = None, signal_number: int = 0, **about) -> None:
        self.stop_after = stop_after
        self.signal_number = signal_number
        self.about = about
        self.batches: list[int] = []

    @property
    def n_clips(self) -> int:
        return sum(self.batches)

    def describe(self) -> dict:
        return {
            "name": self.name,
            "sample_rate": self.sample_rate,
            "layers": 2,
            "stats": ["mean", "std"],
            "stats_count": 2,
            "dim": 3,
        } | self.about

    def prepare(self, waveform: np.ndarray) -> np.ndarray:
        return waveform

    def embed(self, prepared) -> np.ndarray:
        if self.stop_after is not None and len(self.batches) == self.stop_after:
            if self.signal_number:
                os.kill(os.getpid(), self.signal_number)
            raise Killed
        self.batches.append(len(prepared))
        features = [
            [[w.mean(), w.std(), len(w)], [np.abs(w).max(), np.median(w), w[0]]] for w in prepared
        ]
        return np.array([[f, f] for f in features], dtype=np.float32)


class Killed(BaseException):
    """Stands for a kill where a real one would cost a process."""


class Deadly(Toy):
    """Works in two processes at least, and takes one of them with it, once, in its third batch."""

    def __init__(self, notes: Path) -> None:
        super().__init__()
        self.notes = notes

    def embed(self, prepared) -> np.ndarray:
        (self.notes / str(os.getpid())).touch()
        deadline = time.monotonic() + 120
        while len(list(self.notes.iterdir())) < 2:
            assert time.monotonic() < deadline, "no second process has come"
            time.sleep(0.01)
        if len(self.batches) == 2:
            try:
                (self.notes / "killed").mkdir()
            except FileExistsError:
                pass
            else:
                os.kill(os.getpid(), signal.SIGKILL)
        return super().embed(prepared)


class Watched(Toy):
    """Notes where it computes, and how many of its batches at once."""

    lock = threading.Lock()

    def __init__(self) -> None:
        super().__init__()
        self.threads: set[str] = set()
        self.running = self.most = 0

    def prepare(self, waveform: np.ndarray) -> np.ndarray:
        # Their smallest sample tells the process apart: float32 holds its number exactly.
        return np.append(waveform, np.float32(-os.getpid()))

    def embed(self, prepared) -> np.ndarray:
        with self.lock:
            self.threads.add(threading.current_thread().name)
            self.running += 1
            self.most = max(self.most, self.running)
        time.sleep(0.05)
        with self.lock:
            self.running -= 1
        return np.array([w.min() for w in prepared], np.float32).reshape(-1, 1, 1, 1)


class DeadlyToRead(Toy):
    """Takes the process that prepares a clip with it, as one for which memory runs out."""

    def prepare(self, waveform: np.ndarray) -> np.ndarray:
        os.kill(os.getpid(), signal.SIGKILL)
        return waveform


class Broken(Toy):
    """Stands for a checkpoint whose weights turn out to be missing."""

    def embed(self, prepared) -> np.ndarray:
        raise CheckpointError("the checkpoint toy lacks its weights")

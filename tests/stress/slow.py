"""What makes reading processes slow enough to be met at work; imported by them alone."""

import time
from pathlib import Path

import numpy as np

from src.utils.embeddings.backbones import Backbone
from src.utils.embeddings.engines import local

_read = local.read_clip


def read_slowly(backbone: Backbone, path: Path) -> np.ndarray:
    """Read a clip as `local.read_clip` does, after a while.

    Parameters
    ----------
    backbone : Backbone
        Whose input it becomes.
    path : pathlib.Path
        The recording.
    """
    time.sleep(0.1)
    return _read(backbone, path)


def use_processes() -> None:
    """Let extraction in this process read by two processes, as it does for a GPU, and slowly."""
    plain = local.LocalEngine.__init__

    def start(self: local.LocalEngine, *_: object) -> None:
        plain(self, n_readers=2, overlap=True)

    local.LocalEngine.__init__ = start  # type: ignore[method-assign]
    local.read_clip = read_slowly

"""What makes reading processes slow enough to be met at work; imported by them alone."""

import time

from src.utils.audio.augmentations.chain import Recipe
from src.utils.embeddings.backbones import Backbone
from src.utils.embeddings.engines import local

_read = local.read_versions


def read_slowly(
    backbone: Backbone, recipe: Recipe | None, reading: local.Reading
) -> list[local.Prepared]:
    """Read a clip as `local.read_versions` does, after a while.

    Parameters
    ----------
    backbone : Backbone
        Whose input it becomes.
    recipe : Recipe or None
        What augmented versions are made by.
    reading : Reading
        The recording, and its versions.
    """
    time.sleep(0.1)
    return _read(backbone, recipe, reading)


def use_processes() -> None:
    """Let extraction in this process read by two processes, as it does for a GPU, and slowly."""
    plain = local.LocalEngine.__init__

    def start(self: local.LocalEngine, *_: object) -> None:
        plain(self, n_readers=2, overlap=True)

    local.LocalEngine.__init__ = start  # type: ignore[method-assign]
    local.read_versions = read_slowly

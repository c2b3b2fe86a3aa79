"""What the tests of data sets share."""

from collections.abc import Callable
from pathlib import Path

import pytest

from src.utils.dataset.dataset import Dataset
from tests.utils.dataset.recordings import make_source


@pytest.fixture
def source(tmp_path: Path, voice: Callable, write_audio: Callable) -> Dataset:
    """Recordings of many kinds, a silent and a broken one among them."""
    return make_source(tmp_path / "release", voice, write_audio)

"""What the tests of adapting share."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.adaptation.cases import Case, make


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw no figures of a test where none is looked at."""
    monkeypatch.setattr("src.models.evaluate.draw_figures", lambda *about: [])


@pytest.fixture
def case(
    tmp_path: Path,
    make_embeddings: Callable,
    make_store: Callable,
    monkeypatch: pytest.MonkeyPatch,
) -> Case:
    """A case that a training can learn."""
    return make(tmp_path, make_embeddings, make_store, monkeypatch)

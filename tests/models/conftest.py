"""What the tests of trainings share."""

import pytest


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw none of the seven figures of a test, which take most of it, where none is looked at."""
    monkeypatch.setattr("src.models.evaluate.draw_figures", lambda *about: [])

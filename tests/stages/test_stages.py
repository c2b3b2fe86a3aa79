"""The stages as a package: loaded one by one, and only when they are called."""

import subprocess
import sys

import pytest

from src import stages
from src.utils.config import ROOT

HEAVY = ("torch", "transformers", "sklearn", "matplotlib", "optuna", "pandas")


def loaded_by(*statements: str) -> set[str]:
    script = "\n".join(
        ["import sys", *statements, f"print(*[name for name in {HEAVY} if name in sys.modules])"]
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_every_module_is_offered() -> None:
    there = {path.stem for path in (ROOT / "src/stages").glob("*.py")} - {"__init__"}
    assert set(stages.__all__) == there
    for name in stages.__all__:
        assert getattr(stages, name).__name__ == f"src.stages.{name}"


def test_what_is_no_stage_is_refused() -> None:
    with pytest.raises(AttributeError, match="no attribute datasets"):
        stages.__getattr__("datasets")


def test_nothing_is_loaded_before_a_stage_is_called() -> None:
    assert loaded_by("from src import stages") == set()


@pytest.mark.parametrize(
    ("module", "loaded"),
    [
        ("dataset", {"pandas"}),
        ("embeddings", {"pandas"}),
        ("models", set(HEAVY) - {"torch", "transformers"}),
        ("predict", set(HEAVY) - {"torch", "transformers", "optuna"}),
    ],
)
def test_a_stage_loads_no_more_than_it_needs(module: str, loaded: set[str]) -> None:
    assert loaded_by("from src import stages", f"stages.{module}") <= loaded

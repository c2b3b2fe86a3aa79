"""What short commands load: imports take most of their time, so heavy libraries stay out."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT

COMPUTE = {"torch", "torchaudio", "transformers", "librosa", "numba", "optuna", "umap", "sklearnex"}
DRAW = {"matplotlib", "seaborn"}
ALL = COMPUTE | DRAW | {"sklearn", "scipy", "pandas", "skops", "av"}

PROGRAM = """
import sys
from fabric.main import program
sys.argv = ["fab", *sys.argv[1:]]
try:
    program.run()
finally:
    sys.stdout.flush()
    print("LOADED", *sorted({name.partition(".")[0] for name in sys.modules}))
"""


def loaded_by(*words: str) -> set[str]:
    """Return the packages that a command has loaded when it ends."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done
    return set(done.stdout.rsplit("LOADED", 1)[1].split())


@pytest.mark.parametrize("words", [["ListRuns"], ["ListDetectors"], ["Version"], ["-l"]])
def test_lists_load_nothing_that_computes(words: list[str], tmp_path: Path) -> None:
    flags = [f"--runs={tmp_path}"] if words == ["ListRuns"] else []
    assert not loaded_by(*words, *flags) & ALL


def test_a_verdict_loads_neither_torch_nor_figures(write_audio, speech, tmp_path: Path) -> None:
    path = write_audio(tmp_path / "a.wav", speech())
    loaded = loaded_by("Predict", f"--audio={path}", f"--runs={tmp_path / 'runs'}", "--any-sound")
    assert not loaded & (COMPUTE | DRAW)

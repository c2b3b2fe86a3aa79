"""Files of a project that are damaged: one line that names the file, never a traceback.

A sample of what `mutations` does to each kind of file; the stress suite does all of it.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mutations import KINDS, Project, build, mutate

QUICK = (
    *("manifest of an mlp", "results", "calibration", "reference", "trained on", "mlp"),
    *("audit", "store manifest", "store array", "store clips", "split recipe", "files table"),
    *("measurements", "derived from", "derived", "measured nuisances"),
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with pytest.MonkeyPatch.context() as patch:
        # Figures of a test are made of what was read, damaged or not, and take most of it.
        patch.setattr("src.models.evaluate.draw_figures", lambda *about: [])
        yield build(tmp_path_factory.mktemp("mutated") / "project", is_quick=True)


def test_the_kinds_are_known() -> None:
    assert set(QUICK) <= set(KINDS)


def test_a_sample_of_damaged_files(project: Project) -> None:
    # So many are skipped that each kind is damaged in a few ways, not the same in all.
    found = mutate(project, QUICK.__contains__, every=163, most=1)
    assert not found.faults, "\n".join(found.faults)
    assert found.n_calls > 30
    assert found.n_lines > found.n_calls / 4


def test_the_sample_sees_a_traceback(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is not expected is a fault."""

    def broken(*_: object) -> None:
        raise KeyError("settings")

    monkeypatch.setattr("src.utils.run_manifest.read_shaped", broken)
    found = mutate(project, lambda name: name == "manifest of an mlp", every=10_000)
    assert found.faults and "KeyError" in found.faults[0]


def test_nothing_is_left_of_a_mutation(project: Project) -> None:
    before = contents(project.folder)
    mutate(project, lambda name: name == "calibration", every=50)
    assert contents(project.folder) == before


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }

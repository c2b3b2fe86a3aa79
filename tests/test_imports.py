"""The direction of imports: everything rests on what lies below it, and nothing looks up."""

import ast
import re
from pathlib import Path

import pytest

from src.models.registry import CLASSIFIERS as TABLE
from src.utils.config import ROOT

LEVELS: list[tuple[str, ...]] = [
    tuple(
        f"src.utils.{name}"
        for name in (
            "accelerated",
            "errors",
            "faults",
            "config",
            "files",
            "foreign_text",
            "interrupts",
            "memory",
            "history",
            "notes",
            "onnx_file",
            "parallel",
            "processes",
            "renamed",
            "shapes",
            "strict_json",
            "tensor_file",
            "torch_file",
            "zip_bounds",
            "tables",
            "cells",
            "shown_text",
            "runs",
            "registry",
            "seeding",
            "run_manifest",
            "version",
        )
    ),
    ("src.utils.audio",),
    ("src.utils.metrics",),
    ("src.utils.dataset",),
    ("src.utils.embeddings",),
    ("src.spoofs",),
    ("src.visualize",),
    ("src.audit",),
    # Names of files alone, for whoever must know them without the room above.
    ("src.evaluation", "src.robustness.names", "src.fusion.names", "src.adaptation.names"),
    ("src.models",),
    ("src.search",),
    ("src.scoring",),
    ("src.networks",),
    ("src.exported",),
    ("src.fusion",),
    ("src.adaptation",),
    ("src.predict",),
    ("src.robustness",),
    ("src.results",),
    ("src.reports",),
    ("src.stages",),
    ("src.clean",),
    ("src.demo", "src.build_detector"),
    ("src.notebooks",),
    ("tasks",),
    ("fabfile",),
]
"""From the bottom to the top, a room a level; the small helpers may import one another."""

CLASSIFIERS = sorted(place.rpartition(".model:")[0] for place in TABLE.places.values())
"""The package of each."""

PLACE = re.compile(r"(src(?:\.\w+)+):\w+")
"""An entry of a table, by which a module is imported when its name is asked for."""


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES = [*(ROOT / "src").rglob("*.py"), *(ROOT / "tasks").rglob("*.py"), ROOT / "fabfile.py"]
MODULES = {name_of(path): path for path in SOURCES}


def imports(module: str) -> set[str]:
    """Every module that is imported, for annotations alone as well, or by a table of names."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                found.add(full if full in MODULES else str(node.module))
        elif isinstance(node, ast.Constant) and (place := PLACE.fullmatch(str(node.value))):
            found.add(place[1])
    return found


def is_below(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def level_of(module: str) -> int | None:
    for level, packages in enumerate(LEVELS):
        if any(is_below(module, package) for package in packages):
            return level
    return None


def test_every_module_has_a_level() -> None:
    bare = {"src", "src.utils"}
    lost = [module for module in MODULES if level_of(module) is None and module not in bare]
    assert not lost


@pytest.mark.parametrize("module", sorted(MODULES))
def test_nothing_looks_up(module: str) -> None:
    mine = level_of(module)
    house = ("src", "tasks", "fabfile")
    ours = {name for name in imports(module) if any(is_below(name, room) for room in house)}
    if mine is None:
        assert not ours
        return
    breaches = [name for name in ours if (level_of(name) or 0) > mine]
    assert not breaches, f"{module} imports {breaches}"


@pytest.mark.parametrize("module", sorted(name for name in MODULES if is_below(name, "src")))
def test_the_house_knows_no_fabric(module: str) -> None:
    assert not [name for name in imports(module) if name.split(".")[0] in ("fabric", "invoke")]


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classifiers_stand_apart(name: str) -> None:
    others = [other for other in CLASSIFIERS if other != name]
    for module in MODULES:
        if is_below(module, name):
            found = imports(module)
            assert not [f for f in found if any(is_below(f, other) for other in others)]


def test_models_never_read_audio() -> None:
    for module in MODULES:
        if is_below(module, "src.models"):
            banned = ("src.utils.audio.io", "soundfile", "librosa", "torchaudio", "soxr")
            assert not [f for f in imports(module) if any(is_below(f, b) for b in banned)], module


def test_one_door_for_audio() -> None:
    """The libraries that read, write and resample are called in the room of audio alone."""
    for module in MODULES:
        if not is_below(module, "src.utils.audio") and not is_below(module, "src.demo"):
            assert not imports(module) & {"soundfile", "soxr", "av"}, module


def test_no_pickle_is_loaded() -> None:
    for module in MODULES:
        assert not imports(module) & {"pickle", "joblib", "cloudpickle", "dill"}, module


def test_the_fabfile_answers_at_once() -> None:
    """Nothing heavy is imported where `fab -l` loads it."""
    light = {"fabfile"}
    todo = ["fabfile"]
    while todo:
        tree = ast.parse(MODULES[todo.pop()].read_text(encoding="utf-8"))
        for node in tree.body:
            names = set()
            if isinstance(node, ast.Import):
                names = {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names = {str(node.module)} | {f"{node.module}.{a.name}" for a in node.names}
            heavy = {"torch", "transformers", "sklearn", "umap", "matplotlib", "pandas", "numpy"}
            assert not {name.split(".")[0] for name in names} & heavy
            new = {name for name in names if name in MODULES} - light
            light |= new
            todo += new
    assert {name for name in MODULES if is_below(name, "tasks")} <= light
    assert "src.stages" in light
    assert not [name for name in light if name.startswith("src.stages.")]


def test_the_rule_bites() -> None:
    assert level_of("src.models.train") == 9
    assert level_of("src.utils.audio.io") == 1
    assert level_of("src.utils.files") == 0
    assert level_of("src.utils.dataset.split.store") == 3
    ordered = ["src.reports", "src.stages.models", "src.demo.run", "tasks.models", "fabfile"]
    levels = [level_of(name) or 0 for name in ordered]
    assert levels == sorted(set(levels))
    assert "src.utils.dataset.split.store" in imports("src.utils.dataset.split.split")
    assert "src.models.mlp.model" in imports("src.models.registry")  # by a table

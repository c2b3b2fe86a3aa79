"""The package: one list of dependencies, which holds everything that the code imports."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from src.utils.config import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

DISTRIBUTIONS = packages_distributions()

OPTIONAL = {"torch-vggish-yamnet"}
"""Imported only where a user names it, with a line that says how to install it."""


def required(name: str) -> set[str]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    pins = (re.match(r"([A-Za-z0-9._-]+)(\[.*\])?==", line) for line in lines)
    return {pin[1].lower() for pin in pins if pin}


def imported() -> dict[str, Path]:
    """The first file that imports each package that is not ours or Python's."""
    found: dict[str, Path] = {}
    rooms = [*sorted((ROOT / "src").rglob("*.py")), *sorted((ROOT / "tasks").rglob("*.py"))]
    for path in [*rooms, ROOT / "fabfile.py"]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [str(node.module)]
            for name in names:
                found.setdefault(name.split(".")[0], path)
    ours = {"src", "tasks", "fabfile"}
    return {k: v for k, v in found.items() if k not in sys.stdlib_module_names and k not in ours}


def test_dependencies_are_read_from_the_one_list() -> None:
    assert "dependencies" in PROJECT["project"]["dynamic"]
    dynamic = PROJECT["tool"]["setuptools"]["dynamic"]
    assert dynamic["dependencies"] == {"file": ["requirements.txt"]}
    assert len(required("requirements.txt")) > 20


@pytest.mark.parametrize("package", sorted(imported()))
def test_what_is_imported_is_required(package: str) -> None:
    names = {name.lower() for name in DISTRIBUTIONS.get(package, [package.replace("_", "-")])}
    lists = (
        *("requirements.txt", "requirements-cluster.txt", "requirements-dev.txt"),
        *("requirements-spoofs.txt", "requirements-export.txt", "requirements-tracking.txt"),
        "requirements-database.txt",
        "requirements-fast.txt",
    )
    known = OPTIONAL.union(*map(required, lists))
    assert names & known, f"{imported()[package]} imports {package}, which no list requires"


def test_every_package_is_found() -> None:
    """A folder without `__init__.py` would be missing from an installed copy."""
    folders = {path.parent for room in ("src", "tasks") for path in (ROOT / room).rglob("*.py")}
    assert not [str(folder) for folder in folders if not (folder / "__init__.py").is_file()]


def test_the_templates_of_pages_are_installed() -> None:
    folder = ROOT / "src/results/blocks"
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["src.results.blocks"]
    files = {path for path in folder.iterdir() if path.is_file() and path.suffix != ".py"}
    assert len(files) == 3
    assert {path for pattern in patterns for path in folder.glob(pattern)} == files

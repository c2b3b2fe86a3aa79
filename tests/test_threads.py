"""How threads wait for each other, which is settled before a library begins any."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from src.utils.config import ROOT

SETTINGS = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")
BENCHMARKS = sorted((ROOT / "benchmarks").glob("*.py"))


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({}, ["PASSIVE", "1000"]),
        ({"GOMP_SPINCOUNT": "5"}, ["PASSIVE", "5"]),
        ({"OMP_WAIT_POLICY": "ACTIVE"}, ["ACTIVE", "None"]),
    ],
)
def test_threads_look_for_a_while_and_then_sleep(given: dict, found: list[str]) -> None:
    """Unless whoever runs it has said otherwise."""
    kept = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    code = f"import os, src; print(*map(os.environ.get, {SETTINGS}))"
    told = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=kept | given,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split() == found


def imported(path: Path) -> list[str]:
    """Return the packages that a script imports when it is run, in their order."""
    found: list[str] = []
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            found += [one.name.partition(".")[0] for one in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append(str(node.module).partition(".")[0])
    return found


@pytest.mark.parametrize("path", BENCHMARKS, ids=lambda path: path.stem)
def test_benchmarks_measure_with_threads_that_wait_as_those_of_the_tasks(path: Path) -> None:
    names = imported(path)
    # Whichever package it is, it may be the one that begins threads.
    assert set(names[: names.index("src")]) <= sys.stdlib_module_names

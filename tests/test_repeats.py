"""No logic stands in two places: no six lines of code in a row occur twice in the program.

Docstrings, comments, imports, blank lines and lines of brackets alone do not count: a public
function describes its own parameters, even where another is given the same.
"""

import ast
from collections import defaultdict
from pathlib import Path

from src.utils.config import ROOT

LENGTH = 6
"""Lines in a row from which on two places are taken for copies of one another."""

_BACKBONES = "src/utils/embeddings/backbones"
_ENGINES = "src/utils/embeddings/engines"
ON_PURPOSE = {
    frozenset(files): why
    for why, *files in [
        (
            "every renderer names its own writer of each kind of block",
            "src/results/blocks/markdown.py",
            "src/results/blocks/text.py",
        ),
        (
            "signatures: a run is looked up by the same four values",
            "src/models/lookup.py",
            "src/results/export.py",
        ),
        (
            "signatures: backbones with a checkpoint are made of the same four values",
            f"{_BACKBONES}/pretrained.py",
            f"{_BACKBONES}/huggingface/backbone.py",
            f"{_BACKBONES}/transformer/backbone.py",
        ),
        (
            "signatures: backbones with a checkpoint are made of the same four values",
            f"{_BACKBONES}/huggingface/backbone.py",
            f"{_BACKBONES}/transformer/backbone.py",
        ),
        (
            "signatures: every engine is given the same work",
            f"{_ENGINES}/cluster.py",
            f"{_ENGINES}/engine.py",
            f"{_ENGINES}/local.py",
        ),
        ("signatures: the flags of a task each", "tasks/embeddings.py"),
        ("signatures: the flags of a task each", "tasks/models.py"),
    ]
}
"""The files that may share such lines, with the reason."""


def is_docstring(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def code_lines(text: str) -> list[tuple[int, str]]:
    """Return the lines that count, each with its number, white space at its ends left out."""
    left_out: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if is_docstring(node) or isinstance(node, ast.Import | ast.ImportFrom):
            left_out |= set(range(node.lineno, node.end_lineno + 1))
    lines = ((n, line.split("  # ")[0].strip()) for n, line in enumerate(text.splitlines(), 1))
    return [
        (n, line)
        for n, line in lines
        if n not in left_out and not line.startswith("#") and any(map(str.isalnum, line))
    ]


def repeats_of(texts: dict[str, str]) -> list[str]:
    """List every run of `LENGTH` lines that stands in more than one place, by file and line."""
    places: dict[tuple[str, ...], list[tuple[str, int]]] = defaultdict(list)
    for name, text in texts.items():
        lines = code_lines(text)
        for start in range(len(lines) - LENGTH + 1):
            window = lines[start : start + LENGTH]
            places[tuple(line for _, line in window)].append((name, window[0][0]))
    return [
        " = ".join(f"{name}:{line}" for name, line in found)
        for found in places.values()
        if len(found) > 1 and frozenset(name for name, _ in found) not in ON_PURPOSE
    ]


def read_program() -> dict[str, str]:
    folders: list[Path] = [ROOT / "src", ROOT / "tasks", ROOT / "benchmarks"]
    paths = [ROOT / "fabfile.py", *(path for one in folders for path in sorted(one.rglob("*.py")))]
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def test_nothing_stands_in_two_places() -> None:
    found = repeats_of(read_program())
    assert not found, "\n" + "\n".join(found)


def test_a_copy_is_found() -> None:
    body = "\n".join(f"    x{n} = {n}" for n in range(LENGTH))
    one = f'def f():\n    """Do it."""\n{body}\n'
    other = f"import os\n\ndef g():  # as f\n    # all over again\n\n{body}\n"
    assert repeats_of({"a.py": one, "b.py": other}) == ["a.py:3 = b.py:6"]
    assert not repeats_of({"a.py": one, "b.py": other.replace("x3 = 3", "x3 = 4")})


def test_docstrings_and_imports_may_repeat() -> None:
    told = '"""' + "\n".join(f"Line {n}." for n in range(9)) + '"""\n'
    imports = "from a import (\n" + "".join(f"    n{n},\n" for n in range(9)) + ")\n"
    assert not repeats_of({"a.py": told + imports, "b.py": told + imports})

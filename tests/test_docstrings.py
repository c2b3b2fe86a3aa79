"""Every parameter of the program is described, as numpydoc's checks PR01, PR02 and PR07 ask.

A parameter is described by an entry of the section `Parameters` (or `Attributes`, for the fields of
a class) with text below it, or by such an entry of another public object that the docstring points
at ("See `X`"). Where there are few parameters, a docstring without that section may describe them
in its sentences, which must then name each one.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from src.utils.config import ROOT

PLAIN = 2
"""The most parameters that sentences may describe; for more there must be a section."""

SELF_EVIDENT = {"path", "folder"}
"""Of few parameters these need no words: what is read, written, saved or loaded is a file's."""

SECTIONS = ("Parameters", "Attributes")
POINTER = re.compile(r"\b(?:see|as in)\s+(`[\w.]+`(?:(?:,| and|, and)\s+`[\w.]+`)*)", re.IGNORECASE)
COMMANDS = {"task", "stage"}
"""Decorators of what is called from the command line, where the help of each flag describes it."""

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Documented:
    """A public function, method or class with its docstring.

    Attributes
    ----------
    name : str
        With its module, `src.utils.files.read_json`.
    module : str
        The module alone.
    parameters : tuple of str
        What it is called with, or the fields it is made of.
    text : str
        The docstring, empty where there is none.
    entries : dict of str to str
        Of its sections: each name with what is written below it.
    """

    name: str
    module: str
    parameters: tuple[str, ...]
    text: str
    is_class: bool = False
    entries: dict[str, str] = field(default_factory=dict)

    @property
    def targets(self) -> list[str]:
        """What the docstring points at."""
        return [
            name
            for match in POINTER.findall(self.text)
            for name in re.findall(r"`([\w.]+)`", match)
        ]

    def says(self, parameter: str) -> bool:
        """Say whether the sentences name a parameter: by its words, in either number."""
        words = re.sub(r"^(n|is|has)_", "", parameter.strip("_")).removesuffix("s").split("_")
        pattern = r"[\s_-]+".join(map(re.escape, words))
        return re.search(rf"(?<![a-z]){pattern}(s|es)?(?![a-z])", self.text, re.I) is not None


def sections_of(text: str) -> dict[str, str]:
    """Return name and description of each entry of the sections that tell parameters.

    >>> sections_of("Do it.\\n\\nParameters\\n----------\\na, b : int\\n    Both.\\nc : int\\n")
    {'a': 'Both.', 'b': 'Both.', 'c': ''}
    """
    entries: dict[str, str] = {}
    names: list[str] = []
    within = False
    lines = text.splitlines()
    for here, below in zip(lines, [*lines[1:], ""], strict=False):
        if below and set(below) == {"-"} and len(below) >= 4:
            within, names = here.strip() in SECTIONS, []
        elif not within or not here.strip() or set(here) == {"-"}:
            continue
        elif here[0] != " ":
            names = [name.strip().lstrip("*") for name in here.split(" : ")[0].split(",")]
            entries |= dict.fromkeys(names, "")
        else:
            entries |= {name: f"{entries[name]} {here.strip()}".strip() for name in names}
    return entries


def decorators_of(node: Definition) -> set[str]:
    texts = [ast.unparse(decorator) for decorator in node.decorator_list]
    return {text.split("(")[0].split(".")[-1] for text in texts}


def is_public(node: ast.AST) -> bool:
    return isinstance(node, Definition) and not node.name.startswith("_")


def arguments_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    given = node.args
    extra = [one for one in (given.vararg, given.kwarg) if one is not None]
    return [one.arg for one in [*given.posonlyargs, *given.args, *given.kwonlyargs, *extra]]


def fields_of(node: ast.ClassDef) -> list[str]:
    """The fields of a dataclass, without flags of the command line: their help describes them."""
    annotated = [one for one in node.body if isinstance(one, ast.AnnAssign)]
    return [
        one.target.id
        for one in annotated
        if isinstance(one.target, ast.Name)
        and "ClassVar" not in ast.unparse(one.annotation)
        and not (isinstance(one.value, ast.Call) and ast.unparse(one.value.func) == "flag")
    ]


def parameters_of(node: Definition) -> list[str]:
    if not isinstance(node, ast.ClassDef):
        is_method = decorators_of(node) & {"classmethod"}
        names = arguments_of(node)
        return names[1:] if is_method or names[:1] == ["self"] else names
    if "dataclass" in decorators_of(node):
        return fields_of(node)
    for one in node.body:
        if isinstance(one, ast.FunctionDef) and one.name == "__init__":
            return arguments_of(one)[1:]
    return []


def documented(node: Definition, module: str, within: str = "") -> Iterator[Documented]:
    """Yield a definition and, of a class, its public methods."""
    name = f"{within or module}.{node.name}"
    text = ast.get_docstring(node) or ""
    told = () if COMMANDS & decorators_of(node) else parameters_of(node)
    names = tuple(one for one in told if not one.startswith("_"))
    yield Documented(name, module, names, text, isinstance(node, ast.ClassDef), sections_of(text))
    if isinstance(node, ast.ClassDef):
        for one in node.body:
            if is_public(one) and not any("setter" in d for d in decorators_of(one)):
                yield from documented(one, module, name)


def read_house() -> list[Documented]:
    """Read every public definition of the program."""
    house = []
    for folder in ("src", "tasks"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if is_public(node):
                    house += documented(node, module)
    return house


HOUSE = read_house()

POINTED_AT: dict[str, list[Documented]] = defaultdict(list)
"""What a docstring may point at, as `f`, `Class` or `Class.method`."""
for one in HOUSE:
    names = one.name.split(".")
    for entry in one.entries if one.is_class else ():
        POINTED_AT[f"{names[-1]}.{entry}"] = []
    POINTED_AT[names[-1]].append(one)
    POINTED_AT[".".join(names[-2:])].append(one)


def faults_of(one: Documented) -> Iterator[str]:
    if not one.text:
        yield "has no docstring"
        return
    for name, description in one.entries.items():
        if not description:
            yield f"{name}: an entry without a description"
        if not one.is_class and name not in one.parameters:
            yield f"{name}: an entry of no parameter"
    for name in one.targets:
        is_constant = name == name.upper()
        if not is_constant and name not in POINTED_AT and name not in one.parameters:
            yield f"see `{name}`, which is not there"
    elsewhere = {
        name
        for target in one.targets
        for other in POINTED_AT[target]
        for name, description in other.entries.items()
        if description
    }
    may_be_plain = not one.entries and len(one.parameters) <= PLAIN
    for name in one.parameters:
        if name in one.entries or name in elsewhere:
            continue
        if not may_be_plain:
            yield f"{name}: no entry describes it"
        elif name not in SELF_EVIDENT and not one.says(name):
            yield f"{name}: no sentence names it"


def modules() -> list[str]:
    return sorted({one.module for one in HOUSE})


@pytest.mark.parametrize("module", modules())
def test_every_parameter_is_described(module: str) -> None:
    of_module = [one for one in HOUSE if one.module == module]
    faults = [f"{one.name}: {fault}" for one in of_module for fault in faults_of(one)]
    assert not faults, "\n" + "\n".join(faults)


def check(source: str) -> list[str]:
    (node,) = ast.parse(source).body
    assert isinstance(node, Definition)
    if not is_public(node):
        return []
    return [f"{one.name}: {fault}" for one in documented(node, "m") for fault in faults_of(one)]


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("def f(x): pass", "m.f: has no docstring"),
        ("def f(x):\n    'Do it.'", "m.f: x: no sentence names it"),
        ("def f(a, b, c):\n    'Take a, b and c.'", "m.f: a: no entry describes it"),
        (
            "def f(x):\n    'Do.\\n\\nParameters\\n----------\\nx : int\\n'",
            "m.f: x: an entry without a description",
        ),
        (
            "def f(x):\n    'Do x.\\n\\nParameters\\n----------\\ny : int\\n    It.'",
            "m.f: y: an entry of no parameter",
        ),
        ("def f(x):\n    'See `nowhere_to_be_found`.'", "m.f: see `nowhere_to_be_found`"),
        ("class C:\n    'C.'\n    def f(self, x): 'Do it.'", "m.C.f: x: no sentence names it"),
        ("class C:\n    'C.'\n    def __init__(self, x): pass", "m.C: x: no sentence names it"),
        ("@dataclass\nclass C:\n    'C.'\n    x: int", "m.C: x: no sentence names it"),
    ],
)
def test_what_lacks_is_found(source: str, fault: str) -> None:
    faults = check(source)
    assert any(one.startswith(fault) for one in faults), faults


@pytest.mark.parametrize(
    "source",
    [
        "def _f(x): pass",
        "def f(x):\n    'Return an x.'",
        "def f(path):\n    'Read it.'",
        "def f(n_rows):\n    'Take so many rows.'",
        "def f(x, y):\n    'Do.\\n\\nParameters\\n----------\\nx, y : int\\n    Both.\\n'",
        "def f(flag, value, choices):\n    'See `choose`.'",
        "@task\ndef F(c, x, y, z):\n    'Do it.'",
        "@dataclass\nclass C:\n    'C.'\n    kind: ClassVar[int]",
    ],
)
def test_what_is_described_passes(source: str) -> None:
    assert check(source) == []

"""Reading the documents: their code, their links and the commands that they name."""

import re
import shlex
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

from src.utils.config import ROOT

PAGES = [
    *(ROOT / name for name in ("README.md", "DatasetPreparation.md", "CONTRIBUTING.md")),
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]

_FENCED = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
_INLINE = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_SHELL = {"|", "||", "&&", ";", ">"}
_NO_TASK = re.compile(r"fab( -| --help| \.\.\.|$)")


def code_of(text: str, language: str = "") -> list[str]:
    """The blocks of code in one language; without a name, what is typed and what is shown."""
    return [code for name, code in _FENCED.findall(text) if name == language]


def spans_of(text: str) -> list[str]:
    """The code in the lines of text, its line breaks as spaces."""
    return [" ".join(span.split()) for span in _INLINE.findall(_FENCED.sub("", text))]


def links_of(text: str) -> list[str]:
    """Where the text leads, within the project."""
    links = _LINK.findall(_FENCED.sub("", text))
    return [link for link in links if "://" not in link]


def commands_of(text: str) -> Iterator[list[str]]:
    """The words of every call of `fab` behind its name."""
    for block in code_of(text):
        for line in block.replace("\\\n", " ").splitlines():
            if re.match(r" *fab\b", line):
                yield _words(line)
    for span in spans_of(text):
        if span.startswith("fab ") and not _NO_TASK.match(span):
            yield _words(span)


def _words(line: str) -> list[str]:
    """Of the call alone, up to what the shell does with it."""
    words = shlex.split(line, comments=True)[1:]
    return list(takewhile(lambda word: word not in _SHELL, words))


def read(page: str | Path) -> str:
    return (ROOT / page).read_text(encoding="utf-8")

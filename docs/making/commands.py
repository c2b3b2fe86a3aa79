"""The page of all commands, made from the tasks when the pages are built: never out of date."""

import inspect
import re
import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path
from types import ModuleType

from invoke import Argument, Task
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import fabfile

INTRODUCTION = """\
# Commands

Every task with its flags, as `fab --help TASK` tells them. Tasks are chained by naming one after
the other; each takes the flags behind it. Values are given as `--flag=VALUE` or `--flag VALUE`.
"""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the page of all commands.

    Parameters
    ----------
    files : mkdocs.structure.files.Files
        The pages that are there.
    config : mkdocs.config.defaults.MkDocsConfig
        The settings of mkdocs.yml.
    """
    files.append(File.generated(config, "commands.md", content=commands_page()))
    return files


def commands_page() -> str:
    """Return the page as Markdown: a chapter a module of `tasks`, a section a task."""
    chapters = (chapter for module in fabfile.MODULES for chapter in _chapter(module))
    return "\n".join([INTRODUCTION, *chapters])


def _chapter(module: ModuleType) -> Iterator[str]:
    tasks = [found for found in vars(module).values() if isinstance(found, Task)]
    if tasks:
        # A name such as Predict would be that of a task, too, and take the anchor from it.
        about = (inspect.getdoc(module) or module.__name__).partition("\n")[0]
        yield f"## {about.rstrip('.')}\n"
        yield from map(_section, tasks)


def _section(task: Task) -> str:
    about = re.sub(r"^\d+ · ", "", inspect.getdoc(task) or "")
    about, _, example = about.partition("\nExample: ")
    rows = [_row(argument) for argument in task.get_arguments()]
    table = ["| Flag | Default | |", "|---|---|---|", *rows, ""] if rows else ["No flags.", ""]
    typed = ["```", example.strip(), "```", ""] if example else []
    return "\n".join([f"### {task.name}", "", escape(about, quote=False), "", *typed, *table])


def _row(argument: Argument) -> str:
    flag = f"--{argument.name.replace('_', '-')}"
    if argument.kind is not bool:
        flag += "="
    has_default = argument.default is not None and argument.default is not False
    default = f"`{argument.default}`" if has_default else ""
    text = escape(argument.help or "", quote=False).replace("|", "\\|").replace("*", "\\*")
    return f"| `{flag}` | {default} | {text} |"

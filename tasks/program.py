"""The front door: what `fab` does with a command line before and in place of a task.

Fabric has made its program, and read the flags of the program itself, before it reads a fabfile;
it offers a fabfile no setting for what follows. `take_over` gives the program that is running this
class, whose methods are those that Invoke documents as to be overridden. Under any other program
the tasks work as they do here, with that program's own listing, help and messages.
"""

import ast
import difflib
import inspect
import re
import textwrap
from collections.abc import Iterable
from typing import Any

from fabric.main import Fab
from invoke import Exit, ParseError, Program
from invoke.terminals import pty_size
from invoke.util import helpline

from src.utils.shown_text import visible
from tasks import terminal
from tasks.flags import REQUIRED
from tasks.groups import GROUPS, OTHERS

NEAR = 3
"""How many names are suggested at most."""

RENAMED = {"--of": "--split", "--what": "--values"}
"""Flags that were called otherwise before, by the old name, told where a task has the new one."""


def take_over(program: Program) -> None:
    """Let Fabric's program answer as this module says.

    Parameters
    ----------
    program : invoke.Program
        The one that runs; any but Fabric's own stays as it is.
    """
    if type(program) is Fab:
        program.__class__ = FrontDoor


class FrontDoor(Fab):
    """Fabric's program with tasks listed by purpose, and names that may be spelt roughly."""

    def parse_tasks(self) -> None:
        """Read tasks and their flags, in any case, and say of an unknown one what is near.

        Raises
        ------
        invoke.Exit
            In one line, for a command line that cannot be read.
        """
        try:
            super().parse_tasks()
        except ParseError as error:
            raise Exit(visible(self._explain(error)), 2) from None

    def _make_parser(self) -> Any:
        parser = super()._make_parser()
        # Of what is given, not of all that could be: the parser alone knows which word is a task,
        # which a flag and which a value.
        words = [*self.core.unparsed, *filter(_is_text, (self.args.help.value,))]
        _accept(parser.contexts, words)
        for context in (parser.initial, *parser.contexts.values()):
            _accept(context.flags, [word.partition("=")[0] for word in words if word[:1] == "-"])
        return parser

    def _explain(self, error: ParseError) -> str:
        context = error.context
        task = context.name if context is not None and context.name else ""
        # Invoke tells no more of the word than this sentence.
        unknown = re.fullmatch(r"No idea what ('.*'|\".*\") is!", str(error), flags=re.DOTALL)
        if not unknown:
            return f"{task or self.binary}: {_without_objects(str(error))}"
        word = ast.literal_eval(unknown[1])
        if word.startswith("-"):
            return self._explain_flag(word, task)
        repeated = self._given_twice(word)
        if repeated:
            return f"{task or self.binary}: {repeated} is given twice"
        near = _nearest(word, self.parser.contexts)
        after = f"; a value of {task} follows its flag and =" if task and not near else ""
        return self._no_task(word, near, after)

    def _no_task(self, word: str, near: list[str], after: str = "") -> str:
        named = f"{self.binary}: no task is named {word}{_suggest(near)}{after}"
        return f"{named} ({self.binary} -l lists all)"

    def _given_twice(self, value: str) -> str:
        """Return the flag whose second value this is, which Invoke takes for a task's name."""
        words = self.core.unparsed
        seen: set[str] = set()
        for word, following in zip(words, [*words[1:], ""], strict=True):
            flag, given, joined = word.partition("=")
            if word in self.parser.contexts:
                seen = set()
            elif flag in seen and value == (joined if given else following):
                return flag
            elif flag.startswith("-"):
                seen.add(flag)
        return ""

    def _explain_flag(self, word: str, task: str) -> str:
        where = f"{self.binary} --help {task}" if task else f"{self.binary} --help"
        now = RENAMED.get(word.lower())
        if now and task and now in self.parser.contexts[task].flags:
            return f"{task}: {word} is now called {now} ({where} lists all)"
        flags = list(self.parser.contexts[task].flags) if task else []
        near = _nearest(word, [*flags, *self.initial_context.flags])
        whose = f"{task or self.binary}: no flag is named {word}"
        return f"{whose}{_suggest(near)} ({where} lists all)"

    def parse_cleanup(self) -> None:
        """List the tasks, or show the help of one, where that is asked for.

        Raises
        ------
        invoke.Exit
            When it is done; in one line for a task that is not there.
        """
        task = self.args.help.value
        if _is_text(task) and task not in self.parser.contexts:
            near = _nearest(task, self.parser.contexts)
            raise Exit(visible(self._no_task(task, near)), 2)
        super().parse_cleanup()

    def execute(self) -> None:
        """Run the tasks, and let the program end when they have ended well."""
        super().execute()
        terminal.end_well()

    def no_tasks_given(self) -> None:
        """List the tasks, as `fab -l` does."""
        if not self._remainder_only:
            self.list_tasks()
            raise Exit

    def list_flat(self) -> None:
        """Print the tasks by purpose, a line each."""
        tasks = dict(self.scoped_collection.tasks)
        grouped = {name for names in GROUPS.values() for name in names}
        groups = GROUPS | {OTHERS: tuple(sorted(set(tasks) - grouped))}
        width = max(map(len, tasks))
        print(f"Tasks ({self.binary} --help TASK tells of one):\n")
        for group, names in groups.items():
            there = [name for name in names if name in tasks]
            if there:
                print(group)
                for name in there:
                    self._print_wrapped(f"  {name:{width}}  ", helpline(tasks[name]) or "")
                print()

    def print_task_help(self, name: str) -> None:
        """Print what a task does, with an example, and its flags, the required ones first.

        Parameters
        ----------
        name : str
            The task's, in any case.
        """
        context = self.parser.contexts[name]
        flags = sorted(context.help_tuples(), key=lambda one: not one[1].startswith(REQUIRED))
        needed = [flag for flag, text in flags if text.startswith(REQUIRED)]
        options = ["[--options]"] if len(flags) > len(needed) else []
        words = [self.binary, "[--core-opts]", context.name, *needed, *options]
        print(f"Usage: {' '.join(words)} [other tasks here ...]\n")
        print("Docstring:")
        print(textwrap.indent(inspect.getdoc(self.collection[context.name]) or "none", "  "))
        print("\nOptions:")
        if not flags:
            print("  none\n")
            return
        self.print_columns(flags)

    def _print_wrapped(self, start: str, text: str) -> None:
        lines = textwrap.wrap(text, max(pty_size()[0] - len(start) - 1, 20)) or [""]
        print((start + lines[0]).rstrip())
        for line in lines[1:]:
            print(" " * len(start) + line)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _key(name: str) -> str:
    """Return what is left of a name when case, dashes and underscores do not count."""
    return re.sub(r"[-_]", "", name).casefold()


def _accept(names: Any, words: Iterable[str]) -> None:
    """Let a table of names find its entries under other spellings of them too."""
    known = {_key(name): name for name in names}
    for word in words:
        if word not in names and _key(word) in known:
            names.alias(word, to=known[_key(word)])


def _nearest(word: str, names: Iterable[str]) -> list[str]:
    """Return the names that are most like a word, the nearest first."""
    known = {_key(name): name for name in names}
    found = difflib.get_close_matches(_key(word), known, NEAR, 0.7)
    # Who types a part of a name knows what it is about.
    key = _key(word)
    found += [name for name in known if key in name and len(key) > 2 and name not in found]
    return [known[name] for name in found[:NEAR]]


def _suggest(near: list[str]) -> str:
    if not near:
        return ""
    *others, last = near
    return f"; did you mean {', '.join(others)} or {last}?" if others else f"; did you mean {last}?"


def _without_objects(message: str) -> str:
    """Name a flag in place of the object that Invoke's messages show."""
    return re.sub(r"<Argument: ([\w-]+).*?>", r"--\1", message)

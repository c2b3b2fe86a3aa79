"""What makes a function a task: its flags with their help, and one line for what goes wrong."""

import dataclasses
import functools
import inspect
import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fabric import Connection, Task, task
from invoke import Argument, Context, Exit

from src.utils.errors import AudiosError
from src.utils.shown_text import visible
from tasks.flags import HELP, REQUIRED, AnswerFlags, help_of
from tasks.progress import speaking
from tasks.show import answering
from tasks.terminal import UNREAD, LogLines, reader_has_left


def stage(*required: str, **own_help: str) -> Callable[[Callable[..., None]], Task]:
    """Make a function a task whose expected errors are one line and an exit code.

    The first parameter of the function is the context. Every other one is a flag, which takes its
    name and its default from the parameter, or a group of flags: one whose type is a dataclass,
    each field of which is a flag. On a call the function is given the group as an object.

    Parameters
    ----------
    *required : str
        The flags that the task cannot do without. Their help says so; the task asks for them.
    **own_help : str
        By flag, the help that this task alone gives, in place of what its group or `flags.HELP`
        says.

    Raises
    ------
    TypeError
        When a flag has no help or no default, its default is neither text nor a switch, two have
        one name, or what is given is of none.
    """

    def register(body: Callable[..., None]) -> Task:
        name = body.__name__
        parameters = Parameters.of(body)
        begins = (inspect.getdoc(body) or "").partition("\n")[0]

        @functools.wraps(body)
        def run(c: Context, **given: str | bool | None) -> None:
            if isinstance(c, Connection):
                raise Exit(f"{name}: runs on this machine only; leave -H and --hosts out", 2)
            _show_logs()
            values = parameters.rebuild(given)
            form = next((one for one in values.values() if isinstance(one, AnswerFlags)), None)
            try:
                is_quiet = form is not None and form.quiet
                with answering(form), speaking(name, begins, is_quiet):
                    body(c, **values)
                # Here, where it can be caught that nobody reads what is still to be written.
                sys.stdout.flush()
            except AudiosError as error:
                raise Exit(visible(f"{name}: {error}"), error.exit_code) from error
            except OSError as error:
                if isinstance(error, BrokenPipeError) and reader_has_left():
                    raise Exit("", UNREAD) from error
                where = f" {error.filename}" if error.filename else ""
                raise Exit(visible(f"{name}: {error.strerror or error}:{where}"), 1) from error
            except KeyboardInterrupt:
                raise Exit(f"\n{name}: stopped", 130) from None

        # Invoke makes a flag of each parameter that it is shown here.
        run.__signature__ = parameters.signature()  # type: ignore[attr-defined]
        # Without positional=[] a mistyped flag would be taken as a value of the first parameter.
        return task(
            run,
            name=name,
            positional=[],
            auto_shortflags=False,
            help=parameters.help_texts(own_help, required),
            klass=_StageTask,
        )

    return register


class _StageTask(Task):
    """A task that keeps its help, which Invoke takes out of it when it asks for its flags."""

    help: dict[str, str]

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        kept = dict(self.help)
        try:
            return super().get_arguments(ignore_unknown_help)
        finally:
            self.help = kept


@dataclass(frozen=True)
class Parameters:
    """The parameters of a task's function, and the flags that they are made of.

    Attributes
    ----------
    task : str
        The task's name.
    flags : dict of str to (str, bool or None)
        The default of every flag, by its name with underscores.
    groups : dict of str to type
        The dataclass of every parameter that is a group of flags.
    group_help : dict of str to str
        What groups say of their flags.
    """

    task: str
    flags: dict[str, str | bool | None]
    groups: dict[str, type]
    group_help: dict[str, str]

    @classmethod
    def of(cls, body: Callable[..., None]) -> "Parameters":
        """Read the parameters of a function (see `stage`).

        Parameters
        ----------
        body : callable
            The function; its first parameter is the context.

        Raises
        ------
        TypeError
            When a flag has no default, its default is neither text nor a switch, or two have
            one name.
        """
        name = body.__name__
        found = cls(name, {}, {}, {})
        _, *parameters = inspect.signature(body, eval_str=True).parameters.values()
        for parameter in parameters:
            group = parameter.annotation
            if isinstance(group, type) and dataclasses.is_dataclass(group):
                found.groups[parameter.name] = group
                for field in dataclasses.fields(group):
                    found._add(field.name, field.default)
                found.group_help.update(help_of(group))
            else:
                found._add(parameter.name, parameter.default)
        return found

    def _add(self, flag: str, default: Any) -> None:
        if default in (inspect.Parameter.empty, dataclasses.MISSING):
            raise TypeError(f"{self.task}: the flag {flag} has no default")
        # Invoke would convert what is given to a default's type, and end in a traceback.
        if not isinstance(default, str | bool | None):
            raise TypeError(f"{self.task}: the default of {flag} is neither text nor a switch")
        if flag in self.flags:
            raise TypeError(f"{self.task}: two flags are named {flag}")
        self.flags[flag] = default

    def signature(self) -> inspect.Signature:
        """Return the signature with a parameter a flag, behind the context."""
        kind = inspect.Parameter.KEYWORD_ONLY
        return inspect.Signature(
            [
                inspect.Parameter("c", inspect.Parameter.POSITIONAL_OR_KEYWORD),
                *(
                    inspect.Parameter(flag, kind, default=default)
                    for flag, default in self.flags.items()
                ),
            ]
        )

    def help_texts(self, own_help: dict[str, str], required: Sequence[str] = ()) -> dict[str, str]:
        """Return the help of every flag: the task's own, the group's, or what all tasks share.

        Parameters
        ----------
        own_help : dict of str to str
            The task's own.
        required : sequence of str
            The flags that must be given.

        Raises
        ------
        TypeError
            When a flag has none, or the task gives help for what is no flag of it.
        """
        texts = HELP | self.group_help | own_help
        for flag in (*own_help, *required):
            if flag not in self.flags:
                raise TypeError(f"{self.task}: help for {flag}, which is no flag of it")
        for flag in self.flags:
            if not texts.get(flag):
                raise TypeError(f"{self.task}: the flag {flag} has no help")
        return {
            flag: f"{REQUIRED} {texts[flag]}" if flag in required else texts[flag]
            for flag in self.flags
        }

    def rebuild(self, given: dict[str, str | bool | None]) -> dict[str, Any]:
        """Return what the function is called with: flags as they are, groups as objects.

        Parameters
        ----------
        given : dict of str to (str, bool or None)
            The value by flag; a flag that is left out has its default.

        Raises
        ------
        TypeError
            For what is no flag of the task.
        """
        unknown = given.keys() - self.flags.keys()
        if unknown:
            raise TypeError(f"{self.task}: no flag is named {', '.join(sorted(unknown))}")
        values: dict[str, Any] = self.flags | given
        for name, group in self.groups.items():
            fields = [field.name for field in dataclasses.fields(group)]
            values[name] = group(**{field: values.pop(field) for field in fields})
        return values


def _show_logs() -> None:
    logger = logging.getLogger("src")
    if not logger.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(LogLines("%(message)s"))
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)

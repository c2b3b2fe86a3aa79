"""What makes a function a task: flags of its own and of groups, their help, and failures."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fabric import Connection, Task
from invoke import Collection, Context, Exit
from invoke.exceptions import ParseError
from invoke.parser import Parser

import fabfile
from src.utils.config import ROOT
from src.utils.errors import ArgumentError, DatasetError
from tasks.flags import flag
from tasks.task import stage


@dataclass(frozen=True)
class Pair:
    left: str = flag("1", "The left one.")
    right_one: str | None = flag(None, "The right one.")


@dataclass(frozen=True)
class Mute:
    word: str | None = None


def task_of(*called: dict[str, Any]) -> Task:
    """Make a task that keeps what it is called with in the first of `called`."""

    @stage(own="Its own one.", yes="A switch.")
    def DoIt(
        c: Context, pair: Pair, own: str = "x", seed: str | None = None, yes: bool = False
    ) -> None:
        called[0].update(pair=pair, own=own, seed=seed, yes=yes)

    return DoIt


def parse(task: Task, *words: str) -> dict[str, Any]:
    contexts = Collection(task).to_contexts()
    [found] = Parser(contexts=contexts).parse_argv(["DoIt", *words])
    return dict(found.as_kwargs)


def refuse(told: str, own_help: dict[str, str], body: Any) -> None:
    with pytest.raises(TypeError, match=told):
        stage(**own_help)(body)


def test_a_group_is_flags_to_invoke_and_an_object_to_the_task() -> None:
    called: dict[str, Any] = {}
    task = task_of(called)
    names = {argument.name: argument for argument in task.get_arguments()}
    assert set(names) == {"left", "right_one", "own", "seed", "yes"}
    assert task.name == "DoIt"
    given = parse(task, "--left=2", "--right-one=3", "--yes")
    assert given == {"left": "2", "right_one": "3", "own": "x", "seed": None, "yes": True}
    task(Context(), **given)
    assert called == {"pair": Pair("2", "3"), "own": "x", "seed": None, "yes": True}


def test_defaults_are_those_of_parameter_and_field() -> None:
    called: dict[str, Any] = {}
    task = task_of(called)
    assert parse(task) == {"left": "1", "right_one": None, "own": "x", "seed": None, "yes": False}
    task(Context())
    assert called == {"pair": Pair(), "own": "x", "seed": None, "yes": False}


def test_help_is_of_the_task_then_the_group_then_all() -> None:
    helps = {argument.name: argument.help for argument in task_of({}).get_arguments()}
    assert helps["left"] == "The left one."
    assert helps["own"] == "Its own one."
    assert helps["seed"] == "Seed of everything random (default: 7)."

    @stage(left="Another.", seed="Its own seed.")
    def Other(c: Context, pair: Pair, seed: str | None = None) -> None:
        pass

    helps = {argument.name: argument.help for argument in Other.get_arguments()}
    assert helps == {
        "left": "Another.",
        "right_one": "The right one.",
        "seed": "Its own seed.",
    }


@pytest.mark.parametrize("words", [["--lefft=2"], ["-l", "2"], ["2"], ["--pair=2"]])
def test_what_is_no_flag_is_refused(words: list[str]) -> None:
    with pytest.raises(ParseError):
        parse(task_of({}), *words)


def test_a_call_by_an_unknown_name_is_refused() -> None:
    with pytest.raises(TypeError, match="DoIt: no flag is named pair"):
        task_of({})(Context(), pair=Pair())


def test_a_flag_without_help_fails() -> None:
    def Alone(c: Context, unheard: str | None = None) -> None:
        pass

    def Grouped(c: Context, mute: Mute) -> None:
        pass

    refuse("Alone: the flag unheard has no help", {}, Alone)
    refuse("Grouped: the flag word has no help", {}, Grouped)
    refuse("Alone: the flag unheard has no help", {"unheard": ""}, Alone)


def test_help_for_no_flag_fails() -> None:
    def Alone(c: Context, seed: str | None = None) -> None:
        pass

    refuse("help for sead, which is no flag", {"sead": "The seed."}, Alone)


def test_a_flag_needs_a_default_and_a_name_of_its_own() -> None:
    def Bare(c: Context, seed: str) -> None:
        pass

    def Number(c: Context, seed: int = 7) -> None:
        pass

    def Twice(c: Context, pair: Pair, left: str = "x") -> None:
        pass

    refuse("Bare: the flag seed has no default", {}, Bare)
    # Invoke would convert it, and answer a slip by a traceback.
    refuse("Number: the default of seed is neither text nor a switch", {}, Number)
    refuse("Twice: two flags are named left", {}, Twice)


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (ArgumentError("--seed=x is not a whole number"), 2, "Fail: --seed=x is not a whole"),
        (DatasetError("no data set"), 1, "Fail: no data set"),
        (FileNotFoundError(2, "No such file", "/x"), 1, "Fail: No such file: /x"),
        (KeyboardInterrupt(), 130, "Fail: stopped"),
    ],
)
def test_expected_failures_are_one_line(error: BaseException, code: int, told: str) -> None:
    @stage()
    def Fail(c: Context) -> None:
        raise error

    with pytest.raises(Exit) as raised:
        Fail(Context())
    assert raised.value.code == code
    assert told in str(raised.value.message)


def test_an_unexpected_failure_keeps_its_traceback() -> None:
    @stage()
    def Fail(c: Context) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Fail(Context())


def test_another_machine_is_refused() -> None:
    with pytest.raises(Exit, match="this machine only"):
        task_of({})(Connection("somewhere"))


def test_every_task_of_the_package_is_collected() -> None:
    """A module that holds tasks and is named nowhere would be lost without a word."""
    named = {Path(str(module.__file__)).name for module in fabfile.MODULES}
    with_tasks = {
        path.name for path in (ROOT / "tasks").glob("*.py") if "\n@stage(" in path.read_text()
    }
    assert named == with_tasks

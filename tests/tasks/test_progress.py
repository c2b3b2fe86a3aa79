"""A task is heard while it works, wiped away before it reports, and silent where that is asked."""

import importlib.util
import io
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout

import pytest
from tqdm import tqdm

from tasks import progress
from tasks.progress import DOING, doing, speaking


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What stands on one terminal, where stdout and stderr both go."""
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    monkeypatch.setattr(progress, "FIRST", 0.05)
    monkeypatch.setattr(progress, "SILENCE", 0.1)
    monkeypatch.setattr(progress, "TICK", 0.02)
    return io.StringIO()


@contextmanager
def heard(terminal: io.StringIO, task: str, begins: str, is_quiet: bool = False) -> Iterator[None]:
    with (
        redirect_stdout(terminal),
        redirect_stderr(terminal),
        speaking(task, begins, is_quiet),
    ):
        yield


def wait_for(text: str, stream: io.StringIO) -> None:
    end = time.monotonic() + 20
    while text not in stream.getvalue():
        assert time.monotonic() < end, stream.getvalue()
        time.sleep(0.01)


def screen(text: str) -> list[str]:
    """The lines that stand there in the end, as a terminal shows them."""
    lines = []
    for line in text.split("\n"):
        shown: list[str] = []
        for part in line.split("\r"):
            shown[: len(part)] = part
        lines.append("".join(shown).rstrip())
    return lines


def test_it_says_what_it_begins_and_what_it_is_at_and_wipes_that_away(terminal) -> None:
    with heard(terminal, "DoIt", "Do it well."):
        wait_for("DoIt: Do it well.\n", terminal)
        wait_for("DoIt: at work, ", terminal)
        print("done")
    assert screen(terminal.getvalue()) == ["DoIt: Do it well.", "done", ""]
    # Nothing listens any more.
    assert terminal.write.__self__ is terminal


def test_what_ends_or_reports_at_once_says_nothing_more(terminal, monkeypatch) -> None:
    monkeypatch.setattr(progress, "FIRST", 60)
    with heard(terminal, "DoIt", "Do it well."):
        pass
    assert terminal.getvalue() == ""
    monkeypatch.setattr(progress, "FIRST", 0.05)
    with heard(terminal, "DoIt", "Do it well."):
        print("first")
        wait_for("at work", terminal)
    assert "Do it well" not in terminal.getvalue()


def test_a_bar_that_does_not_move_counts_the_seconds(terminal) -> None:
    with heard(terminal, "DoIt", "Do it well."):
        print("begun")
        with tqdm(total=2, desc="steps", file=sys.stderr) as bar:
            before = terminal.getvalue().count("steps")
            end = time.monotonic() + 20
            while terminal.getvalue().count("steps") < before + 2:
                assert time.monotonic() < end
                time.sleep(0.01)
            assert bar.n == 0
    assert "at work" not in terminal.getvalue()


@pytest.mark.parametrize(("is_quiet", "variable"), [(True, ""), (False, "1")])
def test_it_is_silent_where_that_is_asked(terminal, monkeypatch, is_quiet, variable) -> None:
    monkeypatch.setenv("TQDM_DISABLE", variable)
    with heard(terminal, "DoIt", "Do it well.", is_quiet):
        time.sleep(0.3)
    assert terminal.getvalue() == ""


def test_failures_pass_through_and_leave_no_thread(terminal) -> None:
    with pytest.raises(KeyboardInterrupt), heard(terminal, "DoIt", "Do it well."):
        raise KeyboardInterrupt
    assert not [one for one in threading.enumerate() if one.name == "progress"]


def test_an_import_is_told_by_its_package(tmp_path, monkeypatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(progress, "told", told, raising=False)
    (tmp_path / "slow_package").mkdir()
    (tmp_path / "slow_package/__init__.py").write_text("from slow_package import inner\n")
    (tmp_path / "slow_package/inner.py").write_text(
        "import sys\nfrom tasks import progress\n"
        "progress.told.append(progress.doing(sys._getframe()))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module("slow_package")
    assert told == ["loading slow_package"]
    assert doing(None) == "at work"


def test_what_is_loaded_is_not_what_is_done(monkeypatch) -> None:
    """Pages load the room of another stage, which has nothing to do then."""
    told: list[str] = []
    monkeypatch.setattr(progress, "told", told, raising=False)
    source = "import sys\nfrom tasks import progress\n"
    says = "progress.told.append(progress.doing(sys._getframe()))\n"
    room = compile(source + says, "room.py", "exec")
    page = f"{source}def write(run):\n    {says}    run()\n"
    names = {"__name__": "src.results.page"}
    exec(compile(page, "page.py", "exec"), names)
    names["write"](lambda: exec(room, {"__name__": "src.robustness.room"}))
    assert told == ["writing pages", "writing pages"]


def test_what_is_told_is_of_modules_that_are_there() -> None:
    for name, _ in DOING:
        assert importlib.util.find_spec(name) is not None, name

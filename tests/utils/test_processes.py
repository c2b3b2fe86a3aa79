"""A function in processes of its own, some of them killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from src.utils.config import ROOT
from src.utils.errors import AudioError, AudiosError
from src.utils.parallel import attempt, map_ahead
from src.utils.processes import process_pool
from tests.utils import called

END_SECONDS = 60
"""How long a busy machine may take to start and to end processes."""

SCRIPT = """
import sys
from pathlib import Path
from src.utils.parallel import map_ahead
from src.utils.processes import process_pool
from tests.utils.called import note_and_work

folder, seconds = Path(sys.argv[1]), float(sys.argv[2])
try:
    with process_pool(note_and_work, 3) as call:
        list(map_ahead(call, [(folder, seconds)] * 3, threads=3))
        (folder / "answered").touch()
        list(map_ahead(call, [(folder, 0.2)] * 10_000, threads=3))
except KeyboardInterrupt:
    sys.exit("stopped")
"""


def wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + END_SECONDS
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    # One that has ended and that nobody asked how is not alive.
    return ") Z " not in Path(f"/proc/{process}/stat").read_text()


def test_arrays_come_back_as_they_are() -> None:
    items = [
        np.arange(1_000_000, dtype=np.float32),
        np.zeros((0, 3)),
        np.array(7, np.int16),
        np.ones((3, 2, 4), np.float32).transpose(2, 0, 1),
    ]
    with process_pool(called.double, 2) as call:
        for item, found in zip(items, map_ahead(call, items, threads=2), strict=True):
            np.testing.assert_array_equal(found, 2 * item)
            assert (found.dtype, found.shape) == (item.dtype, item.shape)


def test_several_arrays_come_back_with_what_failed() -> None:
    item = np.arange(300_000, dtype=np.float32)
    with process_pool(called.parts, 1) as call:
        for _ in range(2):
            whole, failed, nothing = call(item)
            np.testing.assert_array_equal(whole, item)
            assert isinstance(failed, AudioError)
            assert str(failed) == "is too short"
            assert nothing.shape == (0,)


def test_every_process_has_work() -> None:
    with process_pool(called.whoami, 3) as call:
        found = {int(number) for [number] in map_ahead(call, range(300), threads=3)}
    assert 1 < len(found) <= 3
    assert os.getpid() not in found
    assert not any(map(is_alive, found))


def test_errors_are_raised_here() -> None:
    with process_pool(called.fail, 1) as call:
        with pytest.raises(AudioError, match=r"^is silent$"):
            call(AudioError("is silent"))
        with pytest.raises(ZeroDivisionError) as raised:
            call(ZeroDivisionError())
        assert "called.py" in raised.value.__notes__[0]
        # No sign that the process is gone.
        with pytest.raises(ConnectionResetError, match="the share"):
            call(ConnectionResetError("the share"))
        with pytest.raises(AudioError):
            call(AudioError("is still there"))


def test_bad_files_are_set_aside() -> None:
    with process_pool(called.reject, 2) as call:
        found = list(map_ahead(partial(attempt, call), range(10), threads=2))
    assert [str(result) for result in found[1::2]] == [f"is odd: {n}" for n in range(1, 10, 2)]
    assert [int(result[0]) for result in found[::2]] == [0, 2, 4, 6, 8]


@pytest.mark.parametrize("function", [called.end, called.end_half_way])
def test_a_killed_process_is_one_line(function: Callable) -> None:
    with (
        pytest.raises(
            AudiosError, match=r"^a process that .* was killed, .*run this again"
        ) as raised,
        process_pool(function, 2) as call,
    ):
        list(map_ahead(call, range(100), threads=2))
    assert "\n" not in str(raised.value)


def test_what_cannot_be_imported_is_told(capfd: pytest.CaptureFixture, monkeypatch) -> None:
    monkeypatch.setattr(called, "gone", called.double, raising=False)
    monkeypatch.setattr(called.double, "__qualname__", "gone")
    with pytest.raises(AudiosError), process_pool(called.double, 1) as call:
        call(1)
    assert "Can't get attribute 'gone'" in capfd.readouterr().err


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize("how", ["killed", "interrupted"])
@pytest.mark.parametrize("when", ["starting", "busy", "answering"])
def test_none_is_left_behind(tmp_path: Path, when: str, how: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(tmp_path), "3" if when == "busy" else "0"],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )

    def children() -> list[int]:
        listed = subprocess.run(
            ["ps", "-o", "pid=", "-s", str(process.pid)], capture_output=True, text=True
        )
        return [int(number) for number in listed.stdout.split() if int(number) != process.pid]

    if when == "starting":
        wait_until(lambda: bool(children()), "no process has started")
    elif when == "busy":
        wait_until(lambda: len(list(tmp_path.iterdir())) == 3, "not all have started")
    else:
        wait_until((tmp_path / "answered").exists, "no answer has come")
    left = children()
    assert left
    if how == "killed":
        process.kill()
    else:
        # As a terminal does: to the whole group.
        os.killpg(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=END_SECONDS)
    assert told == ("" if how == "killed" else "stopped\n")
    wait_until(lambda: not any(map(is_alive, left)), "processes are left behind")


def test_errors_that_do_not_travel_end_nothing() -> None:
    with process_pool(called.fail_oddly, 1) as call:
        reasons = [str(attempt(call, number)) for number in (1, 2, 3, 4, 5)]
        assert reasons[0] == "raised RuntimeError: OddError: odd (7) while it was read"
        assert reasons[1] == "raised RuntimeError: TightError: holds a thread while it was read"
        assert reasons[2].startswith("raised RecursionError: maximum recursion depth")
        assert reasons[3:] == ["raised MemoryError while it was read", "5"]


def test_a_result_too_large_for_memory_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is on its way for it must not be taken for the next one's."""
    large = np.arange(300_000, dtype=np.float64)
    with process_pool(called.double, 1) as call:
        with monkeypatch.context() as patch:
            patch.setattr(np, "empty", raise_memory_error)
            assert str(attempt(call, large)) == "raised MemoryError while it was read"
        np.testing.assert_array_equal(call(np.arange(3)), [0, 2, 4])


def raise_memory_error(*_: object) -> None:
    raise MemoryError

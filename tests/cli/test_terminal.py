"""Terminals that cannot print a letter, names that would act upon one, and readers that leave."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

NARROW = [
    {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"},
    {"PYTHONIOENCODING": "latin-1"},
    {"PYTHONIOENCODING": "cp1252:strict"},
]
NAMES = ("日本", "esc\x1b[2Jape", "\u202egpj.é", "new\nline")


def say_yes(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, 16_000), 16_000)


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set whose files and folders are called what no terminal should be sent."""
    folder = tmp_path_factory.mktemp("é日\x1b[1m") / "data"
    for kind in ("real", "fake"):
        for name in NAMES:
            say_yes(folder / kind / "anna" / f"{name}.wav")
        (folder / kind / "anna" / "日\x9b2J.xyz").touch()
        (folder / kind / "anna" / "日\x9b.wav").touch()
    return folder


@pytest.mark.parametrize("env", NARROW, ids=lambda env: env["PYTHONIOENCODING"])
def test_every_stream_can_be_written_to(fresh_fab, named: Path, env: dict[str, str]) -> None:
    """Results, the progress bar, and the line of an error."""
    loud = type(fresh_fab)(env={"TQDM_DISABLE": "", "TQDM_MININTERVAL": "0"})
    words = (f"--dataset={named}",)
    answer = loud("GenerateDatasetCSV", *words, "AddDatasetDuration", *words, **env)
    assert answer.code == 0, answer
    assert "Traceback" not in answer.err
    assert "AddDatasetDuration: " in answer.err
    for text in (answer.out, answer.err.replace("\r", "")):
        assert not any(ord(letter) < 32 and letter != "\n" for letter in text), text
        assert "\x9b" not in text and "\u202e" not in text
    assert r"\x9b2J.xyz is not a kind of recording" in answer.out
    assert r"\u65e5\x9b.wav is empty" in answer.out
    gone = loud("AddDatasetDuration", f"--dataset={named / NAMES[1]}", **env)
    assert gone.code == 1 and "no data set at" in gone.lines[-1], gone
    assert r"esc\x1b[2Jape" in gone.lines[-1] and "Traceback" not in gone.err


@pytest.mark.parametrize("env", NARROW[:1])
@pytest.mark.parametrize("words", [("-l",), ("--help", "Predict"), ("NoSuch\u202eTask",)])
def test_lists_of_tasks_too(fresh_fab, words: tuple[str, ...], env: dict[str, str]) -> None:
    answer = fresh_fab(*words, **env)
    assert "Traceback" not in answer.err, answer.err
    assert answer.out or answer.err


def test_utf_8_is_printed_as_it_is(fresh_fab, named: Path) -> None:
    answer = fresh_fab("GenerateDatasetCSV", f"--dataset={named}", PYTHONIOENCODING="utf-8")
    assert "日\\x9b2J.xyz" in answer.succeeds().out


@pytest.fixture
def leaving(fresh_fab) -> Callable[..., subprocess.CompletedProcess]:
    """Run a command into a pipe whose reader is gone before anything is written."""

    def run(*words: object, **env: str) -> subprocess.CompletedProcess:
        reader, writer = os.pipe()
        os.close(reader)
        try:
            return subprocess.run(
                [*fresh_fab.start, *map(str, words)],
                cwd=fresh_fab.cwd,
                env=fresh_fab.environment(**env),
                stdin=subprocess.DEVNULL,
                stdout=writer,
                stderr=subprocess.PIPE,
                text=True,
                timeout=120,
            )
        finally:
            os.close(writer)

    return run


@pytest.mark.parametrize("env", [{}, {"PYTHONUNBUFFERED": "1"}])
def test_a_reader_that_leaves_ends_it_quietly(
    leaving: Callable[..., subprocess.CompletedProcess], named: Path, env: dict[str, str]
) -> None:
    done = leaving("GenerateDatasetCSV", f"--dataset={named}", **env)
    assert (done.returncode, done.stderr) == (141, "")
    assert (named / "files-metadata.csv").is_file()
    done = leaving("-l", **env)
    assert done.stderr == ""


def test_another_broken_pipe_is_told(tmp_path: Path) -> None:
    """Only of the two streams that a user reads it is no fault."""
    script = (
        "import sys; sys.path.insert(0, '.')\n"
        "from tasks.terminal import reader_has_left\n"
        "import os; r, w = os.pipe(); os.close(r)\n"
        "print(reader_has_left())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "False\n"


def test_closed_streams(fresh_fab, named: Path, tmp_path: Path) -> None:
    """As under a daemon that closes them."""
    copy = shutil.copytree(named, tmp_path / "copy")
    line = '"$0" GenerateDatasetCSV --dataset="$1" >&- 2>&-'
    done = subprocess.run(
        ["bash", "-c", line, fresh_fab.start[0], str(copy)],
        cwd=fresh_fab.cwd,
        env=fresh_fab.environment(),
        timeout=120,
    )
    assert done.returncode == 0
    assert (copy / "files-metadata.csv").is_file()

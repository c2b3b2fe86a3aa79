"""The stress suite itself: it knows every stage, and its instruments find what they are to find."""

import errno
import json
import random
import shutil
import signal
from pathlib import Path

import pytest

import fabfile
from src.utils.files import locked
from tests.stress.bench import Bench, Place
from tests.stress.faults import Trial, judge_fault
from tests.stress.figures import MEMORY_LIMIT, Figures, render_table, verdict
from tests.stress.forks import Ended, Fork, SharedNumber
from tests.stress.moments import Moments, die, fail
from tests.stress.stages import STAGES, UNDISTURBED, Stage
from tests.stress.trees import differences, read_tree, torn


def test_every_task_is_disturbed_or_said_why_not() -> None:
    tasks, disturbed = set(fabfile.ns.task_names), {stage.task for stage in STAGES}
    known = disturbed | set(UNDISTURBED)
    assert not tasks - known, "add it to STAGES of tests/stress/stages.py, or to UNDISTURBED"
    assert not known - tasks
    assert not disturbed & set(UNDISTURBED)
    titles = [stage.title for stage in STAGES]
    assert len(titles) == len(set(titles))


def write(folder: Path, number: int, name: str, content: str, status: str = "complete") -> None:
    run = folder / f"runs/run{number}_20260101-1200{number:02d}"
    run.mkdir(parents=True, exist_ok=True)
    about = {"kind": "train", "number": number, "status": status, "settings": {"layer": 3}}
    about |= {"started": f"2026-01-01T12:00:{number:02d}+00:00", "seconds": number / 7}
    (run / "manifest.json").write_text(json.dumps(about))
    (run / name).write_text(content)


def test_equal_runs_are_equal_whatever_their_number_and_time(tmp_path: Path) -> None:
    write(tmp_path / "a", 0, "report.html", "run 0 of runs/run0_20260101-120000")
    write(tmp_path / "b", 3, "report.html", "run 3 of runs/run3_20260101-120003")
    write(tmp_path / "b", 2, "report.html", "half", status="running")
    (tmp_path / "b/runs/.claimed").mkdir()
    (tmp_path / "b/runs/.x.12.partial.csv").write_text("torn")
    assert not differences(read_tree(tmp_path / "a"), read_tree(tmp_path / "b"))


def test_what_differs_is_found(tmp_path: Path) -> None:
    for name in "ab":
        write(tmp_path / name, 1, "scores.csv", "file,score\na,0.5\n")
        (tmp_path / name / "table.csv").write_text("a,b\n")
        (tmp_path / name / "sound.wav").write_bytes(bytes(100))
    here = tmp_path / "b"
    wanted = read_tree(tmp_path / "a")
    (here / "sound.wav").write_bytes(bytes(50) + b"xy" + bytes(48))
    (here / "table.csv").unlink()
    (here / "more.csv").write_text("too many")
    write(here, 1, "scores.csv", "file,score\na,0.6\n")
    found = {one.file.split(": ")[-1]: one.size for one in differences(wanted, read_tree(here))}
    assert found == {"sound.wav": 2, "table.csv": 4, "more.csv": 8, "scores.csv": 1}
    write(here, 1, "scores.csv", "", status="running")
    missing = [one for one in differences(wanted, read_tree(here)) if one.file.startswith("runs")]
    assert [one.why for one in missing] == ["is missing"]


def touch_thrice(folder: Path) -> int:
    for number in range(3):
        new = folder / f".{number}"
        new.write_text("x")
        new.replace(folder / str(number))
    return 0


def run_until(folder: Path, at: int, act) -> tuple[Ended, int]:
    counted = SharedNumber()

    def body() -> int:
        Moments(folder, counted, at, act).watch()
        return touch_thrice(folder)

    return Fork(body).wait(30), counted.value


# Each file is opened, renamed, and was renamed.
@pytest.mark.parametrize(("at", "left"), [(1, []), (2, [".0"]), (3, ["0"]), (5, [".1", "0"])])
def test_a_process_dies_at_a_moment(tmp_path: Path, at: int, left: list[str]) -> None:
    ended, _ = run_until(tmp_path, at, die)
    assert ended.code == -signal.SIGKILL
    assert sorted(path.name for path in tmp_path.iterdir()) == left


def test_moments_are_counted_and_errors_raised(tmp_path: Path) -> None:
    assert run_until(tmp_path, 0, None)[1] == 9
    ended, _ = run_until(tmp_path, 4, fail(errno.ENOSPC))
    assert "No space left on device" in ended.err and ended.is_traceback


def test_a_process_that_hangs_is_ended() -> None:
    ended = Fork(lambda: signal.pause() or 0).wait(0.2)
    assert ended.hung and ended.code == -signal.SIGKILL and ended.peak > 0


@pytest.mark.parametrize("what", ["different", "tracebacks", "lost", "faults", "peak"])
def test_anything_that_is_found_fails(tmp_path: Path, what: str) -> None:
    sound = Figures("kills", 7, tmp_path, kills=200, inputs=20_000, peak=1 << 30)
    assert verdict([sound]) == 0
    one = Figures("faults", 7, tmp_path, **{what: MEMORY_LIMIT + 1 if what == "peak" else 1})
    assert verdict([sound, one]) == 1
    last = render_table([sound, one]).splitlines()[-1].split()
    assert last[:2] == ["all", "200"]


def test_findings_are_told_and_saved(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    figures = Figures("inputs", 7, tmp_path)
    for number in range(9):
        figures.tell("one kind", f"input {number}", b"bytes", f"{number}.bin")
    told = capsys.readouterr().out
    assert "input 0" in told and "input 8" not in told
    assert (tmp_path / "inputs/0.bin").read_bytes() == b"bytes"


def test_of_a_journal_the_last_lines_count(tmp_path: Path) -> None:
    lines = ['{"file": "a", "gain": 1}', '{"file": "b", "gain": 2}']
    for name, content in (
        ("one", lines),
        ("other", [lines[1], '{"file": "a", "gain": 9}', '{"file": "b', *lines]),
        ("wrong", [lines[1], lines[0].replace("1", "3")]),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "derived.jsonl").write_text("\n".join(content) + "\n")
    one, other, wrong = (read_tree(tmp_path / name) for name in ("one", "other", "wrong"))
    assert not differences(one, other)
    assert differences(one, wrong)


def test_a_torn_file_is_found(tmp_path: Path) -> None:
    trees = []
    for content in ("old", "new", "ol", "new"):
        (tmp_path / "a.csv").write_text(content)
        trees.append(read_tree(tmp_path))
    old, new, half, whole = trees
    assert [one.file for one in torn(old, new, half)] == ["a.csv"]
    assert not torn(old, new, whole)
    assert not torn(old, new, old)


def test_the_lock_of_a_killed_process_is_no_difference_but_one_that_is_held_is(
    tmp_path: Path,
) -> None:
    for name in "ab":
        write(tmp_path / name, 1, "scores.csv", "file,score\n")
    lock = tmp_path / "b/runs/run1_20260101-120001/.lock"
    lock.touch()
    (tmp_path / "b/.table.lock").touch()
    wanted = read_tree(tmp_path / "a")
    assert not differences(wanted, read_tree(tmp_path / "b"))
    with locked(lock, "it"):
        assert [one.why for one in differences(wanted, read_tree(tmp_path / "b"))] == [
            "is too many"
        ]
    lock.write_text("no lock")
    assert len(differences(wanted, read_tree(tmp_path / "b"))) == 1


@pytest.mark.parametrize(("name", "is_sound"), [("x.wav", True), ("y.wav", False)])
def test_a_run_of_fewer_recordings_is_not_held_against_its_stage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, is_sound: bool
) -> None:
    """One was rightly set aside, and the run that ended is not the one that follows."""
    bench = Bench(tmp_path)
    stage = Stage("Train", ("--x",), reads="corpus")
    before = tmp_path / "before"
    (before / "corpus").mkdir(parents=True)
    shutil.copytree(before, tmp_path / "wanted")
    write(tmp_path / "wanted", 0, "scores.csv", "all")
    trees = read_tree(before), read_tree(tmp_path / "wanted")
    bench.places[stage] = Place(before, *trees, ("Train",), 1, 0.1)

    def ended(number: int, content: str) -> Ended:
        write(bench.here, number, "scores.csv", content)
        return Ended(0, "", 0, 0.1)

    def changed(trial: Trial) -> Ended:
        trial.changed = frozenset({"x.wav"})
        (bench.here / "rejected.csv").write_text(f"file,stage,reason\n{name},Train,gone\n")
        trial.mend = lambda: (bench.here / "rejected.csv").unlink()
        return ended(0, "fewer")

    bench.restore(stage)
    monkeypatch.setattr(Bench, "run", lambda self, stage: ended(1, "all"))
    figures = Figures("faults", 7, tmp_path / "findings")
    judge_fault(Trial(bench, stage, random.Random(7)), changed, figures)
    assert figures.is_sound == is_sound

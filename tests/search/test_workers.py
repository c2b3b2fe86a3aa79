"""Several processes at one study, in its folder: together, killed, stopped."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import optuna
import pandas as pd
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from src.models.data import TrainingStores
from src.search import jobs, optimize, storage
from src.search.crews import RETRY_OF, WORKER
from src.search.outcomes import is_counted
from src.utils.errors import AudiosError
from src.utils.interrupts import Interrupts
from src.utils.runs import list_runs
from tests.search.driver import Ask

PATIENCE = 300.0


@pytest.fixture(scope="module")
def embeddings(tmp_path_factory: pytest.TempPathFactory, make_embeddings: Callable) -> Path:
    return make_embeddings(tmp_path_factory.mktemp("workers") / "e", gaps=(0.5, 2.0), n=12)


@contextmanager
def at_work(ask: Ask) -> Iterator[subprocess.Popen]:
    """Run a process of `driver`, which is killed in the end if it is there yet."""
    process = subprocess.Popen(
        ask.command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        process_group=0,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def finish(process: subprocess.Popen) -> dict:
    said, faults = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, faults
    return json.loads(said)


def wait_for(what: Callable[[], object]) -> None:
    until = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < until
        time.sleep(0.05)


def trials_of(folder: Path, name: str = "lr") -> list[FrozenTrial]:
    kept = JournalStorage(JournalFileBackend(str(folder / storage.JOURNAL)))
    return optuna.load_study(study_name=name, storage=kept).get_trials()


def check_whole(folder: Path, total: int) -> list[FrozenTrial]:
    """A study has as many trials as asked for, each a run of its own, and nobody is at it."""
    trials = trials_of(folder)
    counted = [trial for trial in trials if is_counted(trial)]
    assert len(counted) == total
    complete = [trial for trial in counted if trial.state is TrialState.COMPLETE]
    numbers = [trial.user_attrs["run"] for trial in complete]
    assert len(set(numbers)) == len(numbers)
    assert set(numbers) <= {run.number for run in list_runs(folder) if run.is_complete}
    assert not [trial for trial in trials if trial.state is TrialState.RUNNING]
    assert len(pd.read_csv(folder / "trials.csv")) == total
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["status"] == "complete"
    return trials


def begin(embeddings: Path, runs: Path, classifier: str = "lr") -> Path:
    """Begin a study with one trial."""
    stores = TrainingStores.open(embeddings, "wav2vec2")
    return optimize.optimize(stores, runs, classifier, 1).study.folder


def test_two_processes_share_a_study(embeddings: Path, tmp_path: Path) -> None:
    folder = begin(embeddings, tmp_path)
    ask = Ask(str(embeddings), str(tmp_path), 11, study_number=0, seconds=0.5)
    with ExitStack() as stack:
        both = [stack.enter_context(at_work(ask)) for _ in range(2)]
        found = [finish(one) for one in both]
    trials = check_whole(folder, 11)
    assert len(trials) == 11
    by_worker = [one.user_attrs[WORKER] for one in trials[1:]]
    assert len(set(by_worker)) == 2
    # Both end with what all have found.
    assert found[0] == found[1]
    assert len({json.dumps(one.params, sort_keys=True) for one in trials}) == 11


def kill_one_stuck(ask: Ask) -> None:
    """Begin a process, and kill it in the midst of a trial."""
    stuck = Path(ask.stuck)
    stuck.touch()
    with at_work(ask) as process:
        wait_for(Path(f"{stuck}.at").exists)
        process.send_signal(signal.SIGKILL)
        process.wait()
    Path(f"{stuck}.at").unlink()
    stuck.unlink()


def test_a_killed_workers_trial_is_made_once_more(embeddings: Path, tmp_path: Path) -> None:
    folder = begin(embeddings, tmp_path)
    ask = Ask(str(embeddings), str(tmp_path), 6, study_number=0, stuck=str(tmp_path / "stuck"))
    quick = Ask(str(embeddings), str(tmp_path), 6, study_number=0, seconds=0.2)
    stuck = Path(ask.stuck)
    stuck.touch()
    with at_work(ask) as killed:
        wait_for(Path(f"{stuck}.at").exists)
        with at_work(quick) as other:
            # It has tried all others, and waits for the one that is stuck.
            wait_for(lambda: sum(map(is_counted, trials_of(folder))) == 5)
            time.sleep(1)
            assert other.poll() is None
            killed.send_signal(signal.SIGKILL)
            finish(other)
    trials = check_whole(folder, 6)
    lost = [trial for trial in trials if trial.state is TrialState.FAIL]
    again = [trial for trial in trials if RETRY_OF in trial.user_attrs]
    assert [trial.user_attrs[RETRY_OF] for trial in again] == [trial.number for trial in lost]
    assert len(again) == 1
    assert again[0].params == lost[0].params
    assert again[0].state is TrialState.COMPLETE


def test_a_trial_that_kills_twice_is_not_tried_again(embeddings: Path, tmp_path: Path) -> None:
    folder = begin(embeddings, tmp_path)
    ask = Ask(str(embeddings), str(tmp_path), 4, study_number=0, stuck=str(tmp_path / "stuck"))
    kill_one_stuck(ask)
    kill_one_stuck(ask)
    first, second = trials_of(folder)[1:]
    assert second.user_attrs[RETRY_OF] == first.number
    assert second.params == first.params
    with at_work(ask) as process:
        finish(process)
    trials = check_whole(folder, 4)
    assert [trial.state for trial in trials[1:3]] == [TrialState.FAIL] * 2
    assert sum(RETRY_OF in trial.user_attrs for trial in trials) == 1
    table = pd.read_csv(folder / "trials.csv")
    assert table["state"].tolist() == ["complete", "failed", "complete", "complete"]


def test_killed_and_continued_it_tries_the_same(embeddings: Path, tmp_path: Path) -> None:
    whole = Ask(str(embeddings), str(tmp_path / "whole"), 5)
    with at_work(whole) as process:
        expected = finish(process)
    begin(embeddings, tmp_path / "cut")
    ask = Ask(
        str(embeddings),
        str(tmp_path / "cut"),
        5,
        study_number=0,
        stuck=str(tmp_path / "stuck"),
    )
    kill_one_stuck(ask)
    with at_work(ask) as process:
        found = finish(process)
    tables = [pd.read_csv(Path(one["folder"]) / "trials.csv") for one in (expected, found)]
    pd.testing.assert_frame_equal(*(table.drop(columns="run") for table in tables))


def test_killed_while_it_is_proposed_it_is_proposed_anew(embeddings: Path, tmp_path: Path) -> None:
    """What was drawn in part is no setting: the rest would not be what it had been."""
    folder = begin(embeddings, tmp_path)
    kept = JournalStorage(JournalFileBackend(str(folder / storage.JOURNAL)))
    study = optuna.load_study(study_name="lr", storage=kept)
    study.ask().suggest_int("layer", 0, 1)
    with at_work(Ask(str(embeddings), str(tmp_path), 3, study_number=0)) as process:
        finish(process)
    trials = check_whole(folder, 3)
    assert not any(RETRY_OF in trial.user_attrs for trial in trials)


def test_a_lock_that_was_left_is_taken_away(
    embeddings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = begin(embeddings, tmp_path)
    journal = folder / storage.JOURNAL
    Path(f"{journal}.lock").symlink_to(journal)
    monkeypatch.setattr(storage, "LOCK_GRACE_SECONDS", 3)
    # A folder that is named from where one stands: what the lock leads to has to be found as well.
    monkeypatch.chdir(tmp_path.parent)
    stores, runs = TrainingStores.open(embeddings, "wav2vec2"), Path(tmp_path.name)
    start = time.monotonic()
    optimize.optimize(stores, runs, "lr", 2, study_number=0)
    assert time.monotonic() - start < 20
    check_whole(folder, 2)


def test_jobs_try_as_many(embeddings: Path, tmp_path: Path) -> None:
    """Also where Ctrl-C is ignored, as in a job of the background that nohup has begun."""
    ask = Ask(str(embeddings), str(tmp_path), 9, options={"n_jobs": 2}, ignores_ctrl_c=True)
    with at_work(ask) as process:
        wait_for(lambda: list(tmp_path.glob("lr_study0_*/run0_*")))
        process.send_signal(signal.SIGINT)
        found = finish(process)
    trials = check_whole(Path(found["folder"]), 9)
    assert found["best"]["validation_eer"] == min(trial.value for trial in trials)


def children_of(pid: int) -> list[int]:
    """Return the processes that a process has begun and that are alive."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found


def is_there(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc/self/stat").is_file(), reason="processes are not in /proc")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_nobody_is_left_behind(embeddings: Path, tmp_path: Path, name: str) -> None:
    ask = Ask(str(embeddings), str(tmp_path), 1000, options={"n_jobs": 2})
    with at_work(ask) as process:
        wait_for(lambda: list(tmp_path.glob("lr_study0_*/run3_*")))
        workers = children_of(process.pid)
        assert len(workers) == 2
        process.send_signal(signal.Signals[name])
        process.communicate(timeout=PATIENCE)
    wait_for(lambda: not any(map(is_there, workers)))
    (folder,) = tmp_path.glob("lr_study0_*")
    counted = sum(map(is_counted, trials_of(folder)))
    assert counted >= 2
    assert counted == sum(one.state is TrialState.COMPLETE for one in trials_of(folder))
    rest = Ask(str(embeddings), str(tmp_path), counted + 2, study_number=0)
    with at_work(rest) as process:
        finish(process)
    check_whole(folder, counted + 2)


@pytest.mark.skipif(not Path("/proc/self/stat").is_file(), reason="processes are not in /proc")
def test_a_killed_job_is_replaced(embeddings: Path, tmp_path: Path) -> None:
    ask = Ask(str(embeddings), str(tmp_path), 24, options={"n_jobs": 2})
    with at_work(ask) as process:
        wait_for(lambda: list(tmp_path.glob("lr_study0_*/run1_*")))
        first = set(children_of(process.pid))
        os.kill(min(first), signal.SIGKILL)
        # Another one, while there are trials left.
        wait_for(lambda: set(children_of(process.pid)) - first)
        found = finish(process)
    trials = check_whole(Path(found["folder"]), 24)
    assert sum(RETRY_OF in trial.user_attrs for trial in trials) <= 1


@pytest.fixture
def order(embeddings: Path, tmp_path: Path) -> jobs.Order:
    folder = begin(embeddings, tmp_path)
    return jobs.Order(
        embeddings=str(embeddings),
        backbone="wav2vec2",
        augmented=False,
        study=str(folder),
        number=0,
        name="lr",
        storage=None,
        classifier="lr",
        pruning="median",
        seed=7,
        total=3,
        folds={"n_folds": 0, "by": "speaker"},
        n_threads=1,
    )


def serve(order: jobs.Order, before: str = "") -> subprocess.CompletedProcess:
    """Let a worker try the trials of an order, after some code."""
    said = json.dumps(order.__dict__) + "\n"
    # The pipe stays open, as that of a process that is alive.
    code = f"import sys; from src.search import jobs\n{before}\njobs.serve()"
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | jobs.environment(order.n_threads),
    )
    assert process.stdin is not None
    process.stdin.write(said)
    process.stdin.flush()
    process.wait(PATIENCE)
    out, faults = process.communicate()
    return subprocess.CompletedProcess(code, process.returncode, out, faults)


def test_a_workers_error_is_one_line(order: jobs.Order, tmp_path: Path) -> None:
    journal = Path(order.study) / storage.JOURNAL
    journal.write_bytes(b"nonsense\n" + journal.read_bytes())
    found = serve(order)
    assert found.returncode == jobs._FAULT
    assert found.stderr.count("\n") == 1
    assert "is damaged" in found.stderr
    ask = Ask(order.embeddings, str(tmp_path), 3, study_number=0, options={"n_jobs": 2})
    with at_work(ask) as process:
        _, faults = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "is damaged" in faults
    assert "Traceback" not in faults


def test_a_workers_fault_is_the_searchs(tmp_path: Path) -> None:
    """In one line where a person can mend it, and with the traceback of a bug."""
    for code, text, kind, message in (
        (jobs._FAULT, "warned\nno more\n", AudiosError, "no more"),
        (1, "Traceback\nZeroDivisionError\n", RuntimeError, "ZeroDivisionError"),
    ):
        path = tmp_path / "faults"
        path.write_text(text)
        process = subprocess.Popen([sys.executable, "-c", f"raise SystemExit({code})"])
        process.wait()
        with path.open() as said, path.open() as faults:
            fault = jobs._Worker(process, said, faults).fault()
        assert type(fault) is kind
        assert message in str(fault)
        assert kind is RuntimeError or str(fault) == message


def test_a_worker_that_says_much_is_not_stuck(order: jobs.Order) -> None:
    """More than a pipe holds, which nobody reads: warnings of other libraries, a line a fit."""
    noisy = "import src.search.worker as w\nreal = w.run_trial\n"
    noisy += "def run_trial(*a):\n    sys.stderr.write('x' * 300_000)\n    return real(*a)\n"
    noisy += "w.run_trial = run_trial"
    with pytest.MonkeyPatch.context() as patch:
        real = subprocess.Popen

        def loud(command: list[str], **options: object) -> subprocess.Popen:
            script = f"import sys; from src.search import jobs\n{noisy}\njobs.serve()"
            return real([command[0], "-c", script], **options)  # type: ignore[call-overload]

        patch.setattr(jobs.subprocess, "Popen", loud)
        start = time.monotonic()
        with Interrupts() as interrupts:
            jobs.work_together(order, 1, lambda: None, lambda _: None, interrupts)  # type: ignore[arg-type, return-value]
    assert time.monotonic() - start < 60
    assert sum(map(is_counted, trials_of(Path(order.study)))) == 3


def test_threads_are_limited_in_workers(order: jobs.Order) -> None:
    probe = "import src.search.worker\n"
    probe += "def _serve(order):\n    import os, torch, threadpoolctl\n"
    probe += "    from src.utils.parallel import n_workers\n    import numpy\n"
    probe += "    pools = [one['num_threads'] for one in threadpoolctl.threadpool_info()]\n"
    probe += "    print(torch.get_num_threads(), n_workers(), max(pools))\njobs._serve = _serve"
    found = serve(order, probe)
    assert found.returncode == 0, found.stderr
    assert found.stdout.split() == ["1", "1", "1"]
    assert jobs.threads_each(10**6) == 1

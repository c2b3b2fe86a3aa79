"""A study in a PostgreSQL server that the tests start for themselves: shared, joined, killed."""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import optuna
import pandas as pd
import pytest
from optuna.trial import FrozenTrial, TrialState

from src.models.data import TrainingStores
from src.models.lookup import find_training
from src.search import optimize, storage
from src.search.crews import RETRY_OF
from src.search.optimize import Search, SearchOptions
from src.search.outcomes import is_counted
from src.utils.errors import ArgumentError, AudiosError, RunError
from src.utils.runs import list_runs
from tests.search.driver import Ask
from tests.search.test_workers import at_work, finish, wait_for


def server_programs() -> Path | None:
    """Return where PostgreSQL's server lies; Debian does not name it in the search path."""
    on_path = shutil.which("initdb")
    found = [Path(on_path).parent] if on_path else []
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((one for one in found if (one / "postgres").is_file()), None)


def _answers(port: int) -> bool:
    import psycopg

    try:
        psycopg.connect(f"postgresql://audios@127.0.0.1:{port}/postgres").close()
    except psycopg.OperationalError as error:
        # It is there, and asks for the password.
        return "password" in str(error)
    return True


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Start a server on a free port of loopback; the address of its database, with a password."""
    pytest.importorskip("psycopg", reason="psycopg is not installed (requirements-database.txt)")
    programs = server_programs()
    if programs is None:
        pytest.skip("there is no PostgreSQL server (Debian: apt install postgresql)")
    as_user: list[str] = []
    if os.geteuid() == 0:
        # It refuses to run as root.
        user = "postgres" if b"postgres" in Path("/etc/passwd").read_bytes() else "nobody"
        as_user = ["runuser", "-u", user, "--"]
        if shutil.which("runuser") is None:
            pytest.skip("PostgreSQL does not run as root, and runuser is not here")
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / "password").write_text("s3cret word@1")
        if as_user:
            for path in (folder, folder / "password"):
                shutil.chown(path, as_user[2])
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        data, password = str(folder / "data"), str(folder / "password")
        initdb, postgres = (str(programs / one) for one in ("initdb", "postgres"))
        about = ["-U", "audios", "-N", "-A", "scram-sha-256", f"--pwfile={password}"]
        made = subprocess.run(
            [*as_user, initdb, "-D", data, *about], capture_output=True, text=True, cwd=folder
        )
        if made.returncode:
            pytest.skip(f"initdb fails here: {made.stderr.strip()[-200:]}")
        listening = ["-h", "127.0.0.1", "-p", str(port), "-k", str(folder)]
        process = subprocess.Popen(
            [*as_user, postgres, "-D", data, "-F", *listening],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
        )
        try:
            until = time.monotonic() + 30
            while not _answers(port):
                if time.monotonic() > until or process.poll() is not None:
                    pytest.skip("the PostgreSQL server does not start here")
                time.sleep(0.1)
            yield f"postgresql://audios:s3cret%20word%401@127.0.0.1:{port}"
        finally:
            # Its own number: what began it as another user hands no signal on.
            pid = folder / "data" / "postmaster.pid"
            if pid.is_file():
                os.kill(int(pid.read_text().split()[0]), signal.SIGINT)
            process.wait(30)


_names = iter(range(10**6))


@pytest.fixture
def url(server: str) -> str:
    """The address of an empty database."""
    import psycopg

    name = f"audios{next(_names)}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return f"{server}/{name}"


@pytest.fixture(scope="module")
def embeddings(tmp_path_factory: pytest.TempPathFactory, make_embeddings: Callable) -> Path:
    return make_embeddings(tmp_path_factory.mktemp("database") / "e", gaps=(0.5, 2.0), n=12)


@pytest.fixture(scope="module")
def stores(embeddings: Path) -> TrainingStores:
    return TrainingStores.open(embeddings, "wav2vec2")


@pytest.fixture(autouse=True)
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optimize, "draw_study", lambda *about: None)


def search(
    stores: TrainingStores, runs: Path, url: str, total: int, number: int | None = None, **more: int
) -> Search:
    options = SearchOptions(storage=url, n_seeds=1, **more)  # type: ignore[arg-type]
    return optimize.optimize(stores, runs, "lr", total, study_number=number, options=options)


def trials_in(url: str, name: str) -> list[FrozenTrial]:
    kept = optuna.storages.RDBStorage(storage.check_url(url))
    try:
        return optuna.load_study(study_name=name, storage=kept).get_trials()
    finally:
        kept.engine.dispose()


def written_below(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_two_machines_share_a_study(
    stores: TrainingStores, embeddings: Path, tmp_path: Path, url: str
) -> None:
    """The second has no folder of it, and the best one's run is here in the end, and there."""
    here, there = tmp_path / "here", tmp_path / "there"
    begun = search(stores, here, url, 1)
    name = begun.study.folder.name
    asks = [
        Ask(
            str(embeddings),
            str(runs),
            9,
            study_number=0,
            options={"storage": url, "n_seeds": 1},
            seconds=0.3,
        )
        for runs in (here, there)
    ]
    with at_work(asks[0]) as one, at_work(asks[1]) as other:
        found = [finish(one), finish(other)]
    trials = trials_in(url, name)
    assert sum(map(is_counted, trials)) == len(trials) == 9
    folders = {Path(trial.user_attrs["place"]).parent for trial in trials}
    assert folders == {here / name, there / name}
    assert [Path(one["folder"]) for one in found] == [here / name, there / name]
    lowest = min(trial.value for trial in trials if trial.value is not None)
    for runs, one in zip((here, there), found, strict=True):
        best = one["best"]
        assert best["validation_eer"] == lowest
        # The model is here, and is the one that was found the best.
        run = find_training(runs, study_number=0)
        assert run.number == best["run_number"]
        assert run.manifest["results"]["validation_eer"] == lowest
        assert best["hyperparameters"].items() <= run.settings["hyperparameters"].items()
        table = pd.read_csv(runs / name / "trials.csv")
        assert len(table) == 9
        assert set(table["run"].dropna()) <= {run.number for run in list_runs(runs / name)}
        manifest = json.loads((runs / name / "manifest.json").read_text())
        assert manifest["status"] == "complete"
    assert {one["best"]["validation_cllr"] for one in found} == {
        found[0]["best"]["validation_cllr"]
    }
    # A password is nowhere.
    assert b"s3cret" not in written_below(tmp_path)
    # A third one finds all done, and trains the best alone.
    third = search(stores, tmp_path / "third", url, 9, 0)
    assert third.best is not None
    assert len(list_runs(third.study.folder)) == 1
    assert third.best["validation_eer"] == lowest


def test_jobs_on_a_database(stores: TrainingStores, tmp_path: Path, url: str) -> None:
    found = search(stores, tmp_path, url, 6, n_jobs=2)
    trials = trials_in(url, found.study.folder.name)
    assert sum(map(is_counted, trials)) == 6
    assert not found.was_stopped


def test_a_killed_worker_is_found_by_its_heart(
    stores: TrainingStores, embeddings: Path, tmp_path: Path, url: str
) -> None:
    name = search(stores, tmp_path / "a", url, 1).study.folder.name
    stuck = tmp_path / "stuck"
    stuck.touch()
    options = {"storage": url, "n_seeds": 1}
    ask = Ask(
        str(embeddings),
        str(tmp_path / "a"),
        4,
        study_number=0,
        options=options,
        stuck=str(stuck),
    )
    with at_work(ask) as killed:
        wait_for(Path(f"{stuck}.at").exists)
        other = Ask(str(embeddings), str(tmp_path / "b"), 4, study_number=0, options=options)
        stuck.rename(tmp_path / "elsewhere")
        # Stopped, so that it neither goes on nor tells that it is alive.
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        with at_work(other) as process:
            finish(process)
    trials = trials_in(url, name)
    lost = [trial for trial in trials if trial.state is TrialState.FAIL]
    again = [trial for trial in trials if RETRY_OF in trial.user_attrs]
    assert [one.user_attrs[RETRY_OF] for one in again] == [one.number for one in lost]
    assert len(again) == 1
    assert again[0].params == lost[0].params
    assert again[0].state is TrialState.COMPLETE
    assert sum(map(is_counted, trials)) == 4


def test_the_same_as_in_a_journal(stores: TrainingStores, tmp_path: Path, url: str) -> None:
    kept = search(stores, tmp_path / "a", url, 5)
    plain = optimize.optimize(stores, tmp_path / "b", "lr", 5, options=SearchOptions(n_seeds=1))
    pd.testing.assert_frame_equal(
        kept.search_trials.astype({"run": int}), plain.search_trials.astype({"run": int})
    )
    assert kept.best == plain.best


def test_what_is_wrong_is_one_line(
    stores: TrainingStores, tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(address: str, number: int | None = None, runs: Path = tmp_path / "r") -> str:
        with pytest.raises(AudiosError) as raised:
            search(stores, runs, address, 1, number)
        text = str(raised.value)
        assert "\n" not in text
        assert "s3cret" not in text
        assert "wr0ng" not in text
        return text

    wrong = url.replace("s3cret", "wr0ng")
    assert "password authentication failed" in fault(wrong)
    assert "password authentication failed" in fault(wrong, 0)
    assert "does not exist" in fault(f"{url}none")
    nowhere = url.rpartition(":")[0] + ":1/audios"
    assert "refused" in fault(nowhere)
    assert "no lr study 3" in fault(url, 3)
    assert "found none there" in fault(url, 3)
    with pytest.raises(ArgumentError, match="is no postgresql://"):
        storage.check_url("mysql://ann:s3cret@host/name")
    with pytest.raises(ArgumentError, match="is no postgresql://"):
        storage.check_url("postgresql://ann@host:port/name")
    # Of another study there is one there.
    begun = search(stores, tmp_path / "a", url, 1)
    assert "found 0 there" in fault(url, 3)
    with pytest.raises(RunError, match=r"made with other settings \(seed\)"):
        optimize.optimize(stores, tmp_path / "b", "lr", 1, 8, 0, options=SearchOptions(storage=url))
    with pytest.raises(RunError, match="name it by --storage"):
        optimize.optimize(stores, tmp_path / "a", "lr", 2, study_number=0)
    assert "not there" in fault(nowhere, 0, tmp_path / "a")
    assert b"s3cret" not in written_below(begun.study.folder)
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
    assert "requirements-database.txt" in fault(url)


def test_a_server_that_goes_away_is_told_in_one_line(
    stores: TrainingStores, tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import psycopg

    from src.search import objective

    real = objective.fit_into

    def cut(*arguments: object, **options: object) -> object:
        name = url.rpartition("/")[2]
        with psycopg.connect(f"{url.rpartition('/')[0]}/postgres", autocommit=True) as connection:
            connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
            )
        return real(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(objective, "fit_into", cut)
    with pytest.raises(RunError, match=r"cannot use postgresql://audios@127\.0\.0\.1") as raised:
        search(stores, tmp_path, url, 2)
    assert "\n" not in str(raised.value)

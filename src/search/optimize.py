"""Searching classifier, vectors and hyperparameters with Optuna: begun, continued, joined."""

import logging
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import optuna
import pandas as pd
from tqdm import tqdm

from src.models.data import TrainingStores
from src.models.lookup import BEST, find_study, read_best
from src.models.registry import CLASSIFIERS
from src.models.train import training_settings
from src.search.figures import draw_study
from src.search.finalists import MOST_FINALISTS, Finalists
from src.search.folds import FoldSettings
from src.search.importances import measure_importances
from src.search.jobs import Order, threads_each, work_together
from src.search.joining import announce, join_study, require_same
from src.search.names import FINALISTS, IMPORTANCES, TOP, TRIALS
from src.search.objective import Task, measure
from src.search.outcomes import Outcomes, in_brief
from src.search.space import Space
from src.search.storage import NAME, STORAGE, connect, told_of
from src.search.worker import work
from src.utils.config import AUTO, PRUNING_MEDIAN, VALIDATION_CLLR, VALIDATION_EER
from src.utils.errors import AudiosError, InUseError, RunError, StorageError
from src.utils.files import is_locked, locked, write_json
from src.utils.interrupts import Interrupts
from src.utils.runs import (
    LOCK,
    LOCK_SECONDS,
    Kind,
    Run,
    find_complete,
    keeping_status,
    list_runs,
    new_run,
)
from src.utils.shown_text import without_password
from src.utils.tables import write_csv

log = logging.getLogger(__name__)

TRIALS_OF_AUTO = 120
"""Trials of a search across all classifiers where nobody says how many."""


@dataclass(frozen=True)
class SearchOptions:
    """How a search goes about it.

    Attributes
    ----------
    folds : FoldSettings
        By which trials are compared.
    pruning : str
        A name of `config.PRUNING`: whether a trial may be given up before its last fold.
    n_seeds : int
        With how many seeds the best trials are trained in the end.
    n_jobs : int
        How many trials are tried at once on this machine.
    storage : str or None
        The address of a database, which machines may share; None: a file in the study's folder.
    """

    folds: FoldSettings = field(default_factory=FoldSettings)
    pruning: str = PRUNING_MEDIAN
    n_seeds: int = 3
    n_jobs: int = 1
    storage: str | None = None


@dataclass(frozen=True)
class Search:
    """A search that has ended, or was stopped.

    Attributes
    ----------
    study : Run
        The study's folder and manifest.
    search_trials : pandas.DataFrame
        Those that have ended, a row each: `trial, run, state, validation_eer, validation_cllr`,
        then one column per hyperparameter.
    best : dict or None
        What `best_hyperparameters.json` holds; None when no trial has finished.
    was_stopped : bool
        Whether Ctrl-C ended it before the last trial.
    n_elsewhere : int
        Trials that other processes are still at work on.
    """

    study: Run
    search_trials: pd.DataFrame
    best: dict[str, Any] | None
    was_stopped: bool
    n_elsewhere: int = 0


def default_trials(classifier: str) -> int:
    """Return how many trials a search makes where nobody says how many.

    Parameters
    ----------
    classifier : str
        A name of `registry.CLASSIFIERS`, or `auto`.
    """
    return TRIALS_OF_AUTO if classifier == AUTO else CLASSIFIERS.load(classifier).default_trials


def optimize(
    stores: TrainingStores,
    runs: Path,
    classifier: str,
    n_trials: int | None = None,
    seed: int = 7,
    study_number: int | None = None,
    reuse: bool = False,
    options: SearchOptions | None = None,
) -> Search:
    """Search the hyperparameters, and the vectors, with the lowest validation EER.

    Of trials with equal EERs the one with the lowest validation Cllr is the best (see
    `choice.ranking`). Every finished trial is a run in the study's folder. In the end the best few
    are trained with several seeds (see `Finalists`). Several processes may work at one study at
    the same time.

    Parameters
    ----------
    stores : TrainingStores
        The embeddings to train and to validate on.
    runs : pathlib.Path
        The runs folder.
    classifier : str
        A name of `registry.CLASSIFIERS`, or `auto` for all.
    n_trials : int, optional
        How many the study shall have in all; by default `default_trials`.
    seed : int
        Of the proposals and of every training.
    study_number : int, optional
        Of a study to continue, or to join.
    reuse : bool
        Continue the newest study of equal settings and inputs, if there is one.
    options : SearchOptions, optional
        How it goes about it.

    Raises
    ------
    RunError
        When the study to continue is absent or was made with other settings.
    AudiosError
        When every trial fails.
    """
    options = options or SearchOptions()
    total = default_trials(classifier) if n_trials is None else n_trials
    augmented = {} if stores.augmentation is None else {"augmented": stores.augmentation}
    settings = (
        augmented
        | options.folds.settings
        | {"backbone": stores.train.backbone, "classifier": classifier, "seed": seed}
    )
    inputs = stores.inputs()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    found = _find(runs, classifier, study_number, settings, inputs, reuse, options.storage)
    if found is not None and found.is_complete:
        outcomes = _look(found, stores, classifier, options)
        kept = read_best(found) if (found.folder / BEST).is_file() else {}
        # One of before ties were broken is ranked anew.
        if len(outcomes.counted) >= total and VALIDATION_CLLR in kept:
            return Search(found, outcomes.table(), kept, was_stopped=False)
    stopped = False
    with ExitStack() as stack:
        # What keeps trials does not stand an interrupt in the midst of a write; only the fitting
        # of a trial, where the time goes, may be broken off.
        interrupts = stack.enter_context(Interrupts())
        stack.enter_context(told_of(options.storage))
        if found is None:
            made = new_run(runs, Kind.STUDY, settings, inputs, study_of=classifier)
            run = stack.enter_context(made)
            _name(run, options)
        else:
            run = stack.enter_context(_attending(found))
        task = Task.of(run, stores, classifier, options.folds, options.pruning, seed, total)
        study = _open(run, options, is_new=True)
        if options.storage is not None:
            announce(study, run)
        Outcomes(study, run, task.space)
        finalists = None
        try:
            _search(study, task, options, interrupts)
            with _only_one(run, interrupts):
                outcomes = Outcomes(study, run, task.space)
                finalists = _confirm(outcomes, task, options, interrupts)
                _bring_here(outcomes, finalists, task, interrupts)
        except KeyboardInterrupt:
            stopped = True
        # Of several processes that end at once, the last one writes what all have found.
        with locked(run.folder / ".results.lock", str(run.folder), LOCK_SECONDS):
            done = _write(Outcomes(study, run, task.space), task, finalists, stopped)
    _conclude(run, stopped)
    return done


def _find(
    runs: Path,
    classifier: str,
    number: int | None,
    settings: dict[str, Any],
    inputs: dict[str, Any],
    reuse: bool,
    storage: str | None,
) -> Run | None:
    """Return the study to go on with, None for a new one."""
    if number is not None:
        there = list_runs(runs, study_of=classifier)
        if storage is not None and all(run.number != number for run in there):
            return join_study(runs, storage, classifier, number, settings, inputs)
        found = find_study(runs, number, classifier)
        require_same(str(found.folder), found.settings, found.inputs, settings, inputs)
        kept = found.manifest.get(STORAGE)
        if kept is not None and storage is None:
            raise RunError(f"{found.folder} keeps its trials in {kept}: name it by --storage")
        if kept is None and storage is not None:
            raise RunError(f"{found.folder} keeps its trials in its folder: leave --storage out")
        if kept is not None and kept != without_password(str(storage)):
            raise RunError(f"{found.folder} keeps its trials in {kept}, not there")
        return found
    if reuse:
        for run in reversed(list_runs(runs, study_of=classifier)):
            where = None if storage is None else without_password(storage)
            is_same = run.settings == settings and run.inputs == inputs
            if is_same and run.manifest.get(STORAGE) == where:
                return run
    return None


def _name(run: Run, options: SearchOptions) -> None:
    """Keep where a new study's trials are, and under which name."""
    if options.storage is not None:
        where = without_password(options.storage)
        run.update(**{NAME: run.folder.name, STORAGE: where})


def _open(run: Run, options: SearchOptions, is_new: bool = False) -> optuna.Study:
    name = str(run.manifest.get(NAME, run.settings["classifier"]))
    return connect(run, options.storage, name, is_new)


def _look(run: Run, stores: TrainingStores, classifier: str, options: SearchOptions) -> Outcomes:
    return Outcomes(_open(run, options), run, Space.of(classifier, stores.train))


@contextmanager
def _attending(run: Run) -> Iterator[Run]:
    """Go on with a study, as the one who keeps its status, or beside one who does."""
    with ExitStack() as stack:
        if not _is_attended(run):
            # Another may have come first in this moment.
            with suppress(InUseError):
                stack.enter_context(keeping_status(run))
        yield run


def _conclude(run: Run, stopped: bool) -> None:
    """Write how a study ended, where nobody is at it any more: the first one may have been killed.

    Parameters
    ----------
    run : Run
        Its folder.
    stopped : bool
        Whether Ctrl-C ended it here.
    """
    with suppress(InUseError), run.changing(0.0):
        status = "interrupted" if stopped else "complete"
        if run.manifest.get("status") != status:
            run.update(status=status)


@contextmanager
def _only_one(run: Run, interrupts: Interrupts) -> Iterator[None]:
    """Wait until no other process of this machine is at what follows the last trial."""
    path = run.folder / ".finalists.lock"
    while True:
        with ExitStack() as stack:
            try:
                stack.enter_context(locked(path, str(run.folder)))
            except InUseError:
                with interrupts.allowed():
                    time.sleep(_LOOK_SECONDS)
                continue
            yield
            return


_LOOK_SECONDS = 0.3


def _is_attended(run: Run) -> bool:
    return is_locked(run.folder / LOCK)


def _search(
    study: optuna.Study, task: Task, options: SearchOptions, interrupts: Interrupts
) -> None:
    run, stores = task.run, task.stores
    classifier = str(run.settings["classifier"])
    begun = Outcomes(study, run, task.space)
    done = len(begun.counted)
    with tqdm(total=task.total, initial=done, desc=f"search {classifier}", unit="trial") as bar:
        if done:
            bar.set_postfix_str(in_brief(begun, begun.best(stores)))

        def show(outcomes: Outcomes) -> None:
            n_new = len(outcomes.counted) - bar.n
            if n_new <= 0:
                return
            best = outcomes.best(stores)
            if best is not None and best["run_number"] is not None:
                # Written after every trial, so that even a kill leaves the best so far.
                write_json(run.folder / BEST, best)
            bar.set_postfix_str(in_brief(outcomes, best), refresh=False)
            bar.update(n_new)

        if options.n_jobs == 1:
            work(study, task, interrupts, show)
            return
        order = Order(
            embeddings=str(stores.train.embeddings),
            backbone=str(stores.train.backbone["name"]),
            augmented=stores.augmentation is not None,
            study=str(run.folder),
            number=run.number,
            name=study.study_name,
            storage=options.storage,
            classifier=classifier,
            pruning=task.pruning,
            seed=task.seed,
            total=task.total,
            folds=asdict(options.folds),
            n_threads=threads_each(options.n_jobs),
        )
        work_together(
            order,
            options.n_jobs,
            lambda: Outcomes(study, run, task.space),
            show,
            interrupts,
        )


def _confirm(
    outcomes: Outcomes, task: Task, options: SearchOptions, interrupts: Interrupts
) -> Finalists | None:
    """Train the best trials with further seeds; None where that would change nothing."""
    ranked = outcomes.ranked[:MOST_FINALISTS]
    candidates = [task.space.read(trial.params) for trial in ranked]
    are_random = [CLASSIFIERS.load(one.classifier).is_random for one in candidates]
    if options.n_seeds < 2 or not any(are_random):
        return None
    rows = []
    n_left = (options.n_seeds - 1) * sum(are_random)
    with tqdm(total=n_left, desc="other seeds", unit="training", leave=False) as bar:
        for trial, candidate, is_random in zip(ranked, candidates, are_random, strict=True):
            eers, cllrs = outcomes.measured([trial])
            rows.append((trial.number, outcomes.number_of(trial), task.seed, eers[0], cllrs[0]))
            for seed in range(task.seed + 1, task.seed + options.n_seeds if is_random else 0):
                model = candidate.make(seed)
                settings = training_settings(task.stores, model, candidate.selection)
                made = list_runs(task.run.folder)
                run = find_complete(made, Kind.TRAINING, settings, task.stores.inputs())
                if run is None or _MEASURED not in run.manifest:
                    found = measure(candidate, task, seed, interrupts)
                    run = found.run
                    run.update(**{_MEASURED: [found.eer, found.cllr]})
                rows.append((trial.number, run.number, seed, *run.manifest[_MEASURED]))
                bar.update()
    columns = ["number", "run", "seed", VALIDATION_EER, VALIDATION_CLLR]
    return Finalists(pd.DataFrame(rows, columns=columns).astype({"run": "Int64"}))


def _bring_here(
    outcomes: Outcomes, finalists: Finalists | None, task: Task, interrupts: Interrupts
) -> None:
    """Train the best trial into this folder, where another machine has tried it."""
    winner = outcomes.winner(finalists)
    if winner is not None and outcomes.number_of(winner) is None:
        measure(task.space.read(winner.params), task, task.seed, interrupts)


_MEASURED = "measured"
"""Entry of the manifest of a finalist's run: the EER and the Cllr that it is compared by."""


def _write(outcomes: Outcomes, task: Task, finalists: Finalists | None, stopped: bool) -> Search:
    """Write what the study has come to into its folder."""
    run, stores, seed = task.run, task.stores, task.seed
    table = outcomes.table()
    write_csv(run.folder / TRIALS, table)
    best = outcomes.best(stores, finalists)
    if best is None and not stopped and not outcomes.running:
        raise AudiosError(f"every trial of {run.folder} failed; see its runs' manifests")
    # Of a search that was stopped, the best trial's run may lie on another machine.
    if best is not None and best["run_number"] is not None:
        try:
            best |= {"choice": outcomes.certainty(finalists, seed)}
        except StorageError:
            raise
        except AudiosError as error:
            log.warning("how sure the choice is cannot be said: %s", error)
        won = best["classifier"] if task.space.are_many else None
        importances = measure_importances(
            outcomes.study, *outcomes.measured(outcomes.complete), seed, won
        )
        if importances is not None:
            write_csv(run.folder / IMPORTANCES, importances)
        write_csv(run.folder / TOP, outcomes.top(seed))
        if finalists is not None:
            write_csv(run.folder / FINALISTS, finalists.table)
        write_json(run.folder / BEST, best)
        draw_study(run, table, best, importances, task.space, stores.train.dataset_name)
    return Search(run, table, _here(best), stopped, len(outcomes.running))


def _here(best: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if best is None or best["run_number"] is None else best

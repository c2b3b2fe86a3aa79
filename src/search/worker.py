"""One who works at a study: takes trial after trial until there are as many as asked for."""

import logging
import warnings
from collections.abc import Callable
from contextlib import suppress

import optuna
from optuna import TrialPruned
from optuna.samplers import TPESampler
from optuna.trial import Trial, TrialState

from src.search.crews import joined
from src.search.objective import Task, run_trial
from src.search.outcomes import BROKEN_OFF, FAILED, Outcomes, is_counted
from src.search.storage import WORKER, beating, close_lost
from src.utils.errors import AudiosError, StorageError
from src.utils.files import locked
from src.utils.interrupts import Interrupts

log = logging.getLogger(__name__)

_ASKING = ".asking.lock"
_ASKING_SECONDS = 120.0

Progress = Callable[[Outcomes], None]
"""Called after every trial with what the study has come to."""


def work(study: optuna.Study, task: Task, interrupts: Interrupts, progress: Progress) -> None:
    """Try trials until the study has as many as it shall have, others at it counted.

    Trials are proposed by a tree-structured Parzen estimator (Bergstra et al. 2011, "Algorithms for
    hyper-parameter optimization") that is seeded anew for every trial by (seed, trial), so that a
    search which was stopped and continued proposes what an uninterrupted one would have.

    Parameters
    ----------
    study : optuna.Study
        The study.
    task : Task
        What is known of it.
    interrupts : Interrupts
        Holds Ctrl-C back: what keeps trials does not stand one in the midst of a write.
    progress : callable
        See `Progress`.

    Raises
    ------
    StorageError
        When what is kept cannot be written; the trial is made again by the next search.
    """
    folder = task.run.folder
    with joined(folder) as me:
        while True:
            # One at a time, so that no trial is begun beyond the last, or seen without a worker.
            with locked(folder / _ASKING, str(folder), _ASKING_SECONDS):
                close_lost(study, folder)
                position = _n_taken(study)
                trial = _ask(study, task, position, me) if position < task.total else None
            if trial is None:
                return
            try:
                with beating(study, trial):
                    eer = run_trial(study, trial, task, interrupts)
            except TrialPruned:
                study.tell(trial, state=TrialState.PRUNED)
            except AudiosError as error:
                if isinstance(error, StorageError):
                    # No setting is to blame, and the trial is made again.
                    _give_up(study, trial)
                    raise
                log.warning("trial %d failed: %s", trial.number, error)
                trial.set_user_attr(FAILED, str(error))
                study.tell(trial, state=TrialState.FAIL)
            except BaseException:
                _give_up(study, trial)
                raise
            else:
                study.tell(trial, eer)
            progress(Outcomes(study, task.run, task.space))


def _ask(study: optuna.Study, task: Task, position: int, me: str) -> Trial | None:
    """Begin a trial, None where workers of other machines have begun the last ones meanwhile."""
    with warnings.catch_warnings():
        # Of what is experimental, and of heartbeats, which `beating` sees to.
        warnings.simplefilter("ignore")
        seed = (task.seed * 1_000_003 + position) % 2**32
        # While others are at work, what they try is taken for bad, so that all try other things.
        is_alone = not study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        study.sampler = TPESampler(seed=seed, constant_liar=not is_alone)
        starts = task.space.starts()
        # A trial that waits already is one of a killed worker, made once more.
        waits = study.get_trials(deepcopy=False, states=(TrialState.WAITING,))
        if position < len(starts) and not waits:
            study.enqueue_trial(starts[position])
        trial = study.ask()
    trial.set_user_attr(WORKER, me)
    before = [
        other
        for other in study.get_trials(deepcopy=False)
        if other.number < trial.number and _is_taken(other)
    ]
    if len(before) < task.total:
        return trial
    _give_up(study, trial)
    return None


def _is_taken(trial: optuna.trial.FrozenTrial) -> bool:
    return is_counted(trial) or trial.state is TrialState.RUNNING


def _n_taken(study: optuna.Study) -> int:
    return sum(map(_is_taken, study.get_trials(deepcopy=False)))


def _give_up(study: optuna.Study, trial: Trial) -> None:
    # Where this cannot be written, the trial is found at work by the next search, which does it.
    with suppress(StorageError):
        trial.set_user_attr(BROKEN_OFF, True)
        study.tell(trial, state=TrialState.FAIL)

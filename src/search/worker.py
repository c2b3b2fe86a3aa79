"""One who works at a study: takes trial after trial until there are as many as asked for."""

import logging
import time
import warnings
from collections.abc import Callable
from contextlib import suppress

import optuna
from optuna import TrialPruned
from optuna.exceptions import UpdateFinishedTrialError
from optuna.samplers import TPESampler
from optuna.trial import Trial, TrialState

from src.search.crews import beating, close_lost, joined, others_at_work, sign, turn
from src.search.objective import Task, run_trial
from src.search.outcomes import BROKEN_OFF, FAILED, Outcomes, is_counted
from src.utils.errors import AudiosError, StorageError
from src.utils.interrupts import Interrupts

log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.5

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
    AudiosError
        When others hold what is kept for minutes.
    """
    folder = task.run.folder
    with joined(folder) as me:
        while True:
            # One at a time, so that no trial is begun beyond the last, or seen without a worker.
            with turn(study, folder):
                close_lost(study, folder, task.space)
                position = _n_taken(study)
                trial = _ask(study, task, position, me) if position < task.total else None
            if trial is None:
                if not others_at_work(study, folder):
                    return
                # One of them may be killed yet, and its trial is for those who are left.
                with interrupts.allowed():
                    time.sleep(_LOOK_SECONDS)
                progress(Outcomes(study, task.run, task.space))
                continue
            try:
                with beating(study, trial):
                    eer = run_trial(study, trial, task, interrupts)
                study.tell(trial, eer, skip_if_finished=True)
            except TrialPruned:
                study.tell(trial, state=TrialState.PRUNED, skip_if_finished=True)
            except UpdateFinishedTrialError:
                # The machine slept, or the database could not be reached: another makes it anew.
                log.warning("trial %d took no notice of others for too long", trial.number)
            except AudiosError as error:
                if isinstance(error, StorageError):
                    # No setting is to blame, and the trial is made again.
                    _give_up(study, trial)
                    raise
                log.warning("trial %d failed: %s", trial.number, error)
                with suppress(UpdateFinishedTrialError):
                    trial.set_user_attr(FAILED, str(error))
                    study.tell(trial, state=TrialState.FAIL, skip_if_finished=True)
            except BaseException:
                _give_up(study, trial)
                raise
            progress(Outcomes(study, task.run, task.space))


def _ask(study: optuna.Study, task: Task, position: int, me: str) -> Trial:
    """Begin a trial, in one's turn."""
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
    sign(study, trial, me)
    return trial


def _is_taken(trial: optuna.trial.FrozenTrial) -> bool:
    return is_counted(trial) or trial.state is TrialState.RUNNING


def _n_taken(study: optuna.Study) -> int:
    return sum(map(_is_taken, study.get_trials(deepcopy=False)))


def _give_up(study: optuna.Study, trial: Trial) -> None:
    # Where this cannot be written, the trial is found at work by the next search, which does it.
    with suppress(StorageError, UpdateFinishedTrialError):
        trial.set_user_attr(BROKEN_OFF, True)
        study.tell(trial, state=TrialState.FAIL, skip_if_finished=True)

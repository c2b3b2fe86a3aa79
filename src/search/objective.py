"""A search trial: what was drawn is trained and measured, and kept as a run."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna
from optuna import TrialPruned
from optuna.trial import Trial, TrialState

from src.models.data import TrainingStores
from src.models.probe import Fold
from src.models.train import fit_into, training_settings
from src.search.folds import FoldResult, FoldSettings, make_folds, score_folds, scored_together
from src.search.names import FOLD_SCORES
from src.search.outcomes import CLLR, FOLD_EERS, PLACE, RUN, cllr_of
from src.search.pruning import FEWEST_FOLDS, is_hopeless
from src.search.space import Candidate, Space
from src.utils.config import PRUNING_MEDIAN, WEIGHTED
from src.utils.interrupts import Interrupts
from src.utils.runs import Kind, Run, new_run


@dataclass(frozen=True)
class Task:
    """What a worker needs to know of a study to try its trials.

    Attributes
    ----------
    run : Run
        The study's folder.
    stores : TrainingStores
        The embeddings.
    space : Space
        What is drawn from.
    folds : list
        By which trials are compared; none: the split's own validation.
    pruning : str
        A name of `config.PRUNING`.
    seed : int
        Of the proposals and of every training.
    total : int
        How many trials the study shall have.
    """

    run: Run
    stores: TrainingStores
    space: Space
    folds: list[Fold]
    pruning: str
    seed: int
    total: int

    @classmethod
    def of(
        cls,
        run: Run,
        stores: TrainingStores,
        classifier: str,
        folds: FoldSettings,
        pruning: str,
        seed: int,
        total: int,
    ) -> "Task":
        """Make the folds and the space of a search.

        Parameters
        ----------
        run, stores, pruning, seed, total
            As above.
        classifier : str
            A name of `registry.CLASSIFIERS`, or `auto`.
        folds : FoldSettings
            How many folds, and what they keep whole.
        """
        space = Space.of(classifier, stores.train)
        return cls(run, stores, space, make_folds(stores, folds, seed), pruning, seed, total)


@dataclass(frozen=True)
class Measured:
    """How a candidate did.

    Attributes
    ----------
    run : Run
        The training.
    eer, cllr : float
        By which it is compared.
    fold_eers : list of float
        The EER of each fold; empty without folds.
    """

    run: Run
    eer: float
    cllr: float
    fold_eers: list[float]


def run_trial(study: optuna.Study, trial: Trial, task: Task, interrupts: Interrupts) -> float:
    """Try what a trial proposes, and return its validation EER.

    Parameters
    ----------
    study : optuna.Study
        The study.
    trial : optuna.trial.Trial
        The trial at work.
    task : Task
        What is known of the study.
    interrupts : Interrupts
        Holds Ctrl-C back, but while something is fitted.

    Raises
    ------
    optuna.TrialPruned
        When it is not worth its last folds (see `pruning.is_hopeless`).
    AudiosError
        When it fails.
    """
    candidate = task.space.draw(trial)

    def tell(done: list[FoldResult]) -> None:
        eers = [one.eer for one in done]
        trial.report(float(np.mean(eers)), len(eers) - 1)
        if task.pruning == PRUNING_MEDIAN and len(eers) < len(task.folds):
            others = _fold_eers_of_others(study)
            if is_hopeless(eers, others, max(one.one_clip for one in done)):
                raise TrialPruned

    found = measure(candidate, task, task.seed, interrupts, tell)
    trial.set_user_attr(RUN, found.run.number)
    trial.set_user_attr(PLACE, str(found.run.folder.resolve()))
    trial.set_user_attr(CLLR, found.cllr)
    if found.fold_eers:
        trial.set_user_attr(FOLD_EERS, found.fold_eers)
    return found.eer


def measure(
    candidate: Candidate,
    task: Task,
    seed: int,
    interrupts: Interrupts,
    tell: Any = None,
) -> Measured:
    """Train a candidate into a run of the study, and measure it by folds where there are any.

    Parameters
    ----------
    candidate : Candidate
        What is tried.
    task : Task
        What is known of the study.
    seed : int
        Of the training.
    interrupts : Interrupts
        Holds Ctrl-C back, but while something is fitted.
    tell : callable, optional
        Given the results of all folds so far after each; may raise `TrialPruned`.
    """
    stores, selection = task.stores, candidate.selection
    done: list[FoldResult] = []
    for folds in _in_turn(task, candidate):
        with interrupts.allowed():
            models = [candidate.make(seed) for _ in folds]
            done += score_folds(models, stores, selection, folds)
        if tell is not None:
            tell(done)
    model = candidate.make(seed)
    settings = training_settings(stores, model, selection)
    with new_run(task.run.folder, Kind.TRAINING, settings, stores.inputs()) as run:
        with interrupts.allowed():
            eer, _ = fit_into(run, model, stores, selection, plot=False)
        if done:
            scored_together(done, stores, selection).write(run.folder / FOLD_SCORES)
    eers = [one.eer for one in done]
    mean = float(np.mean([one.cllr for one in done])) if done else cllr_of(run)
    return Measured(run, float(np.mean(eers)) if eers else eer, mean, eers)


def _in_turn(task: Task, candidate: Candidate) -> list[list[Fold]]:
    """Return the folds as they are trained: together, but where a trial may be given up between."""
    folds = task.folds
    if candidate.selection.layer == WEIGHTED:
        # All layers of all folds at once would take several times the memory.
        return [[fold] for fold in folds]
    if task.pruning == PRUNING_MEDIAN and len(folds) > FEWEST_FOLDS:
        return [folds[:FEWEST_FOLDS], folds[FEWEST_FOLDS:]]
    return [folds] if folds else []


def _fold_eers_of_others(study: optuna.Study) -> list[list[float]]:
    """Return the EERs on all folds of finished trials."""
    trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return [one.user_attrs[FOLD_EERS] for one in trials if FOLD_EERS in one.user_attrs]

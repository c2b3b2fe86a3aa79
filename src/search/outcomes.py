"""What a study's trials came to: which count, how they rank, and what is kept of the best."""

from dataclasses import asdict
from functools import cached_property
from typing import Any

import numpy as np
import optuna
import pandas as pd
from optuna.trial import FrozenTrial, TrialState

from src.evaluation.trials import Trials
from src.models.calibrate import VALIDATION_SCORES, calibration_of
from src.models.data import TrainingStores
from src.search.choice import judge_choice, ranking
from src.search.crews import RETRY_OF
from src.search.finalists import Finalists
from src.search.names import FOLD_SCORES
from src.search.space import Candidate, Space, columns_of
from src.search.storage import STORAGE, damaged
from src.utils.config import VALIDATION_CLLR, VALIDATION_EER
from src.utils.errors import AudiosError, RunError, StorageError
from src.utils.files import without_nan
from src.utils.metrics.bootstrap import intervals, resample_eer
from src.utils.metrics.cllr import cllr
from src.utils.metrics.eer import compute_eer
from src.utils.runs import Run, find_run, list_sound

RUN = "run"
"""Set on a trial: the number of its run."""
PLACE = "place"
"""Set on a trial: the folder of its run, which may lie on another machine."""
CLLR = "cllr"
"""Set on a trial that has finished: the Cllr of its calibrated validation scores, None unknown."""
FAILED = "failed"
"""Set on a trial that failed by itself, in contrast to one that was broken off."""
BROKEN_OFF = "broken_off"
"""Set on a trial that was stopped by Ctrl-C, or that was one too many."""
FOLD_EERS = "fold_eers"
"""Set on a trial that is measured by folds: the EER of each."""

MOST_TOP = 10
"""Trials whose intervals are measured."""


class Outcomes:
    """The trials of a study as they are now.

    Parameters
    ----------
    study : optuna.Study
        The study.
    run : Run
        Its folder.
    space : Space
        What its trials were drawn from.

    Raises
    ------
    RunError
        When what the study keeps of a finished trial is damaged.
    """

    def __init__(self, study: optuna.Study, run: Run, space: Space) -> None:
        self.study = study
        self.run = run
        self.space = space
        self.trials = study.get_trials(deepcopy=False)
        try:
            for trial in self.trials:
                _check(trial, space)
        except ValueError as error:
            raise damaged(run, error) from error

    @property
    def counted(self) -> list[FrozenTrial]:
        """Those that ran to their end; one broken off is made again, and not counted."""
        return [trial for trial in self.trials if is_counted(trial)]

    @property
    def complete(self) -> list[FrozenTrial]:
        """Those that have a validation EER."""
        return [trial for trial in self.trials if trial.state is TrialState.COMPLETE]

    @property
    def running(self) -> list[FrozenTrial]:
        """Those that somebody is at work on."""
        return [trial for trial in self.trials if trial.state is TrialState.RUNNING]

    @property
    def ranked(self) -> list[FrozenTrial]:
        """The finished trials, the best first."""
        trials = self.complete
        return [trials[at] for at in ranking(*self.measured(trials))]

    def measured(self, trials: list[FrozenTrial]) -> tuple[list[float], list[float]]:
        """Return the validation EER and Cllr of trials, NaN for one without.

        Parameters
        ----------
        trials : list of optuna.trial.FrozenTrial
            Some of the study's.
        """
        is_complete = [trial.state is TrialState.COMPLETE for trial in trials]
        eers = [
            trial.value if is_known and trial.value is not None else np.nan
            for trial, is_known in zip(trials, is_complete, strict=True)
        ]
        return eers, [self._cllr(trial) for trial in trials]

    def table(self) -> pd.DataFrame:
        """Return a row a trial that counts: `trial, run, state`, metrics, and what was drawn."""
        counted = self.counted
        drawn = columns_of([self._candidate(trial) for trial in counted])
        rows = [
            {
                "trial": position,
                "run": self.number_of(trial),
                "state": _STATES.get(trial.state, "failed"),
                VALIDATION_EER: eer,
                VALIDATION_CLLR: known,
                **values,
            }
            for position, (trial, eer, known, values) in enumerate(
                zip(counted, *self.measured(counted), drawn, strict=True)
            )
        ]
        return _with_whole_numbers(rows) if rows else pd.DataFrame(columns=_TRIAL)

    def number_of(self, trial: FrozenTrial) -> int | None:
        """Return the number of a trial's run, None where it has none in this folder.

        Parameters
        ----------
        trial : optuna.trial.FrozenTrial
            One of the study's.
        """
        if STORAGE not in self.run.manifest or RUN not in trial.user_attrs:
            return trial.user_attrs.get(RUN)
        run = self.run_of(trial)
        return None if run is None else run.number

    def top(self, seed: int) -> pd.DataFrame:
        """Return the best trials with 95 % intervals of their EERs over speakers.

        Parameters
        ----------
        seed : int
            Of the bootstrap.

        Returns
        -------
        pandas.DataFrame
            `run, validation_eer, eer_low, eer_high`, the best first, at most ten rows; without the
            trials whose scores are not here.
        """
        rows = []
        for trial in self.ranked[:MOST_TOP]:
            try:
                scored = self._scored(trial)
            except StorageError:
                raise
            except AudiosError:
                continue
            point = compute_eer(scored.scores, scored.labels)[0]
            clusters = scored.clusters
            drawn = resample_eer(scored.scores, scored.labels, clusters.speakers, seed=seed)
            n_clusters = clusters.count(scored.labels)
            low, high = intervals({"eer": drawn}, n_clusters, points={"eer": point})["eer"]
            rows.append((self.number_of(trial), trial.value, low, high))
        return pd.DataFrame(rows, columns=["run", VALIDATION_EER, "eer_low", "eer_high"])

    def best(self, stores: TrainingStores, finalists: Finalists | None = None) -> dict | None:
        """Return what `best_hyperparameters.json` holds, None before the first finished trial.

        Its `run_number` is None where another machine has the run.

        Parameters
        ----------
        stores : TrainingStores
            What was trained on.
        finalists : Finalists, optional
            The best trials with several seeds, by which the best of them is taken.
        """
        trial = self.winner(finalists)
        if trial is None:
            return None
        candidate = self._candidate(trial)
        pooling = candidate.selection.pooling
        found: dict[str, Any] = {
            "classifier": candidate.classifier,
            "backbone": stores.train.backbone["name"],
            VALIDATION_EER: trial.value,
            VALIDATION_CLLR: without_nan(self._cllr(trial)),
            "run_number": self.number_of(trial),
            "layer": candidate.selection.layer,
            **({} if pooling is None else {"pooling": pooling}),
            "hyperparameters": candidate.hyperparameters,
        }
        seeds = None if finalists is None else finalists.seeds_of(trial.number)
        return found | ({} if seeds is None else {"seeds": seeds})

    def certainty(self, finalists: Finalists | None, seed: int) -> dict[str, Any]:
        """Return how sure the choice of the best trial is, as JSON values.

        Parameters
        ----------
        finalists : Finalists or None
            See `best`.
        seed : int
            Of the bootstrap.

        Raises
        ------
        AudiosError
            When the runs of the trials are not here.
        """
        ranked, winner = self.ranked, self.winner(finalists)
        assert winner is not None
        best, middling = (self._scored(one) for one in (winner, ranked[len(ranked) // 2]))
        found = judge_choice([one.values[0] for one in ranked], best, middling, seed)
        return dict(without_nan(asdict(found) | {"is_decisive": found.is_decisive}))

    def winner(self, finalists: Finalists | None = None) -> FrozenTrial | None:
        """Return the best trial, None before the first finished one.

        Parameters
        ----------
        finalists : Finalists, optional
            See `best`.
        """
        ranked = self.ranked
        if finalists is None or not ranked:
            return ranked[0] if ranked else None
        numbers = [trial.number for trial in ranked]
        return ranked[numbers.index(finalists.best)] if finalists.best in numbers else ranked[0]

    def run_of(self, trial: FrozenTrial) -> Run | None:
        """Return the run of a finished trial, None where it lies on another machine.

        Where trials are kept in a database, machines have runs of one number that differ: it is one
        that was trained with what the trial has proposed, of whatever number.

        Parameters
        ----------
        trial : optuna.trial.FrozenTrial
            One that has finished.
        """
        number = trial.user_attrs[RUN]
        if STORAGE not in self.run.manifest:
            return find_run(self.run.folder, number)
        wanted = self._candidate(trial)
        runs = [run for run in self._runs if self._is_of(run, wanted)]
        runs.sort(key=lambda run: run.number != number)
        return runs[0] if runs else None

    @cached_property
    def _runs(self) -> list[Run]:
        return [run for run in list_sound(self.run.folder)[0] if run.is_complete]

    def _is_of(self, run: Run, candidate: Candidate) -> bool:
        settings = run.settings
        seed = self.run.settings.get("seed")
        wanted = {"classifier": candidate.classifier, "seed": seed, **candidate.selection.settings}
        given = settings.get("hyperparameters", {})
        return (
            all(settings.get(key) == value for key, value in wanted.items())
            and settings.get("pooling") == candidate.selection.settings.get("pooling")
            and all(given.get(key) == value for key, value in candidate.hyperparameters.items())
        )

    def _candidate(self, trial: FrozenTrial) -> Candidate:
        return self.space.read(trial.params)

    def _scored(self, trial: FrozenTrial) -> Trials:
        run = self.run_of(trial)
        if run is None:
            raise RunError(f"run {trial.user_attrs[RUN]} of {self.run.folder.name} is not here")
        return scored_by(run)

    def _cllr(self, trial: FrozenTrial) -> float:
        """Return the validation Cllr of a trial, NaN where it is not known."""
        known = trial.user_attrs.get(CLLR)
        if known is None and trial.state is TrialState.COMPLETE:
            # Of before it was kept; without its run, the trial loses every tie.
            try:
                scored = self._scored(trial)
                return cllr(scored.llrs, scored.labels)
            except StorageError:
                raise
            except AudiosError:
                pass
        return np.nan if known is None else known


def in_brief(outcomes: Outcomes, best: dict[str, Any] | None) -> str:
    """Say how far a search is, in what fits behind a bar of progress.

    Parameters
    ----------
    outcomes : Outcomes
        Of its trials.
    best : dict or None
        The best one so far (see `Outcomes.best`).
    """
    states = [trial.state for trial in outcomes.counted]
    told = []
    if best is not None:
        which = f" ({best['classifier']})" if outcomes.space.are_many else ""
        told.append(f"best EER {best[VALIDATION_EER]:.2%}{which}")
    numbers = {"pruned": TrialState.PRUNED, "failed": TrialState.FAIL}
    counts = {name: states.count(state) for name, state in numbers.items()}
    return ", ".join([*told, *(f"{n} {name}" for name, n in counts.items() if n)])


_TRIAL = ["trial", "run", "state"]


def _with_whole_numbers(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return a table in which what not every trial has drawn does not make numbers fractions."""
    table = pd.DataFrame(rows)
    for name in table.columns:
        values = [row[name] for row in rows if row.get(name) is not None]
        if len(values) < len(rows) and all(type(value) is int for value in values):
            table[name] = table[name].astype("Int64")
    return table


_STATES = {TrialState.COMPLETE: "complete", TrialState.PRUNED: "pruned"}


def is_counted(trial: FrozenTrial) -> bool:
    """Say whether a trial ran to its end, of whatever kind.

    Parameters
    ----------
    trial : optuna.trial.FrozenTrial
        The trial.
    """
    if trial.state in _STATES or FAILED in trial.user_attrs:
        return True
    # One whose worker was killed twice is not tried a third time.
    was_killed = trial.state is TrialState.FAIL and RETRY_OF in trial.user_attrs
    return was_killed and BROKEN_OFF not in trial.user_attrs


def scored_by(run: Run) -> Trials:
    """Return the clips by which a trial is compared, as it has scored them.

    Parameters
    ----------
    run : Run
        Of a finished trial.
    """
    path = run.folder / FOLD_SCORES
    if path.is_file():
        return Trials.read(path, np.asarray)
    return Trials.read(run.folder / VALIDATION_SCORES, calibration_of(run).llrs)


def cllr_of(run: Run) -> float:
    """Return the Cllr of the clips by which a trial is compared.

    Parameters
    ----------
    run : Run
        Of a finished trial.
    """
    trials = scored_by(run)
    return cllr(trials.llrs, trials.labels)


def _check(trial: FrozenTrial, space: Space) -> None:
    """Fail for a finished trial without what every one has."""
    if trial.state is not TrialState.COMPLETE:
        return
    value, run = trial.value, trial.user_attrs.get(RUN)
    if value is None or not 0 <= value <= 1 or not isinstance(run, int):
        raise ValueError(f"trial {trial.number} names no run, or no EER")
    if not isinstance(trial.user_attrs.get(CLLR, 0.0), int | float | None):
        raise ValueError(f"trial {trial.number} has a Cllr that is no number")
    try:
        space.read(trial.params)
    except ValueError as error:
        raise ValueError(f"trial {trial.number}: {error}") from error

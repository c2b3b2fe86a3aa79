"""Stage 9: searching hyperparameters with Optuna; written once for all classifiers."""

import logging
import os
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pandas as pd
from optuna.samplers import TPESampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, Trial, TrialState
from tqdm import tqdm

from src.evaluation.trials import Trials
from src.models.calibrate import VALIDATION_SCORES, calibration_of
from src.models.classifier import Choice, Classifier, Hyperparameters
from src.models.data import TrainingStores
from src.models.importances import IMPORTANCES, measure_importances
from src.models.lookup import BEST, detector_name, find_study, read_best
from src.models.registry import CLASSIFIERS
from src.models.train import fit_into, training_settings
from src.models.trial_choice import judge_choice, ranking
from src.utils.config import VALIDATION_CLLR, VALIDATION_EER
from src.utils.embeddings.selection import Selection
from src.utils.errors import AudiosError, RunError, StorageError
from src.utils.files import without_nan, write_json, writing
from src.utils.interrupts import Interrupts
from src.utils.metrics.cllr import cllr
from src.utils.runs import Kind, Run, find_run, keeping_status, list_runs, new_run
from src.utils.strict_json import parse_json
from src.utils.tables import write_csv
from src.utils.tensor_file import first_line
from src.visualize.plots import plot_search

log = logging.getLogger(__name__)

JOURNAL = "optuna-journal.log"
CLLR = "cllr"
"""Set on a trial that has finished: the Cllr of its calibrated validation scores, None unknown."""
FAILED = "failed"
"""Set on a trial that failed by itself, in contrast to one that was broken off."""


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
    """

    study: Run
    search_trials: pd.DataFrame
    best: dict[str, Any] | None
    was_stopped: bool


def optimize(
    stores: TrainingStores,
    runs: Path,
    classifier: str,
    n_trials: int | None = None,
    seed: int = 7,
    study_number: int | None = None,
    reuse: bool = False,
) -> Search:
    """Search the hyperparameters, and the layer, with the lowest validation EER.

    Of trials with equal EERs the one with the lowest validation Cllr is the best (see
    `ranking`). Every trial is a run in the study's folder. Trials are proposed by a
    tree-structured Parzen estimator (Bergstra et al. 2011, "Algorithms for hyper-parameter
    optimization") that is seeded anew for every trial by (seed, trial), so a search that was
    stopped and continued proposes what an uninterrupted one would have.

    Parameters
    ----------
    stores : TrainingStores
        The embeddings to train and to validate on.
    runs : pathlib.Path
        The runs folder.
    classifier : str
        A name of `registry.CLASSIFIERS`.
    n_trials : int, optional
        How many the study shall have in all; by default the classifier's `default_trials`.
    seed : int
        Of the proposals and of every training.
    study_number : int, optional
        Of a study to continue.
    reuse : bool
        Continue the newest study of equal settings and inputs, if there is one.

    Raises
    ------
    RunError
        When the study to continue is absent or was made with other settings.
    AudiosError
        When every trial fails, or another process is at this study.
    """
    model = CLASSIFIERS.load(classifier)
    total = model.default_trials if n_trials is None else n_trials
    augmented = {} if stores.augmentation is None else {"augmented": stores.augmentation}
    settings = augmented | {
        "backbone": stores.train.backbone,
        "classifier": classifier,
        "seed": seed,
    }
    inputs = stores.inputs()
    found = None
    if study_number is not None:
        found = find_study(runs, study_number, classifier)
        _require_same_study(found, settings, inputs)
    elif reuse:
        found = _newest_equal(runs, classifier, settings, inputs)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if found is not None and found.is_complete:
        study = _open_study(found, classifier)
        kept = read_best(found) if (found.folder / BEST).is_file() else {}
        # One of before ties were broken is ranked anew.
        if len(_counted(study)) >= total and VALIDATION_CLLR in kept:
            return Search(found, _tabulate(study, found), kept, was_stopped=False)
    stopped = False
    with ExitStack() as stack:
        # Optuna's journal does not stand an interrupt in the midst of a write; only the fitting
        # of a trial, where the time goes, may be broken off.
        interrupts = stack.enter_context(Interrupts())
        if found is None:
            made = new_run(runs, Kind.STUDY, settings, inputs, study_of=classifier)
            run = stack.enter_context(made)
        else:
            run = stack.enter_context(keeping_status(found))
        study = _open_study(run, classifier)
        try:
            _search(study, run, stores, model, total, seed, interrupts)
        except KeyboardInterrupt:
            stopped = True
        table = _tabulate(study, run)
        write_csv(run.folder / "trials.csv", table)
        _plot(table, run, stores.train.dataset_name)
        best = _told(study, run, stores, seed)
        if best is None and not stopped:
            raise AudiosError(f"every trial of {run.folder} failed; see its runs' manifests")
        if best is not None:
            _write_importances(study, run, seed)
            write_json(run.folder / BEST, best)
    if stopped:
        run.update(status="interrupted")
    return Search(run, table, best, stopped)


class _Journal(JournalFileBackend):
    """Optuna's journal, of which a full disk or a kill leaves no torn line.

    Parameters
    ----------
    path : pathlib.Path
        The file of lines.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with writing(path):
            if path.is_file():
                _cut_torn_line(path)
            super().__init__(str(path))

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Append lines, or none of them."""
        try:
            with writing(self._path):
                super().append_logs(logs)
        except StorageError:
            # What is appended later would end in the same line.
            with suppress(OSError):
                _cut_torn_line(self._path)
            raise


def _cut_torn_line(path: Path) -> None:
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        os.truncate(path, whole)


def _open_study(run: Run, classifier: str) -> optuna.Study:
    """Open the journal of a study, beginning it where there is none."""
    path = run.folder / JOURNAL
    try:
        # First, since it cuts off a line that a kill has torn.
        storage = JournalStorage(_Journal(path))
        for number, line in enumerate(path.read_bytes().splitlines() if path.is_file() else (), 1):
            if not isinstance(parse_json(line), dict):
                raise ValueError(f"line {number} is no entry")
        # Not by `load_if_exists`, which would write into the journal of a finished study.
        make = optuna.load_study if storage.get_all_studies() else optuna.create_study
        study = make(storage=storage, study_name=classifier)
        for trial in study.get_trials(deepcopy=False):
            _check_trial(trial)
    except AudiosError:
        raise
    except OSError as error:
        raise RunError(f"cannot use {path}: {error.strerror or error}") from error
    except Exception as error:  # Optuna raises whatever it meets in a damaged journal
        raise RunError(
            f"{path} is damaged: {first_line(error)}; start a new study by leaving "
            f"--study-number out"
        ) from error
    return study


def _check_trial(trial: FrozenTrial) -> None:
    """Fail for a finished trial without what every one has."""
    if trial.state is not TrialState.COMPLETE:
        return
    value, run = trial.value, trial.user_attrs.get("run")
    if value is None or not 0 <= value <= 1 or not isinstance(run, int):
        raise ValueError(f"trial {trial.number} names no run, or no EER")
    if not isinstance(trial.params.get("layer"), int):
        raise ValueError(f"trial {trial.number} names no layer")
    if not isinstance(trial.user_attrs.get(CLLR, 0.0), int | float | None):
        raise ValueError(f"trial {trial.number} has a Cllr that is no number")


def _search(
    study: optuna.Study,
    run: Run,
    stores: TrainingStores,
    model: type[Classifier],
    total: int,
    seed: int,
    interrupts: Interrupts,
) -> None:
    for left in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(left.number, state=TrialState.FAIL)
    done = len(_counted(study))
    with tqdm(total=total, initial=done, desc=f"search {model.name}", unit="trial") as bar:
        for position in range(done, total):
            study.sampler = TPESampler(seed=(seed * 1_000_003 + position) % 2**32)
            trial = study.ask()
            try:
                eer = _run_trial(trial, run, stores, model, seed, interrupts)
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
                # Written after every trial, so that even a kill leaves the best so far.
                best = _best(study, run, stores)
                if best is not None:
                    write_json(run.folder / BEST, best)
                    bar.set_postfix_str(f"best EER {best['validation_eer']:.2%}")
            bar.update()


def _give_up(study: optuna.Study, trial: Trial) -> None:
    # Where this cannot be written, the trial is found at work by the next search, which does it.
    with suppress(StorageError):
        study.tell(trial, state=TrialState.FAIL)


def _counted(study: optuna.Study) -> list[FrozenTrial]:
    """Return the trials that ran to their end; one broken off is made again, not counted."""
    return [
        trial
        for trial in study.get_trials(deepcopy=False)
        if trial.state is TrialState.COMPLETE or FAILED in trial.user_attrs
    ]


def _run_trial(
    trial: Trial,
    study: Run,
    stores: TrainingStores,
    model: type[Classifier],
    seed: int,
    interrupts: Interrupts,
) -> float:
    held = stores.train.layers
    layer = trial.suggest_int("layer", held[0], held[-1])
    classifier = model(suggest(trial, model), seed)
    selection = Selection(layer)
    settings = training_settings(stores, classifier, selection)
    with new_run(study.folder, Kind.TRAINING, settings, stores.inputs()) as run:
        trial.set_user_attr("run", run.number)
        with interrupts.allowed():
            eer, _ = fit_into(run, classifier, stores, selection, plot=False)
    trial.set_user_attr(CLLR, _cllr_of(run))
    return eer


def suggest(trial: Trial, model: type[Classifier]) -> Hyperparameters:
    """Draw one value for everything in a classifier's search space.

    Parameters
    ----------
    trial : optuna.trial.Trial
        Proposes the values.
    model : type of Classifier
        Whose `search_space` they are drawn from.
    """
    drawn: Hyperparameters = {}
    for name, space in model.search_space.items():
        if isinstance(space, Choice):
            drawn[name] = trial.suggest_categorical(name, space.values)
        elif isinstance(space.low, int) and isinstance(space.high, int):
            drawn[name] = trial.suggest_int(name, space.low, space.high, log=space.log)
        else:
            drawn[name] = trial.suggest_float(name, space.low, space.high, log=space.log)
    return drawn


def _complete(study: optuna.Study) -> list[FrozenTrial]:
    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))


def _validated(run: Run) -> Trials:
    """Return the validation clips as a finished trial has scored them."""
    return Trials.read(run.folder / VALIDATION_SCORES, calibration_of(run).llrs)


def _cllr_of(run: Run) -> float:
    trials = _validated(run)
    return cllr(trials.llrs, trials.labels)


def _kept_cllr(trial: FrozenTrial, study: Run) -> float:
    """Return the validation Cllr of a trial, NaN where it is not known."""
    known = trial.user_attrs.get(CLLR)
    if known is None and trial.state is TrialState.COMPLETE:
        # Of before it was kept; without its run, the trial loses every tie.
        try:
            return _cllr_of(find_run(study.folder, trial.user_attrs["run"]))
        except StorageError:
            raise
        except AudiosError:
            pass
    return np.nan if known is None else known


def _measured(trials: list[FrozenTrial], study: Run) -> tuple[list[float], list[float]]:
    """Return the validation EER and Cllr of each trial, NaN for one that failed."""
    eers = [np.nan if trial.value is None else trial.value for trial in trials]
    return eers, [_kept_cllr(trial, study) for trial in trials]


def _ranked(study: optuna.Study, run: Run) -> list[FrozenTrial]:
    """Return the finished trials, the best first."""
    trials = _complete(study)
    return [trials[at] for at in ranking(*_measured(trials, run))]


def _best(study: optuna.Study, run: Run, stores: TrainingStores) -> dict[str, Any] | None:
    """Return what `best_hyperparameters.json` holds, None before the first finished trial."""
    ranked = _ranked(study, run)
    if not ranked:
        return None
    trial = ranked[0]
    return {
        "classifier": study.study_name,
        "backbone": stores.train.backbone["name"],
        VALIDATION_EER: trial.value,
        VALIDATION_CLLR: without_nan(_kept_cllr(trial, run)),
        "run_number": trial.user_attrs["run"],
        "layer": trial.params["layer"],
        "hyperparameters": {k: v for k, v in trial.params.items() if k != "layer"},
    }


def _told(
    study: optuna.Study, run: Run, stores: TrainingStores, seed: int
) -> dict[str, Any] | None:
    """Return what is kept of the best trial in the end, with how sure the choice of it is."""
    best = _best(study, run, stores)
    if best is None:
        return None
    ranked = _ranked(study, run)
    try:
        best_scored, middling = (
            _validated(find_run(run.folder, trial.user_attrs["run"]))
            for trial in (ranked[0], ranked[len(ranked) // 2])
        )
    except StorageError:
        raise
    except AudiosError as error:
        log.warning("how sure the choice is cannot be said: %s", error)
        return best
    found = judge_choice([trial.values[0] for trial in ranked], best_scored, middling, seed)
    return best | {"choice": without_nan(asdict(found) | {"is_decisive": found.is_decisive})}


def _write_importances(study: optuna.Study, run: Run, seed: int) -> None:
    found = measure_importances(study, *_measured(_complete(study), run), seed)
    if found is not None:
        write_csv(run.folder / IMPORTANCES, found)


def _tabulate(study: optuna.Study, run: Run) -> pd.DataFrame:
    counted = _counted(study)
    rows = [
        {
            "trial": position,
            "run": trial.user_attrs.get("run"),
            "state": "complete" if trial.state is TrialState.COMPLETE else "failed",
            VALIDATION_EER: eer,
            VALIDATION_CLLR: known,
            **trial.params,
        }
        for position, (trial, eer, known) in enumerate(
            zip(counted, *_measured(counted, run), strict=True)
        )
    ]
    return pd.DataFrame(rows, columns=None if rows else ["trial", "run", "state"])


def _plot(table: pd.DataFrame, run: Run, data: str) -> None:
    if VALIDATION_EER in table and table[VALIDATION_EER].notna().any():
        title = f"Validation EER of each search trial\n{detector_name(run)}, {data}"
        plot_search(table, run.folder / "optimization_history.png", title)


def _newest_equal(
    runs: Path, classifier: str, settings: dict[str, Any], inputs: dict[str, Any]
) -> Run | None:
    for run in reversed(list_runs(runs, study_of=classifier)):
        if run.settings == settings and run.inputs == inputs:
            return run
    return None


def _require_same_study(found: Run, settings: dict[str, Any], inputs: dict[str, Any]) -> None:
    for what, have, want in (
        ("settings", found.settings, settings),
        ("embeddings", found.inputs, inputs),
    ):
        differs = [key for key in have | want if have.get(key) != want.get(key)]
        if differs:
            raise RunError(
                f"{found.folder} was made with other {what} ({', '.join(differs)}); start a new "
                f"study by leaving --study-number out"
            )

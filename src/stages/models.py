"""Stages 9 to 11: probing layers, searching hyperparameters, training and testing."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from src.audit.summary import Audited, find_audit
from src.models.data import TrainingStores
from src.models.evaluate import Evaluation, evaluate_run
from src.models.evaluate_sets import SetsEvaluation, evaluate_sets
from src.models.lookup import best_of_study, find_training
from src.models.probe import ProbeRun, run_probe
from src.models.search import Search
from src.models.search import optimize as search_hyperparameters
from src.models.train import Training, train_model
from src.results.report import write_report
from src.utils.config import PROBE, LayerChoice

AuditHeard = Callable[[Audited | None], None]
"""Given what the newest audit says of the recordings, None where there is no audit."""


def probe(backbone: str, embeddings: Path, runs: Path, seed: int = 7) -> ProbeRun:
    """Measure a linear probe on every layer, into a run folder with its page.

    Parameters
    ----------
    backbone : str
        Whose vectors.
    embeddings : pathlib.Path
        The embeddings' folder.
    runs : pathlib.Path
        The runs folder.
    seed : int
        Of the folds.

    Raises
    ------
    EmbeddingError
        When there are no vectors, or too few speakers.
    """
    done = run_probe(TrainingStores.open(embeddings, backbone), runs, seed)
    write_report(done.run, runs)
    return done


def optimize(
    backbone: str,
    classifier: str,
    embeddings: Path,
    runs: Path,
    n_trials: int | None = None,
    study_number: int | None = None,
    seed: int = 7,
    reuse: bool = False,
    on_audit: AuditHeard | None = None,
) -> Search:
    """Search hyperparameters and the layer, into a study's folder with its page.

    Parameters
    ----------
    backbone : str
        Whose vectors.
    classifier : str
        A name of `registry.CLASSIFIERS`.
    embeddings : pathlib.Path
        The embeddings' folder.
    runs : pathlib.Path
        The runs folder.
    n_trials : int, optional
        How many the study shall have in all; by default the classifier's own number.
    study_number : int, optional
        A study to continue.
    seed : int
        Of the search and of every trial.
    reuse : bool
        Continue the newest study of equal settings and inputs, if there is one.
    on_audit : callable, optional
        Called, before any work, with what the newest audit says of the recordings.

    Raises
    ------
    AudiosError
        As `search.optimize` does.
    """
    stores = _open(embeddings, backbone, runs, on_audit)
    search = search_hyperparameters(stores, runs, classifier, n_trials, seed, study_number, reuse)
    write_report(search.study, runs)
    return search


def train(
    backbone: str,
    classifier: str,
    embeddings: Path,
    runs: Path,
    layer: LayerChoice | None = None,
    hyperparameters: Mapping[str, Any] | None = None,
    study_number: int | None = None,
    seed: int = 7,
    reuse: bool = False,
    on_audit: AuditHeard | None = None,
) -> Training:
    """Train a classifier, into a run folder with its page.

    Parameters
    ----------
    backbone : str
        Whose vectors.
    classifier : str
        A name of `registry.CLASSIFIERS`.
    embeddings : pathlib.Path
        The embeddings' folder.
    runs : pathlib.Path
        The runs folder.
    layer : int or 'probe', optional
        A number, negative from the last, or `probe` for the one that a linear probe finds best.
        By default the layer of the study's best trial, and without a study `probe`.
    hyperparameters : mapping, optional
        In place of those of the study's best trial, one by one, or of the classifier's defaults.
    study_number : int, optional
        The study whose best trial gives what is not given here.
    seed : int
        Of everything random.
    reuse : bool
        Return an equal finished run instead of training again.
    on_audit : callable, optional
        Called, before any work, with what the newest audit says of the recordings.

    Raises
    ------
    AudiosError
        As `best_of_study` and `train_model` do.
    """
    given = dict(hyperparameters or {})
    if study_number is not None:
        best = best_of_study(runs, study_number, backbone, classifier)
        given = best["hyperparameters"] | given
        layer = best["layer"] if layer is None else layer
    stores = _open(embeddings, backbone, runs, on_audit)
    chosen = PROBE if layer is None else layer
    training = train_model(stores, runs, classifier, chosen, given, seed, reuse)
    write_report(training.run, runs)
    return training


def test(
    embeddings: Path,
    runs: Path,
    backbone: str | None = None,
    classifier: str | None = None,
    run_number: int | None = None,
    study_number: int | None = None,
    gender: str | None = None,
    reuse: bool = False,
) -> Evaluation:
    """Test a training on clips of unseen speakers, into its own folder, and write its page anew.

    Parameters
    ----------
    embeddings : pathlib.Path
        The embeddings' folder.
    runs : pathlib.Path
        The runs folder.
    backbone, classifier : str, optional
        Of the training; what is left out fits any.
    run_number : int, optional
        The training's number; by default the newest that fits, or the study's best.
    study_number : int, optional
        The study that the training is a trial of.
    gender : {'M', 'F'}, optional
        Only clips of this gender.
    reuse : bool
        Return the results that are there when they are of these very clips.

    Raises
    ------
    RunError
        When there is no such training.
    AudiosError
        As `evaluate_run` does.
    """
    run = find_training(runs, backbone, classifier, run_number, study_number)
    evaluation = evaluate_run(run, embeddings, gender, reuse)
    write_report(run, runs)
    return evaluation


def test_on_sets(
    embeddings: Sequence[Path], runs: Path, gender: str | None = None, **which: Any
) -> SetsEvaluation:
    """Test a training on many test sets at once, into its own folder, and write its page anew.

    Parameters
    ----------
    embeddings : sequence of pathlib.Path
        The embeddings' folder of each set.
    runs : pathlib.Path
        The runs folder.
    gender : {'M', 'F'}, optional
        Only clips of this gender.
    which : dict
        Names and numbers of the training (see `test`).

    Raises
    ------
    RunError
        When there is no such training.
    AudiosError
        As `evaluate_sets` does.
    """
    run = find_training(runs, **which)
    done = evaluate_sets(run, embeddings, gender)
    write_report(run, runs)
    return done


def _open(
    embeddings: Path, backbone: str, runs: Path, on_audit: AuditHeard | None
) -> TrainingStores:
    stores = TrainingStores.open(embeddings, backbone)
    if on_audit is not None:
        on_audit(find_audit(runs, stores.train.dataset))
    return stores

"""Stages 9 to 11: probing layers, searching hyperparameters, training and testing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from src.audit.summary import Audited, find_audit
from src.fusion.names import is_fused
from src.models.data import (
    VALIDATION,
    TrainingStores,
    is_of_same_clips,
    require_same_backbone,
    require_same_clips,
)
from src.models.evaluate import Evaluation, evaluate_run
from src.models.evaluate_sets import SetsEvaluation, evaluate_sets
from src.models.lookup import best_of_study, find_training, is_network
from src.models.probe import ProbeRun, run_probe
from src.models.registry import CLASSIFIERS
from src.models.seeds import Trainings
from src.models.train import Training, train_model
from src.results.report import write_report
from src.scoring.clips import find_clips
from src.search.optimize import Search, SearchOptions
from src.search.optimize import optimize as search_hyperparameters
from src.utils.config import CALIBRATED_ON, CLEAN, PROBE, LayerChoice
from src.utils.dataset.dataset import Dataset
from src.utils.embeddings.backbones import load_backbone
from src.utils.embeddings.copies import degraded_as
from src.utils.embeddings.extract import SplitTable, extract_versions
from src.utils.embeddings.store import MANIFEST as STORE_MANIFEST
from src.utils.embeddings.store import EmbeddingStore
from src.utils.errors import ArgumentError, EmbeddingError, choose
from src.utils.runs import Run

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
    augmented: bool = False,
    options: SearchOptions | None = None,
) -> Search:
    """Search classifier, vectors and hyperparameters, into a study's folder with its page.

    Parameters
    ----------
    backbone : str
        Whose vectors.
    classifier : str
        A name of `registry.CLASSIFIERS`, or `auto` for all.
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
    augmented : bool
        Whether every trial learns from the augmented copies of the training clips, too.
    options : SearchOptions, optional
        Folds, pruning, seeds, workers, and where the trials are kept.

    Raises
    ------
    AudiosError
        As `search.optimize` does.
    """
    stores = _open(embeddings, backbone, runs, on_audit, augmented)
    search = search_hyperparameters(
        stores, runs, classifier, n_trials, seed, study_number, reuse, options
    )
    write_report(search.study, runs)
    return search


def train(
    backbone: str,
    classifier: str,
    embeddings: Path,
    runs: Path,
    layer: LayerChoice | None = None,
    pooling: str | None = None,
    hyperparameters: Mapping[str, Any] | None = None,
    study_number: int | None = None,
    seed: int = 7,
    reuse: bool = False,
    on_audit: AuditHeard | None = None,
    augmented: bool = False,
    calibrate: str = CLEAN,
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
    layer : int, 'probe' or 'weighted', optional
        A number, negative from the last, `probe` for the one that a linear probe finds best, or
        `weighted` for all of them by weights that are learned. By default the layer of the study's
        best trial, and without a study `probe`.
    pooling : str, optional
        The one statistic of a clip's frames that is taken, such as `mean`. By default that of the
        study's best trial, and without a study all.
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
    augmented : bool
        Whether it learns from the augmented copies of the training clips, too.
    calibrate : {'clean', 'matched', 'all'}
        The validation clips that threshold and calibration are fitted on: as they are, degraded
        as the training's copies are, or both. Degraded ones are made of the recordings.

    Raises
    ------
    ArgumentError
        When a calibration is to match copies that are not trained on.
    AudiosError
        As `best_of_study` and `train_model` do, and where recordings are gone that are to be
        degraded.
    """
    choose("--calibrate", calibrate, CALIBRATED_ON)
    if calibrate != CLEAN and not augmented:
        raise ArgumentError(
            f"--calibrate={calibrate} is by the recipe of the training's copies: add --augmented"
        )
    given = dict(hyperparameters or {})
    if study_number is not None:
        best = best_of_study(runs, study_number, backbone, classifier)
        classifier = best["classifier"]
        given = best["hyperparameters"] | given
        layer = best["layer"] if layer is None else layer
        pooling = best.get("pooling") if pooling is None else pooling
    stores = _open(embeddings, backbone, runs, on_audit, augmented)
    if calibrate != CLEAN:
        stores = replace(stores, calibrate=calibrate, degraded=degrade_validation(stores))
    chosen = PROBE if layer is None else layer
    training = train_model(stores, runs, classifier, chosen, pooling, given, seed, reuse)
    write_report(training.run, runs)
    return training


def train_by_seeds(
    n_seeds: int, *asked: Any, seed: int = 7, on_audit: AuditHeard | None = None, **options: Any
) -> Trainings:
    """Train a classifier by several seeds, each into a run folder with its page.

    All are given the vectors that the first one chose. Where there are several, a training that is
    already there is not made again. Of a classifier that draws nothing one is trained.

    Parameters
    ----------
    n_seeds : int
        How many there are from the first one on.
    asked, options
        As `train` takes them.
    seed : int
        The first seed.
    on_audit : callable, optional
        See `train`.

    Raises
    ------
    AudiosError
        As `train` does.
    """
    if n_seeds > 1:
        options |= {"reuse": True}
    first = train(*asked, **(options | {"seed": seed, "on_audit": on_audit}))
    if not CLASSIFIERS.load(first.run.settings["classifier"]).is_random:
        return Trainings([first], is_random=False)
    options |= first.selection._asdict()
    more = [train(*asked, **(options | {"seed": seed + n})) for n in range(1, n_seeds)]
    return Trainings([first, *more])


def test(
    embeddings: Path,
    runs: Path,
    backbone: str | None = None,
    classifier: str | None = None,
    run_number: int | None = None,
    study_number: int | None = None,
    gender: str | None = None,
    reuse: bool = False,
    dataset: Path | None = None,
) -> Evaluation:
    """Test a training on clips of unseen speakers, into its own folder, and write its page anew.

    Parameters
    ----------
    embeddings : pathlib.Path
        The embeddings' folder; a network is given recordings.
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
    dataset : pathlib.Path, optional
        The folder of a data set whose recordings a network, or a fusion, is tested on; by default
        its own. A fusion of classifiers is tested on the vectors where those of all are there.

    Raises
    ------
    ArgumentError
        When a data set is named for a classifier of vectors.
    RunError
        When there is no such training.
    AudiosError
        As `evaluate_run` and `evaluate_network` do.
    """
    run = find_training(runs, backbone, classifier, run_number, study_number)
    if is_fused(run):
        from src.fusion import evaluate as fusion

        if dataset is None and fusion.is_of_vectors(run) and fusion.has_vectors(run, embeddings):
            evaluation = fusion.evaluate_on_vectors(run, embeddings, gender, reuse)
        else:
            source = find_clips(run, dataset, embeddings)
            evaluation = fusion.evaluate_on_recordings(run, source, gender, reuse)
    elif is_network(run):
        from src.networks.evaluate import evaluate_network

        source = find_clips(run, dataset, embeddings)
        evaluation = evaluate_network(run, source, gender, reuse)
    else:
        _require_no_datasets(run, [] if dataset is None else [dataset])
        evaluation = evaluate_run(run, embeddings, gender, reuse)
    write_report(run, runs)
    return evaluation


def degrade_validation(stores: TrainingStores) -> EmbeddingStore:
    """Embed the validation clips, degraded as the training's copies are, into their own store.

    Where there is such a store already, the recordings are not needed.

    Parameters
    ----------
    stores : TrainingStores
        With copies.

    Returns
    -------
    EmbeddingStore
        `downstream_val.degraded1`.

    Raises
    ------
    AudiosError
        When the recordings are gone or the data set was split anew, or as `extract_versions` does.
    """
    clean = stores.validation
    copy = degraded_as(stores.copies[0].augmentation or {})
    folder = clean.folder.with_name(copy.store_name(VALIDATION))
    if (folder / STORE_MANIFEST).is_file():
        there = EmbeddingStore.open(clean.embeddings, clean.backbone["name"], folder.name)
        if there.augmentation == copy.describe() and is_of_same_clips(clean, there):
            require_same_backbone(clean, there)
            return there
    if clean.root is None or not Path(clean.dataset).is_dir():
        raise EmbeddingError(
            f"degrading {VALIDATION} takes its recordings, which are no longer in {clean.dataset}; "
            f"bring them back, or train with --calibrate={CLEAN}"
        )
    if clean.is_stale:
        raise EmbeddingError(
            f"the data set was split anew since {clean.folder} was made; run GenerateEmbeddings"
        )
    dataset = Dataset.open(clean.root)
    table = SplitTable.read(dataset, VALIDATION)
    copy = copy.with_voices(dataset, table.files)
    copy.recipe.check()
    about, kept = clean.backbone, clean.layers
    backbone = load_backbone(
        about["name"],
        about.get("checkpoint"),
        about.get("precision", "auto"),
        (kept[0], kept[-1]),
    )
    [done] = extract_versions(dataset, table, backbone, clean.embeddings, [copy])
    require_same_clips(clean, done.store)
    return done.store


def test_on_sets(
    embeddings: Sequence[Path],
    runs: Path,
    gender: str | None = None,
    datasets: Sequence[Path] = (),
    **which: Any,
) -> SetsEvaluation:
    """Test a training on many test sets at once, into its own folder, and write its page anew.

    Parameters
    ----------
    embeddings : sequence of pathlib.Path
        The embeddings' folder of each set, of a classifier of vectors.
    runs : pathlib.Path
        The runs folder.
    gender : {'M', 'F'}, optional
        Only clips of this gender.
    datasets : sequence of pathlib.Path
        The data set of each set, of a network.
    which : dict
        Names and numbers of the training (see `test`).

    Raises
    ------
    ArgumentError
        When the sets are not what the training is given: vectors, or recordings.
    RunError
        When there is no such training.
    AudiosError
        As `evaluate_sets` does.
    """
    run = find_training(runs, **which)
    if is_fused(run):
        from src.fusion import evaluate as fusion

        if fusion.is_of_vectors(run) and not datasets:
            tester = fusion.MemberVectorTester(run)
            done = evaluate_sets(run, embeddings, gender, tester=tester)
        else:
            _require_datasets(run, embeddings, "a member of which")
            done = evaluate_sets(run, datasets, gender, tester=fusion.recording_tester(run))
    elif is_network(run):
        from src.networks.evaluate import RecordingTester

        _require_datasets(run, embeddings, "which")
        done = evaluate_sets(run, datasets, gender, tester=RecordingTester(run))
    else:
        _require_no_datasets(run, datasets)
        done = evaluate_sets(run, embeddings, gender)
    write_report(run, runs)
    return done


def _require_datasets(run: Run, embeddings: Sequence[Path], what: str) -> None:
    if len(embeddings) > 1:
        kind = "a fusion" if is_fused(run) else "of a network"
        raise ArgumentError(
            f"--embeddings: run {run.number} is {kind}, {what} is given recordings: name the sets "
            f"by --dataset=DIR,DIR"
        )


def _require_no_datasets(run: Run, datasets: Sequence[Path]) -> None:
    if datasets:
        raise ArgumentError(
            f"--dataset: run {run.number} is of a classifier of vectors: make those of "
            f"{datasets[0]} (fab GenerateEmbeddings), and name their folder by --embeddings"
        )


def _open(
    embeddings: Path, backbone: str, runs: Path, on_audit: AuditHeard | None, augmented: bool
) -> TrainingStores:
    stores = TrainingStores.open(embeddings, backbone, augmented)
    if on_audit is not None:
        on_audit(find_audit(runs, stores.train.dataset))
    return stores

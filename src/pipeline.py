"""All stages in order, skipping what is up to date."""

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from src import reports
from src.audit.audit import audit_dataset
from src.audit.match_audited import match_audited
from src.models.data import TEST, TRAIN, TrainingStores
from src.models.evaluate import evaluate_run
from src.models.search import optimize
from src.models.train import Training, train_model
from src.results.blocks.blocks import Block
from src.results.report import write_report
from src.utils.config import CLASSIFIERS, DOWNSTREAM_SPLITS, PROBE, LayerChoice
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.generate import generate_tables
from src.utils.dataset.match import MatchSettings
from src.utils.dataset.measure import (
    AMPLITUDE_STAGE,
    DURATION_STAGE,
    add_amplitudes,
    add_durations,
    is_measured,
)
from src.utils.dataset.noise import add_noise
from src.utils.dataset.normalize import normalize_dataset
from src.utils.dataset.split import SplitSettings, plan_split, split_dataset
from src.utils.embeddings.backbones import load_backbone
from src.utils.embeddings.extract import extract_split
from src.utils.embeddings.store import EmbeddingStore
from src.utils.errors import DatasetError
from src.utils.runs import Run
from src.visualize.projection import METHODS, visualize

MATCH = "match"


@dataclass(frozen=True)
class PipelineSettings:
    """What the whole pipeline is asked to do.

    Attributes
    ----------
    dataset, embeddings, runs : pathlib.Path
    audio : pathlib.Path or None
        Where the recordings are, if not in `dataset`.
    bona_fide : pathlib.Path or None
        Where the bona-fide recordings are, for a layout that has them elsewhere.
    layout : str
    normalize : str or None
        `peak`, `rms`, `match` for MatchDataset, or None to leave the recordings alone.
    snr_db : (float, float) or None
        Range of the noise to add, None for none.
    split : SplitSettings
    backbones : dict of str to (str or None)
        The checkpoint by backbone.
    precision : str
    layers : (int, int) or None
        First and last layer to extract, None for all.
    classifiers : sequence of str
    layer : int or 'probe'
    trials : int
        Of each search; 0 trains with the defaults instead.
    seed : int
    """

    dataset: Path
    embeddings: Path
    runs: Path
    audio: Path | None = None
    bona_fide: Path | None = None
    layout: str = "auto"
    normalize: str | None = "rms"
    snr_db: tuple[float, float] | None = None
    split: SplitSettings = field(default_factory=SplitSettings)
    backbones: dict[str, str | None] = field(default_factory=lambda: {"acoustic": None})
    precision: str = "auto"
    layers: tuple[int, int] | None = None
    classifiers: Sequence[str] = CLASSIFIERS
    layer: LayerChoice = PROBE
    trials: int = 10
    seed: int = 7


@dataclass(frozen=True)
class PipelineResult:
    """What came out.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a detector: `backbone, classifier, layer, validation_eer, test_eer, accuracy,
        auc, run`.
    pages : list of pathlib.Path
        To open in a browser: of the audit first, then of every run and study.
    """

    table: pd.DataFrame
    pages: list[Path]


def run_pipeline(settings: PipelineSettings, tell: Callable[[str], None]) -> PipelineResult:
    """Run every stage; `tell` is given a title and a report for each.

    Raises
    ------
    AudiosError
        As the stages do.
    """
    # First, so that what cannot be loaded shows before hours of preparation.
    backbones = {
        name: load_backbone(name, checkpoint, settings.precision, settings.layers)
        for name, checkpoint in settings.backbones.items()
    }
    dataset = prepare_dataset(settings, tell)
    audit = audit_dataset(dataset, settings.runs, settings.seed, reuse=True)
    write_report(audit.run, settings.runs)
    _tell(tell, "AuditDataset", reports.report_audit(audit))
    rows: list[tuple] = []
    pages = [audit.page]
    for name, backbone in backbones.items():
        for split in DOWNSTREAM_SPLITS:
            extraction = extract_split(dataset, split, backbone, settings.embeddings)
            _tell(tell, "GenerateEmbeddings", reports.report_extraction(extraction))
        pages += _visualize(settings, name, tell)
        stores = TrainingStores.open(settings.embeddings, name)
        for classifier in settings.classifiers:
            training, study = _train(settings, stores, classifier, tell)
            pages += [] if study is None else [study]
            evaluation = evaluate_run(training.run, settings.embeddings, reuse=True)
            pages.append(_write(training.run, settings))
            _tell(tell, "TestModel", reports.report_evaluation(evaluation))
            found = evaluation.results.detection
            rows.append(
                (
                    name,
                    classifier,
                    training.layer,
                    training.validation_eer,
                    found.eer,
                    found.accuracy,
                    found.auc,
                    training.run.number,
                )
            )
    columns = [
        "backbone",
        "classifier",
        "layer",
        "validation_eer",
        "test_eer",
        "accuracy",
        "auc",
        "run",
    ]
    return PipelineResult(pd.DataFrame(rows, columns=columns), pages)


def prepare_dataset(settings: PipelineSettings, tell: Callable[[str], None]) -> Dataset:
    """Run the stages that work on recordings and return the data set to take vectors from."""
    scan = generate_tables(settings.dataset, settings.layout, settings.audio, settings.bona_fide)
    _tell(tell, "GenerateDatasetCSV", reports.report_scan(scan))
    dataset = Dataset.open(settings.dataset)
    _require_split(dataset, settings)
    if not is_measured(dataset, DURATION_STAGE, "duration"):
        _tell(tell, DURATION_STAGE, reports.report_durations(*add_durations(dataset)))
    if not is_measured(dataset, AMPLITUDE_STAGE, "amplitude"):
        files, rejected = add_amplitudes(dataset)
        is_mended_next = settings.normalize is not None
        report = reports.report_amplitudes(files, rejected, is_mended_next)
        _tell(tell, AMPLITUDE_STAGE, report)
    if settings.normalize == MATCH:
        matching = match_audited(
            dataset, _beside(dataset, "matched"), MatchSettings(seed=settings.seed)
        )
        _tell(tell, "MatchDataset", reports.report_matching(matching))
        dataset = matching.derived.dataset
    elif settings.normalize is not None:
        output = _beside(dataset, "normalized")
        derived = normalize_dataset(dataset, output, settings.normalize)
        _tell(tell, "NormalizeDataset", reports.report_derived(derived, "they are quieter"))
        dataset = derived.dataset
    if settings.snr_db is not None:
        derived = add_noise(dataset, _beside(dataset, "noisy"), settings.snr_db, settings.seed)
        _tell(tell, "AddNoise", reports.report_derived(derived, "voice and noise are quieter"))
        dataset = derived.dataset
    split = split_dataset(dataset, settings.split, settings.seed)
    _tell(tell, "SplitDataset", reports.report_split(split))
    return dataset


def _require_split(dataset: Dataset, settings: PipelineSettings) -> None:
    """Fail before hours of copying where no split to train, validate and test on is possible."""
    splits = plan_split(dataset.read_files(), settings.split, settings.seed).splits
    missing = [split for split in DOWNSTREAM_SPLITS if not (splits == split).any()]
    if not missing:
        return
    if TRAIN in missing and (splits == TEST).any():
        where = f"--dataset={shlex.quote(str(dataset.root))}"
        apart = _beside(dataset, settings.embeddings.name).name
        embeddings = f"--embeddings={shlex.quote(str(settings.embeddings.with_name(apart)))}"
        raise DatasetError(
            f"the corpus' own split of {dataset.root} has no training part; a model that was "
            f"trained elsewhere is tested on it by: fab SplitDataset {where} --strategy=official "
            f"GenerateEmbeddings {where} --backbone={next(iter(settings.backbones))} "
            f"--splits={TEST} {embeddings} TestModel --run-number=N {embeddings}"
        )
    remedy = "speaker makes another" if TRAIN in missing else "column makes up what is missing"
    raise DatasetError(
        f"the corpus' own split of {dataset.root} leaves {' and '.join(missing)} empty; "
        f"--strategy={remedy}"
    )


def _beside(dataset: Dataset, what: str) -> Path:
    return dataset.root.with_name(f"{dataset.root.name}-{what}")


def _visualize(
    settings: PipelineSettings, backbone: str, tell: Callable[[str], None]
) -> list[Path]:
    store = EmbeddingStore.open(settings.embeddings, backbone, TRAIN)
    pages = []
    for method, about in METHODS.items():
        run = visualize(store, settings.runs, method, -1, settings.seed, reuse=True)
        pages.append(_write(run, settings))
        _tell(tell, f"VisualizeEmbeddings ({about.label})", reports.report_projection(run))
    return pages


def _train(
    settings: PipelineSettings,
    stores: TrainingStores,
    classifier: str,
    tell: Callable[[str], None],
) -> tuple[Training, Path | None]:
    """Search, if asked to, and train with what was found; return the page of the search too."""
    layer, hyperparameters, page = settings.layer, None, None
    if settings.trials:
        search = optimize(
            stores, settings.runs, classifier, settings.trials, settings.seed, reuse=True
        )
        page = _write(search.study, settings)
        _tell(tell, "OptimizeHyperparameters", reports.report_search(search))
        if search.was_stopped:
            raise KeyboardInterrupt
        if search.best is not None:
            layer, hyperparameters = search.best["layer"], search.best["hyperparameters"]
    training = train_model(
        stores, settings.runs, classifier, layer, hyperparameters, settings.seed, reuse=True
    )
    _tell(tell, "TrainModel", reports.report_training(training))
    return training, page


def _tell(tell: Callable[[str], None], stage: str, report: list[Block]) -> None:
    tell(f"{stage}\n{reports.render_text(report)}")


def _write(run: Run, settings: PipelineSettings) -> Path:
    write_report(run, settings.runs)
    return run.report

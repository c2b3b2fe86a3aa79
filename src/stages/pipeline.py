"""All stages in order, skipping what is up to date."""

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from src import reports, stages
from src.models.data import TEST, TRAIN
from src.models.registry import CLASSIFIERS
from src.models.train import Training
from src.results.blocks.blocks import Block
from src.utils.audio.augmentations.chain import Recipe
from src.utils.config import DOWNSTREAM_SPLITS, PROBE, LayerChoice
from src.utils.dataset.babble_voices import needs_voices
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.match import MatchSettings
from src.utils.dataset.measure import AMPLITUDE_STAGE, DURATION_STAGE, is_measured
from src.utils.dataset.split import SplitSettings, plan_split
from src.utils.embeddings.backbones import load_backbone
from src.utils.embeddings.extract import Extraction
from src.utils.errors import DatasetError
from src.visualize.projection import METHODS

Tell = Callable[[str], None]
"""Given what a stage has to say: its title, and its report from the second line on."""

MATCH = "match"


@dataclass(frozen=True)
class PipelineSettings:
    """What the whole pipeline is asked to do.

    Attributes
    ----------
    dataset : pathlib.Path
        The data set's folder; copies of it are written beside it.
    embeddings, runs : pathlib.Path
        The folders of embeddings and of runs.
    audio : pathlib.Path or None
        Where the recordings are, if not in `dataset`.
    bona_fide : pathlib.Path or None
        Where the bona-fide recordings are, for a layout that has them elsewhere.
    layout : str
        How the recordings are laid out, `auto` to find it out.
    speaker_from : str or None
        How speakers are found that the layout does not tell (see `generate_tables`), None as
        before.
    normalize : str or None
        `peak`, `rms`, `match` for MatchDataset, or None to leave the recordings alone.
    noise : Recipe or None
        How the chains of augmentations are drawn that recordings go through, None for none.
    split : SplitSettings
        How the data set is divided.
    backbones : dict of str to (str or None)
        The checkpoint by backbone.
    precision : str
        What pretrained backbones compute in, a name of `config.PRECISIONS`.
    layers : (int, int) or None
        First and last layer to extract, None for all.
    classifiers : sequence of str
        Names of `registry.CLASSIFIERS`.
    layer : int, 'probe' or 'weighted'
        The layer to train on where nothing is searched.
    n_trials : int
        Trials of each search; 0 trains with the defaults instead.
    seed : int
        Of everything random.
    """

    dataset: Path
    embeddings: Path
    runs: Path
    audio: Path | None = None
    bona_fide: Path | None = None
    layout: str = "auto"
    speaker_from: str | None = None
    normalize: str | None = "rms"
    noise: Recipe | None = None
    split: SplitSettings = field(default_factory=SplitSettings)
    backbones: dict[str, str | None] = field(default_factory=lambda: {"acoustic": None})
    precision: str = "auto"
    layers: tuple[int, int] | None = None
    classifiers: Sequence[str] = CLASSIFIERS.names
    layer: LayerChoice = PROBE
    n_trials: int = 10
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


def run_pipeline(settings: PipelineSettings, tell: Tell) -> PipelineResult:
    """Run every stage.

    Parameters
    ----------
    settings : PipelineSettings
        What is asked for.
    tell : callable
        Given a title and a report for each stage.

    Raises
    ------
    AudiosError
        As the stages do.
    """
    # First, so that what cannot be trained or loaded shows before hours of preparation.
    for classifier in settings.classifiers:
        CLASSIFIERS.load(classifier)().require_layers(settings.layer)
    backbones = {
        name: load_backbone(name, checkpoint, settings.precision, settings.layers)
        for name, checkpoint in settings.backbones.items()
    }
    dataset = derive_training_data(settings, tell)
    audit = stages.audit.audit_dataset(dataset.root, settings.runs, settings.seed, reuse=True)
    _tell(tell, "AuditDataset", reports.report_audit(audit))
    rows: list[tuple] = []
    pages = [audit.page]

    def tell_extraction(extraction: Extraction) -> None:
        _tell(tell, "GenerateEmbeddings", reports.report_extraction(extraction))

    for name, backbone in backbones.items():
        stages.embeddings.generate_embeddings(
            dataset.root, backbone, settings.embeddings, on_split=tell_extraction
        )
        pages += _visualize(settings, name, tell)
        for classifier in settings.classifiers:
            training, study = _train(settings, name, classifier, tell)
            pages += [] if study is None else [study]
            number = training.run.number
            evaluation = stages.models.test(
                settings.embeddings, settings.runs, run_number=number, reuse=True
            )
            pages.append(training.run.report)
            _tell(tell, "TestModel", reports.report_evaluation(evaluation))
            found = evaluation.results.detection
            rows.append(
                (
                    name,
                    classifier,
                    training.selection.layer,
                    training.validation_eer,
                    found.eer,
                    found.accuracy,
                    found.auc,
                    number,
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


def derive_training_data(settings: PipelineSettings, tell: Tell) -> Dataset:
    """Run the stages that work on recordings, and return the data set to take vectors from.

    Parameters
    ----------
    settings : PipelineSettings
        What is asked for.
    tell : callable
        Given a title and a report for each stage.

    Raises
    ------
    AudiosError
        As the stages do.
    """
    scan = stages.dataset.generate_tables(
        settings.dataset,
        settings.layout,
        settings.audio,
        settings.bona_fide,
        settings.speaker_from,
    )
    _tell(tell, "GenerateDatasetCSV", reports.report_scan(scan))
    dataset = Dataset.open(settings.dataset)
    _require_split(dataset, settings)
    if not is_measured(dataset, DURATION_STAGE, "duration"):
        measured = stages.dataset.add_durations(dataset.root)
        _tell(tell, DURATION_STAGE, reports.report_durations(measured))
    if not is_measured(dataset, AMPLITUDE_STAGE, "amplitude"):
        measured = stages.dataset.add_amplitudes(dataset.root)
        is_mended_next = settings.normalize is not None
        _tell(tell, AMPLITUDE_STAGE, reports.report_amplitudes(measured, is_mended_next))
    if settings.normalize == MATCH:
        matching = stages.audit.match_dataset(
            dataset.root, _beside(dataset, "matched"), MatchSettings(seed=settings.seed)
        )
        _tell(tell, "MatchDataset", reports.report_matching(matching))
        dataset = matching.derived.dataset
    elif settings.normalize is not None:
        output = _beside(dataset, "normalized")
        derived = stages.dataset.normalize(dataset.root, output, settings.normalize)
        _tell(tell, "NormalizeDataset", reports.report_derived(derived))
        dataset = derived.dataset
    if settings.noise is not None:
        if needs_voices(settings.noise):
            # Before, so that nobody is heard in the babble of another split.
            stages.dataset.split(dataset.root, settings.split, settings.seed)
        output = _beside(dataset, "noisy")
        derived = stages.dataset.add_noise(dataset.root, output, settings.noise, settings.seed)
        _tell(tell, "AddNoise", reports.report_derived(derived))
        dataset = derived.dataset
    split = stages.dataset.split(dataset.root, settings.split, settings.seed)
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


def _visualize(settings: PipelineSettings, backbone: str, tell: Tell) -> list[Path]:
    pages = []
    for method, about in METHODS.items():
        run = stages.embeddings.visualize(
            backbone,
            settings.embeddings,
            settings.runs,
            method,
            seed=settings.seed,
            reuse=True,
        )
        pages.append(run.report)
        _tell(tell, f"VisualizeEmbeddings ({about.label})", reports.report_projection(run))
    return pages


def _train(
    settings: PipelineSettings, backbone: str, classifier: str, tell: Tell
) -> tuple[Training, Path | None]:
    """Search, if asked to, and train with what was found; return the page of the search too."""
    page = None
    chosen: dict[str, Any] = {"layer": settings.layer}
    if settings.n_trials:
        search = stages.tuning.search_to_the_end(
            lambda done: _tell(tell, "OptimizeHyperparameters", reports.report_search(done)),
            backbone,
            classifier,
            settings.embeddings,
            settings.runs,
            settings.n_trials,
            seed=settings.seed,
        )
        page = search.study.report
        if search.best is not None:
            parts = ("layer", "pooling", "hyperparameters")
            chosen = {name: search.best.get(name) for name in parts}
    training = stages.models.train(
        backbone,
        classifier,
        settings.embeddings,
        settings.runs,
        **chosen,
        seed=settings.seed,
        reuse=True,
    )
    _tell(tell, "TrainModel", reports.report_training(training))
    return training, page


def _tell(tell: Tell, stage: str, report: list[Block]) -> None:
    tell(f"{stage}\n{reports.render_text(report)}")

"""The tasks that run all stages in order: on a corpus of one's own, or on a made-up one."""

from typing import TYPE_CHECKING

from invoke import Context

from src import stages
from src.utils.config import PROBE, ROOT
from src.utils.errors import ArgumentError, choose
from tasks import arguments, configured
from tasks.flags import (
    ALL_CLASSIFIERS,
    AugmentationFlags,
    CheckpointFlags,
    CorpusFlags,
    SplitFlags,
)
from tasks.show import say, tell
from tasks.task import stage

if TYPE_CHECKING:
    from src.stages.pipeline import PipelineResult


@stage(
    backbone="One or more, joined by commas (default: acoustic).",
    classifier=f"One or more, joined by commas (default: {ALL_CLASSIFIERS}).",
    checkpoint="For a single backbone: a hub id or a local folder.",
    normalize="rms (default), peak, match (MatchDataset in place of NormalizeDataset) or none.",
    kind="Change recordings as AddNoise does, by one or more of its kinds, joined by commas; white "
    "where --snr-db is given alone (default: none).",
    trials="Trials of each search; 0 trains with the defaults (default: 10).",
)
def RunPipeline(
    c: Context,
    corpus: CorpusFlags,
    split: SplitFlags,
    extraction: CheckpointFlags,
    augmentation: AugmentationFlags,
    dataset: str | None = None,
    normalize: str = "rms",
    backbone: str = "acoustic",
    classifier: str = ALL_CLASSIFIERS,
    layer: str | None = None,
    trials: str = "10",
    embeddings: str | None = None,
    runs: str | None = None,
    seed: str | None = None,
) -> None:
    """Run all stages in order, skipping what is done.

    AuditDataset comes before training, and its flags are shown.

    Example: fab RunPipeline --dataset=datasets/release --backbone=acoustic --classifier=svm,lr
    """
    settings = split.settings()
    choose("--normalize", normalize, ("rms", "peak", "match", "none"))
    backbones = [arguments.backbone_name(name) for name in backbone.split(",")]
    n_trials = arguments.whole_number("--trials", trials)
    if layer is not None and n_trials:
        raise ArgumentError("--layer goes with --trials=0: a search chooses the layer itself")
    chosen = PROBE if layer is None else arguments.layer_choice(layer)
    if extraction.checkpoint and len(backbones) > 1:
        raise ArgumentError("--checkpoint goes with a single --backbone")
    audio, bona_fide = corpus.folders()
    asked = stages.pipeline.PipelineSettings(
        dataset=configured.folder(c, "dataset", dataset),
        embeddings=configured.folder(c, "embeddings", embeddings),
        runs=configured.folder(c, "runs", runs),
        audio=audio,
        bona_fide=bona_fide,
        layout=corpus.layout,
        speaker_from=corpus.speaker_from,
        normalize=None if normalize == "none" else normalize,
        noise=augmentation.recipe() if augmentation.is_asked else None,
        split=settings,
        backbones={name: extraction.checkpoint for name in backbones},
        precision=extraction.precision,
        layers=extraction.span(),
        classifiers=[arguments.classifier_name(name) for name in classifier.split(",")],
        layer=chosen,
        n_trials=n_trials,
        seed=configured.seed(c, seed),
    )
    _show_result(stages.pipeline.run_pipeline(asked, tell))


@stage()
def Demo(c: Context) -> None:
    """Try everything offline in 3 minutes.

    On a made-up corpus, in the folder demo.

    Example: fab Demo
    """
    from src.demo.run import NOTICE, run_demo

    _show_result(run_demo(configured.shown(ROOT / "demo"), tell))
    say(f"\n{NOTICE}")


def _show_result(result: "PipelineResult") -> None:
    from src.reports import render_text, report_pipeline

    tell(f"Result\n{render_text(report_pipeline(result.table, result.pages))}")

"""The tasks that turn clips into vectors, and draw them."""

from invoke import Context

from src import stages
from src.utils.config import PRECISIONS
from src.utils.errors import choose
from tasks import arguments, configured
from tasks.flags import CopiesFlags, ExtractionFlags, ProjectionFlags
from tasks.show import show
from tasks.task import stage

METHODS = ("umap", "tsne")


@stage("backbone")
def GenerateEmbeddings(
    c: Context,
    extraction: ExtractionFlags,
    copies: CopiesFlags,
    backbone: str | None = None,
    dataset: str | None = None,
    embeddings: str | None = None,
    seed: str | None = None,
) -> None:
    """Turn clips into vectors by a backbone.

    With --augment also augmented copies of the clips to train on, in the same pass over the
    recordings; TrainModel --augmented learns from them.

    Example: fab GenerateEmbeddings --dataset=datasets/normalized --backbone=acoustic
    """
    _generate(c, backbone, extraction, copies, dataset, embeddings, seed)


@stage()
def GenerateEmbeddingsWav2vec2(
    c: Context,
    extraction: ExtractionFlags,
    copies: CopiesFlags,
    dataset: str | None = None,
    embeddings: str | None = None,
    seed: str | None = None,
) -> None:
    """GenerateEmbeddings with --backbone=wav2vec2.

    Example: fab GenerateEmbeddingsWav2vec2 --dataset=datasets/normalized
    """
    _generate(c, "wav2vec2", extraction, copies, dataset, embeddings, seed)


@stage()
def GenerateEmbeddingsHubert(
    c: Context,
    extraction: ExtractionFlags,
    copies: CopiesFlags,
    dataset: str | None = None,
    embeddings: str | None = None,
    seed: str | None = None,
) -> None:
    """GenerateEmbeddings with --backbone=hubert.

    Example: fab GenerateEmbeddingsHubert --dataset=datasets/normalized
    """
    _generate(c, "hubert", extraction, copies, dataset, embeddings, seed)


@stage("backbone", method="umap, tsne or both (default).")
def VisualizeEmbeddings(
    c: Context,
    projection: ProjectionFlags,
    method: str = "both",
    embeddings: str | None = None,
    runs: str | None = None,
    seed: str | None = None,
) -> None:
    """Draw embeddings by UMAP and t-SNE.

    Example: fab VisualizeEmbeddings --backbone=acoustic --method=both
    """
    choose("--method", method, (*METHODS, "both"))
    for one in METHODS if method == "both" else (method,):
        _visualize(c, one, projection, embeddings, runs, seed)


@stage("backbone")
def VisualizeEmbeddingsUMAP(
    c: Context,
    projection: ProjectionFlags,
    embeddings: str | None = None,
    runs: str | None = None,
    seed: str | None = None,
) -> None:
    """Draw embeddings by UMAP.

    Example: fab VisualizeEmbeddingsUMAP --backbone=acoustic
    """
    _visualize(c, "umap", projection, embeddings, runs, seed)


@stage("backbone")
def VisualizeEmbeddingsTSNE(
    c: Context,
    projection: ProjectionFlags,
    embeddings: str | None = None,
    runs: str | None = None,
    seed: str | None = None,
) -> None:
    """Draw embeddings by t-SNE.

    Example: fab VisualizeEmbeddingsTSNE --backbone=acoustic
    """
    _visualize(c, "tsne", projection, embeddings, runs, seed)


def _generate(
    c: Context,
    backbone: str | None,
    extraction: ExtractionFlags,
    copies: CopiesFlags,
    dataset: str | None,
    embeddings: str | None,
    seed: str | None,
) -> None:
    name = arguments.backbone_name(backbone)
    choose("--precision", extraction.precision, PRECISIONS)
    layers, splits = extraction.span(), arguments.split_names(extraction.splits)
    asked = copies.asked(configured.seed(c, seed))
    from src.reports import report_extraction

    stages.embeddings.generate_embeddings(
        configured.folder(c, "dataset", dataset),
        name,
        configured.folder(c, "embeddings", embeddings),
        splits,
        checkpoint=extraction.checkpoint,
        precision=extraction.precision,
        layers=layers,
        engine=extraction.engine,
        ray_address=extraction.ray_address,
        on_split=lambda done: show(report_extraction(done)),
        copies=asked,
    )


def _visualize(
    c: Context,
    method: str,
    projection: ProjectionFlags,
    embeddings: str | None,
    runs: str | None,
    seed: str | None,
) -> None:
    name = arguments.backbone_name(projection.backbone)
    layer = arguments.layer_number(projection.layer)
    from src.reports import report_projection

    run = stages.embeddings.visualize(
        name,
        configured.folder(c, "embeddings", embeddings),
        configured.folder(c, "runs", runs),
        method,
        projection.split,
        layer,
        configured.seed(c, seed),
    )
    show(report_projection(run))

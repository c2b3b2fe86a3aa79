"""Stages 7 and 8, on vectors: embedding the clips of splits, and drawing them in the plane."""

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from src.utils.config import DOWNSTREAM_SPLITS, FULL, SPLITS
from src.utils.dataset.dataset import Dataset
from src.utils.embeddings.backbones import Backbone, load_backbone
from src.utils.embeddings.copies import TRAINING_SPLITS, Copies, Copy
from src.utils.embeddings.engines import load_engine
from src.utils.embeddings.extract import Extraction, SplitTable, extract_versions
from src.utils.embeddings.store import EmbeddingStore
from src.utils.errors import ArgumentError, choose
from src.utils.runs import Run


def generate_embeddings(
    dataset: Path,
    backbone: str | Backbone,
    embeddings: Path,
    splits: Sequence[str] = DOWNSTREAM_SPLITS,
    checkpoint: str | None = None,
    precision: str = "auto",
    layers: tuple[int, int] | None = None,
    engine: str = "local",
    ray_address: str | None = None,
    on_split: Callable[[Extraction], None] | None = None,
    copies: Copies | None = None,
) -> list[Extraction]:
    """Embed every clip of some splits into `embeddings/<backbone>/<split>`.

    Of training splits augmented copies of the clips as well, in the same pass over the recordings.

    Parameters
    ----------
    dataset : pathlib.Path
        The data set's folder.
    backbone : str or Backbone
        A name of `presets.BACKBONES`, or a backbone that is loaded already.
    embeddings : pathlib.Path
        The embeddings' folder.
    splits : sequence of str
        Names of `config.SPLITS`, or `full` for the whole table.
    checkpoint, precision, layers
        See `load_backbone`; of no meaning for one that is loaded already.
    engine, ray_address : str
        See `load_engine`.
    on_split : callable, optional
        Called with each split's outcome as soon as it is there, and with that of each copy.
    copies : Copies, optional
        The augmented copies to make of the clips of training splits.

    Returns
    -------
    list of Extraction
        One a split, in the order of `splits`, each followed by those of its copies.

    Raises
    ------
    ArgumentError
        For an unknown name, what the backbone or the engine has no use for, or copies where none
        of the splits is one to train on.
    DatasetError, CheckpointError, EmbeddingError
        As `SplitTable.read`, `load_backbone` and `extract_split` do.
    """
    if copies is not None and not set(splits) & set(TRAINING_SPLITS):
        raise ArgumentError(
            f"--augment is for splits to train on ({', '.join(TRAINING_SPLITS)}), and --splits="
            f"{','.join(splits)} has none"
        )
    done: list[Extraction] = []
    with closing(load_engine(engine, ray_address)) as runner:
        source = Dataset.open(dataset)
        # First, since a missing split should show before a checkpoint is fetched for minutes.
        tables = [SplitTable.read(source, split) for split in splits]
        versions = [_versions(source, table, copies) for table in tables]
        loaded = backbone
        if isinstance(loaded, str):
            loaded = load_backbone(loaded, checkpoint, precision, layers)
        for table, wanted in zip(tables, versions, strict=True):
            found = extract_versions(source, table, loaded, embeddings, wanted, runner)
            if on_split is not None:
                for extraction in found:
                    on_split(extraction)
            done += found
    return done


def _versions(source: Dataset, table: SplitTable, copies: Copies | None) -> list[Copy | None]:
    """Return what is embedded of the clips of a split: them, and where it is asked for copies."""
    if copies is None or table.split not in TRAINING_SPLITS:
        return [None]
    made = [copy.with_voices(source, table.files) for copy in copies.each()]
    made[0].recipe.check()
    return [None, *made]


def visualize(
    backbone: str,
    embeddings: Path,
    runs: Path,
    method: str = "umap",
    split: str = DOWNSTREAM_SPLITS[0],
    layer: int = -1,
    seed: int = 7,
    reuse: bool = False,
) -> Run:
    """Draw the vectors of a split in the plane, into a run folder with its page.

    Parameters
    ----------
    backbone : str
        Whose vectors.
    embeddings : pathlib.Path
        The embeddings' folder.
    runs : pathlib.Path
        The runs folder.
    method : {'umap', 'tsne'}
        How points are laid out.
    split : str
        A name of `config.SPLITS`, or `full`.
    layer : int
        The model's own number, or negative from the last.
    seed : int
        Of the layout.
    reuse : bool
        Return an equal finished run instead of computing it again.

    Raises
    ------
    ArgumentError
        For an unknown split, method or layer.
    EmbeddingError
        When there are no such vectors, or too few.
    """
    choose("--split", split, [*SPLITS, FULL])
    # Here, since the embedding of clips need not wait for the libraries of figures and pages.
    from src.results.report import write_report
    from src.visualize import projection

    choose("--method", method, projection.METHODS)
    store = EmbeddingStore.open(embeddings, backbone, split)
    run = projection.visualize(store, runs, method, layer, seed, reuse)
    write_report(run, runs)
    return run

"""Stage 7: computing the embeddings of one split into its store."""

from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from src.utils.audio.io import read_info
from src.utils.config import DOWNSTREAM_SPLITS, FULL, PRETEXT_SPLITS, SPLITS
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.split import read_split, read_units, split_fingerprint
from src.utils.embeddings.backbones import Backbone
from src.utils.embeddings.engines.engine import Engine
from src.utils.embeddings.engines.local import LocalEngine
from src.utils.embeddings.plan import Batch, make_plan
from src.utils.embeddings.store import EmbeddingStore
from src.utils.embeddings.writer import Origin, StoreWriter
from src.utils.errors import AudioError, choose
from src.utils.files import file_identity
from src.utils.parallel import attempt, map_ahead

_GROUPS = {"downstream": DOWNSTREAM_SPLITS, "pretext": PRETEXT_SPLITS, "all": SPLITS}


@dataclass(frozen=True)
class Extraction:
    """The result of the extraction of one split.

    Attributes
    ----------
    store : EmbeddingStore
        The finished store.
    n_computed, n_kept : int
        Clips embedded now, and clips whose embeddings were there already.
    rejected : dict of str to str
        The reason of each rejected clip of the split, by file.
    """

    store: EmbeddingStore
    n_computed: int
    n_kept: int
    rejected: dict[str, str]


def parse_splits(text: str) -> list[str]:
    """Return the splits that `--splits` names.

    Parameters
    ----------
    text : str
        `downstream`, `pretext`, `all`, `full`, or names of splits joined by commas.

    Raises
    ------
    ArgumentError
        For an unknown name.
    """
    names: list[str] = []
    for word in text.split(","):
        choose("--splits", word, [*_GROUPS, FULL, *SPLITS])
        names += [name for name in _GROUPS.get(word, (word,)) if name not in names]
    return names


def extract_split(
    dataset: Dataset,
    split: str,
    backbone: Backbone,
    embeddings: Path,
    engine: Engine | None = None,
) -> Extraction:
    """Embed every recording of a split into `embeddings/<backbone>/<split>`.

    Killed and called again it resumes; called on a finished store it only refreshes labels. Which
    clips share a batch is fixed before the first is computed, so that a store made
    with interruptions is the same, byte for byte, as one made without.

    Parameters
    ----------
    dataset : Dataset
        The data set, which is split unless the split is `full`.
    split : str
        One of `config.SPLITS`, or `full`.
    backbone : Backbone
        Computes the embeddings.
    embeddings : pathlib.Path
        The folder of all stores.
    engine : Engine, optional
        Where batches are computed (default: in this process).

    Raises
    ------
    DatasetError
        When the split is absent or empty.
    EmbeddingError
        When the store is of another backbone, another process writes it, or no clip can be used.
    """
    clips = _clips_of(dataset, split)
    units = read_units(dataset, split)
    made_of = Origin(
        str(dataset.audio.resolve()),
        str(dataset.root.resolve()),
        None if split == FULL else split_fingerprint(dataset.root),
    )
    writer = StoreWriter(embeddings, split, backbone.describe(), made_of, clips, units)
    with writer.locked():
        if writer.is_up_to_date():
            store = writer.refresh_table()
            return Extraction(store, 0, len(store.clips()), store.rejected())
        n_kept = writer.start()
        with ExitStack() as stack:
            runner = engine or stack.enter_context(closing(LocalEngine()))
            _fill(writer, dataset, backbone, runner)
        return Extraction(writer.finish(), len(clips) - n_kept, n_kept, writer.rejected)


def _fill(writer: StoreWriter, dataset: Dataset, backbone: Backbone, engine: Engine) -> None:
    files = writer.clips["file"]

    def plan() -> list[Batch]:
        return make_plan(files.tolist(), _seconds(dataset, files), backbone.batch_seconds)

    def path_of(row: int) -> Path:
        return dataset.path(files.iloc[row]).absolute()

    batches = writer.remaining(plan)
    n_left = sum(len(batch.rows) for batch in batches)
    label = f"{backbone.name} {writer.split}"
    with (
        tqdm(total=len(files), initial=len(files) - n_left, desc=label, unit="clip") as bar,
        closing(engine.run(backbone, batches, path_of)) as results,
    ):
        for batch in results:
            writer.write(batch.rows, batch.vectors, batch.rejected)
            bar.update(len(batch.rows) + len(batch.rejected))


def _seconds(dataset: Dataset, files: pd.Series) -> np.ndarray:
    """Return every clip's length, 0 for one that cannot be opened: extraction rejects it."""

    def duration(file: str) -> float:
        return read_info(dataset.path(file)).duration

    lengths = map_ahead(partial(attempt, duration), files)
    return np.array([0.0 if isinstance(length, AudioError) else length for length in lengths])


def _clips_of(dataset: Dataset, split: str) -> pd.DataFrame:
    """Return the columns of a split's files table that a store keeps, and each file's identity."""
    table = read_split(dataset, split)
    clips = table[["file", "speaker", "gender", "label", "attack"]].copy()
    clips[["bytes", "mtime_ns"]] = [file_identity(dataset.path(file)) for file in clips["file"]]
    return clips

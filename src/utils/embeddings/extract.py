"""Stage 7: computing the embeddings of one split into its store."""

from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from src.utils.audio.io import read_info
from src.utils.config import FULL
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.presence import Presence, require_present
from src.utils.dataset.split import read_split, read_units, split_fingerprint
from src.utils.embeddings.backbones import Backbone
from src.utils.embeddings.engines.engine import Engine
from src.utils.embeddings.engines.local import LocalEngine
from src.utils.embeddings.plan import Batch, make_plan
from src.utils.embeddings.store import EmbeddingStore
from src.utils.embeddings.writer import Origin, StoreWriter
from src.utils.errors import AudioError
from src.utils.files import file_identity
from src.utils.parallel import attempt, map_ahead


@dataclass(frozen=True)
class Extraction:
    """The result of the extraction of one split.

    Attributes
    ----------
    store : EmbeddingStore
        The finished store.
    n_computed, n_kept : int
        Clips embedded now, and clips whose embeddings were there already; rejected ones are
        neither.
    rejected : dict of str to str
        The reason of each rejected clip of the split, by file.
    """

    store: EmbeddingStore
    n_computed: int
    n_kept: int
    rejected: dict[str, str]


@dataclass(frozen=True)
class SplitTable:
    """A split as it was read, for an extraction that comes later.

    Attributes
    ----------
    split : str
        Its name.
    files : pandas.DataFrame
        Its files table.
    units : str
        What it keeps on one side, a name of `config.SPLIT_UNITS`.
    fingerprint : str or None
        How the data set was split then, None for the whole table.
    """

    split: str
    files: pd.DataFrame
    units: str
    fingerprint: str | None

    @classmethod
    def read(cls, dataset: Dataset, split: str) -> "SplitTable":
        """Read one split of a data set.

        Parameters
        ----------
        dataset : Dataset
            The data set.
        split : str
            One of `config.SPLITS`, or `full`.

        Raises
        ------
        DatasetError
            When the split is absent or empty.
        """
        files = read_split(dataset, split)
        fingerprint = None if split == FULL else split_fingerprint(dataset.root)
        return cls(split, files, read_units(dataset, split), fingerprint)


def extract_split(
    dataset: Dataset,
    split: str | SplitTable,
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
    split : str or SplitTable
        One of `config.SPLITS`, or `full`; or what was read of it.
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
    table = split if isinstance(split, SplitTable) else SplitTable.read(dataset, split)
    clips = _clips_of(dataset, table.files)
    made_of = Origin(str(dataset.audio.resolve()), str(dataset.root.resolve()), table.fingerprint)
    require_present(dataset, clips["file"].tolist())
    about = backbone.describe()
    writer = StoreWriter(embeddings, table.split, about, made_of, clips, table.units)
    with writer.locked():
        if writer.is_up_to_date():
            store = writer.refresh_table()
            return Extraction(store, 0, len(store.clips()), store.rejected())
        writer.start()
        with ExitStack() as stack:
            runner = engine or stack.enter_context(closing(LocalEngine()))
            n_computed = _fill(writer, dataset, backbone, runner)
        store = writer.finish()
        return Extraction(store, n_computed, len(store.clips()) - n_computed, writer.rejected)


def _fill(writer: StoreWriter, dataset: Dataset, backbone: Backbone, engine: Engine) -> int:
    """Compute what is missing, and return how many clips were embedded."""
    files = writer.clips["file"]

    def plan() -> list[Batch]:
        return make_plan(files.tolist(), _seconds(dataset, files), backbone.batch_seconds)

    def path_of(row: int) -> Path:
        return dataset.path(files.iloc[row]).absolute()

    # Nothing is kept of a clip that is in another state than when the work was laid out.
    states = list(zip(writer.clips["bytes"], writer.clips["mtime_ns"], strict=True))
    presence = Presence(dataset)
    batches = writer.remaining(plan)
    n_left = sum(len(batch.rows) for batch in batches)
    n_computed = 0
    label = f"{backbone.name} {writer.split}"
    with (
        tqdm(total=len(files), initial=len(files) - n_left, desc=label, unit="clip") as bar,
        closing(engine.run(backbone, batches, path_of)) as results,
    ):
        for batch in results:
            # In the order of the plan: those that were read are what breaks a row of bad ones.
            rows = sorted((*batch.rows, *batch.rejected))
            for row in rows:
                presence.note(files.iloc[row], row in batch.rejected)
            changed = {row for row in rows if file_identity(path_of(row)) != states[row]}
            writer.write(batch.rows, batch.vectors, batch.rejected, changed)
            n_computed += len(set(batch.rows) - changed)
            bar.update(len(rows))
    return n_computed


def _seconds(dataset: Dataset, files: pd.Series) -> np.ndarray:
    """Return every clip's length, 0 for one that cannot be opened: extraction rejects it."""

    def duration(file: str) -> float:
        return read_info(dataset.path(file)).duration

    lengths = map_ahead(partial(attempt, duration), files)
    return np.array([0.0 if isinstance(length, AudioError) else length for length in lengths])


def _clips_of(dataset: Dataset, files: pd.DataFrame) -> pd.DataFrame:
    """Return the columns of a split's files table that a store keeps, and each file's identity."""
    clips = files[["file", "speaker", "gender", "label", "attack"]].copy()
    clips[["bytes", "mtime_ns"]] = [file_identity(dataset.path(file)) for file in clips["file"]]
    return clips

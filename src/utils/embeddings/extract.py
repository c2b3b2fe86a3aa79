"""Stage 7: computing the embeddings of one split, and of augmented copies of it, into stores."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from src.utils.audio.augmentations.chain import Chain, name_chain, write_chain
from src.utils.audio.io import read_info
from src.utils.config import FULL
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.presence import Presence, require_present
from src.utils.dataset.split import read_split, read_units, split_fingerprint
from src.utils.embeddings.backbones import Backbone
from src.utils.embeddings.copies import Copy
from src.utils.embeddings.engines.engine import Engine, Versions
from src.utils.embeddings.engines.local import LocalEngine
from src.utils.embeddings.plan import Batch, make_plan
from src.utils.embeddings.store import EmbeddingStore
from src.utils.embeddings.writer import Origin, StoreWriter
from src.utils.errors import AudioError
from src.utils.files import file_identity
from src.utils.parallel import attempt, map_ahead


@dataclass(frozen=True)
class Extraction:
    """The result of the extraction of one split, or of one augmented copy of it.

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
    return extract_versions(dataset, split, backbone, embeddings, [None], engine)[0]


def extract_versions(
    dataset: Dataset,
    split: str | SplitTable,
    backbone: Backbone,
    embeddings: Path,
    versions: Sequence[Copy | None],
    engine: Engine | None = None,
) -> list[Extraction]:
    """Embed versions of every recording of a split in one pass, each into a store of its own.

    Each recording is read once for all the versions that lack it. Every version of a clip shares
    its batch with that version of the same others, so that the vectors of the recordings as they
    are do not change with what else is embedded. For the rest see `extract_split`.

    Parameters
    ----------
    dataset, split, backbone, embeddings, engine
        See `extract_split`.
    versions : sequence of (Copy or None)
        The augmented copies that are wanted, all of one recipe; None for the recordings as they
        are.

    Returns
    -------
    list of Extraction
        One a version, in their order.

    Raises
    ------
    DatasetError, EmbeddingError
        As `extract_split` does, and where a store is of another recipe.
    """
    table = split if isinstance(split, SplitTable) else SplitTable.read(dataset, split)
    clips = _clips_of(dataset, table.files)
    made_of = Origin(str(dataset.audio.resolve()), str(dataset.root.resolve()), table.fingerprint)
    require_present(dataset, clips["file"].tolist())
    chains = [None if copy is None else _draw(copy, clips) for copy in versions]
    about = backbone.describe()
    writers = []
    for copy, drawn in zip(versions, chains, strict=True):
        if copy is None or drawn is None:
            writer = StoreWriter(embeddings, table.split, about, made_of, clips, table.units)
        else:
            told = clips.assign(
                chain=[name_chain(chain) for chain in drawn],
                parameters=[write_chain(chain) for chain in drawn],
            )
            name, how = copy.store_name(table.split), copy.describe()
            writer = StoreWriter(embeddings, name, about, made_of, told, table.units, how)
        writers.append(writer)
    recipe = next((copy.recipe for copy in versions if copy is not None), None)
    with ExitStack() as stack:
        for writer in writers:
            stack.enter_context(writer.locked())
        lacking = {n: writer for n, writer in enumerate(writers) if not writer.is_up_to_date()}
        for writer in lacking.values():
            writer.start()
        computed = dict.fromkeys(lacking, 0)
        if lacking:
            with ExitStack() as working:
                runner = engine or working.enter_context(closing(LocalEngine()))
                wanted = Versions(tuple(chains), recipe)
                computed = _fill(lacking, wanted, table.split, dataset, backbone, runner)
        done = []
        for number, writer in enumerate(writers):
            if number in lacking:
                store, n_computed = writer.finish(), computed[number]
                n_kept = len(store.clips()) - n_computed
                done.append(Extraction(store, n_computed, n_kept, writer.rejected))
            else:
                store = writer.refresh_table()
                done.append(Extraction(store, 0, len(store.clips()), store.rejected()))
        return done


def _draw(copy: Copy, clips: pd.DataFrame) -> list[Chain]:
    return [copy.draw(*clip) for clip in zip(clips["file"], clips["speaker"], strict=True)]


def _fill(
    writers: Mapping[int, StoreWriter],
    versions: Versions,
    split: str,
    dataset: Dataset,
    backbone: Backbone,
    engine: Engine,
) -> dict[int, int]:
    """Compute what is missing, and return how many clips of each version were embedded."""
    clips = next(iter(writers.values())).clips
    files = clips["file"]

    @cache
    def plan() -> list[Batch]:
        return make_plan(files.tolist(), _seconds(dataset, files), backbone.batch_seconds)

    def path_of(row: int) -> Path:
        return dataset.path(files.iloc[row]).absolute()

    # Nothing is kept of a clip that is in another state than when the work was laid out.
    states = list(zip(clips["bytes"], clips["mtime_ns"], strict=True))
    presence = Presence(dataset)
    batches = _together({number: writer.remaining(plan) for number, writer in writers.items()})
    total = len(files) * len(writers)
    n_left = sum(len(batch.rows) * len(batch.versions) for batch in batches)
    computed = dict.fromkeys(writers, 0)
    with (
        tqdm(
            total=total, initial=total - n_left, desc=f"{backbone.name} {split}", unit="clip"
        ) as bar,
        closing(engine.run(backbone, batches, path_of, versions)) as results,
    ):
        for batch in results:
            # In the order of the plan: those that were read are what breaks a row of bad ones.
            rows = sorted((*batch.rows, *batch.rejected))
            for row in rows:
                presence.note(files.iloc[row], row in batch.rejected)
            changed = {row for row in rows if file_identity(path_of(row)) != states[row]}
            writer = writers[batch.version]
            writer.write(batch.rows, batch.vectors, batch.rejected, changed)
            computed[batch.version] += len(set(batch.rows) - changed)
            bar.update(len(rows))
    return computed


def _together(left: Mapping[int, Sequence[Batch]]) -> list[Batch]:
    """Join the batches of equal clips that several versions lack, so that they are read once."""
    joined: dict[tuple[int, ...], Batch] = {}
    for number, batches in left.items():
        for batch in batches:
            rows = tuple(batch.rows.tolist())
            known = joined[rows].versions if rows in joined else ()
            joined[rows] = replace(batch, versions=(*known, number))
    # The longest come first, so that a lack of memory shows at the start.
    return sorted(joined.values(), key=lambda batch: -batch.seconds)


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

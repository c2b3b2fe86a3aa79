"""Stage 7: filling the embedding store of one split."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from src.utils.audio import read_info, read_waveform
from src.utils.config import DOWNSTREAM_SPLITS, FULL, PRETEXT_SPLITS, SPLITS
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.split import read_split
from src.utils.embeddings.backbones import Backbone
from src.utils.embeddings.store import EmbeddingStore
from src.utils.embeddings.writer import StoreWriter
from src.utils.errors import AudioError, choose
from src.utils.files import file_identity
from src.utils.parallel import map_ahead, n_workers

MAX_BATCH_CLIPS = 64

AHEAD_SECONDS = 1800.0
"""How much decoded audio may wait in memory: 115 MB at 16 kHz."""

_GROUPS = {"downstream": DOWNSTREAM_SPLITS, "pretext": PRETEXT_SPLITS, "all": SPLITS}


@dataclass(frozen=True)
class Extraction:
    """How the extraction of one split went.

    Attributes
    ----------
    store : EmbeddingStore
    n_computed, n_kept : int
        Clips embedded now, and clips whose vectors were there already.
    rejected : dict of str to str
        The reason by file, of all clips of the split.
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


def extract_split(dataset: Dataset, split: str, backbone: Backbone, embeddings: Path) -> Extraction:
    """Embed every recording of a split into `embeddings/<backbone>/<split>`.

    Killed and called again it goes on where it was; called on a whole store it only refreshes
    labels. Which clips share a batch is fixed by the split alone, not by what is done already.

    Parameters
    ----------
    dataset : Dataset
    split : str
        One of `config.SPLITS`, or `full`.
    backbone : Backbone
    embeddings : pathlib.Path

    Raises
    ------
    DatasetError
        When the split is absent or empty.
    EmbeddingError
        When the store was made otherwise, another process writes it, or no clip can be used.
    """
    clips = _clips_of(dataset, split)
    writer = StoreWriter(
        embeddings, split, backbone.describe(), str(dataset.audio.resolve()), clips
    )
    with writer.locked():
        if writer.is_up_to_date():
            store = writer.refresh_table()
            return Extraction(store, 0, len(store.clips()), store.rejected())
        n_kept = writer.start()
        _fill(writer, dataset, backbone)
        return Extraction(writer.finish(), len(clips) - n_kept, n_kept, writer.rejected)


def _fill(writer: StoreWriter, dataset: Dataset, backbone: Backbone) -> None:
    files = writer.clips["file"].tolist()
    seconds = np.array(
        [0.0 if isinstance(d, AudioError) else d for d in _durations(dataset, files)]
    )
    batches = [
        batch
        for batch in _plan(files, seconds, backbone.batch_seconds)
        if not all(writer.done[row] for row in batch)
    ]

    def read(row: int) -> np.ndarray:
        return backbone.prepare(read_waveform(dataset.path(files[row]), backbone.sample_rate))

    rows = [row for batch in batches for row in batch]
    label = f"{backbone.name} {writer.split}"
    with tqdm(total=len(files), initial=len(files) - len(rows), desc=label, unit="clip") as bar:
        longest = max(seconds[rows], default=0.0)
        ahead = int(np.clip(AHEAD_SECONDS / max(longest, 1.0), n_workers(), 2 * MAX_BATCH_CLIPS))
        prepared = map_ahead(read, rows, ahead)
        for batch in batches:
            _write_batch(writer, backbone, batch, files, prepared)
            bar.update(len(batch))


def _write_batch(
    writer: StoreWriter,
    backbone: Backbone,
    batch: list[int],
    files: list[str],
    prepared: Iterator[np.ndarray | AudioError],
) -> None:
    accepted: dict[int, np.ndarray] = {}
    rejected: dict[str, str] = {}
    for row in batch:
        clip = next(prepared)
        if isinstance(clip, AudioError):
            rejected[files[row]] = str(clip)
        else:
            accepted[row] = clip
    vectors = backbone.embed(list(accepted.values())) if accepted else np.empty((0, 1), np.float32)
    rows = np.array(list(accepted), dtype=int)
    finite = np.array([np.isfinite(vector).all() for vector in vectors], dtype=bool)
    rejected |= {files[row]: "gives a vector that is not finite" for row in rows[~finite]}
    writer.write(rows[finite].tolist(), vectors[finite], rejected)


def _plan(files: list[str], seconds: np.ndarray, batch_seconds: float) -> list[list[int]]:
    """Group rows of similar length, longest first, so that batches carry little padding.

    The longest first, since memory that does not suffice should show at the start.
    """
    batches: list[list[int]] = []
    for row in np.lexsort((np.array(files), -seconds)).tolist():
        longest = seconds[batches[-1][0]] if batches else 0.0
        fits = batches and (len(batches[-1]) + 1) * longest <= batch_seconds
        if fits and len(batches[-1]) < MAX_BATCH_CLIPS:
            batches[-1].append(row)
        else:
            batches.append([row])
    return batches


def _durations(dataset: Dataset, files: list[str]) -> Iterator[float | AudioError]:
    return map_ahead(lambda file: read_info(dataset.path(file)).duration, files)


def _clips_of(dataset: Dataset, split: str) -> pd.DataFrame:
    """Return what the store keeps of a split's files table, and each file's size and time."""
    table = read_split(dataset, split)
    clips = table[["file", "speaker", "gender", "label", "attack"]].copy()
    clips[["bytes", "mtime_ns"]] = [file_identity(dataset.path(file)) for file in clips["file"]]
    return clips

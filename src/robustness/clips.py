"""The clips that a run's robustness is tested on: the test split of its data set, or another's."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from src.models.data import TEST
from src.utils.audio.augmentations.augmentation import Material
from src.utils.config import LABEL_VALUE
from src.utils.dataset.babble_voices import voices_of
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.labelled import LabelledClips
from src.utils.dataset.presence import require_present
from src.utils.dataset.split import read_split, read_units
from src.utils.dataset.split_source import SplitSource
from src.utils.embeddings.store import EmbeddingStore
from src.utils.errors import AudiosError, DatasetError
from src.utils.files import file_identity, sha256_text
from src.utils.runs import Run


@dataclass(frozen=True)
class TestClips(SplitSource):
    """The recordings of a test split (a `ClipSource`).

    Attributes
    ----------
    source
        See `SplitSource`.
    clips : LabelledClips
        The clips with their labels.
    identities : tuple of (str, str)
        The state of each clip's recording (see `file_identity`).
    """

    __test__ = False  # for pytest

    clips: LabelledClips
    identities: tuple[tuple[str, str], ...]

    @classmethod
    def read(cls, dataset: Dataset) -> "TestClips":
        """Read the test split of a data set.

        Parameters
        ----------
        dataset : Dataset
            The data set.

        Raises
        ------
        DatasetError
            When there is no split, or it is empty.
        StorageError
            When not one recording is there.
        """
        table = read_split(dataset, TEST)
        files = table["file"].tolist()
        require_present(dataset, files)
        text = {name: table[name].to_numpy(dtype=str) for name in ("gender", "speaker", "attack")}
        clips = LabelledClips(
            files=table["file"].to_numpy(dtype=str),
            y=table["label"].map(LABEL_VALUE).to_numpy("int8"),
            **text,
            units=read_units(dataset, TEST),
        )
        return cls(dataset, clips, tuple(file_identity(dataset.path(file)) for file in files))

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the clips, their labels and the states of their recordings."""
        clips = self.clips
        rows = zip(clips.files, clips.y, clips.speaker, self.identities, strict=True)
        return sha256_text("".join(f"{list(map(str, row))}\n" for row in rows))

    def path(self, row: int) -> Path:
        """Return where the recording of a clip lies.

        Parameters
        ----------
        row : int
            The clip's.
        """
        return self.source.path(str(self.clips.files[row]))

    def material(self, noises: Path | None) -> Material:
        """Return what conditions are made with: simulated rooms, babble of the split's own voices.

        Parameters
        ----------
        noises : pathlib.Path or None
            A folder of noise recordings.
        """
        voices = voices_of(self.source, read_split(self.source, TEST))
        return Material(noises=noises, voices=voices)


def find_clips(run: Run, dataset: Path | None, embeddings: Path) -> TestClips:
    """Return the clips that a run is tested on.

    Parameters
    ----------
    run : Run
        The training.
    dataset : pathlib.Path or None
        The folder of a data set; None for the one that the run was trained on.
    embeddings : pathlib.Path
        The embeddings' folder, whose store of the test tells the data set of a run that does not.

    Raises
    ------
    DatasetError
        When the data set is not known or not there, or as `TestClips.read` does.
    """
    if dataset is not None:
        return TestClips.read(Dataset.open(dataset))
    root = run.manifest.get("root") or _root_of_store(run, embeddings)
    if root is None or not Path(root).is_dir():
        where = "not known" if root is None else f"no longer at {root}"
        raise DatasetError(
            f"the data set of run {run.number} is {where}; name its folder: --dataset=DIR"
        )
    return TestClips.read(Dataset.open(Path(root)))


def _root_of_store(run: Run, embeddings: Path) -> str | None:
    try:
        store = EmbeddingStore.open(embeddings, run.settings["backbone"]["name"], TEST)
    except AudiosError:
        return None
    return None if store.root is None else str(store.root)

"""Finding the clips that a run is tested on: the test split of its data set, or another's."""

from pathlib import Path

from src.models.data import TEST
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.split_recordings import SplitRecordings
from src.utils.embeddings.store import EmbeddingStore
from src.utils.errors import AudiosError, DatasetError
from src.utils.runs import Run


def find_clips(run: Run, dataset: Path | None, embeddings: Path) -> SplitRecordings:
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
        When the data set is not known or not there, or as `SplitRecordings.read` does.
    """
    if dataset is not None:
        return SplitRecordings.read(Dataset.open(dataset), TEST)
    root = run.manifest.get("root") or _root_of_store(run, embeddings)
    if root is None or not Path(root).is_dir():
        where = "not known" if root is None else f"no longer at {root}"
        raise DatasetError(
            f"the data set of run {run.number} is {where}; name its folder: --dataset=DIR"
        )
    return SplitRecordings.read(Dataset.open(Path(root)), TEST)


def _root_of_store(run: Run, embeddings: Path) -> str | None:
    try:
        store = EmbeddingStore.open(embeddings, run.settings["backbone"]["name"], TEST)
    except AudiosError:
        return None
    return None if store.root is None else str(store.root)

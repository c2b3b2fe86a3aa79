"""What adapting needs: the vectors that a run was trained on, and those of the user's clips."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from src.adaptation.learning import Before
from src.adaptation.names import FOLDER, is_adapted
from src.exported.loading import load_own_backbone
from src.fusion.names import refuse_fused
from src.models.data import TEST, TrainingStores, require_same_backbone
from src.models.lookup import is_network, require_current
from src.models.trained_on import is_trained_elsewhere, read_trained_on
from src.utils.config import FULL
from src.utils.dataset.dataset import Dataset
from src.utils.embeddings.embedding_set import EmbeddingSet
from src.utils.embeddings.extract import extract_split
from src.utils.embeddings.store import EmbeddingStore
from src.utils.errors import ArgumentError, AudiosError, EmbeddingError, RunError
from src.utils.files import sha256_text
from src.utils.run_manifest import require_training
from src.utils.runs import MANIFEST, Run


def open_before(run: Run) -> Before:
    """Return a training that can be adapted, with the vectors that it was made of.

    Parameters
    ----------
    run : Run
        A finished training.

    Raises
    ------
    ArgumentError
        When it is none of a classifier of vectors, or was adapted itself.
    EmbeddingError
        When the vectors are gone, or are others than it was trained on.
    """
    require_training(run.manifest, run.folder / MANIFEST)
    number = run.number
    refuse_fused(run, "is adapted by them: adapt each, and fuse them again")
    if is_trained_elsewhere(run):
        raise ArgumentError(
            f"run {number} was trained elsewhere, on clips that are not here: what it takes is "
            f"fab CalibrateRun --run-number={number} --dataset=FOLDER"
        )
    if is_network(run):
        raise ArgumentError(
            f"run {number} is of a network, which is trained on recordings: train it further by "
            f"fab TrainNetwork --start-from={number} --dataset=FOLDER"
        )
    if is_adapted(run):
        raise ArgumentError(
            f"run {number} is {run.settings['adapted']['run']} adapted: adapt that one, with all "
            f"clips in one data set"
        )
    require_current(run)
    folder = run.manifest.get("embeddings")
    if folder is None:
        raise EmbeddingError(
            f"run {number} does not say where the vectors are that it was trained on; train it "
            f"again"
        )
    name, augmented = run.settings["backbone"]["name"], bool(run.settings.get("augmented"))
    before = Before(run, TrainingStores.open(Path(folder), name, augmented))
    differs = [
        name for name, hash in before.stores.inputs().items() if run.inputs.get(name) != hash
    ]
    if differs:
        raise EmbeddingError(
            f"the vectors in {folder} are others than run {number} was trained on "
            f"({', '.join(differs)}); train it again"
        )
    return before


@dataclass(frozen=True)
class Clips:
    """The labelled clips of a user's data set, as a run's backbone hears them.

    Attributes
    ----------
    store : EmbeddingStore
        Their vectors.
    clips : EmbeddingSet
        Those of speakers that the run does not know.
    rejected : dict of str to str
        By recording, why it has no vector.
    n_known, n_known_speakers : int
        Clips that were left out, and of how many speakers that the run knows.
    """

    store: EmbeddingStore
    clips: EmbeddingSet
    rejected: dict[str, str]
    n_known: int
    n_known_speakers: int


def embed_clips(
    before: Before,
    dataset: Dataset,
    embeddings: Path | None,
    checkpoint: str | None,
    test: EmbeddingSet | None,
) -> Clips:
    """Embed the clips of a data set, and leave those out whose speakers the run knows.

    Their vectors lie apart from all data sets' others, beside the run's own stores: adapting once
    more, with other clips of them or another run on the same vectors, computes none anew.

    Parameters
    ----------
    before : Before
        The training.
    dataset : Dataset
        The user's; its split, if it has one, does not matter.
    embeddings : pathlib.Path, optional
        The folder of the data set's stores (default: within that of the run's).
    checkpoint : str, optional
        Where the run's checkpoint is now.
    test : EmbeddingSet or None
        The clips of the run's own test, whose speakers count as known.

    Raises
    ------
    ArgumentError
        When the data set is the run's own.
    EmbeddingError
        When all speakers are known, or a class is absent.
    """
    run, train = before.run, before.stores.train
    if str(dataset.audio.resolve()) == train.dataset:
        raise ArgumentError(
            f"--dataset={dataset.root} is what run {run.number} was trained on: name a data set of "
            f"the case that it is to be adapted to"
        )
    span = train.layers[0], train.layers[-1]
    backbone = load_own_backbone(run, span, checkpoint)
    done = extract_split(dataset, FULL, backbone, embeddings or default_folder(train, dataset))
    require_same_backbone(train, done.store)
    clips = done.store.load(*before.selection)
    known = set(read_trained_on(run)["speaker"])
    known |= set() if test is None else set(test.speaker.tolist())
    is_known = np.isin(clips.speaker, sorted(known - {""}))
    n_speakers = len(np.unique(clips.speaker[is_known]))
    if is_known.all():
        raise EmbeddingError(
            f"run {run.number} knows all {n_speakers:,} speakers of {dataset.root}: it takes clips "
            f"of others; if they are others of the same name, rename them"
        )
    clips = clips.where(~is_known)
    clips.require_both_classes(f"what run {run.number} does not know of {dataset.root}")
    return Clips(done.store, clips, done.rejected, int(is_known.sum()), n_speakers)


def default_folder(train: EmbeddingStore, dataset: Dataset) -> Path:
    """Return where the vectors of a data set lie that a run is adapted to.

    Parameters
    ----------
    train : EmbeddingStore
        Of the run's training.
    dataset : Dataset
        The user's.
    """
    root = dataset.root.resolve()
    # Two folders of one name are two data sets.
    return train.embeddings / FOLDER / f"{root.name}-{sha256_text(str(root))[:8]}"


def load_test(before: Before) -> tuple[EmbeddingSet | None, str]:
    """Return the clips of a run's own test, or why there are none.

    Parameters
    ----------
    before : Before
        The training.
    """
    train = before.stores.train
    try:
        store = EmbeddingStore.open(train.embeddings, train.backbone["name"], TEST)
        require_same_backbone(train, store)
        if store.dataset != train.dataset:
            raise RunError(f"{store.folder} is of another data set")
        clips = store.load(*before.selection)
        clips.require_both_classes(TEST)
    except AudiosError as error:
        return None, str(error)
    return clips, ""

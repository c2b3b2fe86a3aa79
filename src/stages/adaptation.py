"""Stage 10, of a training that is there: adapting it to a case of the user's own."""

from pathlib import Path

from src.adaptation.adapt import CLIPS, Adapted, adapt_run
from src.models.lookup import find_training
from src.results.report import write_report
from src.utils.dataset.dataset import Dataset


def adapt(
    dataset: Path,
    runs: Path,
    clips: int = CLIPS,
    backbone: str | None = None,
    classifier: str | None = None,
    run_number: int | None = None,
    study_number: int | None = None,
    embeddings: Path | None = None,
    checkpoint: str | None = None,
    seed: int = 7,
) -> Adapted:
    """Train a run anew on a few clips of a data set besides, into a run folder with its page.

    Parameters
    ----------
    dataset : pathlib.Path
        The folder of the user's labelled clips.
    runs : pathlib.Path
        The runs folder.
    clips : int
        How many of each class are learnt from.
    backbone, classifier : str, optional
        Of the training; what is left out fits any.
    run_number : int, optional
        The training's number; by default the newest that fits, or the study's best.
    study_number : int, optional
        The study that the training is a trial of.
    embeddings : pathlib.Path, optional
        The folder of the data set's vectors (default: within that of the training's).
    checkpoint : str, optional
        Folder or hub id of the run's checkpoint (default: where it was in training).
    seed : int
        Of the draw of clips, of the folds and of the intervals.

    Raises
    ------
    AudiosError
        When there is no such training or data set, or as `adapt_run` does.
    """
    run = find_training(runs, backbone, classifier, run_number, study_number)
    done = adapt_run(run, Dataset.open(dataset), runs, clips, embeddings, checkpoint, seed)
    write_report(done.run, runs)
    return done

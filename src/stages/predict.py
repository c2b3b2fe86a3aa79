"""Stage 12, on new recordings: verdicts by a trained run."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from src.predict import predict as verdicts
from src.predict.choice import Chosen, choose_detector
from src.predict.drawing import Drawing
from src.predict.predict import Listener, Prediction
from src.predict.table import check_output


def predict(
    audio: Path,
    runs: Path,
    backbone: str | None = None,
    classifier: str | None = None,
    run_number: int | None = None,
    study_number: int | None = None,
    checkpoint: str | None = None,
    prior: float = 0.5,
    output: Path | None = None,
    plot: Path | None = None,
    plot_most: int = 20,
    stream: int | None = None,
    detector: str | None = None,
    any_sound: bool = False,
    choosing: Callable[[Chosen], None] = lambda _: None,
    listener: Listener | None = None,
) -> Prediction:
    """Judge a recording, or every recording below a folder.

    Parameters
    ----------
    audio : pathlib.Path
        A file or a folder; only read.
    runs : pathlib.Path
        The runs folder.
    backbone, classifier : str, optional
        Of the training that judges; what is left out fits any.
    run_number : int, optional
        Its number; by default the best tested that fits, or the study's best.
    study_number : int, optional
        The study that it is a trial of.
    checkpoint : str, optional
        Where the run's checkpoint is now, if not where it was.
    prior : float
        The share of bona-fide recordings that is expected, between 0 and 1.
    output : pathlib.Path, optional
        A file for the verdicts, `.csv` or `.json`.
    plot : pathlib.Path, optional
        A folder for figures of the recordings.
    plot_most : int
        How many figures, the most suspicious recordings first.
    stream : int, optional
        Which audio stream, from 0 on, of a file that has several; by default the first.
    detector : str, optional
        The name of a detector that comes with AUDIOS, or the folder of an exported one.
    any_sound : bool
        Whether what holds no speech is judged too.
    choosing : callable, optional
        Is told which detector will judge, before it is loaded.
    listener : Listener, optional
        Is told of every verdict as it is given.

    Raises
    ------
    ArgumentError
        When `output` cannot be written to, or there is no such detector.
    RunError
        When there is no such training.
    AudiosError
        As `predict.predict` does.
    """
    # First, so that a path that is not there is named before the detector is.
    verdicts.require_there(audio)
    # So that no work is lost on verdicts that cannot be written.
    file = None if output is None else check_output(output)
    drawing = None if plot is None else Drawing(plot, plot_most)
    chosen = choose_detector(
        runs, detector, backbone, classifier, run_number, study_number, audio=audio
    )
    choosing(chosen)
    found = verdicts.predict(
        chosen.run, audio, checkpoint, prior, file, drawing, stream, any_sound, listener
    )
    return replace(found, headline=chosen.headline, warnings=chosen.warnings)

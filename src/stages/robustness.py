"""Stage 11, under the conditions of the world: noise, rooms, codecs, calls."""

from collections.abc import Sequence
from pathlib import Path

from src.models.lookup import find_training
from src.results.report import write_report
from src.robustness.robustness import RobustnessTest, measure_robustness
from src.scoring.clips import find_clips
from src.utils.audio.augmentations.conditions import choose_conditions


def test(
    embeddings: Path,
    runs: Path,
    dataset: Path | None = None,
    backbone: str | None = None,
    classifier: str | None = None,
    run_number: int | None = None,
    study_number: int | None = None,
    conditions: Sequence[str] | None = None,
    noises: Path | None = None,
    seed: int = 7,
) -> RobustnessTest:
    """Test a training on its test clips under each condition, and write its page anew.

    Parameters
    ----------
    embeddings : pathlib.Path
        The embeddings' folder, by whose store the data set of an older run is found.
    runs : pathlib.Path
        The runs folder.
    dataset : pathlib.Path, optional
        The folder of a data set; by default the run's own.
    backbone, classifier : str, optional
        Of the training; what is left out fits any.
    run_number : int, optional
        The training's number; by default the newest that fits, or the study's best.
    study_number : int, optional
        The study that the training is a trial of.
    conditions : sequence of str, optional
        Names as of `choose_conditions`; by default all that can be made.
    noises : pathlib.Path, optional
        A folder of noise recordings.
    seed : int
        Of what conditions draw, and of the intervals.

    Raises
    ------
    ArgumentError
        For an unknown condition, or one that cannot be made here.
    RunError
        When there is no such training.
    AudiosError
        As `find_clips` and `measure_robustness` do.
    """
    chosen = None if conditions is None else choose_conditions(conditions)
    run = find_training(runs, backbone, classifier, run_number, study_number)
    source = find_clips(run, dataset, embeddings)
    done = measure_robustness(run, source, chosen, noises, seed)
    write_report(run, runs)
    return done

"""Finding the training run or the study that flags describe."""

from collections import Counter
from pathlib import Path
from typing import Any, Literal

from pydantic import NonNegativeFloat, NonNegativeInt, PositiveInt

from src.adaptation.names import is_adapted
from src.fusion.names import FUSION, is_fused
from src.models.registry import CLASSIFIERS
from src.utils.config import AUTO, BASELINE
from src.utils.errors import RunError, shorten
from src.utils.renamed import backbone_of, is_renamed, label_of
from src.utils.run_manifest import Hyperparameter, Rate
from src.utils.runs import Kind, Run, find_run, list_runs, list_sound, studied_classifiers
from src.utils.shapes import Shape, read_shaped

NETWORK = "network"
"""The entry of a run's settings that only networks have: what makes them what they are."""

BEST = "best_hyperparameters.json"
"""What a study's folder keeps of its best trial."""


def find_training(
    runs: Path,
    backbone: str | None = None,
    classifier: str | None = None,
    run_number: int | None = None,
    study_number: int | None = None,
) -> Run:
    """Find the training run that flags describe.

    Without a run number it is the study's best trial, or the newest finished training that
    fits the other flags.

    Parameters
    ----------
    runs : pathlib.Path
        The runs folder.
    backbone, classifier : str, optional
        Names that the run's settings must hold; the classifier also tells studies of one number
        apart.
    run_number : int, optional
        Of the run, among the trials of a study where one is given.
    study_number : int, optional
        Of the study that the run is a trial of.

    Raises
    ------
    RunError
        When there is none, it is not finished, or it disagrees with the flags.
    """
    folder = runs
    if study_number is not None:
        folder = find_study(runs, study_number, classifier).folder
        if run_number is None:
            run_number = best_of_study(runs, study_number, backbone, classifier)["run_number"]
        # Of the study; its trials are of whichever was drawn.
        classifier = None if classifier == AUTO else classifier
    if run_number is None:
        return newest_training(folder, backbone, classifier)
    return training_by_number(folder, run_number, backbone, classifier)


def newest_training(
    folder: Path, backbone: str | None = None, classifier: str | None = None
) -> Run:
    """Return the newest finished training of these names.

    Parameters
    ----------
    folder : pathlib.Path
        The runs folder.
    backbone, classifier : str, optional
        Names that its settings must hold; of a network the front end and the back end.

    Raises
    ------
    RunError
        When there is none, naming the task that makes one.
    """
    found = _finished(list_runs(folder))
    fitting = [run for run in found if fits(run, backbone, classifier)]
    if fitting:
        return fitting[-1]
    if classifier == BASELINE:
        raise RunError(f"no {BASELINE} run in {folder}/; run first: fab TrainBaseline")
    for run in reversed(found):
        named = run.settings.get("backbone", {}).get("name") == backbone
        if named and not _disagreements(run, {"classifier": classifier}):
            require_current(run)
    what = " ".join(["trained", *(value for value in (backbone, classifier) if value)])
    command = f"TrainModel --backbone={backbone or 'NAME'} --classifier={classifier or 'NAME'}"
    if classifier is not None and classifier not in CLASSIFIERS:
        command = f"TrainNetwork --front-end={backbone or 'NAME'} --back-end={classifier}"
    raise RunError(f"no {what} run in {folder}/; run first: fab {command}")


def trainings_of(runs: Path) -> list[Run]:
    """Return every finished training, and every finished trial of a study; oldest first.

    Runs whose manifest is damaged are left aside, as in `list_sound`.

    Parameters
    ----------
    runs : pathlib.Path
        The runs folder.
    """
    found = list_sound(runs)[0]
    for name in studied_classifiers(runs):
        for study in list_sound(runs, study_of=name)[0]:
            found += list_sound(study.folder)[0]
    return sorted(_finished(found), key=lambda run: str(run.manifest.get("started")))


def fits(run: Run, backbone: str | None, classifier: str | None) -> bool:
    """Say whether a training is of a backbone and a classifier.

    Parameters
    ----------
    run : Run
        A training.
    backbone, classifier : str or None
        Their names; None fits any.
    """
    return not _disagreements(run, {"backbone": backbone, "classifier": classifier})


def _finished(runs: list[Run]) -> list[Run]:
    return [run for run in runs if run.kind == Kind.TRAINING and run.is_complete]


def training_by_number(
    folder: Path, number: int, backbone: str | None = None, classifier: str | None = None
) -> Run:
    """Return the finished training with a number.

    Parameters
    ----------
    folder : pathlib.Path
        The runs folder, or a study's folder for one of its trials.
    number : int
        As its folder's name says.
    backbone, classifier : str, optional
        Names that its settings must hold.

    Raises
    ------
    RunError
        When there is none, it is of another kind, not finished, or disagrees with the names.
    """
    run = find_run(folder, number)
    if run.kind != Kind.TRAINING:
        raise RunError(f"run {number} in {folder}/ is a {run.kind} run, not a training")
    if not run.is_complete:
        raise RunError(f"run {number} in {folder}/ is {run.status}")
    wrong = _disagreements(run, {"backbone": backbone, "classifier": classifier})
    if wrong:
        raise RunError(f"run {number} in {folder}/ does not fit: {'; '.join(wrong)}")
    return run


def detector_name(run: Run) -> str:
    """Return a training, or a study, as people are told of it, such as `wavlm + mlp`.

    Without its number, by which figures of the same run made again would differ.

    Parameters
    ----------
    run : Run
        A training or a study.
    """
    if is_fused(run):
        counts = Counter(member["name"] for member in run.settings[FUSION]["members"])
        told = [name if count == 1 else f"{count} × {name}" for name, count in counts.items()]
        return f"fusion of {' and '.join(filter(None, [', '.join(told[:-1]), told[-1]]))}"
    backbone = label_of(run.settings.get("backbone")) or "?"
    augmented = ", augmented" if run.settings.get("augmented") else ""
    adapted = ", adapted" if is_adapted(run) else ""
    return f"{backbone} + {run.settings.get('classifier', '?')}{augmented}{adapted}"


def is_network(run: Run) -> bool:
    """Say whether a training is of a network, which is given recordings and no vectors.

    Parameters
    ----------
    run : Run
        A training.
    """
    return NETWORK in run.settings


def require_current(run: Run) -> None:
    """Fail for a run of before what it is of was what it is now.

    These are runs on vectors of the descriptor `acoustic` of when it was called `lfcc`, and such of
    the baseline of before it was a network as all others.

    Parameters
    ----------
    run : Run
        A training.

    Raises
    ------
    RunError
        Naming the commands that make it anew.
    """
    if run.settings.get("classifier") == BASELINE and not is_network(run):
        raise RunError(
            f"run {run.number} is a {BASELINE} of before it was trained and scored as all networks "
            f"are; train anew: fab TrainBaseline"
        )
    about = run.settings.get("backbone", {})
    if is_renamed(about):
        flag = f"--backbone={backbone_of(about)}"
        raise RunError(
            f"run {run.number} was trained on {backbone_of(about)} when it was called "
            f"{about['name']}; train anew: fab GenerateEmbeddings {flag}, then fab TrainModel "
            f"{flag} --classifier={run.settings.get('classifier', 'NAME')}"
        )


def find_study(runs: Path, number: int, classifier: str | None = None) -> Run:
    """Return a study by its number, and its classifier where two have the number.

    Parameters
    ----------
    runs : pathlib.Path
        The runs folder.
    number : int
        As its folder's name says.
    classifier : str, optional
        Whose hyperparameters it searches.

    Raises
    ------
    RunError
        When there is none, or more than one.
    """
    if classifier is not None:
        return find_run(runs, number, study_of=classifier)
    names = studied_classifiers(runs)
    studies = [(name, study) for name in names for study in list_runs(runs, study_of=name)]
    found = [(name, study) for name, study in studies if study.number == number]
    if not found:
        there = [study.folder.name for _, study in studies]
        raise RunError(f"no study {number} in {runs}/; found {shorten(there, 20) or 'none'}")
    if len(found) > 1:
        whose = ", ".join(name for name, _ in found)
        raise RunError(f"studies {number} of {whose} are there; add --classifier")
    return found[0][1]


def best_of_study(
    runs: Path, number: int, backbone: str | None = None, classifier: str | None = None
) -> dict[str, Any]:
    """Return what a study's `best_hyperparameters.json` holds.

    Parameters
    ----------
    runs : pathlib.Path
        The runs folder.
    number : int
        Of the study.
    backbone : str, optional
        The name that the study's settings must hold.
    classifier : str, optional
        Whose study it is, where two have the number.

    Raises
    ------
    RunError
        When there is no such study, it is of another backbone, or no trial has finished yet.
    """
    study = find_study(runs, number, classifier)
    wrong = _disagreements(study, {"backbone": backbone})
    if wrong:
        raise RunError(f"study {number} in {runs}/ does not fit: {'; '.join(wrong)}")
    path = study.folder / BEST
    if not path.is_file():
        raise RunError(f"{study.folder} has no finished trial yet")
    return read_best(study)


class _Choice(Shape):
    n_trials: NonNegativeInt
    n_tied: NonNegativeInt
    n_bona_fide: PositiveInt
    n_spoof: PositiveInt
    n_speakers: NonNegativeInt | None
    eer: Rate
    low: Rate | None
    high: Rate | None
    n_inside: NonNegativeInt
    median_eer: Rate
    gain_low: float | None
    gain_high: float | None
    is_decisive: bool


class _Seeds(Shape):
    n: PositiveInt
    mean: Rate
    std: NonNegativeFloat


class _Best(Shape):
    classifier: str
    backbone: str
    validation_eer: Rate
    validation_cllr: float | None = None
    run_number: NonNegativeInt
    layer: NonNegativeInt | Literal["weighted"]
    pooling: str | None = None
    hyperparameters: dict[str, Hyperparameter]
    seeds: _Seeds | None = None
    choice: _Choice | None = None


def read_best(study: Run) -> dict[str, Any]:
    """Return what a study keeps of its best trial.

    Parameters
    ----------
    study : Run
        One with a finished trial.

    Raises
    ------
    AudiosError
        When the file is absent or damaged.
    """
    remedy = f"remove it, and continue the study: --study-number={study.number}"
    return read_shaped(study.folder / BEST, _Best, remedy)


def _disagreements(run: Run, wanted: dict[str, Any]) -> list[str]:
    settings = run.settings
    about, classifier = settings.get("backbone", {}), settings.get("classifier")
    # By the name of now, and as people are told it.
    have = {
        "backbone": (backbone_of(about), label_of(about)),
        "classifier": (classifier, classifier),
    }
    return [
        f"its {key} is {have[key][1]}, not {value}"
        for key, value in wanted.items()
        if value is not None and have[key][0] != value
    ]

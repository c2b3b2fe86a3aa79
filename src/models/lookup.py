"""Finding the training run or the study that flags describe."""

from pathlib import Path
from typing import Any

from src.utils.config import BASELINE
from src.utils.errors import RunError, shorten
from src.utils.files import read_json
from src.utils.renamed import backbone_of, is_renamed, label_of
from src.utils.runs import Run, find_run, list_runs

TRAINING = "train"
"""The kind of a training run, on its own or as a trial of a study."""

BEST = "best_hyperparameters.json"


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

    Raises
    ------
    RunError
        When there is none, it is not finished, or it disagrees with the flags.
    """
    if study_number is not None:
        folder = find_study(runs, study_number, classifier).folder
        if run_number is None:
            run_number = best_of_study(runs, study_number, backbone, classifier)["run_number"]
    else:
        folder = runs
    if run_number is None:
        wanted = {"backbone": backbone, "classifier": classifier}
        found = [r for r in list_runs(folder) if r.kind == TRAINING and r.is_complete]
        # The baseline is tested by tasks of its own, and must be asked for.
        found = [r for r in found if is_baseline(r) == (classifier == BASELINE)]
        fitting = [r for r in found if not _disagreements(r, wanted)]
        if not fitting:
            if classifier == BASELINE:
                raise RunError(f"no {BASELINE} run in {folder}/; run first: fab TrainBaseline")
            for run in reversed(found):
                named = run.settings.get("backbone", {}).get("name") == backbone
                if named and not _disagreements(run, {"classifier": classifier}):
                    require_current_backbone(run)
            what = " ".join(["trained", *(value for value in (backbone, classifier) if value)])
            flags = f"--backbone={backbone or 'NAME'} --classifier={classifier or 'NAME'}"
            raise RunError(f"no {what} run in {folder}/; run first: fab TrainModel {flags}")
        return fitting[-1]
    run = find_run(folder, run_number)
    if run.kind != TRAINING:
        raise RunError(f"run {run_number} in {folder}/ is a {run.kind} run, not a training")
    if not run.is_complete:
        raise RunError(f"run {run_number} in {folder}/ is {run.manifest.get('status')}")
    wrong = _disagreements(run, {"backbone": backbone, "classifier": classifier})
    if wrong:
        raise RunError(f"run {run_number} in {folder}/ does not fit: {'; '.join(wrong)}")
    return run


def is_baseline(run: Run) -> bool:
    """Say whether a training is of the classifier that is given no vectors."""
    return run.settings.get("classifier") == BASELINE


def require_vectors(run: Run) -> None:
    """Fail for a run whose classifier is given no vectors.

    Raises
    ------
    RunError
        Naming the task for it.
    """
    if is_baseline(run):
        raise RunError(
            f"run {run.number} is a {BASELINE} baseline, which is given recordings and no vectors; "
            f"test it by: fab TestBaseline --run-number={run.number}"
        )


def require_current_backbone(run: Run) -> None:
    """Fail for a run on vectors of the descriptor `acoustic` of when it was called `lfcc`.

    Parameters
    ----------
    run : Run

    Raises
    ------
    RunError
        Naming the commands that make it anew.
    """
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

    Raises
    ------
    RunError
        When there is none, or more than one.
    """
    if classifier is not None:
        return find_run(runs, number, f"{classifier}_study")
    names = sorted({p.name.split("_study")[0] for p in runs.glob("*_study*") if p.is_dir()})
    found = [r for name in names for r in list_runs(runs, f"{name}_study") if r.number == number]
    if not found:
        there = [r.folder.name for name in names for r in list_runs(runs, f"{name}_study")]
        raise RunError(f"no study {number} in {runs}/; found {shorten(there, 20) or 'none'}")
    if len(found) > 1:
        raise RunError(f"studies {number} of {', '.join(names)} are there; add --classifier")
    return found[0]


def best_of_study(
    runs: Path, number: int, backbone: str | None = None, classifier: str | None = None
) -> dict[str, Any]:
    """Return what a study's `best_hyperparameters.json` holds.

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
    return dict(read_json(path))


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

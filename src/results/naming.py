"""The names of runs, and the commands that use them."""

import shlex
from pathlib import Path

from src.models.lookup import detector_name
from src.utils.config import DEFAULTS, ROOT
from src.utils.embeddings.selection import Selection
from src.utils.renamed import label_of
from src.utils.runs import Kind, Run
from src.visualize.methods import METHOD_LABELS


def name_of(run: Run) -> str:
    """Return a name such as `run 3`, `audit 0`, `SVM study 0` or `run 3 of SVM study 0`.

    Parameters
    ----------
    run : Run
        A run, a search trial or a study.
    """
    if run.kind == Kind.STUDY:
        return _name_study(run.settings.get("classifier", ""), run.number)
    study = run.study
    return f"{run.name} of {_name_study(study.study_of, study.number)}" if study else run.name


def _name_study(classifier: str | None, number: int) -> str:
    return f"{(classifier or '').upper().replace('_', ' ')} study {number}".strip()


def dataset_name(run: Run) -> str:
    """Return the name of the data set that a run used, empty where it was not kept.

    It is that of the folder of the tables; the recordings may lie in another one.

    Parameters
    ----------
    run : Run
        Any run.
    """
    return Path(run.manifest.get("root") or run.manifest.get("dataset") or "").name


def describe(run: Run) -> str:
    """Say in a few words what a run is, such as `wav2vec2 + svm, layer 4`.

    Parameters
    ----------
    run : Run
        A run, a search trial or a study.
    """
    settings = run.settings
    backbone = label_of(settings.get("backbone")) or ""
    if run.kind in (Kind.TRAINING, Kind.STUDY):
        detector = detector_name(run)
        if run.kind == Kind.STUDY:
            return f"search of {detector}"
        return f"{detector}, {Selection.of(settings).label}" if "layer" in settings else detector
    if run.kind == Kind.PROJECTION:
        method = str(settings.get("method", ""))
        label = METHOD_LABELS.get(method, method)
        return f"{label} of {backbone}, layer {settings.get('layer', '?')}"
    if run.kind == Kind.LAYER_PROBE:
        return f"layer probe of {backbone}"
    if run.kind == Kind.AUDIT:
        return f"audit of {Path(str(settings.get('dataset', ''))).name}"
    if run.kind == Kind.EVALUATION:
        return f"scores of {Path(str(settings.get('scores', ''))).name}"
    if run.kind == Kind.COMPARISON:
        return f"comparison of {len(settings.get('runs', []))} runs"
    if run.kind == Kind.PRETRAINING:
        start = settings.get("start", {})
        begun = Path(str(start.get("checkpoint") or start.get("config", "?"))).name
        return f"pretraining of {backbone}, from {begun}"
    return run.kind or "?"


def command_of(run: Run) -> str:
    """Return the command line that made a run.

    Parameters
    ----------
    run : Run
        Any run.
    """
    words = run.manifest.get("command")
    return shlex.join(["fab", *map(str, words)]) if isinstance(words, list) else "unknown"


def next_command(task: str, run: Run, runs: Path, *flags: str, reads_vectors: bool = True) -> str:
    """Return the command line of a task on a run or a study.

    Parameters
    ----------
    task : str
        Such as `TestModel`.
    run : Run
        What it is to work on.
    runs : pathlib.Path
        The runs folder.
    *flags : str
        Flags that come before those that name the run.
    reads_vectors : bool
        Whether the task reads embeddings.
    """
    words = ["fab", task, *flags]
    if run.kind == Kind.STUDY:
        words += [f"--study-number={run.number}"]
    else:
        if run.study is not None:
            words += [f"--classifier={run.study.study_of}", f"--study-number={run.study.number}"]
        words += [f"--run-number={run.number}"]
    embeddings = run.manifest.get("embeddings")
    if reads_vectors and embeddings:
        words += _folder_flag("embeddings", Path(embeddings))
    return shlex.join(words + _folder_flag("runs", runs))


def command_to_test(run: Run, runs: Path) -> str:
    """Return the command line that tests a training.

    Parameters
    ----------
    run : Run
        The training.
    runs : pathlib.Path
        The runs folder.
    """
    return next_command("TestModel", run, runs)


def _folder_flag(name: str, folder: Path) -> list[str]:
    """Return the flag of a folder, nothing for the default one."""
    if folder.resolve() == (ROOT / DEFAULTS[name]).resolve():
        return []
    return [f"--{name}={folder.resolve()}"]

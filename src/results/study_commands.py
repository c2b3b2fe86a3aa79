"""What to do with a study next, as command lines."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from src.results.naming import next_command
from src.utils.config import DEFAULTS, FOLDS_BY_SPEAKER
from src.utils.renamed import backbone_of
from src.utils.runs import Run, list_runs


def with_origin(study: Run) -> Run:
    """Return a study knowing where its trials' clips and vectors lie.

    Parameters
    ----------
    study : Run
        A study, whose own manifest does not say it.
    """
    for trial in list_runs(study.folder):
        known = {name: trial.manifest.get(name) for name in ("dataset", "embeddings")}
        return replace(study, manifest=study.manifest | known)
    return study


def command_to_train_best(study: Run, runs: Path) -> str:
    """Return the command line that trains with what a study has found.

    Parameters
    ----------
    study : Run
        See `with_origin`.
    runs : pathlib.Path
        The runs folder.
    """
    augmented = ["--augmented"] if study.settings.get("augmented") else []
    flags = [f"--backbone={backbone_of(study.settings.get('backbone'))}", _classifier(study)]
    return next_command("TrainModel", study, runs, *flags, *augmented)


def command_to_test_best(study: Run, runs: Path) -> str:
    """Return the command line that tests the best trial of a study.

    Its classifier is named, that of the study: studies of others may have the same number.

    Parameters
    ----------
    study, runs
        See `command_to_train_best`.
    """
    return next_command("TestModel", study, runs, _classifier(study))


def command_to_continue(study: Run, runs: Path) -> str:
    """Return the command line that goes on with a study, with the settings that it was begun by.

    Parameters
    ----------
    study, runs
        See `command_to_train_best`.
    """
    settings = study.settings
    flags = [f"--backbone={backbone_of(settings.get('backbone'))}", _classifier(study)]
    flags += ["--augmented"] if settings.get("augmented") else []
    folds: Mapping[str, Any] = settings.get("folds") or {}
    if folds:
        flags.append(f"--folds={folds['n']}")
        by = folds.get("by", FOLDS_BY_SPEAKER)
        flags += [f"--folds-by={by}"] if by != FOLDS_BY_SPEAKER else []
    seed = settings.get("seed", DEFAULTS["seed"])
    flags += [f"--seed={seed}"] if str(seed) != str(DEFAULTS["seed"]) else []
    flags += [f"--storage={study.manifest['storage']}"] if "storage" in study.manifest else []
    words = study.manifest.get("command")
    begun = words if isinstance(words, list) else []
    flags += [word for word in map(str, begun) if word.startswith("--trials=")][-1:]
    return next_command("OptimizeHyperparameters", study, runs, *flags)


def _classifier(study: Run) -> str:
    return f"--classifier={study.settings.get('classifier')}"

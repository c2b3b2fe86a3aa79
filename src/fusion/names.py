"""The names by which a fusion is known, for whoever must know them without the room itself."""

from collections.abc import Sequence
from pathlib import Path

from src.utils.errors import ArgumentError
from src.utils.runs import MANIFEST, Run

FUSION = "fusion"
"""The entry of a run's settings that only fusions have, and what they say in place of a backbone
and of a classifier."""

FOLDER = "members"
"""In a fusion's folder, the folder of its members, each in a folder of its label."""

MODELS = ("model.safetensors", "model.skops")
CALIBRATION, REFERENCE = "calibration.json", "reference.safetensors"
KEPT = (*MODELS, CALIBRATION, REFERENCE, MANIFEST)
"""What of a member goes with a fusion, as far as it is there: all that its verdicts need. The
manifest last, by which the rest is known."""


def is_fused(run: Run) -> bool:
    """Say whether a training is a fusion of others.

    Parameters
    ----------
    run : Run
        A training.
    """
    return run.settings.get(FUSION) is not None


def refuse_fused(run: Run, why: str) -> None:
    """Refuse a fusion where it cannot be treated as every other training.

    Parameters
    ----------
    run : Run
        A training.
    why : str
        What is the matter, and what to do, behind the names of its members.

    Raises
    ------
    ArgumentError
        For a fusion.
    """
    if is_fused(run):
        told = " and ".join(map(title_of, labels_of(run)))
        raise ArgumentError(f"run {run.number} is a fusion of {told}, and {why}")


def member_folder(folder: Path, label: str) -> Path:
    """Return where a fusion keeps a member.

    Parameters
    ----------
    folder : pathlib.Path
        The fusion's.
    label : str
        The member's.
    """
    return folder / FOLDER / label


def labels_of(run: Run) -> list[str]:
    """Return the labels of a run's members, none of what is no fusion.

    Parameters
    ----------
    run : Run
        A training.
    """
    return [member["label"] for member in (run.settings.get(FUSION) or {}).get("members", [])]


def member_folders(run: Run) -> list[Path]:
    """Return where a run keeps its members, nothing for one that is no fusion.

    Parameters
    ----------
    run : Run
        A training.
    """
    return [member_folder(run.folder, label) for label in labels_of(run)]


def is_of_member(parts: Sequence[str]) -> bool:
    """Say whether a fusion writes a file of this path within its folder.

    Parameters
    ----------
    parts : sequence of str
        The path, folder by folder.
    """
    return len(parts) == 3 and parts[0] == FOLDER and parts[2] in KEPT


def title_of(label: str) -> str:
    """Return how people are told of a member.

    Parameters
    ----------
    label : str
        Of the member.

    Examples
    --------
    >>> title_of("run4"), title_of("svm_study0_run3")
    ('run 4', 'run 3 of svm study 0')
    """
    study, _, number = label.rpartition("run")
    if not study:
        return f"run {number}"
    classifier, _, study_number = study.removesuffix("_").rpartition("_study")
    return f"run {number} of {classifier} study {study_number}"

"""What the folder of an exported detector says of itself, and whether its files are those."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, NonNegativeFloat, PositiveInt

from src.utils.config import ONNX, TORCHSCRIPT
from src.utils.errors import ArgumentError, AudiosError, RunError
from src.utils.files import PARTIAL, sha256_file
from src.utils.run_manifest import read_manifest, require_training
from src.utils.runs import MANIFEST, Run
from src.utils.shapes import Shape, read_shaped

ABOUT = "export.json"
"""In an exported detector's folder, which is else as that of a run."""

NETWORK_FILE, SCORER_FILE = "network", "scorer"
"""The names of the files: windows to vectors and scores, and vectors to scores."""

SUFFIXES = {ONNX: ".onnx", TORCHSCRIPT: ".pt"}
"""Of the files, by format."""
_ENDS = (*SUFFIXES.values(), ".onnx.data")

KEPT = ("calibration.json", "reference.safetensors", "bandwidths.json", "test_results.json")
"""What of a run goes with it, as far as it is there: all that verdicts and their headline need."""

REPLACED = f"{PARTIAL}.replaced"
"""Ends the name of the folder that an earlier export has for the moment in which it is replaced."""

REMEDY = "export it again: fab ExportModel"


class _Windows(Shape):
    sample_rate: Annotated[int, Field(ge=1, le=1_000_000)]
    samples: Annotated[int, Field(ge=1, le=10_000_000)]
    covers: Literal["all", "first", "whole"]
    is_any_length: bool


class _Checked(Shape):
    clips: PositiveInt
    largest_difference: NonNegativeFloat
    tolerance: NonNegativeFloat


class _About(Shape):
    format: Literal["onnx", "torchscript"]
    audios: str
    run: str
    dim: Annotated[int, Field(ge=1, le=10_000_000)]
    windows: _Windows | None
    files: dict[str, str]
    checked: _Checked


def default_folder(run: Run, form: str) -> Path:
    """Return where an exported detector is written that is to be nowhere else: in its run's folder.

    Parameters
    ----------
    run : Run
        The training.
    form : str
        A name of `SUFFIXES`.
    """
    return run.folder / f"exported-{form}"


def names_in_run() -> set[str]:
    """Return what exports leave in a run's folder, also where one was killed."""
    folders = [f"exported-{form}" for form in SUFFIXES]
    folders += [f".{folder}{end}" for folder in folders for end in (PARTIAL, REPLACED)]
    return {f"{folder}/{file}" for folder in folders for file in _files()}


def _files() -> set[str]:
    """Return the names of all files that an export writes."""
    models = {f"{name}{end}" for name in (NETWORK_FILE, SCORER_FILE) for end in _ENDS}
    return models | {ABOUT, MANIFEST, *KEPT}


def may_be_replaced(folder: Path) -> bool:
    """Say whether an export may take a folder's place: one that holds nothing but an earlier one.

    Parameters
    ----------
    folder : pathlib.Path
        Any, also one that is not there.
    """
    if not folder.exists():
        return True
    if not folder.is_dir():
        return False
    names = {path.name for path in folder.iterdir()}
    if not names:
        return True
    if not names <= _files() or ABOUT not in names:
        return False
    try:
        read_shaped(folder / ABOUT, _About, REMEDY)
    except AudiosError:
        return False
    return True


def is_exported(folder: Path) -> bool:
    """Say whether a folder is that of an exported detector.

    Parameters
    ----------
    folder : pathlib.Path
        Any.
    """
    return (folder / ABOUT).is_file()


def read_about(folder: Path) -> dict[str, Any]:
    """Return what an exported detector says of itself, its files held against their hashes.

    Parameters
    ----------
    folder : pathlib.Path
        Its folder.

    Raises
    ------
    ArgumentError
        When it is of a format that is not taken back.
    RunError
        When a file of it is absent, damaged or another.
    """
    about = read_shaped(folder / ABOUT, _About, REMEDY)
    if about["format"] != ONNX:
        raise ArgumentError(
            f"{folder} holds a model in TorchScript, which is a program, and no program is loaded "
            f"here; export it as --format=onnx"
        )
    names = (NETWORK_FILE, SCORER_FILE)
    models = {one.name for one in folder.iterdir() if one.name.partition(".")[0] in names}
    if strangers := sorted(models - about["files"].keys()):
        raise RunError(f"{folder / strangers[0]} is not of the export; {REMEDY}")
    for name, sha256 in about["files"].items():
        path = folder / name
        if Path(name).name != name or not path.is_file():
            raise RunError(f"{path} is not there; {REMEDY}")
        if sha256_file(path) != sha256:
            raise RunError(f"{path} is damaged: it is not the file that was exported; {REMEDY}")
    return about


def open_exported(folder: Path) -> Run:
    """Return an exported detector as the training that it was made of.

    Parameters
    ----------
    folder : pathlib.Path
        Its folder.

    Raises
    ------
    AudiosError
        When a file of it is absent or damaged, or of a format that is not taken back.
    """
    read_about(folder)
    manifest = read_manifest(folder / MANIFEST)
    require_training(manifest, folder / MANIFEST)
    return Run(int(manifest.get("number", 0)), folder, manifest)

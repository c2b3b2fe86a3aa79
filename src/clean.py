"""Removing what AUDIOS wrote, and nothing else."""

import shutil
from pathlib import Path

from src.utils.config import DEMO_MARKER
from src.utils.embeddings.presets import BACKBONES
from src.utils.embeddings.store import ARRAY
from src.utils.embeddings.store import MANIFEST as STORE_MANIFEST
from src.utils.files import PARTIAL
from src.utils.runs import MANIFEST as RUN_MANIFEST
from src.utils.runs import parse_folder_name

WHAT = ("runs", "embeddings", "demo")

_DEMO_PARTS = (
    "corpus",
    "corpus-normalized",
    "corpus-normalized-noisy",
    "checkpoint",
    "embeddings",
    "runs",
)


def find_removable(what: str, folder: Path) -> list[Path]:
    """List what `Clean` would remove.

    Parameters
    ----------
    what : {'runs', 'embeddings', 'demo'}
        What lies in the folder.
    folder : pathlib.Path
        The runs, embeddings or demo folder.

    Returns
    -------
    list of pathlib.Path
        Folders and files that carry AUDIOS' own marks.
    """
    if not folder.is_dir():
        return []
    found = {"runs": _runs, "embeddings": _embeddings, "demo": _demo}[what](folder)
    return sorted(found)


def remove(paths: list[Path], folder: Path) -> None:
    """Remove `paths`, and then the folders above them up to `folder` that are left empty."""
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    for parent in sorted({path.parent for path in paths} | {folder}, reverse=True):
        if parent.is_dir() and not any(parent.iterdir()):
            parent.rmdir()


def _runs(folder: Path) -> list[Path]:
    # The claimed numbers stay, so that a number never means two runs.
    return [
        path
        for path in folder.iterdir()
        if parse_folder_name(path.name) and (path / RUN_MANIFEST).is_file()
    ]


def _embeddings(folder: Path) -> list[Path]:
    found = []
    for name in BACKBONES:
        for path in (folder / name).glob("*"):
            is_store = (path / STORE_MANIFEST).is_file() and (path / ARRAY).is_file()
            is_lock = path.name.startswith(".") and path.suffix == ".lock"
            is_unfinished = path.is_dir() and path.name.endswith(PARTIAL)
            if is_store or is_lock or is_unfinished:
                found.append(path)
    return found


def _demo(folder: Path) -> list[Path]:
    if not (folder / DEMO_MARKER).is_file():
        return []
    return [folder / name for name in (*_DEMO_PARTS, DEMO_MARKER) if (folder / name).exists()]

"""Fetching a git repository and what Git LFS keeps of it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from src.utils.dataset.prepare.archives import is_pointer
from src.utils.errors import ArchiveError
from src.utils.files import make_folder

_TAIL = 4000
_SAFE = (
    # What a repository brings must neither run nor lead out of it.
    *("-c", "core.symlinks=false", "-c", "core.hooksPath=/dev/null"),
    *("-c", "protocol.ext.allow=never"),
)


def fetch_repository(url: str, folder: Path) -> str:
    """Clone a repository's newest state with its large files; repeating continues.

    Parameters
    ----------
    url : str
        Anything that git takes.
    folder : pathlib.Path
        Where the clone goes; its parent is made.

    Returns
    -------
    str
        The commit.

    Raises
    ------
    ArchiveError
        When git or git-lfs is not installed, or the host cannot be reached.
    """
    if shutil.which("git") is None:
        raise ArchiveError(
            "git is not installed: install git and git-lfs, or pass what you downloaded with "
            "--archives=DIR"
        )
    if not folder.is_dir():
        make_folder(folder.parent)
        partial = folder.with_name(f"{folder.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        _git(url, "clone", "--depth=1", "--no-tags", "--progress", "--", url, str(partial))
        partial.rename(folder)
    if any(_is_unfetched(path) for path in folder.rglob("*")):
        if subprocess.run(["git", "lfs", "version"], capture_output=True).returncode:
            raise ArchiveError(
                f"git-lfs is not installed, and the recordings of {url} are kept by it: install "
                f"it (apt install git-lfs, or https://git-lfs.com) and repeat, or pass what you "
                f"downloaded with --archives=DIR"
            )
        _git(url, "-C", str(folder), "lfs", "pull")
    return _git(url, "-C", str(folder), "rev-parse", "HEAD").strip()


def _git(url: str, *words: str) -> str:
    environment = os.environ | {
        # A missing repository would ask for a name and password.
        "GIT_TERMINAL_PROMPT": "0",
        # Large files come afterwards, so that a missing git-lfs is told before hours of fetching.
        "GIT_LFS_SKIP_SMUDGE": "1",
        "LC_ALL": "C",
    }
    with subprocess.Popen(
        ["git", *_SAFE, *words],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stderr is not None and process.stdout is not None
        tail = b""
        while chunk := os.read(process.stderr.fileno(), 4096):
            tail = (tail + chunk)[-_TAIL:]
            if sys.stderr.isatty():
                sys.stderr.write(chunk.decode("utf-8", "replace"))
                sys.stderr.flush()
        output = process.stdout.read().decode("utf-8", "replace")
    if process.returncode:
        lines = tail.decode("utf-8", "replace").replace("\r", "\n").split("\n")
        why = next((line.strip() for line in lines if line.startswith(("fatal:", "error:"))), "")
        host = urlsplit(url).netloc or url
        raise ArchiveError(
            f"cannot fetch {url} ({why.removeprefix('fatal: ') or 'git failed'}): if {host} "
            f"cannot be reached from here, clone it elsewhere and pass that with --archives=DIR"
        )
    return output


def _is_unfetched(path: Path) -> bool:
    is_content = ".git" not in path.parts and not path.is_symlink() and path.is_file()
    return is_content and is_pointer(path)

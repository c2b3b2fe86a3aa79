"""What `fab Version` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from src.results.blocks.blocks import Block, Facts

if TYPE_CHECKING:
    from pathlib import Path


def report_version(about: dict[str, Any], folder: Path) -> list[Block]:
    """Show the version of AUDIOS, of Python and of the libraries, and where AUDIOS lies.

    Parameters
    ----------
    about : dict
        As `describe_environment` returns it.
    folder : pathlib.Path
        Of AUDIOS.
    """
    commit = about["git_commit"]
    return [
        Facts(
            [
                ("AUDIOS", about["audios"] + (f", commit {commit}" if commit else "")),
                ("folder", str(folder)),
                ("Python", f"{about['python']} on {about['system']} {about['machine']}"),
                *about["libraries"].items(),
            ]
        )
    ]

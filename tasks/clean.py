"""The task that removes what AUDIOS wrote."""

from invoke import Context

from src.utils.config import ROOT
from src.utils.errors import ArgumentError, shorten
from tasks import arguments, configured
from tasks.show import say
from tasks.task import stage


@stage(
    "what",
    what="runs, embeddings or demo.",
    yes="Remove; without it the list is only shown.",
)
def Clean(
    c: Context,
    what: str | None = None,
    yes: bool = False,
    embeddings: str | None = None,
    runs: str | None = None,
) -> None:
    """Remove runs, embeddings or the demo.

    Only what AUDIOS wrote.

    Example: fab Clean --what=demo --yes
    """
    from src.clean import WHAT, find_removable, remove

    what = arguments.required("--what", what, WHAT)
    folder = {
        "runs": configured.folder(c, "runs", runs),
        "embeddings": configured.folder(c, "embeddings", embeddings),
        "demo": configured.shown(ROOT / "demo"),
    }[what]
    if {"runs": runs, "embeddings": embeddings}.get(what) is not None and folder.is_file():
        raise ArgumentError(f"--{what}={folder} is no folder")
    found = find_removable(what, folder)
    removed = remove(found, folder) if yes else []
    free = removed if yes else [one for one in found if not one.is_in_use]
    for one in found:
        if one not in free:
            say(f"{one.path}: in use by another process, and left")
            continue
        say(str(one.path))
        if one.left:
            left = shorten(path.relative_to(one.path) for path in one.left)
            say(f"  left in it, since AUDIOS did not write it: {left}")
    if not found:
        say(f"nothing to remove in {folder}")
    elif yes:
        say(f"removed {len(removed)}")
    else:
        say(f"{len(free)} would be removed; add --yes to do it")

"""What a flag means where it is not given: the configuration's value, or a default folder."""

from pathlib import Path

from invoke import Context

from src.utils.config import ROOT
from src.utils.errors import ArgumentError
from tasks import arguments


def folder(c: Context, key: str, given: str | None) -> Path:
    """Return a flag's folder, from where the user stands, or the configured one, from the root.

    Parameters
    ----------
    c : Context
        Of the task.
    key : {'dataset', 'embeddings', 'runs'}
        The flag's name, and the configuration's.
    given : str or None
        What the flag gives.

    Raises
    ------
    ArgumentError
        When it is empty.
    """
    if given is not None:
        return arguments.path(f"--{key}", given)
    value = str(c.config.audios[key])
    if not value.strip() or "\0" in value:
        # An empty one would be the root itself.
        raise ArgumentError(
            f"FABRIC_AUDIOS_{key.upper()}, or audios.{key} of fabric.yml, is {value!r}: give a "
            f"folder, or leave it out"
        )
    return shown(ROOT / Path(value).expanduser())


def folders(c: Context, key: str, given: str | None) -> list[Path]:
    """Return the folders of a flag that takes several, or the configured one alone.

    Parameters
    ----------
    c, key, given
        See `folder`.

    Raises
    ------
    ArgumentError
        When one is empty, or given twice.
    """
    return [folder(c, key, None)] if given is None else arguments.paths(f"--{key}", given)


def output(given: str | None, default: str) -> Path:
    """Return the folder that `--output` gives, or the default one, from the root.

    Parameters
    ----------
    given : str or None
        What the flag gives.
    default : str
        Below the root.
    """
    return shown(ROOT / default) if given is None else arguments.path("--output", given)


def seed(c: Context, given: str | None) -> int:
    """Return the seed that `--seed` gives, or the configured one.

    Parameters
    ----------
    c : Context
        Of the task.
    given : str or None
        What the flag gives.

    Raises
    ------
    ArgumentError
        When it is not a whole number from 0 to 2**32 - 1, naming where it is from.
    """
    if given is not None:
        return arguments.seed_number(given)
    try:
        return arguments.seed_number(str(c.config.audios.seed))
    except ArgumentError as error:
        raise ArgumentError(
            f"{error} (by FABRIC_AUDIOS_SEED, or audios.seed of fabric.yml)"
        ) from error


def shown(path: Path) -> Path:
    """Return a path from where the user stands, when that is shorter to read.

    Parameters
    ----------
    path : pathlib.Path
        An absolute path.
    """
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path

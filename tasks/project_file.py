"""The project's own settings, `fabric.yml`, checked before Fabric merges them."""

import json
import os
from pathlib import Path
from typing import Any

from fabric import Config
from invoke import Exit
from invoke.util import yaml

from src.utils.config import DEFAULTS

_NAMES = ("fabric.yaml", "fabric.yml", "fabric.json")
"""What Fabric looks for, in its order, and reads the first of."""


def check_project_file(folder: Path) -> None:
    """Fail in one line for settings that Fabric would end in a traceback for.

    Parameters
    ----------
    folder : pathlib.Path
        Where the command line's own file lies.

    Raises
    ------
    invoke.Exit
        Naming the file, what is wrong and what to do; its exit code is 2.
    """
    path = next((folder / name for name in _NAMES if (folder / name).is_file()), None)
    if path is None:
        return
    try:
        content = path.read_bytes()
        value = json.loads(content) if path.suffix == ".json" else yaml.safe_load(content)
        if value is not None:
            _check_value(value)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = "it" if mark is None else f"line {mark.line + 1}"
        raise _fault(path, f"{where}: {getattr(error, 'problem', None) or 'no YAML'}") from None
    except (OSError, RecursionError, ValueError) as error:
        raise _fault(path, " ".join(str(error).split())) from None


def _fault(path: Path, what: str) -> Exit:
    return Exit(f"{path} is damaged: {what[:200]}; mend or remove it", 2)


def _check_value(value: Any) -> None:
    if not isinstance(value, dict):
        raise ValueError("it holds no settings by name")
    for key, default in {**Config.global_defaults(), "audios": {}}.items():
        if key in value and isinstance(default, dict) != isinstance(value[key], dict):
            raise ValueError(f"{key} holds {'no ' if isinstance(default, dict) else ''}settings")
    ours = value.get("audios", {})
    for key, given in ours.items():
        if key not in DEFAULTS:
            raise ValueError(f"audios.{key} is no setting; there are {', '.join(DEFAULTS)}")
        if isinstance(given, bool) or not isinstance(given, str | int) or str(given).strip() == "":
            raise ValueError(f"audios.{key} is {str(given)[:40]!r}, neither text nor a number")
    # Fabric takes the variable for a number where the file has one.
    variable = os.environ.get("FABRIC_AUDIOS_SEED")
    if variable is not None and isinstance(ours.get("seed"), int) and not variable.isdecimal():
        raise ValueError(f"it has a seed, and FABRIC_AUDIOS_SEED={variable} is no whole number")

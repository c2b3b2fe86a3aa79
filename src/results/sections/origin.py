"""Where a run comes from: settings, hyperparameters and provenance."""

from collections.abc import Mapping, Sequence
from typing import Any

from src.results.blocks.blocks import SOFT, Block, Cell, Facts, Heading, Paragraph
from src.results.naming import command_of
from src.utils.errors import shorten
from src.utils.renamed import is_renamed, label_of
from src.utils.runs import STOPPED, Run


def subtitle(run: Run) -> Paragraph:
    """Return the line below a page's title: the folder, when the run began, how it ended.

    Parameters
    ----------
    run : Run
        What the page is of.
    """
    started = str(run.manifest.get("started", "")).replace("T", " ")[:16]
    return Paragraph(f"{run.folder.name} · {started} UTC · {run.status}", SOFT)


def settings(run: Run, left_out: Sequence[str] = ()) -> list[Block]:
    """Return what a run was asked to do.

    Parameters
    ----------
    run : Run
        What the page is of.
    left_out : sequence of str
        Entries of its settings that are told elsewhere.
    """
    shown = {name: value for name, value in run.settings.items() if name not in left_out}
    if is_renamed(shown.get("backbone")):
        shown["backbone"] = shown["backbone"] | {"name": label_of(shown["backbone"])}
    return [Heading("Settings"), Facts(flatten(shown))]


def hyperparameters(values: Mapping[str, Any]) -> list[Block]:
    """Return the hyperparameters of a classifier.

    Parameters
    ----------
    values : mapping of str to object
        By name.
    """
    return [Heading("Hyperparameters"), Facts(flatten(values))]


def provenance(run: Run) -> list[Block]:
    """Return what it takes to make a run again: command, times, versions and hashes.

    Parameters
    ----------
    run : Run
        What is told of.
    """
    manifest = run.manifest
    about = manifest.get("environment", {})
    machine = f"{about.get('system', '?')} {about.get('machine', '')}"
    libraries = [f"{name} {version}" for name, version in about.get("libraries", {}).items()]
    # Runs of before the version was kept have the commit alone.
    audios = [about.get("audios"), about.get("git_commit") or "unknown commit"]
    rows = [
        ("folder", run.folder.name),
        ("command", command_of(run)),
        ("started", manifest.get("started", "unknown")),
        ("finished", _finished(run)),
        ("data set", manifest.get("dataset", "")),
        ("AUDIOS", ", ".join(filter(None, audios))),
        ("Python", f"{about.get('python', '?')} on {machine}"),
        ("libraries", ", ".join(libraries)),
        *((f"hash of {name}", value) for name, value in run.inputs.items()),
    ]
    return [Heading("Provenance"), Facts([(name, str(value)) for name, value in rows if value])]


def _finished(run: Run) -> str:
    manifest = run.manifest
    if "finished" not in manifest or run.status != manifest.get("status"):
        return f"no ({run.status})" if run.status == STOPPED else f"not yet ({run.status})"
    return f"{manifest['finished']}, {run.status} after {manifest.get('seconds', 0):,.1f} s"


def flatten(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Cell]]:
    """Return every value by its name, those within others by both names.

    Parameters
    ----------
    values : mapping of str to object
        As a manifest holds them.
    prefix : str
        What all names begin with.
    """
    rows: list[tuple[str, Cell]] = []
    for name, value in values.items():
        label = f"{prefix}{name.replace('_', ' ')}"
        if isinstance(value, Mapping):
            rows += flatten(value, f"{label} · ")
        elif isinstance(value, list):
            rows.append((label, shorten(value, 20)))
        else:
            rows.append((label, "none" if value is None else _write(value)))
    return rows


def _write(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)

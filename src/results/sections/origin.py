"""The parts of a page that tell where a run comes from: settings, audit, provenance."""

from collections.abc import Mapping
from typing import Any

from src.results.audits import AuditNote
from src.results.blocks import html as page
from src.results.naming import command_of
from src.utils.errors import shorten
from src.utils.runs import Run


def subtitle(run: Run) -> str:
    """Return the line below a page's title: the folder, when it began, how it ended."""
    started = str(run.manifest.get("started", "")).replace("T", " ")[:16]
    status = run.manifest.get("status", "unknown")
    return page.paragraph(f"{run.folder.name} · {started} UTC · {status}", "soft")


def tell_audit(note: AuditNote) -> list[str]:
    """Return what the audit of the recordings said."""
    details = [page.paragraph(text) for text in note.details]
    return [page.heading("Audit"), page.paragraph(note.text), *details]


def tell_settings(run: Run, *left_out: str) -> list[str]:
    """Return what the run was asked to do, the entries that are told elsewhere left out."""
    shown = {name: value for name, value in run.settings.items() if name not in left_out}
    return [page.heading("Settings"), page.facts(_flatten(shown))]


def tell_hyperparameters(values: Mapping[str, Any]) -> list[str]:
    """Return the hyperparameters of a classifier."""
    return [page.heading("Hyperparameters"), page.facts(_flatten(values))]


def tell_provenance(run: Run, **more: Any) -> list[str]:
    """Return what it takes to make the run again; `more` is told first."""
    return [page.heading("Provenance"), page.facts([*more.items(), *provenance_of(run)])]


def provenance_of(run: Run) -> list[tuple[str, str]]:
    """Return command, times, versions and hashes, by what they are called."""
    manifest = run.manifest
    about = manifest.get("environment", {})
    machine = f"{about.get('system', '?')} {about.get('machine', '')}"
    libraries = [f"{name} {version}" for name, version in about.get("libraries", {}).items()]
    rows = [
        ("folder", run.folder.name),
        ("command", command_of(run)),
        ("started", manifest.get("started", "unknown")),
        ("finished", _finished(manifest)),
        ("data set", manifest.get("dataset", "")),
        ("AUDIOS", about.get("git_commit") or "unknown commit"),
        ("Python", f"{about.get('python', '?')} on {machine}"),
        ("libraries", ", ".join(libraries)),
        *((f"hash of {name}", value) for name, value in run.inputs.items() if value),
    ]
    return [(name, str(value)) for name, value in rows if value]


def _finished(manifest: Mapping[str, Any]) -> str:
    status = manifest.get("status", "unknown")
    if "finished" not in manifest:
        return f"not yet ({status})"
    return f"{manifest['finished']}, {status} after {manifest.get('seconds', 0):,.1f} s"


def _flatten(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Return every value by its name, those within others by both names."""
    rows: list[tuple[str, str]] = []
    for name, value in values.items():
        label = f"{prefix}{name.replace('_', ' ')}"
        if isinstance(value, Mapping):
            rows += _flatten(value, f"{label} · ")
        elif isinstance(value, list):
            rows.append((label, shorten(value, 20)))
        else:
            rows.append((label, "none" if value is None else _write(value)))
    return rows


def _write(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)

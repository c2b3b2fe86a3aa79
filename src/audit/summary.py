"""The newest audit of the recordings that a model is trained on."""

from dataclasses import dataclass
from pathlib import Path

from src.audit.audit import PAGE
from src.audit.findings import AUDIT, Findings
from src.utils.runs import Kind, Run, list_runs


@dataclass(frozen=True)
class Audited:
    """A finished audit and its findings.

    Attributes
    ----------
    run : Run
        The audit's run.
    findings : Findings
        As read from its `audit.json`.
    """

    run: Run
    findings: Findings

    @property
    def page(self) -> Path:
        """Where its page is."""
        return self.run.folder / PAGE


def find_audit(runs: Path, audio: str) -> Audited | None:
    """Return the newest finished audit of the recordings in a folder, None where there is none.

    Parameters
    ----------
    runs : pathlib.Path
        The runs folder.
    audio : str
        The folder of the recordings, as an embedding store names it.

    Raises
    ------
    AudiosError
        When its file is damaged.
    """
    for run in reversed(list_runs(runs)):
        if run.kind == Kind.AUDIT and run.is_complete and run.settings.get("audio") == audio:
            return Audited(run, Findings.read(run.folder / AUDIT))
    return None

"""What the newest audit says of the recordings that a model is to be trained on."""

from dataclasses import dataclass
from pathlib import Path

from src.audit.audit import KIND, PAGE
from src.audit.findings import AUDIT, Findings
from src.utils.runs import Run, list_runs


@dataclass(frozen=True)
class Audited:
    """An audit and what it found.

    Attributes
    ----------
    run : Run
    findings : Findings
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
        Where the recordings lie, as an embedding store names it.

    Raises
    ------
    AudiosError
        When its file is damaged.
    """
    for run in reversed(list_runs(runs)):
        if run.kind == KIND and run.is_complete and run.settings.get("audio") == audio:
            return Audited(run, Findings.read(run.folder / AUDIT))
    return None

"""What the newest audit of the recordings behind a test has found, in sentences."""

from dataclasses import dataclass, field
from pathlib import Path

from src.audit.audit import PAGE
from src.audit.common import TEST
from src.audit.findings import Findings
from src.audit.summary import find_audit
from src.utils.errors import AudiosError
from src.utils.runs import RUN


@dataclass(frozen=True)
class AuditNote:
    """What a page tells of an audit of a detector's recordings.

    Attributes
    ----------
    text : str
        Whether there was one and whether it flags anything, in a sentence.
    flags : list of str
        What should be mended before training, a few words each.
    details : list of str
        What else a reader may want to know of it, a sentence each.
    """

    text: str
    flags: list[str] = field(default_factory=list)
    details: list[str] = field(default_factory=list)

    @property
    def warning(self) -> str:
        """The flags in a sentence, empty without any."""
        return f"the audit flags {', '.join(self.flags)}" if self.flags else ""


def note_audit(runs: Path, recordings: str | None) -> AuditNote:
    """Return what the newest audit of a folder of recordings said, if there was one.

    Parameters
    ----------
    runs : pathlib.Path
        The runs folder.
    recordings : str or None
        The folder where they lie; None where a run does not know.
    """
    try:
        audited = find_audit(runs, recordings) if recordings else None
    except AudiosError as error:
        return AuditNote(f"The audit cannot be read: {error}.")
    if audited is None:
        return AuditNote(
            "The recordings were not audited: nothing is known of shortcuts and leaks that could "
            "make the metrics too good (fab AuditDataset)."
        )
    run, found = audited.run, audited.findings
    # Audits were counted among all runs once.
    name = f"The audit of {run.name}" if run.prefix == RUN else run.name.capitalize()
    day = str(run.manifest.get("started", ""))[:10]
    said = f"flags {', '.join(found.flags)}" if found.flags else "flags nothing"
    where = f"{run.folder.name}/{PAGE}"
    return AuditNote(
        f"{name} ({day}, {found.n_clips:,} clips) {said}; see {where}.",
        found.flags,
        _details(found),
    )


def _details(found: Findings) -> list[str]:
    told = []
    if found.shortcuts:
        best = min(found.shortcuts, key=lambda one: one.eer)
        told.append(
            f"Most telling without listening to the voice: {best.label}, with an EER of "
            f"{best.eer:.1%} (95 % interval {best.low:.1%} to {best.high:.1%}; 50 % is chance)."
        )
    shared = [
        f"{leak.name} {leak.seen[TEST]}"
        for leak in found.leaks
        if TEST in leak.seen and leak.seen[TEST].count
    ]
    if shared:
        told.append(f"Clips of the test with something that came before: {', '.join(shared)}.")
    elif found.is_split:
        told.append("No clip of the test has anything in common with what comes before it.")
    else:
        told.append("The data set was not split yet, so leaks were not looked for.")
    return told + [f"{text[:1].upper()}{text[1:]}." for text in found.balance.warnings]

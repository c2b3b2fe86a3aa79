"""What the stages print that look for shortcuts and leaks, or mend them."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from src.reports.dataset import report_derived, report_rejected
from src.results.blocks.blocks import Block, Paragraph, Warning
from src.results.naming import name_of
from src.results.sections.audit import balance, leaks, shortcuts
from src.utils.errors import shorten

if TYPE_CHECKING:
    from src.audit.audit import Audit
    from src.audit.findings import Findings
    from src.audit.match_audited import Matching
    from src.audit.summary import Audited


def report_audit(audit: Audit) -> list[Block]:
    """Show what tells the classes apart, what leaks, what there is, and where the page is.

    Parameters
    ----------
    audit : Audit
        Of a data set.
    """
    again = " (unchanged)" if audit.was_there else ""
    return [
        *report_findings(audit.findings, audit.dataset),
        Paragraph(f"{audit.run.name}: {audit.page}{again}"),
        *report_rejected(audit.rejected),
    ]


def report_findings(found: Findings, dataset: str) -> list[Block]:
    """Show what tells the classes apart, what leaks and what there is, and what to run next.

    Parameters
    ----------
    found : Findings
        Of an audit.
    dataset : str
        The data set's folder.
    """
    blocks = [
        *balance(found, is_brief=True),
        *shortcuts(found, is_brief=True),
        *leaks(found, is_brief=True),
    ]
    if found.flags:
        blocks.append(Paragraph(f"flagged: {', '.join(found.flags)}"))
        blocks += [Paragraph(f"next: {step}") for step in found.next_steps(dataset)]
    elif found.shortcuts:
        blocks.append(Paragraph("nothing flagged"))
    return blocks


def report_matching(matching: Matching) -> list[Block]:
    """Tell in what the classes differed, what was done about it, and count what was written.

    Parameters
    ----------
    matching : Matching
        The copy of a data set whose classes do not differ.
    """
    settings = matching.settings
    done = [
        f"{name} {value}"
        for name in ("low_pass", "silence", "duration", "noise", "clipped")
        if (value := getattr(settings, name)) != "keep"
    ]
    differing = [f"{one.label} (EER {one.eer:.0%})" for one in matching.differing]
    root = shlex.quote(str(matching.derived.dataset.root))
    return [
        Paragraph(
            f"the classes differed in: "
            f"{shorten(differing, 20) or 'nothing that a match would mend'}"
        ),
        Paragraph(
            f"done: 16-bit mono WAV at {settings.sample_rate:,} Hz, loudness {settings.loudness}"
            + "".join(f", {one.replace('_', '-')}" for one in done)
        ),
        *report_derived(matching.derived),
        Paragraph(f"next: fab AuditDataset --dataset={root}"),
    ]


def report_audited(audited: Audited | None) -> list[Block]:
    """Say in a line or two what the newest audit said of the recordings behind the vectors.

    Parameters
    ----------
    audited : Audited or None
        The audit, None where there was none.
    """
    if audited is None:
        return [
            Paragraph("not audited: fab AuditDataset tells what could make the metrics too good")
        ]
    flags = audited.findings.flags
    where = f"{name_of(audited.run)} ({audited.run.manifest['started'][:10]})"
    if not flags:
        return [Paragraph(f"{where}: nothing flagged")]
    return [Warning(f"{where} flags {shorten(flags)}; see {audited.page}")]

"""The page of an audit: shortcuts, leaks and balance of a data set."""

from pathlib import Path

from src.audit.findings import AUDIT, Findings
from src.results.blocks.blocks import Block, Figure, Heading, Verdict
from src.results.sections.audit import balance, leaks, shortcuts
from src.utils.runs import Run

_SHORTCUTS = "shortcuts.png", "EER of each nuisance with its interval"
_NUISANCES = "nuisances.png", "Distribution of each nuisance by class"


def audit_page(run: Run, runs: Path) -> list[Block]:
    """Return what the page of an audit tells.

    Parameters
    ----------
    run : Run
        The audit.
    runs : pathlib.Path
        The runs folder.

    Raises
    ------
    AudiosError
        When what was found is absent or damaged.
    """
    if not run.is_complete:
        return [
            Verdict(f"This audit is {run.status}: nothing is known of the data set.", is_bad=True)
        ]
    findings = Findings.read(run.folder / AUDIT)
    distributions = _figure(run, *_NUISANCES)
    return [
        _verdict(findings, str(run.settings.get("dataset", ""))),
        Heading("Shortcuts"),
        *shortcuts(findings),
        *_figure(run, *_SHORTCUTS),
        *([Heading("How the classes differ", 3)] if distributions else []),
        *distributions,
        Heading("Leakage"),
        *leaks(findings),
        Heading("Balance"),
        *balance(findings),
    ]


def _verdict(findings: Findings, dataset: str) -> Verdict:
    flags = findings.flags
    if flags:
        steps = [f"Next: {step}" for step in findings.next_steps(dataset)]
        return Verdict(
            "Mend this before you train: a detector's metrics would say little.",
            [*flags, *steps],
            is_bad=True,
        )
    if not findings.shortcuts:
        return Verdict("Only one class: shortcuts cannot be looked for.", is_bad=True)
    if not findings.is_split:
        return Verdict("No shortcut found. The data set is not split yet.")
    return Verdict("No shortcut and no leak found.")


def _figure(run: Run, name: str, description: str) -> list[Block]:
    path = run.folder / name
    return [Figure(path, description)] if path.is_file() else []

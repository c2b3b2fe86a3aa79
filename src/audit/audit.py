"""The audit of a data set: measure recordings, look for faults, write a run folder."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from src.audit.balance import describe_balance
from src.audit.catalogue import BY_NAME, Nuisance
from src.audit.common import TEST, Common, find_common
from src.audit.duplicate_clips import list_matches
from src.audit.findings import AUDIT, Findings
from src.audit.leakage import find_leaks
from src.audit.shortcuts import FLAGGED_BELOW, TOGETHER, find_shortcuts
from src.utils.config import SHARED_VOICES
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.inspection import Inspection, inspect_dataset
from src.utils.dataset.split.store import assign_splits, read_units
from src.utils.files import sha256_text
from src.utils.runs import Kind, Run, find_complete, list_runs, new_run
from src.utils.tables import write_csv
from src.visualize.audit_plots import plot_nuisances, plot_shortcuts

STAGE = "AuditDataset"
PAGE = "audit.html"
MATCHES = "matches.csv"


@dataclass(frozen=True)
class Audit:
    """A finished audit.

    Attributes
    ----------
    run : Run
        The run whose folder holds the audit's files.
    findings : Findings
        Shortcuts, leaks and class balance of the data set.
    dataset : str
        The data set's folder.
    rejected : dict of str to str
        The reason by file, of recordings that could not be measured.
    was_there : bool
        Whether an equal finished audit was reused.
    """

    run: Run
    findings: Findings
    dataset: str
    rejected: dict[str, str]
    was_there: bool = False

    @property
    def page(self) -> Path:
        """Where its page is, once `write_report` has written it."""
        return self.run.folder / PAGE


def audit_dataset(
    dataset: Dataset,
    runs: Path,
    seed: int = 7,
    n_resamples: int = 1000,
    reuse: bool = False,
) -> Audit:
    """Look for shortcuts, leaks and imbalance, and write what was found into a run folder.

    Parameters
    ----------
    dataset : Dataset
        Split or not; without a split, leaks are counted over the whole of it.
    runs : pathlib.Path
        The runs folder.
    seed : int
        Seed of the cross-validation folds, of gradient boosting and of the bootstrap.
    n_resamples : int
        Number of bootstrap resamples, drawn over speakers.
    reuse : bool
        Return an equal finished audit instead of computing it again.

    Returns
    -------
    Audit
        Its folder holds `audit.json`, `matches.csv` (see `list_matches`), `shortcuts.png` and
        `nuisances.png`.

    Raises
    ------
    DatasetError
        As `inspect_dataset` does.
    """
    inspection, splits, same_voices = _look_at(dataset)
    settings = {
        "dataset": str(dataset.root.resolve()),
        "audio": str(dataset.audio.resolve()),
        "seed": seed,
        "resamples": n_resamples,
    }
    inputs = {
        "clips": sha256_text(inspection.files.to_csv(index=False)),
        "splits": None if splits is None else sha256_text("\n".join(splits)),
    }
    if reuse:
        found = find_complete(list_runs(runs), Kind.AUDIT, settings, inputs)
        if found:
            findings = Findings.read(found.folder / AUDIT)
            return Audit(found, findings, str(dataset.root), inspection.rejected, was_there=True)
    with new_run(runs, Kind.AUDIT, settings, inputs) as run:
        common = find_common(inspection.files, inspection.fingerprints, same_voices)
        findings = _find(inspection, common, splits, seed, n_resamples)
        write_csv(run.folder / MATCHES, list_matches(inspection.files, common, splits))
        _write(run, findings, inspection, dataset.root.resolve().name)
        run.update(results={"flags": findings.flags})
    return Audit(run, findings, str(dataset.root), inspection.rejected)


def find_faults(dataset: Dataset, seed: int = 7, n_resamples: int = 1000) -> Findings:
    """Return what `audit_dataset` finds, without a run folder.

    Parameters
    ----------
    dataset, seed, n_resamples
        See `audit_dataset`.

    Raises
    ------
    DatasetError
        As `inspect_dataset` does.
    """
    inspection, splits, same_voices = _look_at(dataset)
    common = find_common(inspection.files, inspection.fingerprints, same_voices)
    return _find(inspection, common, splits, seed, n_resamples)


def _look_at(dataset: Dataset) -> tuple[Inspection, pd.Series | None, bool]:
    """Return the inspection, the split of each clip, and whether splits share speakers."""
    inspection = inspect_dataset(dataset, STAGE)
    splits = assign_splits(dataset, inspection.files["file"])
    return inspection, splits, read_units(dataset, TEST) in SHARED_VOICES


def _find(
    inspection: Inspection,
    common: list[Common],
    splits: pd.Series | None,
    seed: int,
    n_resamples: int,
) -> Findings:
    return Findings(
        n_clips=len(inspection.files),
        rejected=len(inspection.rejected),
        shortcuts=find_shortcuts(inspection.files, n_resamples, seed),
        leaks=find_leaks(inspection.files, common, splits),
        is_split=splits is not None,
        balance=describe_balance(inspection.files, seed),
    )


def _write(run: Run, findings: Findings, inspection: Inspection, name: str) -> None:
    if findings.shortcuts:
        plot_shortcuts(findings.shortcuts, FLAGGED_BELOW, run.folder / "shortcuts.png", data=name)
        varying = _varying(findings, inspection)
        plot_nuisances(inspection.files, varying, run.folder / "nuisances.png", data=name)
    findings.write(run.folder / AUDIT)


def _varying(findings: Findings, inspection: Inspection) -> list[Nuisance]:
    """Return the nuisances that vary over the recordings, the lowest EER first."""
    by_eer = sorted(findings.shortcuts, key=lambda one: one.eer)
    nuisances = [BY_NAME[one.name] for one in by_eer if one.name != TOGETHER]
    return [one for one in nuisances if len(set(inspection.files[one.name])) > 1]

"""Stage 7, on recordings: what could make a detector's metrics too good, and a copy without it."""

from pathlib import Path

from src.audit import audit, match_audited
from src.audit.audit import Audit
from src.audit.match_audited import Matching
from src.results.report import write_report
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.match import MatchSettings


def audit_dataset(dataset: Path, runs: Path, seed: int = 7, reuse: bool = False) -> Audit:
    """Look for shortcuts, leaks and imbalance, and write a run folder with its page.

    Parameters
    ----------
    dataset : pathlib.Path
        The data set's folder.
    runs : pathlib.Path
        The runs folder.
    seed : int
        Of folds, boosting and bootstrap.
    reuse : bool
        Return an equal finished audit instead of computing it again.

    Raises
    ------
    AudiosError
        As `audit.audit_dataset` does.
    """
    done = audit.audit_dataset(Dataset.open(dataset), runs, seed, reuse=reuse)
    write_report(done.run, runs)
    return done


def match_dataset(dataset: Path, output: Path, settings: MatchSettings | None = None) -> Matching:
    """Write a copy of a data set whose classes do not differ in what an audit flags.

    Parameters
    ----------
    dataset : pathlib.Path
        The data set's folder.
    output : pathlib.Path
        The new data set's folder.
    settings : MatchSettings, optional
        What is done; by default whatever is flagged.

    Raises
    ------
    DatasetError
        As `match_audited.match_audited` does.
    """
    return match_audited.match_audited(Dataset.open(dataset), output, settings or MatchSettings())

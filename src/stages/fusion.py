"""Stage 10, of trainings that are there: fusing them into one detector."""

from collections.abc import Sequence
from pathlib import Path

from src.fusion.fuse import Fused, fuse_runs
from src.fusion.members import find_members
from src.results.report import write_report


def fuse(
    runs: Path,
    numbers: Sequence[int] = (),
    studies: Sequence[int] = (),
    study_number: int | None = None,
    classifier: str | None = None,
    seed: int = 7,
) -> Fused:
    """Fuse trainings on their validation scores, into a run folder with its page.

    Parameters
    ----------
    runs : pathlib.Path
        The runs folder.
    numbers, studies, study_number, classifier
        See `find_members`.
    seed : int
        Of the folds by speaker and of the intervals.

    Raises
    ------
    AudiosError
        As `find_members` and `fuse_runs` do.
    """
    members = find_members(runs, numbers, studies, study_number, classifier)
    fused = fuse_runs(runs, members, seed)
    write_report(fused.run, runs)
    return fused

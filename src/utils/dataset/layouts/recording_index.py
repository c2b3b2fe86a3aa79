"""Matching the recordings of a folder with the protocols that list them."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from src.utils.dataset.layouts.on_disk import AMBIGUOUS, NamesOnDisk
from src.utils.dataset.layouts.scan import Scan, Total, files_table
from src.utils.dataset.layouts.tree import find_recordings, stem_of
from src.utils.dataset.layouts.unread import Aside


class RecordingIndex:
    """The recordings below a folder, by the name that protocols give them.

    Parameters
    ----------
    folder : pathlib.Path
        The corpus; searched for recordings at any depth.
    by_stem : bool
        Whether protocols name a recording by its stem, wherever it lies, or by its path.

    Attributes
    ----------
    problems : dict of str to str
        By the path or id of what is left out: the reason.
    aside : Aside
        How many companions of recordings and hidden files there are.
    """

    def __init__(self, folder: Path, by_stem: bool = False) -> None:
        self.problems: dict[str, str] = {}
        self.aside = Aside()
        self._files: dict[str, str] = {}
        for file in find_recordings(folder, self.problems, self.aside):
            first = self._files.setdefault(stem_of(file) if by_stem else file, file)
            if first != file:
                self.problems[file] = "has the name of another recording"
        self._names = NamesOnDisk(self._files)
        self._unlisted = dict.fromkeys(self._files.values())
        self._protocols: list[str] = []
        self._taken: list[pd.DataFrame] = []

    def __contains__(self, file: str) -> bool:
        return file in self._files

    def take(self, trials: pd.DataFrame, protocol: str) -> None:
        """Take what a protocol lists.

        Parameters
        ----------
        trials : pandas.DataFrame
            With the recording, as the protocol names it, in `file`; one that is spelt otherwise
            on disk is found as well (see `NamesOnDisk`).
        protocol : str
            The protocol's name, for what is listed but missing.
        """
        self._protocols.append(protocol)
        known = [self._names.find(name) for name in trials["file"].tolist()]
        found = [None if name is None else self._files[name] for name in known]
        there = pd.Series(found, index=trials.index, dtype="str").notna()
        reason = f"is listed in {protocol} but missing"
        listed = {
            name: AMBIGUOUS if self._names.is_ambiguous(name) else reason
            for name in trials["file"][~there].tolist()
        }
        # Where the walk found something of that name, it says better what.
        self.problems = listed | self.problems
        files = [file for file in found if file is not None]
        for file in files:
            self._unlisted.pop(file, None)
        self._taken.append(trials[there].assign(file=files))

    def leave_out(self, where: Callable[[str], bool], reason: str) -> None:
        """Give those of the recordings not taken yet a reason of their own.

        Parameters
        ----------
        where : callable
            Says of a recording's path whether it is one of them.
        reason : str
            Why they are left out.
        """
        files = [file for file in self._unlisted if where(file)]
        self.problems |= dict.fromkeys(files, reason)
        for file in files:
            del self._unlisted[file]

    def scan(self, layout: str, totals: Sequence[Total] = ()) -> Scan:
        """Return what was taken, with everything else as a problem.

        Parameters
        ----------
        layout : str
            The layout's name.
        totals : sequence of Total
            Of the parts of the corpus whose size is published.
        """
        reason = f"is not listed in {' or '.join(dict.fromkeys(self._protocols))}"
        self.problems |= dict.fromkeys(self._unlisted, reason)
        return Scan(
            layout, files_table(*self._taken), self.problems, list(totals), aside=self.aside
        )

"""What every layout is: how a folder is recognised as a corpus, and read."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from src.utils.dataset.layouts.scan import Scan

BONA_FIDE_MOUNT = "bona-fide"
"""What paths of recordings from a bona-fide folder of its own begin with, and the flag for it."""


@dataclass(frozen=True)
class Layout:
    """A way in which a corpus lies on disk.

    Attributes
    ----------
    name : str
        What `--layout` takes, and what a `Scan` of it says.
    expects : str
        The files and folders that it is recognised by, as messages show them.
    matches : callable
        Says whether a folder, a `pathlib.Path`, looks like this layout; it opens no recording.
    scan : callable
        Lists the recordings below a folder; raises `DatasetError` where it is not as expected.
    scan_with_bona_fide : callable or None
        The same for a corpus of spoofs alone, whose bona-fide recordings are another corpus: it is
        given the folder of that as well. None for a corpus that has both.
    is_last_resort : bool
        Whether it is recognised only where no other layout is, since its folders' names occur in
        many.
    """

    name: str
    expects: str
    matches: Callable[[Path], bool]
    scan: Callable[[Path], Scan]
    scan_with_bona_fide: Callable[[Path, Path], Scan] | None = None
    is_last_resort: bool = False

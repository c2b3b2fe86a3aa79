"""The table of matching clips, `matches.csv`."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from src.audit.common import FILE, LATER_SPLITS, NEAR, Common, known_before

COLUMNS = ("in_common", "split", "file", "match_split", "match")


def list_matches(
    files: pd.DataFrame, common: Sequence[Common], splits: pd.Series | None
) -> pd.DataFrame:
    """List every leaked clip with the first clip that it matches.

    Parameters
    ----------
    files, common, splits
        See `find_leaks`.

    Returns
    -------
    pandas.DataFrame
        `in_common, split, file, match_split, match`. Without a split: exact copies and
        near-duplicates of clips that come before them in the table.
    """
    names = files["file"].to_numpy(str)
    rows: list[tuple[str, str, str, str, str]] = []
    for shared in common:
        if splits is None:
            if shared.name in (FILE, NEAR):
                rows += [
                    (shared.name, "", names[row], "", names[match])
                    for row, match in zip(*_copies(shared), strict=True)
                ]
        elif shared.is_leak:
            where = splits.to_numpy(str)
            for split in LATER_SPLITS:
                matches = shared.first_matches(where == split, known_before(where, split))
                rows += [
                    (shared.name, split, names[row], where[match], names[match])
                    for row, match in zip(*matches, strict=True)
                ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _copies(common: Common) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows that are not the first of their group, and that first row of each."""
    everyone = np.ones(len(common.keys), bool)
    rows, first = common.first_matches(everyone, everyone)
    later = rows != first
    return rows[later], first[later]

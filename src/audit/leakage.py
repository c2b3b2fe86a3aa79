"""What a detector could know of its test before the test."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from src.audit.duplicates import group_equal, group_near_duplicates
from src.utils.config import DOWNSTREAM_SPLITS, LABELS, SPLITS, SPOOF
from src.utils.dataset.schema import TRANSCRIPT, UTTERANCE, text_column

TRAIN, VALIDATION, TEST = DOWNSTREAM_SPLITS
CONFLICT = "label conflict"


@dataclass(frozen=True)
class Seen:
    """How many clips of a split have a match in what comes before it.

    Attributes
    ----------
    count, total : int
        Clips of the split with a match, and all of them.
    example : tuple of str
        Such a clip and its match, empty where there is none.
    """

    count: int
    total: int
    example: tuple[str, ...] = ()


@dataclass(frozen=True)
class Leak:
    """One way in which splits may overlap.

    Attributes
    ----------
    name : str
        What two clips have in common.
    is_leak : bool
        Whether any overlap spoils the test; otherwise it limits what the test can tell.
    seen : dict of str to Seen
        By split: validation after training, test after both. Pretext counts as training.
    n_groups, n_across : int
        Groups of clips that have it in common in the whole data set, and how many of those hold
        more than one speaker, so that a split by speaker may part them.
    """

    name: str
    is_leak: bool
    seen: dict[str, Seen] = field(default_factory=dict)
    n_groups: int = 0
    n_across: int = 0

    @property
    def is_flagged(self) -> bool:
        """Whether it spoils a test as the data set is split now."""
        return self.is_leak and any(one.count for one in self.seen.values())


def find_leaks(
    files: pd.DataFrame,
    fingerprints: Sequence[np.ndarray],
    splits: pd.Series | None,
    same_voices: bool = False,
) -> list[Leak]:
    """Look for clips of later splits that match clips of earlier ones.

    Parameters
    ----------
    files : pandas.DataFrame
        With the schema's columns and `sha256`.
    fingerprints : sequence of numpy.ndarray
        One a clip, see `compute_fingerprint`.
    splits : pandas.Series or None
        The split of every row, empty for a clip in none; None where nothing is split yet.
    same_voices : bool
        Whether the split is by utterance, with the same speakers on both sides on purpose.

    Returns
    -------
    list of Leak
        What cannot be told (no speakers, no transcripts) is left out.
    """
    found = [_conflict(files)]
    for name, is_leak, keys in _keys(files, fingerprints, same_voices):
        known = keys >= 0
        if not known.any():
            continue
        seen = {} if splits is None else _seen(keys, known, splits.to_numpy(str), files["file"])
        found.append(Leak(name, is_leak, seen, *_count_groups(keys, known, files["speaker"])))
    return found


def _keys(
    files: pd.DataFrame, fingerprints: Sequence[np.ndarray], same_voices: bool
) -> Iterator[tuple[str, bool, np.ndarray]]:
    """Yield what clips may have in common, as a number a clip, -1 where it is not known."""
    yield "speaker", not same_voices, _numbered(files["speaker"])
    content = group_equal(files["sha256"].tolist())
    yield "file content", True, content
    yield "near-duplicate audio", True, _near(content, fingerprints)
    yield "source utterance", True, _numbered(text_column(files, UTTERANCE))
    generator = files["attack"].where(files["label"] == SPOOF, "")
    yield "generator", False, _numbered(generator)
    yield "sentence", False, _numbered(_plain(text_column(files, TRANSCRIPT)))


def _near(content: np.ndarray, fingerprints: Sequence[np.ndarray]) -> np.ndarray:
    """Group near-duplicates, one clip standing for all of the same content."""
    _, first = np.unique(content, return_index=True)
    return group_near_duplicates([fingerprints[i] for i in first])[content]


def _numbered(names: pd.Series) -> np.ndarray:
    codes, _ = pd.factorize(names.where(names != "", None))
    return np.asarray(codes)


def _plain(sentences: pd.Series) -> pd.Series:
    """Leave letters and digits only: case and punctuation are not spoken."""
    return sentences.str.casefold().str.replace(r"[\W_]+", " ", regex=True).str.strip()


def _seen(
    keys: np.ndarray, known: np.ndarray, splits: np.ndarray, files: pd.Series
) -> dict[str, Seen]:
    seen = {}
    for split in (VALIDATION, TEST):
        before = [name for name in SPLITS[: SPLITS.index(split)]]
        here = known & (splits == split)
        there = known & np.isin(splits, before)
        total = int((splits == split).sum())
        if not total:
            continue
        matched = here & np.isin(keys, keys[there])
        example: tuple[str, ...] = ()
        if matched.any():
            clip = int(np.flatnonzero(matched)[0])
            match = int(np.flatnonzero(there & (keys == keys[clip]))[0])
            example = files.iloc[clip], files.iloc[match]
        seen[split] = Seen(int(matched.sum()), total, example)
    return seen


def _count_groups(keys: np.ndarray, known: np.ndarray, speakers: pd.Series) -> tuple[int, int]:
    table = pd.DataFrame({"key": keys[known], "speaker": speakers.to_numpy()[known]})
    groups = table.groupby("key")["speaker"].agg(["size", "nunique"])
    groups = groups[groups["size"] > 1]
    return len(groups), int((groups["nunique"] > 1).sum())


def _conflict(files: pd.DataFrame) -> Leak:
    """Find recordings that are listed as both classes, which no split can mend."""
    by_content = files.groupby("sha256")["label"]
    both = files[by_content.transform("nunique") == len(LABELS)].sort_values(["sha256", "label"])
    count = both["sha256"].nunique()
    example = tuple(both["file"].iloc[:2])
    return Leak(CONFLICT, True, {"all": Seen(len(both), len(files), example)}, count, 0)

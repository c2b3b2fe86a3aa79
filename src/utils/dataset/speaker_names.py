"""Who speaks, as the names of files tell it: by a pattern, before a separator, or by folder."""

import re
from dataclasses import dataclass

import pandas as pd

from src.utils.dataset.layouts.spellings import MERE_CONTAINERS, label_of, names_of_people
from src.utils.dataset.layouts.tree import stem_of
from src.utils.dataset.speakers import GIVEN, NAMED_BY
from src.utils.dataset.split.parts import SPELLINGS
from src.utils.errors import ArgumentError, shorten

PREFIX, FOLDER, VOICE, LAYOUT_ALONE = "prefix", "folder", "voice", "layout"
WAYS = (PREFIX, FOLDER, VOICE, LAYOUT_ALONE)
"""What `--speaker-from` takes beside a regular expression."""
REGEX = "regex"
"""How the column calls the way of a regular expression."""

_GROUP = "speaker"
_SEPARATOR = re.compile(r"[_\- ]")


@dataclass(frozen=True)
class Named:
    """A files table with speakers of their files' names.

    Attributes
    ----------
    files : pandas.DataFrame
        The table, with the column `NAMED_BY`.
    notes, warnings : list of str
        What was done, and what of it may be wrong.
    """

    files: pd.DataFrame
    notes: list[str]
    warnings: list[str]


def check_way(way: str) -> None:
    """Fail for what `--speaker-from` does not take.

    Parameters
    ----------
    way : str
        One of `WAYS`, or a regular expression.

    Raises
    ------
    ArgumentError
        For an expression that cannot be read, or does not say which part of it is the speaker.
    """
    if way not in WAYS:
        _pattern_of(way)


def name_speakers(files: pd.DataFrame, way: str) -> Named:
    """Read who speaks from the paths of recordings.

    A clip whose path does not fit keeps the speaker that it has, or none.

    Parameters
    ----------
    files : pandas.DataFrame
        A files table.
    way : str
        `prefix` for what stands before the first underscore, hyphen or space of a file's name;
        `folder` for the folder that it lies in, below that of its class; else a regular
        expression that is looked for in the path relative to the data set, and whose group
        `speaker`, or only group, is the name.

    Raises
    ------
    ArgumentError
        As `check_way` does.
    """
    if way == PREFIX:
        read = _prefix_of
    elif way == FOLDER:
        read = _folder_of
    else:
        pattern, group = _pattern_of(way)

        def read(file: str) -> str:
            found = pattern.search(file)
            return (found[group] or "") if found else ""

    names = names_of_people(pd.Series([read(file) for file in files["file"]], dtype="str"))
    names.index = files.index
    fits = names != ""
    given = files["speaker"] != ""
    how = pd.Series("", index=files.index, dtype="str").mask(given, GIVEN)
    how = how.mask(fits, way if way in WAYS else REGEX)
    table = files.assign(speaker=files["speaker"].mask(fits, names), **{NAMED_BY: how})
    speakers = names[fits].nunique()
    shown = f"{speakers:,} speaker{'s' if speakers != 1 else ''} of {fits.sum():,} clips"
    notes = [f"--speaker-from={way}: {shown}" + (f" ({_sample(names[fits])})" if speakers else "")]
    warnings = []
    unknown = files["file"][~fits & ~given]
    if len(unknown):
        warnings.append(
            f"{len(unknown):,} of {len(files):,} clips do not fit --speaker-from={way} and stay "
            f"without speaker: {shorten(unknown)}"
        )
    if speakers > 2 and speakers == fits.sum():
        warnings.append(
            f"--speaker-from={way} gives every clip a speaker of its own: if that is not so, a "
            f"voice may be in training and test"
        )
    return Named(table, notes, warnings)


def _sample(names: pd.Series) -> str:
    return shorten(sorted(names.unique()))


def _pattern_of(way: str) -> tuple[re.Pattern[str], int | str]:
    """Return a regular expression, and which of its groups is the speaker."""
    others = ", ".join(WAYS)
    try:
        pattern = re.compile(way)
    except (re.error, RecursionError, OverflowError) as error:
        raise ArgumentError(
            f"--speaker-from={way} is no regular expression ({error}), and none of {others}"
        ) from error
    if _GROUP in pattern.groupindex:
        return pattern, _GROUP
    if pattern.groups == 1:
        return pattern, 1
    raise ArgumentError(
        f"--speaker-from={way} is none of {others}, and as a regular expression it needs one group "
        f"that is the speaker, as in '([^/]+)_[0-9]+', or one named (?P<{_GROUP}>...)"
    )


def _prefix_of(file: str) -> str:
    first, *rest = _SEPARATOR.split(stem_of(file), maxsplit=1)
    # real_001.wav names its class.
    return first if rest and label_of(first) is None else ""


def _folder_of(file: str) -> str:
    for name in reversed(file.split("/")[:-1]):
        if label_of(name) is not None:
            return ""
        plain = name.lower().replace("_", "").replace("-", "")
        if plain not in SPELLINGS and plain not in MERE_CONTAINERS:
            return name
    return ""

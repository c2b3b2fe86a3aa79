"""The score files of the field, of any system: read by what they hold, and written.

A score is higher for bona-fide. Four forms are written, by the challenge that asks for each:

    asvspoof2019    LA_E_2834763 A11 spoof -4.25      utterance, source, key, score
    asvspoof2021    LA_E_9332881 -1.5                 utterance, score
    asvspoof5       filename<TAB>cm-score             a header, and a line of the two a trial
    csv             file,label,score                  a header; only file and score are needed

More are read: any separator, a class beside the score, no header (`score_columns` tells the
columns by their contents), numbers as programs print them (`score_numbers`). Lines that are
separated by spaces are split from the right, so that an utterance's name may hold some.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from src.evaluation.score_columns import (
    FILE,
    LABEL,
    NUMBERED,
    SCORE,
    SOURCE,
    Shape,
    shape_given,
    shape_of,
    speaks_for,
)
from src.evaluation.score_numbers import (
    SCORES,
    is_number,
    is_wrapped,
    unwrapped,
)
from src.utils.cells import as_read
from src.utils.config import BONA_FIDE, LABELS, SPOOF
from src.utils.dataset.layouts.faults import excerpt
from src.utils.dataset.layouts.protocol import (
    peek_header,
    read_lines,
    read_rows,
    read_table,
)
from src.utils.dataset.layouts.spellings import IDS, Spellings, ids_of, labels_of
from src.utils.dataset.layouts.tree import stem_of, without_suffix
from src.utils.dataset.schema import text_column
from src.utils.errors import DatasetError, choose
from src.utils.files import replacing
from src.utils.notes import note
from src.utils.tables import write_csv

SCORE_FORMATS = ASVSPOOF2019, ASVSPOOF2021, ASVSPOOF5, CSV = (
    *("asvspoof2019", "asvspoof2021", "asvspoof5", "csv"),
)

EXPECTS = (
    "lines of 'utterance score' or 'utterance source key score', or a table whose header names "
    "file (or filename, path, utt, utterance, id) and score (or cm-score)"
)

NO_SOURCE = "-"
"""Stands for the system behind a bona-fide trial."""

_FILE_NAMES = ("file", "filename", "path", "utt", "utterance", "id", "file_name", "utt_id", "audio")
_SCORE_NAMES = ("score", "cm-score", "cm_score", "scores", "llr", "logit", "prob", "probability")
"""What the columns of a table may be called; of several in one header the first here is taken."""

_HEADER = "filename\tcm-score\n"
"""Of ASVspoof 5."""

_PROBED = 100
"""Lines that show the form of a file, so that a broken first one does not hide it."""

_SUM_OF_PROBABILITIES = 1e-3
"""How far from 1 two probabilities of one trial may add up to, as they are rounded in print."""


@dataclass(frozen=True)
class ScoreFile:
    """The scores of a system.

    Attributes
    ----------
    path : pathlib.Path
        The file.
    format : str
        One of `SCORE_FORMATS`.
    ids : pandas.Series
        What the file calls each recording, text of shape (scores,), unique.
    scores : numpy.ndarray
        Float64 of shape (scores,), finite.
    keys : pandas.Series or None
        `config.LABELS` of shape (scores,), where the file tells the classes.
    sources : pandas.Series or None
        Text of shape (scores,), where the file tells the system behind a spoof.
    speaks_for : str or None
        Of `config.LABELS`: what the scores are higher for, where the file says so.
    """

    path: Path
    format: str
    ids: pd.Series
    scores: np.ndarray
    keys: pd.Series | None = None
    sources: pd.Series | None = None
    speaks_for: str | None = None

    @property
    def key(self) -> pd.DataFrame | None:
        """The file's own key, as `read_key` returns one; None where it does not tell the classes.

        AASIST and other systems of ASVspoof write the class and the attack beside each score.
        """
        if self.keys is None:
            return None
        key = pd.DataFrame({FILE: self.ids, LABEL: self.keys})
        if self.sources is None:
            return key
        is_named = (self.keys == SPOOF) & (self.sources != NO_SOURCE)
        return key.assign(attack=self.sources.where(is_named, ""))

    @property
    def look_like_probabilities(self) -> bool:
        """Whether every score lies between 0 and 1, and some between the two."""
        inside = (self.scores >= 0) & (self.scores <= 1)
        return bool(inside.all() and ((self.scores > 0) & (self.scores < 1)).any())


def read_scores(path: Path, columns: Sequence[str] | None = None) -> ScoreFile:
    """Read a score file, whatever its form and name.

    Parameters
    ----------
    path : pathlib.Path
        The score file, of any of `SCORE_FORMATS` or of what `score_columns` tells.
    columns : sequence of str, optional
        What its columns are, of `score_columns.COLUMNS`, where it has no header.

    Raises
    ------
    DatasetError
        When it cannot be read, is of no known form or empty, does not tell which of two numbers
        is the score, or a line has another number of columns, a score that is no finite number,
        an unknown key or a name that is listed twice; every kind is told.
    ArgumentError
        When `columns` cannot be those of the file.
    """
    lines = [line for _, [line] in islice(read_lines(path, most=1), _PROBED)]
    if not lines:
        raise DatasetError(f"{path} is empty; scores are {EXPECTS}")
    mend = unwrapped if 2 * sum(map(is_wrapped, lines)) > len(lines) else None
    if columns is not None:
        given = shape_given(path, [*map(mend or str, lines)], columns)
        return _read_shaped(path, given, mend)
    for delimiter in ("\t", ",", ";", None):
        header = peek_header(path, delimiter)
        file, scores = _called(header, _FILE_NAMES), _scores_in(header)
        if file is not None and scores:
            return _read_table(path, delimiter, header, file, scores, mend)
    shape = shape_of(path, [*map(mend or str, lines)])
    if shape is None:
        raise DatasetError(
            f"{path} holds no scores in a known form: its first line is '{excerpt(lines[0])}'; "
            f"scores are {EXPECTS}"
        )
    return _read_shaped(path, shape, mend)


def write_scores_as(path: Path, format: str, trials: pd.DataFrame) -> None:
    """Write the scores of trials in one of the known forms, in one step.

    What is written reads back as the same numbers. The forms of ASVspoof call a recording by
    its stem, by its path without the suffix where stems repeat, and by its path where those do.

    Parameters
    ----------
    path : pathlib.Path
        The score file that is written.
    format : str
        One of `SCORE_FORMATS`.
    trials : pandas.DataFrame
        With `file`, `label` and `score`, and `attack` where it is known.

    Raises
    ------
    ArgumentError
        For an unknown form.
    AudiosError
        When the file cannot be written.
    """
    choose("--format", format, SCORE_FORMATS)
    if format == CSV:
        write_csv(path, trials[["file", "label", "score"]])
        return
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as stream:
        stream.writelines(_lines_of(format, trials))


def _called(header: Sequence[str], names: Iterable[str]) -> str | None:
    """Return the column of a header that is called the first of the names to be there."""
    for name in names:
        for column in header:
            if column.lower() == name:
                return column
    return None


def _scores_in(header: Sequence[str]) -> dict[str, str]:
    """Return the columns of scores in a header: `score`, or one for each class that is named."""
    plain = _called(header, _SCORE_NAMES)
    if plain is not None:
        return {plain: SCORE}
    found = {label: name for name in reversed(header) if (label := speaks_for(name)) is not None}
    return {found[label]: label for label in LABELS if label in found}


def _read_shaped(path: Path, shape: Shape, mend: Callable[[str], str] | None) -> ScoreFile:
    most = len(shape.names) if shape.delimiter is None else None
    lines = read_lines(path, shape.delimiter, most, mend=mend)
    spellings = dict(_WORDS)
    if shape == Shape(None, (FILE, SCORE)):
        # Else a second score would become part of a name, which no protocol lists.
        spellings[FILE] = _BARE_IDS
    table = read_rows(path, lines, shape.names, spellings)
    form = ASVSPOOF2019 if SOURCE in shape.names else ASVSPOOF2021
    return _score_file(path, CSV if shape.delimiter in (",", ";") else form, table)


def _read_table(
    path: Path,
    delimiter: str | None,
    header: Sequence[str],
    file: str,
    scores: dict[str, str],
    mend: Callable[[str], str] | None,
) -> ScoreFile:
    label = _called(header, ["label"])
    table = read_table(
        *(path, [file, *scores], delimiter, [] if label is None else [label]),
        renamed={file: FILE} | scores | ({} if label is None else {label: "key"}),
        spellings=_WORDS,
        most=len(header) if delimiter is None else None,
        mend=mend,
    )
    if delimiter == ",":
        # As of AUDIOS, whose tables a spreadsheet may open; no other form of it escapes anything.
        table = as_read(table)
    # Other tools number the classes, one way or the other: that says nothing here.
    keys = labels_of(table["key"]) if "key" in table else None
    if keys is not None and keys.notna().all():
        table[LABEL] = keys
    return _score_file(path, CSV if delimiter in (",", ";") else ASVSPOOF5, table)


def _score_file(path: Path, form: str, table: pd.DataFrame) -> ScoreFile:
    if NUMBERED in table:
        note(f"{path}: a column of 0 and 1 is taken for classes, not for scores, and not used")
    found = ScoreFile(
        *(path, form, table[FILE], np.empty(0)), keys=table.get(LABEL), sources=table.get(SOURCE)
    )
    if SCORE in table:
        return replace(found, scores=table[SCORE].to_numpy())
    given = {label: table[label].to_numpy() for label in LABELS if label in table}
    if len(given) == 1:
        [(label, scores)] = given.items()
        return replace(found, scores=scores, speaks_for=label)
    # The difference of two logits are the log odds; of two probabilities that sum to one, the
    # first says it all.
    scores = given[BONA_FIDE]
    are_shares = np.abs(scores + given[SPOOF] - 1) <= _SUM_OF_PROBABILITIES
    if not (are_shares & (scores >= 0) & (scores <= 1)).all():
        scores = scores - given[SPOOF]
    return replace(found, scores=scores, speaks_for=BONA_FIDE)


def _names_without_number(names: pd.Series) -> pd.Series:
    plain = ids_of(names)
    # Few names hold spaces, so most need no second look.
    spaced = plain[plain.str.contains(r"\s", na=False)]
    ends = [is_number(name.split()[-1]) for name in spaced.tolist()]
    return plain.mask(plain.index.isin(spaced.index[ends]))


_BARE_IDS = Spellings(
    _names_without_number,
    "'{}' ends in a number: a second score (--columns= says which is which), or a name that needs "
    "a CSV of file,score",
)
_WORDS = {FILE: IDS, SCORE: SCORES, BONA_FIDE: SCORES, SPOOF: SCORES}


def _lines_of(format: str, trials: pd.DataFrame) -> Iterator[str]:
    names = _names_of(trials["file"], may_end_in_number=format != ASVSPOOF2021)
    scores = [repr(score) for score in trials["score"].astype("float64").tolist()]
    if format == ASVSPOOF2019:
        for name, source, label, score in zip(
            *(names, text_column(trials, "attack").tolist(), trials["label"].tolist(), scores),
            strict=True,
        ):
            key = "bonafide" if label == BONA_FIDE else "spoof"
            yield f"{name} {'_'.join(source.split()) or NO_SOURCE} {key} {score}\n"
        return
    space = " "
    if format == ASVSPOOF5:
        space = "\t"
        yield _HEADER
    for name, score in zip(names, scores, strict=True):
        yield f"{name}{space}{score}\n"


def _names_of(files: pd.Series, may_end_in_number: bool) -> list[str]:
    """Return the shortest names that tell all recordings apart, and are read as names."""
    ways: tuple[Callable[[str], str], ...] = (stem_of, without_suffix)
    for way in ways:
        # Space at the ends does not survive reading.
        names = [way(file).strip() for file in files.tolist()]
        is_plain = may_end_in_number or not any(is_number(name.split()[-1]) for name in names)
        if is_plain and len(set(names)) == len(names):
            return names
    return files.tolist()

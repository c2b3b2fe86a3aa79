"""The score files of the field, of any system: read by what they hold, and written.

A score is higher for bona-fide. Four forms are known, by the challenge that asks for each:

    asvspoof2019    LA_E_2834763 A11 spoof -4.25      utterance, source, key, score
    asvspoof2021    LA_E_9332881 -1.5                 utterance, score
    asvspoof5       filename<TAB>cm-score             a header, and a line of the two a trial
    csv             file,label,score                  a header; only file and score are needed

The first two are split from the right, so that an utterance's name may hold spaces.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from src.utils.cells import as_read
from src.utils.config import BONA_FIDE
from src.utils.dataset.layouts.faults import excerpt
from src.utils.dataset.layouts.protocol import (
    peek_header,
    read_lines,
    read_protocol,
    read_table,
)
from src.utils.dataset.layouts.spellings import IDS, Spellings, labels_of
from src.utils.dataset.layouts.tree import stem_of, without_suffix
from src.utils.dataset.schema import text_column
from src.utils.errors import DatasetError, choose
from src.utils.files import replacing
from src.utils.tables import write_csv

SCORE_FORMATS = ASVSPOOF2019, ASVSPOOF2021, ASVSPOOF5, CSV = (
    *("asvspoof2019", "asvspoof2021", "asvspoof5", "csv"),
)

EXPECTS = (
    "lines of 'utterance score' or 'utterance source key score', or a table whose header names "
    "file (or filename, path, utt, utterance, id) and score (or cm-score)"
)

_FILE_NAMES = ("file", "filename", "path", "utt", "utterance", "id")
_SCORE_NAMES = ("score", "cm-score", "cm_score")
"""What the columns of a table may be called; of several in one header the first here is taken."""

_COLUMNS = {ASVSPOOF2019: ("file", "source", "label", "score"), ASVSPOOF2021: ("file", "score")}
_HEADER = "filename\tcm-score\n"
"""Of ASVspoof 5."""

_PROBED = 100
"""Lines that show the form of a file, so that a broken first one does not hide it."""


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
    """

    path: Path
    format: str
    ids: pd.Series
    scores: np.ndarray
    keys: pd.Series | None = None
    sources: pd.Series | None = None


def read_scores(path: Path) -> ScoreFile:
    """Read a score file, whatever its form and name.

    Parameters
    ----------
    path : pathlib.Path
        The score file, of any of `SCORE_FORMATS`.

    Raises
    ------
    DatasetError
        When it cannot be read, is of no known form or empty, or a line has another number of
        columns, a score that is no finite number, an unknown key or a name that is listed twice;
        every kind is told.
    """
    lines = [line for _, [line] in islice(read_lines(path, most=1), _PROBED)]
    if not lines:
        raise DatasetError(f"{path} is empty; scores are {EXPECTS}")
    for delimiter in ("\t", ",", None):
        header = peek_header(path, delimiter)
        file, score = _called(header, _FILE_NAMES), _called(header, _SCORE_NAMES)
        if file is not None and score is not None:
            return _read_table(path, delimiter, header, file, score)
    form = _form_of(lines)
    if form is None:
        raise DatasetError(
            f"{path} holds no scores in a known form: its first line is '{excerpt(lines[0])}'; "
            f"scores are {EXPECTS}"
        )
    columns = _COLUMNS[form]
    table = read_protocol(path, columns, spellings=_WORDS, most=len(columns))
    return ScoreFile(
        *(path, form, table["file"], table["score"].to_numpy()),
        keys=table.get("label"),
        sources=table.get("source"),
    )


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


def _form_of(lines: Sequence[str]) -> str | None:
    """Say which form most lines without a header are of."""
    fields = [line.split() for line in lines]
    keys = pd.Series([words[-2] if len(words) >= 4 else "" for words in fields], dtype="str")
    scored = [len(words) >= 2 and _is_number(words[-1]) for words in fields]
    if 2 * labels_of(keys).notna().sum() > len(lines):
        return ASVSPOOF2019
    return ASVSPOOF2021 if 2 * sum(scored) > len(lines) else None


def _is_number(text: str) -> bool:
    """Say whether a text stands for a number, NaN among them, which a model may have put out."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def _read_table(
    path: Path, delimiter: str | None, header: Sequence[str], file: str, score: str
) -> ScoreFile:
    label = _called(header, ["label"])
    table = read_table(
        *(path, [file, score], delimiter, [] if label is None else [label]),
        renamed={file: "file", score: "score"} | ({} if label is None else {label: "key"}),
        spellings=_WORDS | {"file": IDS},
        most=len(header) if delimiter is None else None,
    )
    # Other tools number the classes, one way or the other: that says nothing here.
    table = as_read(table)
    keys = labels_of(table["key"]) if "key" in table else None
    return ScoreFile(
        *(path, CSV if delimiter == "," else ASVSPOOF5, table["file"], table["score"].to_numpy()),
        keys=None if keys is None or keys.isna().any() else keys,
    )


def _numbers(texts: pd.Series) -> pd.Series:
    """Return texts as finite numbers, NaN for others."""
    numbers = pd.to_numeric(texts, errors="coerce").astype("float64")
    return numbers.where(np.isfinite(numbers))


SCORES = Spellings(_numbers, "the score '{}' is no finite number")
_WORDS = {"score": SCORES}


def _lines_of(format: str, trials: pd.DataFrame) -> Iterator[str]:
    names = _names_of(trials["file"])
    scores = [repr(score) for score in trials["score"].astype("float64").tolist()]
    if format == ASVSPOOF2019:
        for name, source, label, score in zip(
            *(names, text_column(trials, "attack").tolist(), trials["label"].tolist(), scores),
            strict=True,
        ):
            key = "bonafide" if label == BONA_FIDE else "spoof"
            yield f"{name} {'_'.join(source.split()) or '-'} {key} {score}\n"
        return
    space = " "
    if format == ASVSPOOF5:
        space = "\t"
        yield _HEADER
    for name, score in zip(names, scores, strict=True):
        yield f"{name}{space}{score}\n"


def _names_of(files: pd.Series) -> list[str]:
    """Return the shortest names that tell all recordings apart."""
    ways: tuple[Callable[[str], str], ...] = (stem_of, without_suffix)
    for way in ways:
        # Space at the ends does not survive reading.
        names = [way(file).strip() for file in files.tolist()]
        if len(set(names)) == len(names):
            return names
    return files.tolist()

"""Tables that people write: what separates their columns, and what the columns are called."""

from collections.abc import Callable, Sequence
from pathlib import Path

from src.utils.dataset.layouts.protocol import peek_header, read_header
from src.utils.dataset.schema import TRANSCRIPT, UTTERANCE

DELIMITERS = ",", ";", "\t"
"""Of CSV, of spreadsheets where the comma is the decimal point, and of their `Unicode text`."""

OTHER_NAMES = {
    "file": (
        *("path", "filename", "file_name", "filepath", "file_path", "audio", "audio_file"),
        *("audio_path", "audio_filepath", "wav", "wav_file", "wav_path", "recording", "clip"),
        *("utt", "utt_id"),
    ),
    "label": ("class", "cm_label", "key", "target"),
    "speaker": ("speaker_id", "speaker_name", "spk", "spk_id", "client_id"),
    "gender": ("sex",),
    "attack": ("attack_id", "system_id"),
    UTTERANCE: ("pair_id",),
    TRANSCRIPT: ("text", "sentence"),
}
"""By the name of a column here: those that stand for it where no column has that name, best first;
case, spaces and hyphens do not matter."""

SAYS_SPOOF = ("is_spoof", "is_fake", "is_deepfake", "is_synthetic", "is_generated")
SAYS_BONA_FIDE = ("is_bona_fide", "is_bonafide", "is_real", "is_genuine", "is_human")
"""Names of a column of labels that say what 1, true or yes in it means."""


def has_header(path: Path, fits: Callable[[list[str]], bool]) -> bool:
    """Say whether a file is a table of some columns, whatever separates them.

    Parameters
    ----------
    path : pathlib.Path
        What may be a table.
    fits : callable
        Says whether the names in a first line are those of the table that is looked for.
    """
    return any(fits(peek_header(path, one, is_quoted=True)) for one in DELIMITERS)


def header_of(path: Path, fits: Callable[[list[str]], bool]) -> tuple[str, list[str]]:
    """Return what separates a table's columns, told by its first line alone, and their names.

    That is the first of `DELIMITERS` by which the names are as they should be; where they are so
    by none, the one that gives most names.

    Parameters
    ----------
    path : pathlib.Path
        The table.
    fits : callable
        Says whether the names in a first line are those of such a table.

    Raises
    ------
    DatasetError
        When the file cannot be read.
    """
    headers = {one: peek_header(path, one, is_quoted=True) for one in DELIMITERS}
    most = max(DELIMITERS, key=lambda one: len(headers[one]))
    delimiter = next((one for one in DELIMITERS if fits(headers[one])), most)
    return delimiter, headers[delimiter] or read_header(path, delimiter, is_quoted=True)


def names_of(header: Sequence[str]) -> list[str]:
    """Return what the columns of a table are called here; one without a name is left out.

    Parameters
    ----------
    header : sequence of str
        The names in the table's first line.
    """
    names = [name.strip().lower() for name in header]
    plain = [_plain(name) for name in names]
    for column, others in (OTHER_NAMES | {"label": (*OTHER_NAMES["label"], *_FLAGS)}).items():
        other = next((name for name in (column, *others) if name in plain), None)
        if column not in names and other is not None:
            names[plain.index(other)] = column
    return names


def flag_of(header: Sequence[str]) -> str | None:
    """Return the column of labels, where its name says what 1 means in it.

    Parameters
    ----------
    header : sequence of str
        The names in the table's first line.
    """
    at = [place for place, name in enumerate(names_of(header)) if name == "label"]
    name = _plain(header[at[0]]) if at else ""
    return name if name in _FLAGS else None


_FLAGS = (*SAYS_SPOOF, *SAYS_BONA_FIDE)


def _plain(name: str) -> str:
    return "_".join(name.strip().lower().replace("-", " ").replace("_", " ").split())

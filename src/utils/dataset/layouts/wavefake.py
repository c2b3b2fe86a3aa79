"""WaveFake: LJSpeech and JSUT, vocoded, beside the originals.

    LJSpeech-1.1/wavs/LJ001-0001.wav          jsut_ver1.1/basic5000/wav/BASIC5000_0001.wav
    generated_audio/ljspeech_melgan/LJ001-0001_gen.wav ...

A folder of generated_audio that is no copy of the two (new sentences by a text-to-speech
system) is read as well; its clips have no original, and each is an utterance of its own. Both
corpora are of one woman each.
"""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from src.utils.config import BONA_FIDE, SPOOF
from src.utils.dataset.layouts.layout import Layout
from src.utils.dataset.layouts.scan import Scan, files_table
from src.utils.dataset.layouts.transcripts import read_transcripts
from src.utils.dataset.layouts.tree import find_recordings, folders_below, stem_of
from src.utils.dataset.layouts.unread import Aside
from src.utils.dataset.schema import TRANSCRIPT, UTTERANCE
from src.utils.errors import DatasetError, shorten

EXPECTS = "generated_audio/{ljspeech,jsut}_*/ beside LJSpeech-1.1/wavs/ or jsut_ver1.1/"


@dataclass(frozen=True)
class _Corpus:
    """One of the two corpora that were copied."""

    speaker: str
    language: str
    recordings: str
    transcripts: str
    delimiter: str


_CORPORA = {
    "ljspeech": _Corpus("LJSpeech", "en", "LJSpeech-1.1/wavs", "LJSpeech-1.1/metadata.csv", "|"),
    "jsut": _Corpus(
        *("JSUT", "ja", "jsut_ver1.1/basic5000/wav"),
        *("jsut_ver1.1/basic5000/transcript_utf8.txt", ":"),
    ),
}
_GENERATED = "generated_audio"
_COPY = "_gen"


def matches(folder: Path) -> bool:
    """Say whether the generated side is there.

    Parameters
    ----------
    folder : pathlib.Path
        The folder that holds generated_audio/, or one above it.
    """
    return bool(_find(folder))


def scan(folder: Path) -> Scan:
    """List the recordings of both sides.

    Parameters
    ----------
    folder : pathlib.Path
        The folder that holds generated_audio/ and the original corpora, or one above it; only read.

    Raises
    ------
    DatasetError
        When there is not exactly one generated side.
    """
    found = _find(folder)
    if len(found) != 1:
        told = f"more than one ({shorten(found)})" if found else "none"
        raise DatasetError(f"{folder} must hold one folder with {EXPECTS}; it holds {told}")
    place = found[0]
    base = place.relative_to(folder)
    prefix = f"{base.as_posix()}/" if base.parts else ""
    said = {
        name: read_transcripts(place / corpus.transcripts, corpus.delimiter)
        for name, corpus in _CORPORA.items()
    }
    problems: dict[str, str] = {}
    aside = Aside()
    rows = []
    for file in find_recordings(folder, problems, aside):
        about = _place_of(file.removeprefix(prefix)) if file.startswith(prefix) else None
        if about is None:
            problems[file] = f"is not in {EXPECTS}"
            continue
        name, attack, utterance = about
        corpus = _CORPORA.get(name)
        rows.append(
            (
                file,
                SPOOF if attack else BONA_FIDE,
                attack,
                corpus.speaker if corpus else "",
                "F" if corpus else "",
                corpus.language if corpus else "",
                utterance,
                said[name].get(utterance, "") if corpus else "",
            )
        )
    columns = ["file", "label", "attack", "speaker", "gender", "language", UTTERANCE, TRANSCRIPT]
    table = pd.DataFrame(rows, columns=columns, dtype="str")
    return Scan("wavefake", files_table(table), problems, aside=aside)


def _place_of(file: str) -> tuple[str, str, str] | None:
    """Return corpus, attack and utterance of a recording, None where it belongs to neither side."""
    for name, corpus in _CORPORA.items():
        if file.startswith(f"{corpus.recordings}/"):
            return name, "", stem_of(file)
    parts = file.split("/")
    if parts[0] != _GENERATED or len(parts) < 3:
        return None
    for name in _CORPORA:
        if parts[1].startswith(f"{name}_"):
            return name, parts[1].removeprefix(f"{name}_"), stem_of(file).removesuffix(_COPY)
    voice = next((name for name in _CORPORA if name in parts[1].lower()), "")
    return voice, parts[1], file.removeprefix(f"{_GENERATED}/").rpartition(".")[0]


def _find(folder: Path) -> list[Path]:
    return [place for place in folders_below(folder, 1) if (place / _GENERATED).is_dir()]


LAYOUT = Layout("wavefake", EXPECTS, matches, scan)

"""The trained detectors that come with AUDIOS: folders as of runs, told of by `detector.json`."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, NonNegativeFloat, NonNegativeInt

from src.utils.config import DETECTORS
from src.utils.errors import ArgumentError, AudiosError, choose
from src.utils.run_manifest import Rate, read_manifest
from src.utils.runs import MANIFEST, Run
from src.utils.shapes import Shape, read_shaped

ABOUT = "detector.json"
"""What is told of a shipped detector, in its folder."""

_REMEDY = "install AUDIOS anew, or build the detector again: make detector"


def _check_date(text: str) -> str:
    date.fromisoformat(text)
    return text


Span = Annotated[list[Rate | None], Field(min_length=2, max_length=2)]


class _Measured(Shape):
    """An EER with its interval, and the clips that it is of."""

    eer: Rate
    ci95: Span
    n_bona_fide: NonNegativeInt
    n_spoof: NonNegativeInt


class _HeldOut(_Measured):
    over: str
    n_speakers: NonNegativeInt
    n_sources: NonNegativeInt
    n_attacks: NonNegativeInt


class _Condition(_Measured):
    condition: str


class _Verdicts(Shape):
    """What verdicts on the clips held out came to."""

    cllr: NonNegativeFloat
    confidence: Rate
    bona_fide_called_spoof: Rate
    bona_fide_inconclusive: Rate
    spoof_called_bona_fide: Rate
    spoof_inconclusive: Rate


class _Found(Shape):
    seconds: NonNegativeInt
    n_recordings: NonNegativeInt
    n_found: NonNegativeInt


class _LongRecordings(Shape):
    """Verdicts on long recordings of sources held out, genuine ones and such with a stretch."""

    hours: NonNegativeFloat
    longest_minutes: NonNegativeFloat
    n_recordings: NonNegativeInt
    n_partly_spoof: NonNegativeInt
    n_spoof: NonNegativeInt
    found: list[_Found]


class _Attack(Shape):
    name: str
    year: NonNegativeInt


class _Corpus(Shape):
    name: str
    n_clips: NonNegativeInt


class _Shape(Shape):
    name: str
    version: str
    made: Annotated[str, AfterValidator(_check_date)]
    held_out: _HeldOut
    conditions: list[_Condition]
    verdicts: _Verdicts
    long_recordings: _LongRecordings
    newest_attack: _Attack | None
    languages: list[str]
    corpora: list[_Corpus]
    licences: list[str]


@dataclass(frozen=True)
class Shipped:
    """A detector that comes with AUDIOS.

    Attributes
    ----------
    name : str
        By which `--detector` takes it.
    run : Run
        Its folder, as that of a finished training.
    about : dict
        What `detector.json` holds.
    """

    name: str
    run: Run
    about: dict[str, Any]

    @property
    def size(self) -> int:
        """The bytes that its files take."""
        return sum(path.stat().st_size for path in self.run.folder.iterdir() if path.is_file())


def read_shipped(folder: Path) -> Shipped:
    """Read a shipped detector.

    Parameters
    ----------
    folder : pathlib.Path
        The detector's folder.

    Raises
    ------
    AudiosError
        When a file of it is absent or damaged.
    """
    about = read_shaped(folder / ABOUT, _Shape, _REMEDY)
    return Shipped(folder.name, Run(0, folder, read_manifest(folder / MANIFEST)), about)


def list_shipped(detectors: Path = DETECTORS) -> tuple[list[Shipped], list[str]]:
    """Return the shipped detectors by name, and what is wrong with others, a line each.

    Parameters
    ----------
    detectors : pathlib.Path
        The folder of them all.
    """
    found, faults = [], []
    for folder in _folders(detectors):
        try:
            found.append(read_shipped(folder))
        except AudiosError as error:
            faults.append(str(error))
    return found, faults


def open_shipped(name: str, detectors: Path = DETECTORS) -> Shipped:
    """Return the shipped detector of a name.

    Parameters
    ----------
    name : str
        Of its folder.
    detectors : pathlib.Path
        The folder of them all.

    Raises
    ------
    ArgumentError
        When there is none of the name; names those there are.
    AudiosError
        When it is damaged.
    """
    names = [folder.name for folder in _folders(detectors)]
    if not names:
        raise ArgumentError(f"--detector={name}: there is no detector in {detectors}/")
    return read_shipped(detectors / choose("--detector", name, names))


def _folders(detectors: Path) -> list[Path]:
    """Return the folders of detectors, also of such as lack a part."""
    there = detectors.iterdir() if detectors.is_dir() else ()
    return sorted(
        folder for folder in there if (folder / ABOUT).is_file() or (folder / MANIFEST).is_file()
    )

"""A data set of real clips and of spoofs made of them, written alike."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from src.spoofs import ATTACKS
from src.spoofs.attack import NO_LIMIT, Attack, Material
from src.spoofs.matching import centred, dithered, make_model, match_spoof
from src.utils.audio.augmentations.augmentation import Parameters
from src.utils.audio.io import read_info, read_waveform
from src.utils.audio.writing import write_waveform
from src.utils.config import BONA_FIDE, SPOOF
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.derive import Change, Derived, Plan, derive_dataset
from src.utils.dataset.schema import TRANSCRIPT, UTTERANCE, text_column
from src.utils.errors import ArgumentError, AudioError, DatasetError, choose
from src.utils.seeding import file_generator
from src.utils.tables import write_csv

STAGE = "MakeSpoofs"
SPOOFS_TABLE = "spoofs.csv"
"""Which spoof was made of what, how, and by which parameters."""

_RATES = (8_000, 96_000)
_LONGEST = 60.0
"""Seconds: spectra of more would take too much memory."""


@dataclass(frozen=True)
class SpoofSettings:
    """How spoofs are made.

    Attributes
    ----------
    attacks : tuple of str
        Names of `ATTACKS`.
    checkpoints : tuple of str
        Folders or hub ids of codecs and vocoders.
    vocoders : tuple of pathlib.Path
        Files in ONNX.
    per_clip : int
        Number of spoofs of each real clip, by different attacks.
    seed : int
        Of the choice of attacks and of their parameters.
    material : Material
        What they are made with.

    Raises
    ------
    ArgumentError
        When there is none, or a number is out of its range.
    """

    attacks: tuple[str, ...] = ()
    checkpoints: tuple[str, ...] = ()
    vocoders: tuple[Path, ...] = ()
    per_clip: int = 1
    seed: int = 7
    material: Material = field(default_factory=Material)

    def __post_init__(self) -> None:
        for name in self.attacks:
            choose(ATTACKS.flag, name, ATTACKS)
        count = len(self.attacks) + len(self.checkpoints) + len(self.vocoders)
        if not count:
            raise ArgumentError("--attacks is empty: name one of " + ", ".join(ATTACKS))
        if not 1 <= self.per_clip <= count:
            raise ArgumentError(
                f"--per-clip={self.per_clip} must lie between 1 and the number of attacks, {count}:"
                f" a clip gets each at most once"
            )


@dataclass(frozen=True)
class Spoofs:
    """A data set with its spoofs.

    Attributes
    ----------
    derived : Derived
        The new data set.
    n_by_attack : dict of str to int
        How many spoofs each attack made.
    n_real : int
        How many real clips are beside them.
    """

    derived: Derived
    n_by_attack: dict[str, int]
    n_real: int


def make_spoofs(source: Dataset, output: Path, settings: SpoofSettings) -> Spoofs:
    """Write the clips of a data set anew, and spoofs of the real ones beside them.

    All become 16-bit mono WAV at their own rate, without constant offset, dithered, and no louder
    than `matching.LOUDEST`. Spoofs have the level, length and band of their source; a source is
    low-passed to what all of its spoofs can have. What each clip gets depends on the seed and its
    name alone. A spoof shares the `utterance` of its source, so that no split parts them.

    Parameters
    ----------
    source : Dataset
        The data set; only read. Its own spoofs, if any, are written like its real clips.
    output : pathlib.Path
        The folder of the new one.
    settings : SpoofSettings
        How.

    Raises
    ------
    ArgumentError, CheckpointError
        When what an attack needs is not there.
    DatasetError
        As `derive_dataset` does, or when no clip is bona-fide.
    """
    files = source.read_files()
    real = files[files["label"] == BONA_FIDE]
    if real.empty:
        raise DatasetError(f"{source.root} lists no bona-fide clip, of which spoofs could be made")
    attacks = load_attacks(settings)
    spoofs, copies = _plan(files, real, attacks, settings)
    origins = {file: file for file in files["file"]} | {k: v.source for k, v in copies.items()}
    of_source: dict[str, list[_Copy]] = {}
    for copy in copies.values():
        of_source.setdefault(copy.source, []).append(copy)

    def transform(file: str, old: Path, new: Path) -> Change:
        rate = read_info(old).sample_rate
        waveform = _heard(old, rate)
        known = copies.get(file)
        among = of_source.get(origins[file], [])
        highest = min((_highest(attacks, one) for one in among), default=NO_LIMIT)
        model = make_model(waveform, rate, highest)
        written, limited = model.waveform, False
        if known is not None:
            attack = attacks[known.attack]
            spoof = attack.apply(waveform, rate, known.parameters)
            if not len(spoof):
                raise AudioError(f"gives nothing by {known.attack}")
            written, limited = match_spoof(spoof, model, attack.speaks)
        written = dithered(written, file_generator(settings.seed, file))
        write_waveform(new, written, rate)
        return Change(float(np.abs(written).max()), limited, len(written) / rate, rate)

    recipe = {
        "attacks": {name: attack.identity() for name, attack in attacks.items()},
        "per_clip": settings.per_clip,
        "seed": settings.seed,
        "sentences": [[one.language, one.text] for one in settings.material.sentences],
    }
    table = pd.concat([_paired(files), spoofs], ignore_index=True)
    derived = derive_dataset(
        source,
        output,
        STAGE,
        recipe,
        transform,
        suffix=".wav",
        limit="they are quieter than their sources",
        plan=Plan(table, origins),
    )
    return _told(derived, table, copies)


def load_attacks(settings: SpoofSettings) -> dict[str, Attack]:
    """Make every attack that is asked for, by its name in the column `attack`.

    Parameters
    ----------
    settings : SpoofSettings
        Which.

    Raises
    ------
    ArgumentError, CheckpointError
        When what one needs is not there, or two have one name.
    """
    makers: list[Callable[[], Attack]] = [
        lambda name=name: ATTACKS.load(name)(settings.material)  # type: ignore[misc]
        for name in settings.attacks
    ]
    for checkpoint in settings.checkpoints:
        makers.append(lambda at=checkpoint: _checkpoint(at, settings.material))  # type: ignore[misc]
    for path in settings.vocoders:
        makers.append(lambda at=path: _vocoder(at, settings.material))  # type: ignore[misc]
    found: dict[str, Attack] = {}
    for make in makers:
        attack = make()
        if attack.name in found:
            raise ArgumentError(
                f"two attacks are called {attack.name}; name each once, and give folders and files "
                f"different names"
            )
        attack.check()
        found[attack.name] = attack
    return found


def _checkpoint(name: str, material: Material) -> Attack:
    # Here, since torch and transformers take seconds to import.
    from src.spoofs.checkpoints import load_checkpoint

    return load_checkpoint(name, material)


def _vocoder(path: Path, material: Material) -> Attack:
    from src.spoofs.vocoder import OnnxVocoder

    return OnnxVocoder(material, path)


@dataclass(frozen=True)
class _Copy:
    source: str
    attack: str
    parameters: Parameters


def _plan(
    files: pd.DataFrame, real: pd.DataFrame, attacks: dict[str, Attack], settings: SpoofSettings
) -> tuple[pd.DataFrame, dict[str, _Copy]]:
    """Draw what each real clip gets, and return the rows of the spoofs."""
    folder = _free_folder(files["file"].tolist())
    names = sorted(attacks)
    copies: dict[str, _Copy] = {}
    rows = []
    languages = text_column(real, "language")
    for at, file, language in zip(real.index, real["file"], languages, strict=True):
        random = file_generator(settings.seed, file)
        for index in sorted(random.choice(len(names), settings.per_clip, replace=False)):
            name = names[index]
            new = f"{folder}/{name}/{file}"
            drawn = attacks[name].draw(file_generator(settings.seed, new), language)
            copies[new] = _Copy(file, name, drawn)
            rows.append({"at": at, "file": new, "attack": name, "parameters": drawn})
    picked = pd.DataFrame(rows)
    spoofs = _paired(files).loc[picked["at"]].reset_index(drop=True)
    spoofs = spoofs.assign(file=picked["file"], attack=picked["attack"], label=SPOOF)
    speaks = picked["attack"].map(lambda name: attacks[name].speaks)
    if speaks.any():
        said = picked["parameters"].map(lambda drawn: str(drawn.get("text", "")).replace("\n", " "))
        tongue = picked["parameters"].map(lambda drawn: str(drawn.get("language", "")))
        transcript = text_column(spoofs, TRANSCRIPT).where(~speaks, said)
        spoofs = spoofs.assign(**{TRANSCRIPT: transcript})
        spoofs["language"] = text_column(spoofs, "language").where(~speaks, tongue)
    return spoofs, copies


def _paired(files: pd.DataFrame) -> pd.DataFrame:
    """Give every clip an utterance, which its spoofs will share."""
    utterance = text_column(files, UTTERANCE)
    return files.assign(**{UTTERANCE: utterance.where(utterance != "", files["file"])})


def _free_folder(files: Sequence[str]) -> str:
    """Return the name of a folder in which the data set has nothing yet."""
    first = {file.partition("/")[0] for file in files}
    number, name = 1, "spoofs"
    while name in first:
        number += 1
        name = f"spoofs-{number}"
    return name


def _heard(path: Path, rate: int) -> np.ndarray:
    low, high = _RATES
    if not low <= rate <= high:
        raise AudioError(f"is at {rate:,} Hz, not between {low:,} and {high:,}: resample it")
    waveform = read_waveform(path, rate)
    if len(waveform) > _LONGEST * rate:
        raise AudioError(f"is longer than {_LONGEST:g} s: cut it")
    if len(waveform) < _SHORTEST * rate:
        raise AudioError(f"is shorter than {_SHORTEST:g} s")
    return centred(waveform)


_SHORTEST = 0.1
"""Seconds: two frames of the vocoders."""


def _highest(attacks: dict[str, Attack], copy: _Copy) -> float:
    return attacks[copy.attack].highest(copy.parameters)


def _told(derived: Derived, table: pd.DataFrame, copies: dict[str, _Copy]) -> Spoofs:
    """Write down how each spoof was made, and count."""
    there = [file for file in table["file"] if file not in derived.rejected]
    new = dict(zip(there, derived.files["file"], strict=True))
    rows = [
        (new[file], new.get(one.source, ""), one.attack, json.dumps(one.parameters))
        for file, one in copies.items()
        if file in new
    ]
    columns = ["file", "source_file", "attack", "parameters"]
    write_csv(derived.dataset.root / SPOOFS_TABLE, pd.DataFrame(rows, columns=columns))
    counts = pd.Series([row[2] for row in rows], dtype="str").value_counts().sort_index()
    is_real = derived.files["label"] == BONA_FIDE
    return Spoofs(derived, {name: int(n) for name, n in counts.items()}, int(is_real.sum()))

"""Speakers guessed by their voices, for recordings that nobody is named of."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from functools import partial

import numpy as np
import pandas as pd
from tqdm import tqdm

from src.utils.audio.io import read_parts
from src.utils.config import SAMPLE_RATE
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.presence import Presence, require_present
from src.utils.dataset.recording_cache import RecordingCache, open_cache
from src.utils.dataset.speaker_names import VOICE, Named
from src.utils.dataset.speakers import GIVEN, GUESSED, NAMED_BY
from src.utils.dataset.voices import DATABASE
from src.utils.dataset.voices.encoder import (
    HEARD_SECONDS,
    SIZE,
    VERSION,
    level_up,
    load_encoder,
)
from src.utils.dataset.voices.groups import group_voices
from src.utils.errors import AudioError, shorten
from src.utils.files import file_identity, require_unchanged
from src.utils.parallel import attempt, map_ahead

_COLUMNS = ("vector",)


def guess_speakers(dataset: Dataset, files: pd.DataFrame) -> Named:
    """Give clips of unknown speakers the name of their group of voices.

    Both classes are grouped together, since a cloned voice belongs with its speaker, and so are
    clips whose speakers are named: a group with some of those takes the name that most of them
    have. What is computed is kept in the data set's folder as it comes, so that a stage that was
    stopped goes on. A clip that cannot be heard stays without speaker.

    Parameters
    ----------
    dataset : Dataset
        Where the recordings are.
    files : pandas.DataFrame
        A files table of them.

    Returns
    -------
    Named

    Raises
    ------
    DatasetError
        When the weights are absent, the recordings are gone, or there are too many voices.
    """
    given = files["speaker"] != ""
    table = files.assign(**{NAMED_BY: pd.Series("", index=files.index).mask(given, GIVEN)})
    if given.all():
        return Named(table, [f"--speaker-from={VOICE}: every clip names its speaker already"], [])
    identities = {file: file_identity(dataset.path(file)) for file in files["file"]}
    require_present(dataset, list(identities))
    with open_cache(
        dataset.root / DATABASE, _COLUMNS, VERSION, "computed", is_sound=_is_sound
    ) as cache:
        known = cache.read(identities, [])
        todo = {file: one for file, one in identities.items() if file not in known}
        failed = _listen(dataset, cache, todo)
        heard = {file: one for file, one in identities.items() if file not in failed}
        rows = cache.read(heard)
    # In the order of their names, so that groups do not hang on that of the table.
    order = sorted(rows)
    if order:
        vectors = np.stack([np.frombuffer(rows[file][0], np.float32) for file in order])
        groups = dict(zip(order, group_voices(vectors.astype(np.float64)).tolist(), strict=True))
        names = _name_groups(files, groups, identities)
        guessed = ~given & files["file"].isin(groups)
        told = files["file"][guessed].map(lambda file: names[groups[file]])
        table.loc[guessed, "speaker"] = told
        table.loc[guessed, NAMED_BY] = GUESSED
    return Named(table, *_tell(table, failed))


def _listen(
    dataset: Dataset,
    cache: RecordingCache,
    todo: Mapping[str, tuple[str, str]],
) -> dict[str, str]:
    """Keep the vectors of recordings, given with their identities; return why some have none."""
    failed: dict[str, str] = {}
    if not todo:
        return failed
    encoder = load_encoder()
    presence = Presence(dataset)

    def embed(file: str) -> np.ndarray:
        heard = read_parts(dataset.path(file), int(HEARD_SECONDS * SAMPLE_RATE))
        vector = encoder.embed(level_up(next(heard, np.zeros(0, np.float32))))
        require_unchanged(dataset.path(file), todo[file])
        if not vector.any():
            raise AudioError("tells no voice")
        return vector

    outcomes = map_ahead(partial(attempt, embed), todo)
    for file in tqdm(todo, "hearing voices", unit="clip", leave=False):
        outcome = next(outcomes)
        presence.note(file, isinstance(outcome, AudioError))
        if isinstance(outcome, AudioError):
            failed[file] = str(outcome)
        else:
            cache.add(file, todo[file], (outcome.astype(np.float32).tobytes(),))
    return failed


def _is_sound(values: tuple) -> bool:
    """Say whether what was kept is a vector of length 1."""
    [vector] = values
    if not isinstance(vector, bytes) or len(vector) != SIZE * np.dtype(np.float32).itemsize:
        return False
    return bool(abs(np.linalg.norm(np.frombuffer(vector, np.float32)) - 1) < 1e-3)


def _name_groups(
    files: pd.DataFrame, groups: Mapping[str, int], identities: Mapping[str, tuple[str, str]]
) -> dict[int, str]:
    """Return the name of each group: of most of its named clips, else one that says it is guessed.

    Names end in digits of the data set's own, so that those of two data sets are not one person's.
    """
    about = "\n".join(f"{file} {identities[file][0]}" for file in sorted(identities))
    ending = hashlib.sha256(about.encode("utf-8", "surrogateescape")).hexdigest()[:4]
    names = {number: f"{GUESSED}-{number + 1:04d}-{ending}" for number in set(groups.values())}
    given: dict[int, Counter[str]] = {}
    for file, speaker in zip(files["file"], files["speaker"], strict=True):
        if speaker and file in groups:
            given.setdefault(groups[file], Counter())[speaker] += 1
    return names | {group: min(c, key=lambda s: (-c[s], s)) for group, c in given.items()}


def _tell(table: pd.DataFrame, failed: Mapping[str, str]) -> tuple[list[str], list[str]]:
    guessed = table[table[NAMED_BY] == GUESSED]
    n_voices = guessed["speaker"].nunique()
    notes = [f"--speaker-from={VOICE}: {len(guessed):,} clips grouped by {n_voices:,} voices"]
    warnings = [
        "speakers were guessed from voices, not given: of two who sound alike one is made, and one "
        "person may be taken for two"
    ]
    unheard = table["file"][table["speaker"] == ""]
    if len(unheard):
        told = shorten(f"{file} {failed.get(file, '')}".strip() for file in unheard)
        warnings.append(
            f"{len(unheard):,} of {len(table):,} clips stay without speaker, since their voices "
            f"could not be heard: {told}"
        )
    return notes, warnings if len(guessed) else warnings[1:]

"""Stage 5: send every recording through a chain of augmentations, told in a table."""

import math
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import pandas as pd

from src.utils.audio.augmentations.chain import (
    Recipe,
    name_chain,
    peak_of,
    write_chain,
)
from src.utils.audio.info import AudioInfo
from src.utils.audio.io import MAX_WHOLE_SECONDS, SILENCE_PEAK, read_blocks, read_info
from src.utils.audio.writing import full_scale, writable_like, write_blocks
from src.utils.config import SAMPLE_RATE
from src.utils.dataset.babble_voices import needs_voices, part_of_files, voices_of
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.derive import AUGMENTATIONS_TABLE, Change, Derived, derive_dataset
from src.utils.dataset.split.store import split_fingerprint
from src.utils.errors import ArgumentError, AudioError
from src.utils.seeding import file_generator

LOWEST_RATE, HIGHEST_RATE = 8_000, 96_000
"""Hz between which augmentations are defined, and tested."""

_MOST_SAMPLES = MAX_WHOLE_SECONDS * SAMPLE_RATE
"""Of all channels together, which are held whole."""
_LONG_SAMPLES = 600 * SAMPLE_RATE
"""Of recordings that are longer, one is changed at a time: each takes some ten times its size."""
_WRITTEN_AT_ONCE = 1 << 20

_ONE_LONG = Lock()


def add_noise(
    source: Dataset, output: Path, recipe: Recipe | None = None, seed: int = 7
) -> Derived:
    """Write a copy of a data set in which every recording has gone through a chain of its own.

    Chains are drawn by generators seeded with (seed, file), so that they depend neither on the
    order nor on the other files. Rate, channels and format stay. All channels have the same
    parameters, and noise of their own. Where the result would clip, it is turned down as a whole,
    which keeps ratios of levels, and the recording is counted in `Derived.limited`. Chains and
    gains are kept in `augmentations.csv`. Babble is made of bona-fide recordings of the same split,
    of the whole table where nothing is split.

    Parameters
    ----------
    source : Dataset
        The data set of clean recordings; only read.
    output : pathlib.Path
        The folder of the changed copy.
    recipe : Recipe, optional
        How chains are drawn; by default white noise at 5 to 20 dB. Its voices are not used.
    seed : int
        Of the chains.

    Raises
    ------
    ArgumentError
        When a kind lacks what it is made with.
    DatasetError
        As `derive_dataset` does.
    """
    recipe = recipe or Recipe(("white",))
    described: dict[str, Any] = {**recipe.describe(), "seed": seed}
    if needs_voices(recipe):
        described["voices"] = split_fingerprint(source.root)
    files = source.read_files()
    recipes = _recipe_of_files(source, files, recipe)
    speakers = dict(zip(files["file"], files["speaker"], strict=True))

    def transform(file: str, old: Path, new: Path) -> Change:
        info, by = read_info(old), recipes[file]
        if isinstance(by, str):
            raise AudioError(by)
        _check(info)
        with _ONE_LONG if info.frames * info.channels > _LONG_SAMPLES else nullcontext():
            channels = _read_channels(old, info)
            if max(map(peak_of, channels)) < SILENCE_PEAK:
                raise AudioError("is silent (its peak is under -80 dBFS)")
            chain = by.draw(file_generator(seed, file), speakers[file])
            changed, gain = by.apply_to_channels(chain, channels, info.sample_rate)
            del channels
            like = writable_like(info)
            peak = max(map(peak_of, changed))
            last = min(1.0, full_scale(like.subtype) / max(peak, SILENCE_PEAK))
            write_blocks(new, _blocks(changed, last), like)
        frames = len(changed[0])
        return Change(
            peak * last,
            limited=gain * last < 1.0,
            duration=None if frames == info.frames else frames / info.sample_rate,
            told={
                "chain": name_chain(chain),
                "gain_db": 20 * math.log10(gain * last),
                "parameters": write_chain(chain),
            },
        )

    return derive_dataset(
        source,
        output,
        "AddNoise",
        described,
        transform,
        limit="voice and noise were turned down together",
        told_in=AUGMENTATIONS_TABLE,
    )


def _recipe_of_files(
    source: Dataset, files: pd.DataFrame, recipe: Recipe
) -> dict[str, Recipe | str]:
    """Return how the chain of each file is drawn, or why none can be.

    For babble, each has the voices of its own split.
    """
    if not needs_voices(recipe):
        recipe.check()
        return dict.fromkeys(files["file"], recipe)
    found: dict[str, Recipe | str] = {}
    groups = dict(list(files.groupby(part_of_files(source, files))))
    for part, rows in groups.items():
        voices = voices_of(source, rows)
        own = replace(recipe, material=replace(recipe.material, voices=voices))
        value: Recipe | str = own
        try:
            own.check()
        except ArgumentError as error:
            if part or len(groups) == 1:
                where = f" in the split {part}" if part else ""
                raise ArgumentError(f"{error}{where}") from error
            # Of clips that were set aside there may be few, and nothing is made of them.
            value = f"is in no split, and {error} there"
        found |= dict.fromkeys(rows["file"], value)
    return found


def _check(info: AudioInfo) -> None:
    """Refuse what is not changed, before it is read."""
    if not LOWEST_RATE <= info.sample_rate <= HIGHEST_RATE:
        raise AudioError(
            f"has a sample rate of {info.sample_rate:,} Hz, and noise is added at "
            f"{LOWEST_RATE:,} to {HIGHEST_RATE:,} Hz: resample it"
        )
    if info.frames * info.channels > _MOST_SAMPLES:
        hours = _MOST_SAMPLES / info.sample_rate / info.channels / 3600
        channels = f" and {info.channels} channels" if info.channels > 1 else ""
        raise AudioError(
            f"is longer than {hours:.1f} h at {info.sample_rate:,} Hz{channels}: cut it"
        )


def _read_channels(path: Path, info: AudioInfo) -> list[np.ndarray]:
    """Return the channels of a recording, each float32 of shape (samples,)."""
    channels = np.empty((info.channels, info.frames), dtype=np.float32)
    start = 0
    for block in read_blocks(path):
        stop = start + len(block)
        if stop > info.frames:
            break
        channels[:, start:stop] = block.T
        start = stop
    if start != info.frames:
        raise AudioError("changed while it was read")
    return list(channels)


def _blocks(channels: list[np.ndarray], gain: float) -> Iterator[np.ndarray]:
    for start in range(0, len(channels[0]), _WRITTEN_AT_ONCE):
        part = np.stack([one[start : start + _WRITTEN_AT_ONCE] for one in channels], axis=1)
        yield part if gain == 1.0 else part * np.float32(gain)

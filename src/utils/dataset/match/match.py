"""Matching as a whole: plan, then write every recording anew."""

from collections.abc import Collection, Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

from src.utils.audio.io import read_waveform
from src.utils.audio.writing import write_waveform
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.derive import Change, Derived, derive_dataset
from src.utils.dataset.match.plan import plan_matching
from src.utils.dataset.match.render import render
from src.utils.dataset.match.settings import MatchSettings
from src.utils.errors import AudioError, DatasetError
from src.utils.files import sha256_text
from src.utils.seeding import file_generator

STAGE = "MatchDataset"

_CLIPPED = 1e-4
"""Share of flat samples over which a recording counts as clipped: a pair may be equal by chance."""


def match_dataset(
    source: Dataset,
    output: Path,
    measured: pd.DataFrame,
    settings: MatchSettings,
    unmeasured: Mapping[str, str] | None = None,
) -> Derived:
    """Write a copy of a data set whose classes do not differ in their nuisances any more.

    Every recording becomes 16-bit mono WAV at one rate and without DC offset; what else is done
    is `settings`' to say.

    Parameters
    ----------
    source : Dataset
        The data set whose classes differ; only read.
    output : pathlib.Path
        The folder of the matched copy.
    measured : pandas.DataFrame
        The files of the source with their nuisances, see `inspect_dataset`.
    settings : MatchSettings
        Decided: without `auto`.
    unmeasured : mapping of str to str, optional
        The reason by file of what is not in `measured`.

    Raises
    ------
    DatasetError
        As `derive_dataset` does, or when all recordings of a class are clipped and would be
        left out.
    """
    plan = plan_matching(measured, settings)
    clipped = set(measured["file"][measured["clipping"] > _CLIPPED])
    if settings.clipped == "reject":
        _require_both(measured, clipped)

    def transform(file: str, old: Path, new: Path) -> Change:
        if file not in plan:
            raise AudioError((unmeasured or {}).get(file, "could not be measured"))
        if settings.clipped == "reject" and file in clipped:
            raise AudioError("is clipped")
        waveform, limited = render(
            read_waveform(old, settings.sample_rate),
            settings,
            plan[file],
            file_generator(settings.seed, file),
        )
        write_waveform(new, waveform, settings.sample_rate)
        return Change(
            amplitude=float(np.abs(waveform).max()),
            limited=limited,
            duration=len(waveform) / settings.sample_rate,
            sample_rate=settings.sample_rate,
        )

    # What is done to one recording depends on all of them.
    recipe = asdict(settings) | {"selection of recordings": sha256_text(repr(plan))}
    return derive_dataset(source, output, STAGE, recipe, transform, suffix=".wav")


def _require_both(measured: pd.DataFrame, clipped: Collection[str]) -> None:
    """Fail when a class has nothing but clipped recordings."""
    left = measured["label"][~measured["file"].isin(clipped)]
    gone = sorted(set(measured["label"]) - set(left))
    if gone:
        raise DatasetError(
            f"every {' and '.join(gone)} recording is clipped, which nothing mends; record or make "
            f"them anew, or keep them with --clipped=keep"
        )

"""Stage 4: bring every recording to one level, so that loudness tells nothing."""

from pathlib import Path

from src.utils.audio.io import SILENCE_PEAK, Level, measure_level, read_blocks, read_info
from src.utils.audio.writing import full_scale, writable_like, write_blocks
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.derive import Change, Derived, derive_dataset
from src.utils.errors import ArgumentError, AudioError, choose

METHODS = ("peak", "rms")


def normalize_dataset(
    source: Dataset, output: Path, method: str = "rms", target_rms: float = 0.1
) -> Derived:
    """Write a copy of a data set in which every recording has one peak or one RMS.

    Sample rate, channels, format and subtype stay. Gain is one number per recording, over all
    its channels. With `rms`, a recording that would clip gets the largest gain that does not,
    and is counted in `Derived.limited`.

    Parameters
    ----------
    source : Dataset
        The data set of different levels; only read.
    output : pathlib.Path
        The folder of the normalised copy.
    method : {'peak', 'rms'}
        `peak` brings the largest magnitude to full scale.
    target_rms : float
        For `rms`: between 0 and 1, full scale at 1.

    Raises
    ------
    ArgumentError
        For an unknown method or a target out of range.
    DatasetError
        As `derive_dataset` does.
    """
    choose("--method", method, METHODS)
    if not 0 < target_rms < 1:
        raise ArgumentError(f"--target-rms={target_rms:g} must lie between 0 and 1")
    recipe: dict[str, object] = {"method": method}
    if method == "rms":
        recipe["target_rms"] = target_rms

    def transform(_: str, old: Path, new: Path) -> Change:
        info, level = writable_like(read_info(old)), measure_level(old)
        if level.peak < SILENCE_PEAK:
            raise AudioError("is silent (its peak is under -80 dBFS)")
        ceiling = full_scale(info.subtype)
        wanted = choose_gain(method, level, target_rms, ceiling)
        gain = min(wanted, ceiling / level.peak)
        write_blocks(new, (block * gain for block in read_blocks(old)), info)
        return Change(level.peak * gain, limited=wanted > gain)

    limit = "they got the largest gain that does not"
    return derive_dataset(source, output, "NormalizeDataset", recipe, transform, limit=limit)


def choose_gain(method: str, level: Level, target_rms: float = 0.1, ceiling: float = 1.0) -> float:
    """Return the factor that brings a level to the method's, clipping or not.

    Parameters
    ----------
    method : {'peak', 'rms'}
        See `normalize_dataset`.
    level : Level
        Peak and RMS of the recording, full scale at 1.
    target_rms : float
        For `rms`.
    ceiling : float
        For `peak`: the magnitude that it is brought to.
    """
    return ceiling / level.peak if method == "peak" else target_rms / level.rms

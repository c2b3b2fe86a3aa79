"""A small setting of every front end and back end; what has none is tested by nothing."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from src.demo.checkpoint import make_checkpoint
from src.networks.front_ends import FRONT_ENDS


@dataclass(frozen=True)
class SmallBackEnd:
    """What the tests of all back ends must know of one.

    Attributes
    ----------
    settings : dict
        In place of its defaults.
    steps : int
        In which it overfits six clips.
    rate : float
        Adam's, for that.
    bands : int
        Of the spectra that it is given, if it takes any.
    seconds : float
        Of those clips.
    shortest : float
        Seconds of the shortest window that it takes.
    """

    settings: dict[str, Any] = field(default_factory=dict)
    steps: int = 30
    rate: float = 0.01
    bands: int = 16
    seconds: float = 0.2
    shortest: float = 0.05


def _opened(name: str, model_type: str) -> Callable[[Path], dict[str, Any]]:
    """Return what gives the settings of a pretrained front end, on a tiny checkpoint."""
    return lambda folder: FRONT_ENDS.load(name).open(str(make_checkpoint(folder, model_type)))


SMALL_FRONT_ENDS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "raw": lambda folder: {},
    "log-mel": lambda folder: {"bands": 16, "lowest_hz": 60, "highest_hz": 8000},
    "lfcc": lambda folder: {"coefficients": 6, "fft_size": 400, "highest_hz": 4000, "energy": True},
    "wav2vec2": _opened("wav2vec2", "wav2vec2"),
    "hubert": _opened("hubert", "hubert"),
    "wavlm": _opened("wavlm", "wavlm"),
    "xlsr": _opened("xlsr", "wav2vec2"),
    "auto": _opened("auto", "hubert"),
}
"""By name, what gives its settings; in the folder a checkpoint can be made."""

SMALL_BACK_ENDS = {
    "linear": SmallBackEnd(steps=100, rate=0.3),
    "attentive": SmallBackEnd({"size": 8, "attention": 4}),
    "mhfa": SmallBackEnd({"heads": 2, "compression": 8, "size": 8}),
    "sls": SmallBackEnd({"frames": 12, "size": 16}),
    "nes2net": SmallBackEnd({"groups": 2, "inner_groups": 4, "reduction": 2}),
    "lcnn": SmallBackEnd({"embedding": 8}, steps=40),
    "yamnet": SmallBackEnd({"width": 0.0625}, steps=60),
    "aasist": SmallBackEnd(steps=8, rate=0.01, seconds=0.15, shortest=0.15),
}
"""By name, on frames of 16 numbers in three layers where they are hidden ones."""


def small_front_end(name: str, folder: Path) -> dict[str, Any]:
    """Return the small settings of a front end; fail for one that has none."""
    assert name in SMALL_FRONT_ENDS, f"--front-end={name} has no small setting: add to {__name__}"
    return SMALL_FRONT_ENDS[name](folder)


def small_back_end(name: str) -> SmallBackEnd:
    """Return the small setting of a back end; fail for one that has none."""
    assert name in SMALL_BACK_ENDS, f"--back-end={name} has no small setting: add to {__name__}"
    return SMALL_BACK_ENDS[name]

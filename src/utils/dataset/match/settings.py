"""Settings of matching a data set, and which of them it needs."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from src.utils.config import SAMPLE_RATE
from src.utils.errors import ArgumentError, choose

AUTO = "auto"
KEEP = "keep"
MATCH = "match"

CHOICES = {
    "low_pass": (AUTO, KEEP, MATCH),
    "silence": (AUTO, KEEP, "trim", "shorten"),
    "duration": (AUTO, KEEP, MATCH),
    "noise": (AUTO, KEEP, MATCH),
    "clipped": (AUTO, KEEP, "reject"),
    "loudness": ("rms", "lufs", KEEP),
}
"""The values that each setting may take. Format, encoder, bit depth, channels, rate and DC offset
are made the same whatever the settings are."""

SHORTEST = 0.4
"""Seconds; under this nothing is left that could be judged, nor a loudness by BS.1770."""

DEFAULT_TARGET = {"rms": 0.05, "lufs": -26.0, KEEP: 0.0}
"""Full scale at 1 for RMS, LUFS for loudness: low enough that hardly a clip has to be quieter."""

_ANSWERS = {
    "low_pass": ({"bandwidth", "sample_rate"}, MATCH),
    "duration": ({"duration"}, MATCH),
    "noise": ({"noise_floor", "digital_silence"}, MATCH),
    "clipped": ({"clipping"}, "reject"),
}
"""By setting: the nuisances that it answers to, and how."""


@dataclass(frozen=True)
class MatchSettings:
    """How a data set is matched.

    Attributes
    ----------
    sample_rate : int
        Hz, of every new recording.
    low_pass : str
        `match` cuts all recordings off a little below where nine in ten of the narrower class end.
    silence : str
        `trim` cuts silence off both ends, `shorten` also cuts pauses down to 0.1 s.
    duration : str
        `match` cuts recordings so that both classes have the same distribution of lengths.
    noise : str
        `match` adds white noise so that both classes have the same distribution of noise floors.
    clipped : str
        `reject` leaves out clipped recordings, which nothing mends.
    loudness : str
        `rms` or `lufs` (ITU-R BS.1770-4) brings all to one level.
    target : float or None
        That level: RMS with full scale at 1, or LUFS; None for the default.
    seed : int
        Of noise and of where a recording is cut.

    Raises
    ------
    ArgumentError
        When a setting is out of its choices or range.
    """

    sample_rate: int = SAMPLE_RATE
    low_pass: str = AUTO
    silence: str = AUTO
    duration: str = AUTO
    noise: str = AUTO
    clipped: str = AUTO
    loudness: str = "rms"
    target: float | None = None
    seed: int = 7

    def __post_init__(self) -> None:
        for name, choices in CHOICES.items():
            choose(f"--{name.replace('_', '-')}", getattr(self, name), choices)
        if not 4_000 <= self.sample_rate <= 192_000:
            raise ArgumentError(
                f"--sample-rate={self.sample_rate} must lie between 4000 and 192000"
            )
        if self.target is None:
            object.__setattr__(self, "target", DEFAULT_TARGET[self.loudness])
        elif self.loudness == "rms" and not 0 < self.target < 1:
            raise ArgumentError(f"--target={self.target:g} must lie between 0 and 1 for rms")
        elif self.loudness == "lufs" and not -70 < self.target < 0:
            raise ArgumentError(f"--target={self.target:g} must lie between -70 and 0 for lufs")

    def decide(self, differing: Collection[str]) -> "MatchSettings":
        """Put what is needed in place of every `auto`.

        Parameters
        ----------
        differing : collection of str
            The nuisances in which the classes differ, by their names.
        """
        decided = {
            name: answer if answered & set(differing) else KEEP
            for name, (answered, answer) in _ANSWERS.items()
        }
        decided["silence"] = KEEP
        if {"leading_silence", "trailing_silence"} & set(differing):
            decided["silence"] = "trim"
        if "silence_ratio" in differing:
            decided["silence"] = "shorten"
        needed: dict[str, Any] = {
            name: value for name, value in decided.items() if getattr(self, name) == AUTO
        }
        return replace(self, **needed)

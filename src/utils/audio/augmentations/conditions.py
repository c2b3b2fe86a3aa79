"""The conditions that detectors are tested under: augmentations at fixed strengths, and tracks.

A track is the way of a recording to a listener as people know it, such as a telephone call. What a
condition does not set is drawn for each clip, as in an augmentation of training.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from src.utils.audio.augmentations import FAMILIES
from src.utils.audio.augmentations.augmentation import Augmentation, Parameters
from src.utils.audio.augmentations.chain import Chain, Step
from src.utils.errors import choose

VERSION = 1
"""Raised where a condition gives other samples than before, so that old scores are not kept."""

FLAG = "--conditions"


@dataclass(frozen=True, eq=False)
class Condition:
    """A way that recordings may have gone, the same for all but for what is drawn.

    Attributes
    ----------
    group : str
        The augmentation whose strengths are told together, or the track.
    strength : str
        What tells it from the others of its group, as people read it.
    steps : tuple of Step
        What is done, in this order; the parameters that are set, the others are drawn.
    is_track : bool
        Whether its group is a track.
    above_hz : int
        What is sampled at no higher rate than that is left as it is, so that there is nothing to
        test.
    """

    group: str
    strength: str
    steps: tuple[Step, ...]
    is_track: bool = False
    above_hz: int = 0

    @property
    def name(self) -> str:
        """By which the command line and files know it, such as `opus-16-kbit-s`."""
        return slug(f"{self.group} {self.strength}")

    @property
    def title(self) -> str:
        """By which people know it, such as `opus, 16 kbit/s`."""
        return ", ".join(filter(None, (self.group, self.strength)))

    def draw(
        self, random: np.random.Generator, by: Mapping[str, Augmentation], speaker: str = ""
    ) -> Chain:
        """Draw what is not set, for one clip.

        Parameters
        ----------
        random : numpy.random.Generator
            Of this clip and condition alone.
        by : mapping of str to Augmentation
            What draws, by its name.
        speaker : str
            Who speaks in the clip, where that is known.
        """
        return tuple(
            Step(step.kind, by[step.kind].draw(random, speaker) | step.parameters)
            for step in self.steps
        )


def slug(text: str) -> str:
    """Return text as a name of lower-case letters, digits and hyphens.

    Parameters
    ----------
    text : str
        As people read it.

    Examples
    --------
    >>> slug("AMR, 12.2 kbit/s")
    'amr-12.2-kbit-s'
    """
    return re.sub(r"[^a-z0-9.]+", "-", text.lower().replace("%", "percent")).strip("-")


CLEAN = Condition("clean", "", ())
"""Recordings as they are, which all other conditions are compared with."""

_Few = tuple[Condition, ...]


def _grid(kind: str, name: str, values: Sequence[float], unit: str, scale: float = 1.0) -> _Few:
    """Return an augmentation at several strengths of one parameter, from mild to severe."""
    return tuple(
        Condition(kind, f"{value * scale:g} {unit}", (Step(kind, {name: value}),))
        for value in values
    )


def _coded(kind: str, *settings: tuple[int, float]) -> _Few:
    """Return a codec at several rates, each given as Hz and kbit/s."""
    return tuple(
        Condition(kind, f"{kbit_s:g} kbit/s", (Step(kind, _setting(rate, kbit_s)),))
        for rate, kbit_s in settings
    )


def _setting(rate: int, kbit_s: float) -> Parameters:
    return {"rate": rate, "bit_rate": round(1000 * kbit_s)}


def _transcoded(*turns: tuple[str, int, float]) -> Parameters:
    """Return the parameters of two codecs, each given with Hz and kbit/s."""
    found: Parameters = {}
    for turn, (codec, rate, kbit_s) in zip(("first", "second"), turns, strict=True):
        setting = _setting(rate, kbit_s)
        found |= {turn: codec, **{f"{turn}_{name}": value for name, value in setting.items()}}
    return found


def _track(group: str, strength: str, *steps: tuple[str, Parameters]) -> Condition:
    return Condition(group, strength, tuple(Step(*step) for step in steps), is_track=True)


_SNR_DB = (25.0, 20.0, 15.0, 10.0, 5.0)
_NARROW: Parameters = {"low_hz": 300.0, "high_hz": 3400.0}
_WIDE: Parameters = {"low_hz": 50.0, "high_hz": 7000.0}
_TELEPHONE_HZ = 8_000


def _lost(share: float) -> tuple[str, Parameters]:
    return "packet-loss", {"loss": share, "concealment": "waveform"}


def _compressed(ratio: float, threshold_db: float) -> tuple[str, Parameters]:
    return "compression", {"ratio": ratio, "threshold_db": threshold_db}


_NARROW_BAND, _WIDE_BAND = "telephone narrow band", "telephone wide band"
_MESSENGER, _SOCIAL, _FAR = "messenger", "social video", "far field"

_TRACKS: _Few = (
    _track(_NARROW_BAND, "mu-law", ("band-pass", _NARROW), ("mu-law", {})),
    _track(_NARROW_BAND, "A-law, 2 % lost", ("band-pass", _NARROW), ("a-law", {}), _lost(0.02)),
    _track(
        _NARROW_BAND, "AMR 12.2", ("band-pass", _NARROW), ("amr", _setting(_TELEPHONE_HZ, 12.2))
    ),
    _track(
        _NARROW_BAND,
        "AMR 4.75, 5 % lost",
        ("band-pass", _NARROW),
        ("amr", _setting(_TELEPHONE_HZ, 4.75)),
        _lost(0.05),
    ),
    _track(_WIDE_BAND, "G.722", ("band-pass", _WIDE), ("g722", {})),
    _track(_WIDE_BAND, "Opus 12", ("band-pass", _WIDE), ("opus", _setting(48_000, 12))),
    _track(
        _WIDE_BAND,
        "Opus 12, 5 % lost",
        ("band-pass", _WIDE),
        ("packet-loss", {"loss": 0.05, "concealment": "opus", "bit_rate": 12_000}),
    ),
    _track(_MESSENGER, "Opus 24", _compressed(3.0, -10.0), ("opus", _setting(48_000, 24))),
    _track(_MESSENGER, "Opus 16", _compressed(3.0, -10.0), ("opus", _setting(48_000, 16))),
    _track(
        _SOCIAL,
        "AAC 128 + 96",
        _compressed(4.0, -12.0),
        ("transcoding", _transcoded(("aac", 48_000, 128), ("aac", 48_000, 96))),
    ),
    _track(
        _SOCIAL,
        "AAC 64 + 48",
        _compressed(4.0, -12.0),
        ("transcoding", _transcoded(("aac", 44_100, 64), ("aac", 44_100, 48))),
    ),
    *(
        _track(
            _FAR,
            f"{rt60_s:g} s, {snr_db:g} dB",
            ("far-field", {"rt60_s": rt60_s, "snr_db": snr_db}),
        )
        for rt60_s, snr_db in ((0.4, 20.0), (0.7, 15.0), (1.0, 10.0))
    ),
    _track(
        _FAR,
        "0.7 s, babble 15 dB",
        ("far-field", {"rt60_s": 0.7, "snr_db": 20.0}),
        ("babble", {"snr_db": 15.0}),
    ),
)

_KINDS: _Few = (
    *(
        one
        for kind in ("white", "pink", "brown", "babble", "noises")
        for one in _grid(kind, "snr_db", _SNR_DB, "dB")
    ),
    *_grid("room", "rt60_s", (0.3, 0.6, 1.0), "s"),
    *_grid("gain", "gain_db", (-6.0, -12.0, -24.0), "dB"),
    *_grid("clipping", "clipped", (0.001, 0.01, 0.05, 0.1), "%", 100),
    Condition("band-pass", "50-7000 Hz", (Step("band-pass", _WIDE),)),
    Condition(
        "band-pass", "100-5000 Hz", (Step("band-pass", {"low_hz": 100.0, "high_hz": 5000.0}),)
    ),
    Condition("band-pass", "300-3400 Hz", (Step("band-pass", _NARROW),)),
    *(
        Condition(
            "resampling",
            f"{rate // 1000} kHz",
            (Step("resampling", {"rate_hz": rate, "else_hz": rate}),),
            above_hz=rate,
        )
        for rate in (24_000, 16_000, 12_000, 8_000)
    ),
    *(
        Condition("rawboost", f"algorithm {mode}", (Step(f"rawboost{mode}", {}),))
        for mode in range(1, 9)
    ),
    *_coded("aac", (48_000, 96), (44_100, 48), (16_000, 24)),
    *_coded("opus", (48_000, 32), (48_000, 16), (48_000, 8)),
    *_coded("mp3", (44_100, 96), (32_000, 48), (16_000, 24)),
    *(
        Condition(
            "vorbis",
            f"quality {10 * quality:g}",
            (Step("vorbis", {"rate": rate, "quality": quality}),),
        )
        for rate, quality in ((44_100, 0.5), (44_100, 0.2), (22_050, 0.0))
    ),
    *_coded("amr", (_TELEPHONE_HZ, 12.2), (_TELEPHONE_HZ, 7.95), (_TELEPHONE_HZ, 4.75)),
    *(
        # Of one bit rate each.
        Condition(kind, f"{kbit_s} kbit/s", (Step(kind, {}),))
        for kind, kbit_s in (("g722", 64), ("gsm", 13), ("mu-law", 64), ("a-law", 64), ("g721", 32))
    ),
    *(
        Condition("transcoding", strength, (Step("transcoding", _transcoded(*turns)),))
        for strength, *turns in (
            ("MP3 96, AAC 96", ("mp3", 44_100, 96), ("aac", 48_000, 96)),
            ("AAC 64, Opus 16", ("aac", 44_100, 64), ("opus", 48_000, 16)),
            ("GSM, mu-law", ("gsm", _TELEPHONE_HZ, 13), ("mu-law", _TELEPHONE_HZ, 64)),
        )
    ),
    *(
        Condition("packet-loss", f"{100 * share:g} %", (Step(*_lost(share)),))
        for share in (0.02, 0.05, 0.1, 0.2)
    ),
    *_grid("speed", "factor", (0.95, 1.05, 0.9, 1.1), "times"),
    *_grid("tempo", "factor", (0.95, 1.05, 0.9, 1.1), "times"),
    *(
        Condition("pitch", f"{number:g} {towards}", (Step("pitch", {"semitones": sign * number}),))
        for number in (1.0, 3.0)
        for towards, sign in (("up", 1.0), ("down", -1.0))
    ),
    *(
        Condition("compression", f"{ratio:g} : 1", (Step(*_compressed(ratio, -15.0)),))
        for ratio in (2.0, 4.0, 8.0)
    ),
)

CONDITIONS: _Few = (*_TRACKS, *_KINDS)
"""The grid: tracks first; those of a group together, from mild to severe."""


def choose_conditions(names: Sequence[str]) -> _Few:
    """Return conditions by name, in the order of the grid.

    Parameters
    ----------
    names : sequence of str
        Of conditions, of their groups (tracks among them), of augmentations, or of families of
        those; as people read them, or with hyphens in place of all else.

    Raises
    ------
    ArgumentError
        For a name that is none of them, with the nearest one.

    Examples
    --------
    >>> [one.name for one in choose_conditions(["messenger", "white-25-db"])]
    ['messenger-opus-24', 'messenger-opus-16', 'white-25-db']
    """
    meant: dict[str, list[Condition]] = {}
    for one in CONDITIONS:
        kinds = [] if one.is_track else [step.kind for step in one.steps]
        families = [name for name, members in FAMILIES.items() if {*members} & {*kinds}]
        for name in {slug(one.group), *kinds, *families, one.name}:
            meant.setdefault(name, []).append(one)
    listed = dict.fromkeys(slug(one.group) for one in CONDITIONS)
    chosen = set()
    for name in names:
        found = slug(name)
        if found not in meant:
            choose(FLAG, name, listed, also=meant)
        chosen |= {one.name for one in meant[found]}
    return tuple(one for one in CONDITIONS if one.name in chosen)

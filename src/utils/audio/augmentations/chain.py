"""Chains of augmentations: drawn for a clip, written down, applied."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from src.utils.audio.augmentations import AUGMENTATIONS, FAMILIES
from src.utils.audio.augmentations.augmentation import (
    SEED_LIMIT,
    Augmentation,
    Material,
    Parameters,
    Place,
)
from src.utils.errors import ArgumentError, choose

_LOUDEST = 0.98
"""What would clip in an encoder is turned down to this."""


@dataclass(frozen=True)
class Step:
    """One augmentation of a chain.

    Attributes
    ----------
    kind : str
        Its name in `AUGMENTATIONS`.
    parameters : dict
        What was drawn or set.
    """

    kind: str
    parameters: Parameters


Chain = tuple[Step, ...]
"""In the order in which the steps are applied."""


@dataclass(frozen=True)
class Recipe:
    """How the chain of a clip is drawn.

    Attributes
    ----------
    kinds : tuple of str
        Names of `AUGMENTATIONS` or of `FAMILIES`; of a family a clip gets one, of those that the
        material suffices for.
    steps : (int, int)
        The fewest and the most kinds of a chain.
    material : Material
        What they are made with.

    Raises
    ------
    ArgumentError
        For an unknown name, a name that is given twice, no name, more steps than kinds, or an
        empty range of ratios.
    """

    kinds: tuple[str, ...]
    steps: tuple[int, int] = (1, 1)
    material: Material = field(default_factory=Material)

    def __post_init__(self) -> None:
        for kind in self.kinds:
            members_of(kind)
        if not self.kinds or len(set(self.kinds)) < len(self.kinds):
            raise ArgumentError(f"--kind={','.join(self.kinds)}: name each kind once")
        low, high = self.steps
        if not 1 <= low <= high <= len(self.kinds):
            raise ArgumentError(
                f"--steps={low}..{high} must lie between 1 and the number of kinds, "
                f"{len(self.kinds)}"
            )
        softest, loudest = self.material.snr_db
        if not softest <= loudest:
            raise ArgumentError(
                f"--snr-db={softest:g}..{loudest:g} is empty: the lower ratio comes first"
            )

    @cached_property
    def _members(self) -> dict[str, tuple[str, ...]]:
        """By kind, what a clip may get of it: of a family, what there is material for."""
        members = {kind: members_of(kind) for kind in self.kinds}
        for kind in members.keys() & FAMILIES.keys():
            able = [n for n in members[kind] if AUGMENTATIONS.load(n).suffices(self.material)]
            # Where there is none, all are kept, and say what they lack.
            members[kind] = tuple(able) or members[kind]
        return members

    @cached_property
    def _made(self) -> Mapping[str, Augmentation]:
        names = sorted({name for members in self._members.values() for name in members})
        return {name: AUGMENTATIONS.load(name)(self.material) for name in names}

    def may_draw(self, name: str) -> bool:
        """Say whether a chain may hold an augmentation.

        Parameters
        ----------
        name : str
            A name of `AUGMENTATIONS`.
        """
        return any(name in members_of(kind) for kind in self.kinds)

    def check(self) -> None:
        """Make every augmentation, so that one that lacks its material is refused at once.

        Of a family, those that the material does not suffice for are left out instead.

        Raises
        ------
        ArgumentError
            As the augmentations do.
        """
        _ = self._made

    def draw(self, random: np.random.Generator, speaker: str = "") -> Chain:
        """Draw the chain of one clip, in the order of the way from a mouth to a listener.

        Parameters
        ----------
        random : numpy.random.Generator
            Of this clip alone.
        speaker : str
            Who speaks in it, where that is known.
        """
        low, high = self.steps
        count = int(random.integers(low, high + 1))
        drawn = random.choice(len(self.kinds), count, replace=False)
        names = [str(random.choice(self._members[self.kinds[at]])) for at in sorted(drawn)]
        names.sort(key=lambda name: self._made[name].place)
        return tuple(Step(name, self._made[name].draw(random, speaker)) for name in names)

    def apply(self, chain: Chain, waveform: np.ndarray, sample_rate: int) -> np.ndarray:
        """Send a waveform through a chain; see `apply_chain`.

        Parameters
        ----------
        chain, waveform, sample_rate
            See there.
        """
        return apply_chain(chain, waveform, sample_rate, self._made)

    def apply_to_channels(
        self, chain: Chain, channels: Sequence[np.ndarray], sample_rate: int
    ) -> tuple[list[np.ndarray], float]:
        """Send the channels of a recording through a chain; see `apply_chain_to_channels`.

        Parameters
        ----------
        chain, channels, sample_rate
            See there.
        """
        return apply_chain_to_channels(chain, channels, sample_rate, self._made)

    def describe(self) -> dict[str, Any]:
        """Return what makes the drawn chains what they are, as JSON values.

        Of folders and of the voices for babble only where they are: their recordings may be moved.
        """
        material = self.material
        return {
            "kinds": list(self.kinds),
            "steps": list(self.steps),
            "snr_db": list(material.snr_db),
            "noises": None if material.noises is None else str(material.noises.resolve()),
            "rooms": None if material.rooms is None else str(material.rooms.resolve()),
        }


def members_of(kind: str) -> tuple[str, ...]:
    """Return the augmentations that a name of the command line stands for.

    Parameters
    ----------
    kind : str
        A name of `AUGMENTATIONS` or `FAMILIES`.

    Raises
    ------
    ArgumentError
        For an unknown name.
    """
    if kind in FAMILIES:
        return FAMILIES[kind]
    if kind not in AUGMENTATIONS:
        choose(AUGMENTATIONS.flag, kind, (*FAMILIES, *AUGMENTATIONS))
    return (kind,)


def make_augmentations(chain: Chain, material: Material) -> Mapping[str, Augmentation]:
    """Make what a chain is applied by.

    Parameters
    ----------
    chain : Chain
        The chain.
    material : Material
        What they are made with.

    Raises
    ------
    ArgumentError
        For an unknown name, or where the material lacks something.
    """
    return {step.kind: AUGMENTATIONS.load(step.kind)(material) for step in chain}


def apply_chain(
    chain: Chain, waveform: np.ndarray, sample_rate: int, by: Mapping[str, Augmentation]
) -> np.ndarray:
    """Send a waveform through the steps of a chain; equal chains give equal samples.

    Parameters
    ----------
    chain : Chain
        What is done.
    waveform : numpy.ndarray
        float32, full scale at 1, shape (samples,).
    sample_rate : int
        Hz.
    by : mapping of str to Augmentation
        What is applied, by its name.

    Returns
    -------
    numpy.ndarray
        float32; within full scale: nothing clips that was not asked to.

    Raises
    ------
    AudioError
        When this waveform cannot be changed so.
    """
    [changed], _ = apply_chain_to_channels(chain, [waveform], sample_rate, by)
    return changed


def apply_chain_to_channels(
    chain: Chain, channels: Sequence[np.ndarray], sample_rate: int, by: Mapping[str, Augmentation]
) -> tuple[list[np.ndarray], float]:
    """Send the channels of one recording through the steps of a chain.

    All have the same parameters and are turned down together; noise is drawn for each anew, as it
    is no longer diffuse where it is the same in all.

    Parameters
    ----------
    chain : Chain
        What is done.
    channels : sequence of numpy.ndarray
        Each float32, full scale at 1, shape (samples,).
    sample_rate : int
        Hz.
    by : mapping of str to Augmentation
        What is applied, by its name.

    Returns
    -------
    channels : list of numpy.ndarray
        As `apply_chain` returns one.
    gain : float
        By which they were turned down in all, 1 where they were not.

    Raises
    ------
    AudioError
        When a channel cannot be changed so.
    """
    changed, gain = list(channels), 1.0
    for step in chain:
        augmentation = by[step.kind]
        if augmentation.place >= Place.CODEC:
            changed, lowered = _within_scale(changed)
            gain *= lowered
        for number, channel in enumerate(changed):
            parameters = _of_channel(step.parameters, augmentation.place, number)
            changed[number] = augmentation.apply(channel, sample_rate, parameters)
    changed, lowered = _within_scale(changed)
    return changed, gain * lowered


def _of_channel(parameters: Parameters, place: Place, number: int) -> Parameters:
    """Return the parameters of one channel: only what is added is drawn for each anew."""
    if not number or place != Place.NOISE or "seed" not in parameters:
        return parameters
    return {**parameters, "seed": (int(parameters["seed"]) + number) % SEED_LIMIT}


def within_scale(waveform: np.ndarray) -> np.ndarray:
    """Turn down a waveform that exceeds full scale; others stay as they are.

    Parameters
    ----------
    waveform : numpy.ndarray
        float32, shape (samples,).
    """
    return _within_scale([waveform])[0][0]


def _within_scale(channels: list[np.ndarray]) -> tuple[list[np.ndarray], float]:
    peak = max(map(peak_of, channels))
    if peak <= 1.0:
        return channels, 1.0
    gain = _LOUDEST / peak
    return [(channel * gain).astype(np.float32, copy=False) for channel in channels], gain


def peak_of(waveform: np.ndarray) -> float:
    """Return the largest magnitude of a waveform, without another array of its length.

    Parameters
    ----------
    waveform : numpy.ndarray
        Shape (samples,).
    """
    return float(max(waveform.max(initial=0.0), -waveform.min(initial=0.0)))


def write_chain(chain: Sequence[Step]) -> str:
    """Return a chain as one line of JSON, in which tables keep it.

    Parameters
    ----------
    chain : sequence of Step
        The chain.
    """
    return json.dumps([{"kind": step.kind, **step.parameters} for step in chain])


def read_chain(text: str) -> Chain:
    """Return the chain that `write_chain` has written.

    Parameters
    ----------
    text : str
        As it wrote it.
    """
    steps = json.loads(text)
    return tuple(Step(step.pop("kind"), step) for step in steps)


def name_chain(chain: Sequence[Step]) -> str:
    """Return the kinds of a chain in their order, such as `white+opus`.

    Parameters
    ----------
    chain : sequence of Step
        The chain.
    """
    return "+".join(step.kind for step in chain)

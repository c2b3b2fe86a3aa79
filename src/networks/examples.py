"""What networks learn from: windows of recordings at random places, augmented anew each epoch."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np

from src.networks.learner import LABELS, WINDOWS
from src.networks.windows import random_start
from src.utils.audio.augmentations import AUGMENTATIONS
from src.utils.audio.augmentations.chain import Recipe
from src.utils.dataset.babble_voices import needs_voices
from src.utils.dataset.split_recordings import SplitRecordings
from src.utils.dataset.waveforms import Waveforms
from src.utils.errors import AudioError
from src.utils.seeding import file_generator

_MARGIN = 0.5
"""Of a window's length, that is read beside it where an augmentation may shorten it."""


@dataclass(frozen=True)
class Augmenting:
    """How windows are augmented in training.

    Attributes
    ----------
    recipe : Recipe
        How the chain of a window is drawn.
    probability : float
        Of a window to be augmented at all.
    """

    recipe: Recipe
    probability: float = 1.0

    def describe(self) -> dict[str, Any]:
        """Return what makes windows what they are, as JSON values."""
        return self.recipe.describe() | {"probability": self.probability}

    def with_voices(self, recordings: SplitRecordings) -> Self:
        """Return it with the voices of a split for babble, every augmentation checked.

        Parameters
        ----------
        recordings : SplitRecordings
            Of the split.

        Raises
        ------
        ArgumentError
            When an augmentation lacks what it is made with.
        """
        recipe = self.recipe
        if needs_voices(recipe):
            voices = recordings.material(recipe.material.noises).voices
            recipe = replace(recipe, material=replace(recipe.material, voices=voices))
        recipe.check()
        # Another one, since what was made to check it need not travel to worker processes.
        return replace(self, recipe=replace(recipe))

    @cached_property
    def keeps_length(self) -> bool:
        """Whether a changed window is as long as it was."""
        able = (AUGMENTATIONS.load(name) for name in AUGMENTATIONS if self.recipe.may_draw(name))
        return all(one.keeps_length for one in able)


@dataclass(frozen=True)
class Crops:
    """One window of each recording an epoch, at a random place (see `Examples`).

    What is drawn depends on the seed, the epoch and the recording alone.

    Attributes
    ----------
    waveforms : Waveforms
        The waveforms of the recordings.
    files, speakers : tuple of str
        Their names in the files table, and who speaks.
    labels : tuple of int
        1 bona-fide, 0 spoof.
    samples : int
        Of a window.
    seed : int
        Of all that is drawn.
    augmenting : Augmenting or None
        What windows go through.
    """

    waveforms: Waveforms
    files: tuple[str, ...]
    speakers: tuple[str, ...]
    labels: tuple[int, ...]
    samples: int
    seed: int = 7
    augmenting: Augmenting | None = None

    @classmethod
    def of(
        cls,
        recordings: SplitRecordings,
        waveforms: Waveforms,
        samples: int,
        seed: int = 7,
        augmenting: Augmenting | None = None,
    ) -> Self:
        """Make it of the recordings of a split.

        Parameters
        ----------
        recordings : SplitRecordings
            Those that can be read.
        waveforms, samples, seed, augmenting
            See the attributes.
        """
        clips = recordings.clips
        return cls(
            waveforms,
            tuple(clips.files.tolist()),
            tuple(clips.speaker.tolist()),
            tuple(clips.y.tolist()),
            samples,
            seed,
            None if augmenting is None else augmenting.with_voices(recordings),
        )

    def __len__(self) -> int:
        return len(self.files)

    def example(self, epoch: int, number: int) -> Mapping[str, np.ndarray] | None:
        """Return a window and its label (see `Examples.example`)."""
        try:
            window = self._window(epoch, number)
        except AudioError:
            return None
        return {WINDOWS: window, LABELS: np.array(self.labels[number], np.float32)}

    def _window(self, epoch: int, number: int) -> np.ndarray:
        random = file_generator(self.seed, f"epoch{epoch}/{self.files[number]}")
        by, samples = self.augmenting, self.samples
        if by is not None and random.random() >= by.probability:
            by = None
        wanted = samples
        if by is not None and not by.keeps_length:
            wanted += int(_MARGIN * samples)
        length = self.waveforms.lengths[number]
        start = random_start(length, wanted, random)
        window = self.waveforms.part(number, start, min(wanted, length - start))
        if len(window) < wanted:
            # Before it is augmented, since noise does not repeat itself.
            window = np.resize(window, max(len(window), samples))
        if by is not None:
            chain = by.recipe.draw(random, self.speakers[number])
            window = by.recipe.apply(chain, window, self.waveforms.sample_rate)
        if len(window) < samples:
            window = np.resize(window, samples)
        # Of what was read beside it as well, or a recording's end would rarely be learnt from.
        start = random_start(len(window), samples, random)
        return np.ascontiguousarray(window[start : start + samples], np.float32)

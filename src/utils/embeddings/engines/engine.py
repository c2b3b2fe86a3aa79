"""The interface of an engine, which computes embeddings somewhere."""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from src.utils.audio.augmentations.chain import Chain, Recipe
from src.utils.embeddings.backbones import Backbone
from src.utils.embeddings.plan import Plan

PathOf = Callable[[int], Path]
"""Gives the path of a row's recording."""


@dataclass(frozen=True)
class Embedded:
    """The embeddings of one version of a batch.

    Attributes
    ----------
    rows : list of int
        The clips that have an embedding.
    vectors : numpy.ndarray
        The embeddings, float32 of shape (len(rows), layers, stats, dim).
    rejected : dict of int to str
        The reason of each other clip by row.
    version : int
        Which of `Versions` it is.
    """

    rows: list[int]
    vectors: np.ndarray
    rejected: dict[int, str]
    version: int = 0


@dataclass(frozen=True)
class Versions:
    """What is made of every recording, which is read once for all of it.

    Attributes
    ----------
    chains : tuple
        For each version by its number the chain of each row, by which it is augmented; None for
        the recordings as they are.
    recipe : Recipe or None
        What the chains are applied by; None where there are none.
    """

    chains: tuple[Sequence[Chain] | Mapping[int, Chain] | None, ...] = (None,)
    recipe: Recipe | None = None

    def of(self, row: int, numbers: Sequence[int]) -> tuple[Chain | None, ...]:
        """Return how some versions of a row's recording are made.

        Parameters
        ----------
        row : int
            The row.
        numbers : sequence of int
            Of the versions.
        """
        wanted = (self.chains[number] for number in numbers)
        return tuple(None if chains is None else chains[row] for chains in wanted)


AS_RECORDED = Versions()
"""The recordings as they are, and nothing else."""


class Engine(Protocol):
    """Computes the batches of a plan, on this machine or others.

    A batch is the unit of work, and its embeddings do not depend on the engine. Where several
    versions of its clips are wanted, each recording is read once, and each version of the batch is
    embedded by itself.
    """

    @classmethod
    def at(cls, address: str | None) -> "Engine":
        """Make an engine that works at an address.

        Parameters
        ----------
        address : str or None
            Where the machines are, as `--ray-address` gives it; None to work on this machine.

        Raises
        ------
        ArgumentError
            For an address that is malformed, or given to an engine that has none.
        """

    def run(
        self, backbone: Backbone, batches: Plan, path_of: PathOf, versions: Versions = AS_RECORDED
    ) -> Generator[Embedded]:
        """Yield the embeddings of each version of each batch, once, in any order.

        Parameters
        ----------
        backbone : Backbone
            Computes the embeddings.
        batches : sequence of Batch
            The work to do.
        path_of : callable
            Returns the path of a row's recording.
        versions : Versions
            What the versions are that batches name.
        """

    def close(self) -> None:
        """Release processes and connections."""

"""The interface of an engine, which computes embeddings somewhere."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from src.utils.embeddings.backbones import Backbone
from src.utils.embeddings.plan import Batch


@dataclass(frozen=True)
class Embedded:
    """The embeddings of one batch.

    Attributes
    ----------
    rows : list of int
        The clips that have an embedding.
    vectors : numpy.ndarray
        The embeddings, float32 of shape (len(rows), layers, stats, dim).
    rejected : dict of int to str
        The reason of each other clip by row.
    """

    rows: list[int]
    vectors: np.ndarray
    rejected: dict[int, str]


class Engine(Protocol):
    """Computes the batches of a plan, on this machine or others.

    A batch is the unit of work, and its embeddings do not depend on the engine.
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
        self, backbone: Backbone, batches: Sequence[Batch], path_of: Callable[[int], Path]
    ) -> Generator[Embedded]:
        """Yield the embeddings of each batch, once, in any order.

        Parameters
        ----------
        backbone : Backbone
            Computes the embeddings.
        batches : sequence of Batch
            The work to do.
        path_of : callable
            Returns the path of a row's recording.
        """

    def close(self) -> None:
        """Release processes and connections."""

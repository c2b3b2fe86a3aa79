"""What every engine is."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from src.utils.embeddings.backbones import Backbone
from src.utils.embeddings.plan import Batch


@dataclass(frozen=True)
class Embedded:
    """What became of one batch.

    Attributes
    ----------
    rows : list of int
        The clips that gave a vector.
    vectors : numpy.ndarray
        float32, shape (len(rows), layers, stats, dim).
    rejected : dict of int to str
        The reason by row of all others.
    """

    rows: list[int]
    vectors: np.ndarray
    rejected: dict[int, str]


class Engine(Protocol):
    """Computes the batches of a plan, here or elsewhere.

    A batch is the unit of work, and its vectors do not depend on the engine.
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
        """Yield what became of each batch, once, in any order.

        Parameters
        ----------
        backbone : Backbone
        batches : sequence of Batch
        path_of : callable
            Says where the recording of a row lies.
        """

    def close(self) -> None:
        """Give back what was started."""

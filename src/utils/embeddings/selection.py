"""What of a backbone's output is a clip's vector: the layer, and the pooled statistics of it."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from src.utils.config import WEIGHTED
from src.utils.errors import choose


class Selection(NamedTuple):
    """What of a backbone's output is a clip's vector.

    Attributes
    ----------
    layer : int or 'weighted'
        The model's own number of a layer; `weighted`: all layers, one behind the other, of which
        the classifier learns the weights.
    pooling : str or None
        A key of `pooling_columns`; None for all statistics.
    """

    layer: int | Literal["weighted"]
    pooling: str | None = None

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "Selection":
        """Return what the settings of a training say.

        Parameters
        ----------
        settings : mapping
            As its manifest keeps them.
        """
        return cls(settings["layer"], settings.get("pooling") or None)

    @property
    def settings(self) -> dict[str, Any]:
        """As a manifest keeps it: the pooling is named only where it is not all statistics."""
        pooling = {} if self.pooling is None else {"pooling": self.pooling}
        return {"layer": self.layer} | pooling

    @property
    def label(self) -> str:
        """As people are told of it, such as `layer 9, mean`."""
        layer = "all layers, weighted" if self.layer == WEIGHTED else f"layer {self.layer}"
        return layer if self.pooling is None else f"{layer}, {self.pooling}"

    @property
    def is_plain(self) -> bool:
        """Whether it is one layer with all of its statistics."""
        return self.layer != WEIGHTED and self.pooling is None

    def take(self, vectors: np.ndarray, first_layer: int, stats: Sequence[str]) -> np.ndarray:
        """Return the vectors of clips, a view of the array where it can be one.

        Parameters
        ----------
        vectors : numpy.ndarray
            A backbone's output, float32 of shape (clips, layers, stats, dim).
        first_layer : int
            The model's own number of the first layer in it.
        stats : sequence of str
            Names of the statistics, in their order.

        Returns
        -------
        numpy.ndarray
            float32 of shape (clips, length): the statistics side by side; of weighted layers the
            vectors of all layers.

        Raises
        ------
        ArgumentError
            When there is no such pooling.
        """
        n_clips, _, n_stats, dim = vectors.shape
        if self.layer == WEIGHTED:
            chosen = vectors
        else:
            place = self.layer - first_layer
            chosen = vectors[:, place : place + 1]
        columns = slice(0, n_stats * dim)
        if self.pooling is not None:
            poolings = pooling_columns(stats, dim)
            columns = poolings[choose("--pooling", self.pooling, poolings)]
        chosen = chosen.reshape(n_clips, chosen.shape[1], n_stats * dim)[:, :, columns]
        return chosen.reshape(n_clips, chosen.shape[1] * chosen.shape[2])


def pooling_columns(stats: Sequence[str], dim: int) -> dict[str, slice]:
    """Return the columns of each pooling in vectors of concatenated statistics.

    Poolings are each statistic alone and, where there is more than one, all of them last.

    Parameters
    ----------
    stats : sequence of str
        Names of the statistics, in their order.
    dim : int
        Dimensions of each.

    Examples
    --------
    >>> pooling_columns(["mean", "std"], 3)
    {'mean': slice(0, 3, None), 'std': slice(3, 6, None), 'both': slice(0, 6, None)}
    >>> pooling_columns(["descriptor"], 5)
    {'descriptor': slice(0, 5, None)}
    """
    columns = {stat: slice(n * dim, (n + 1) * dim) for n, stat in enumerate(stats)}
    if len(stats) > 1:
        columns["both" if len(stats) == 2 else "all"] = slice(0, len(stats) * dim)
    return columns


def check_pooling(pooling: str | None, stats: Sequence[str]) -> str | None:
    """Return a pooling as a `Selection` has it: None for all statistics.

    Parameters
    ----------
    pooling : str or None
        A key of `pooling_columns`, or None.
    stats : sequence of str
        The statistics that there are.

    Raises
    ------
    ArgumentError
        When there is no such pooling.
    """
    if pooling is None:
        return None
    names = list(pooling_columns(stats, 1))
    return None if choose("--pooling", pooling, names) == names[-1] else pooling

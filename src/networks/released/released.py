"""What every kind of released detector is: from the names and shapes of its tensors to ours."""

import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from typing import ClassVar

from torch import Tensor

from src.networks.settings import NetworkSettings

Shapes = Mapping[str, tuple[int, ...]]
"""The shape of each tensor of a file, by its name there."""

PUBLISHED_SAMPLES = 64_600
"""Of the window that most published detectors are given: 4.04 s, the first of a recording."""

WHOLE_SAMPLES = 800_000
"""Of the longest recording that is given whole where that is how a detector was published: 50 s."""

_TOLD = 3
"""How many of the names that do not fit are told."""


class Released(ABC):
    """A kind of released detector.

    Attributes
    ----------
    name : str
        A name of `RELEASED`.
    what : str
        Who published it, and what it is, in a few words.
    unused : tuple of str
        Regular expressions of names of tensors that its file holds, and no score depends on.
    """

    name: ClassVar[str]
    what: ClassVar[str]
    unused: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def settings(self, shapes: Shapes, checkpoint: str | None = None) -> NetworkSettings:
        """Return what network a file is of.

        Parameters
        ----------
        shapes : mapping of str to tuple of int
            The shape of each tensor of the file, by its published name.
        checkpoint : str, optional
            Folder or hub id of the encoder, where the file does not hold it.

        Raises
        ------
        ValueError
            When it is of another kind, saying by what that shows.
        AudiosError
            When there is no use for a checkpoint, or it cannot be loaded.
        """

    @abstractmethod
    def published(self, name: str, shapes: Shapes) -> str:
        """Return the published name of a tensor.

        Parameters
        ----------
        name : str
            Ours, as `Network.kept_state` has it.
        shapes : mapping of str to tuple of int
            The shape of each tensor of the file, by its published name.
        """

    def is_unused(self, name: str) -> bool:
        """Say whether no score depends on a tensor.

        Parameters
        ----------
        name : str
            As published.
        """
        return any(re.fullmatch(one, name) for one in self.unused)

    def value(self, name: str, tensor: Tensor) -> Tensor:
        """Return a tensor as our network has it.

        Parameters
        ----------
        name : str
            Ours.
        tensor : torch.Tensor
            As the file has it.
        """
        return tensor

    def places(self, ours: Collection[str], shapes: Shapes) -> dict[str, str]:
        """Return where in a file each tensor of ours is.

        Parameters
        ----------
        ours : collection of str
            The names that our network has.
        shapes : mapping of str to tuple of int
            The shape of each tensor of the file, by its published name.

        Returns
        -------
        dict of str to str
            The published name by ours.

        Raises
        ------
        ValueError
            Naming the first of those that are missing or unknown.
        """
        found = {name: self.published(name, shapes) for name in ours}
        known = set(found.values())
        missing = sorted(known - shapes.keys())
        unknown = sorted(name for name in shapes if name not in known and not self.is_unused(name))
        told = [_told("lacks", missing), _told("holds the unknown", unknown)]
        if any(told):
            raise ValueError(f"it {' and '.join(filter(None, told))}")
        return found


def _told(what: str, names: list[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - _TOLD:,} more" if len(names) > _TOLD else ""
    return f"{what} {', '.join(names[:_TOLD])}{more}"


def require(shapes: Shapes, name: str, axes: int) -> tuple[int, ...]:
    """Return the shape of a tensor that tells of what kind or size a network is.

    Parameters
    ----------
    shapes : mapping of str to tuple of int
        The shape of each tensor of the file, by its published name.
    name : str
        As published.
    axes : int
        How many it has.

    Raises
    ------
    ValueError
        When it is not there, or has more axes or fewer.
    """
    if name not in shapes:
        raise ValueError(f"it lacks {name}")
    shape = shapes[name]
    if len(shape) != axes:
        raise ValueError(f"its {name} has the shape {shape}, which is not of {axes} axes")
    return shape


def renamed(name: str, table: Mapping[str, str]) -> str:
    """Return a name with each of its parts as a table has it, or as it is.

    Parameters
    ----------
    name : str
        Of parts between dots.
    table : mapping of str to str
        By part.
    """
    return ".".join(table.get(part, part) for part in name.split("."))

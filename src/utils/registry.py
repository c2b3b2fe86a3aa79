"""Tables from a name to what it stands for, which is imported only when it is used."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Generic, TypeVar

from src.utils.errors import choose

T = TypeVar("T")


class LazyTable(Generic[T]):
    """Objects by name, in a fixed order; iterating and `in` are of the names.

    To list the names imports nothing, so that the command line can do it at once.

    Parameters
    ----------
    flag : str
        The flag whose value is such a name, as the user types it, for the message.
    entries : mapping of str to str
        By name, where the object is: `module:attribute`.

    Attributes
    ----------
    flag : str
        As it was given.
    places : dict of str to str
        The entries, in their order.
    """

    def __init__(self, flag: str, entries: Mapping[str, str]) -> None:
        self.flag = flag
        self.places = dict(entries)

    @property
    def names(self) -> tuple[str, ...]:
        """Every name, in the order of the table."""
        return tuple(self.places)

    def __iter__(self) -> Iterator[str]:
        return iter(self.places)

    def __len__(self) -> int:
        return len(self.places)

    def __contains__(self, name: object) -> bool:
        return name in self.places

    def load(self, name: str) -> T:
        """Import and return what a name stands for.

        Parameters
        ----------
        name : str
            One of `names`.

        Raises
        ------
        ArgumentError
            For an unknown name: it never stands for another's entry.
        ValueError
            When the entry leads to what has another name.
        """
        module, _, attribute = self.places[choose(self.flag, name, self.places)].partition(":")
        found: T = getattr(import_module(module), attribute)
        called = getattr(found, "name", name)
        if isinstance(called, str) and called != name:
            # Else a model would be trained, and kept, under another's name.
            raise ValueError(f"{self.flag}: the entry {name} leads to {called}")
        return found


class Registry(LazyTable[type[T]]):
    """Classes by name; `load` returns the class, of which the caller makes an object.

    Parameters
    ----------
    flag, entries
        See `LazyTable`.
    """

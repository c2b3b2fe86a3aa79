"""Where values of a hyperparameter stand on an axis: numbers, their logarithms, or words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

_FEW_DECADES = 100
"""Ratio of ends below which powers of ten alone would leave a logarithmic axis without numbers."""
_LONGEST_WORD = 9
"""Letters of a word that fit below their place without being turned."""


@dataclass(frozen=True)
class Scale:
    """The places of the values of one hyperparameter.

    Attributes
    ----------
    words : tuple
        What was chosen from, in this order: places 0, 1, 2...; empty for numbers.
    low, high : float
        The least and the largest number.
    is_logarithmic : bool
        Whether numbers stand by their logarithm.
    others : tuple of str
        Words among numbers, such as `weighted` among layers, which stand behind them.
    """

    words: tuple[Any, ...] = ()
    low: float = 0.0
    high: float = 0.0
    is_logarithmic: bool = False
    others: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, values: Sequence[Any], choices: tuple[Any, ...] | None, is_logarithmic: bool
    ) -> "Scale":
        """Return the scale of values.

        Parameters
        ----------
        values : sequence
            All that are to be shown.
        choices : tuple or None
            What they were chosen from; None for numbers.
        is_logarithmic : bool
            Whether numbers were drawn by their logarithm.
        """
        if choices is not None:
            return cls(words=tuple(one for one in choices if one in values))
        numbers = [float(one) for one in values if isinstance(one, Real)]
        others = sorted({str(one) for one in values if not isinstance(one, Real)})
        low, high = (min(numbers), max(numbers)) if numbers else (0.0, 0.0)
        return cls((), low, high, is_logarithmic and low > 0, tuple(others))

    @property
    def is_of_words(self) -> bool:
        """Whether there is a place for each of a few values."""
        return bool(self.words)

    @property
    def n_words(self) -> int:
        """How many places."""
        return len(self.words)

    def places(self, values: Iterable[Any]) -> np.ndarray:
        """Return where values stand on an axis as `mark` makes it.

        Parameters
        ----------
        values : iterable
            Some of those that the scale is of.
        """
        if self.is_of_words:
            return np.array([float(self.words.index(one)) for one in values])
        behind = {word: self._behind(number) for number, word in enumerate(self.others)}
        return np.array([behind[one] if one in behind else float(one) for one in values])

    def heights(self, values: Iterable[Any]) -> np.ndarray:
        """Return where values stand between 0 and 1.

        Parameters
        ----------
        values : iterable
            Some of those that the scale is of.
        """
        if self.is_of_words:
            # In the middle of a band each, so that what is spread about them has room.
            return (self.places(values) + 0.5) / len(self.words)
        low, high = self._straight(np.array(self._ends))
        spread = high - low
        at = self._straight(self.places(values))
        return (at - low) / spread if spread else np.full(len(at), 0.5)

    def labels(self, factor: float = 1) -> list[tuple[float, str]]:
        """Return heights between 0 and 1, and what is written there.

        Parameters
        ----------
        factor : float
            What numbers are multiplied by where they are written.
        """
        if self.is_of_words:
            heights = self.heights(self.words)
            return [(height, _word(one)) for height, one in zip(heights, self.words, strict=True)]
        first, last = self._straight(np.array([self.low, self.high])).tolist()
        marks = np.linspace(first, last, 3)
        numbers = (10**marks if self.is_logarithmic else marks).tolist()
        if self.low == self.high:
            numbers = [self.low]
        is_whole = float(self.low).is_integer() and float(self.high).is_integer() and factor == 1
        if is_whole:
            numbers = sorted({float(round(one)) for one in numbers})
        told = [(one, f"{one:.0f}" if is_whole else _number(factor * one)) for one in numbers]
        told += [(word, word) for word in self.others]
        heights = self.heights(one for one, _ in told)
        return [(height, label) for height, (_, label) in zip(heights, told, strict=True)]

    def mark(self, axes: Axes) -> None:
        """Give an x axis its kind, its ends and what is written below it.

        Parameters
        ----------
        axes : matplotlib.axes.Axes
            That the values are drawn on.
        """
        if self.is_of_words:
            names = [_word(one) for one in self.words]
            is_long = max(map(len, names)) > _LONGEST_WORD or len(names) > 5
            axes.set_xticks(range(len(names)), names)
            if is_long:
                for label in axes.get_xticklabels():
                    label.set(rotation=30, ha="right")
            axes.set_xlim(-0.6, len(names) - 0.4)
            axes.grid(axis="x", visible=False)
        elif self.is_logarithmic:
            axes.set_xscale("log")
            if self.high < _FEW_DECADES * self.low:
                axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
                axes.xaxis.set_major_formatter(lambda value, _: _number(value))
                axes.xaxis.set_minor_locator(NullLocator())
        elif float(self.low).is_integer() and float(self.high).is_integer():
            axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        if self.others:
            ticks = [one for one in axes.get_xticks() if self.low <= one <= self.high]
            names = [*(f"{one:.0f}" for one in ticks), *self.others]
            axes.set_xticks([*ticks, *self.places(self.others)], names)

    @property
    def _ends(self) -> tuple[float, float]:
        return self.low, self._behind(len(self.others) - 1) if self.others else self.high

    def _behind(self, number: int) -> float:
        return self.high + (number + 1) * max(1.0, 0.22 * (self.high - self.low))

    def _straight(self, places: np.ndarray) -> np.ndarray:
        return np.log10(places) if self.is_logarithmic else places


def _number(value: float) -> str:
    mantissa, _, power = f"{value:.2g}".partition("e")
    # 100 has three digits, and is no 1e+02.
    if 1 <= abs(value) < 100_000:
        return f"{value:.3g}" if value < 1000 else f"{value:.0f}"
    return f"{mantissa}e{int(power)}" if power else mantissa


def _word(value: Any) -> str:
    return str(value).replace("_", " ")

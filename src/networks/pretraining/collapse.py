"""Whether a pretraining has collapsed, in words."""

from dataclasses import dataclass

_SHARE_OF_CODES, _FEWEST_CODES = 0.02, 2.0
"""Of the codes of a codebook, how many a sound one has in use at least."""
_LEAST_SPREAD = 0.001
_SHARE_OF_CHANCE = 0.98


@dataclass(frozen=True)
class Expected:
    """What a pretraining that has learned nothing would do.

    Attributes
    ----------
    what : str
        What a codebook holds, `codes` or `units`.
    codes : int
        How many of them.
    chance : float
        The loss of one that has learned nothing, nats.
    """

    what: str
    codes: int
    chance: float

    @property
    def least_perplexity(self) -> float:
        """Of a codebook that has not collapsed."""
        return max(_FEWEST_CODES, _SHARE_OF_CODES * self.codes)


def find_collapse(expected: Expected, loss: float, perplexity: float, spread: float) -> list[str]:
    """Say what speaks of collapse, a sentence each; nothing where all is well.

    Parameters
    ----------
    expected : Expected
        What it is compared with.
    loss : float
        On validation, nats a masked frame.
    perplexity : float
        Of a codebook, the mean over codebooks.
    spread : float
        See `Examined`.
    """
    found = []
    if perplexity < expected.least_perplexity:
        found.append(
            f"the {expected.what} have collapsed: {perplexity:.1f} of {expected.codes} are in use "
            f"(perplexity; below {expected.least_perplexity:.1f})"
        )
    if spread < _LEAST_SPREAD:
        found.append(
            f"the features are constant: {spread:.2%} of their power differs from frame to frame"
        )
    if loss >= _SHARE_OF_CHANCE * expected.chance:
        found.append(
            f"the loss is at chance or hardly below it: {loss:.3f} nats, of one that has learned "
            f"nothing {expected.chance:.3f}"
        )
    return found

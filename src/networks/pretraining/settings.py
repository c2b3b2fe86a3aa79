"""What a pretraining is asked to do, beside how its weights are changed."""

from dataclasses import asdict, dataclass
from typing import Any

from src.utils.errors import ArgumentError

MFCC = "mfcc"
_MOST_UNITS = 10_000


@dataclass(frozen=True)
class PretrainingSettings:
    """What is masked and predicted.

    Attributes
    ----------
    seconds : float
        The longest window of a recording; shorter recordings are padded to it.
    mask_share : float
        Of all frames, those that a masked span begins at: 0.065 for wav2vec 2.0 and 0.08 for HuBERT
        in the papers.
    mask_length : int
        Frames of a span.
    units : str
        For HuBERT: what units are clusters of, `mfcc` or the number of a hidden layer.
    n_units : int
        For HuBERT: how many there are.
    units_from : str or None
        For HuBERT: the checkpoint whose hidden layer it is.
    """

    seconds: float = 8.0
    mask_share: float = 0.065
    mask_length: int = 10
    units: str = MFCC
    n_units: int = 100
    units_from: str | None = None

    def __post_init__(self) -> None:
        if not 0.5 <= self.seconds <= 60:
            raise ArgumentError(f"--seconds={self.seconds:g}: between 0.5 and 60")
        if not 0 < self.mask_share <= 0.5:
            raise ArgumentError(f"--mask-share={self.mask_share:g}: above 0, at most 0.5")
        if not 1 <= self.mask_length <= 50:
            raise ArgumentError(f"--mask-length={self.mask_length}: between 1 and 50")
        # Other digits than ASCII's are such as int() does not take.
        if self.units != MFCC and not (self.units.isascii() and self.units.isdecimal()):
            raise ArgumentError(f"--units={self.units}: {MFCC} or the number of a hidden layer")
        if not 2 <= self.n_units <= _MOST_UNITS:
            raise ArgumentError(f"--n-units={self.n_units}: between 2 and {_MOST_UNITS:,}")

    def describe(self, backbone: str) -> dict[str, Any]:
        """Return those that a backbone is pretrained by, as JSON values.

        Parameters
        ----------
        backbone : str
            Its name; units are HuBERT's alone.
        """
        found = asdict(self)
        if backbone != "hubert":
            found = {name: found[name] for name in ("seconds", "mask_share", "mask_length")}
        return found

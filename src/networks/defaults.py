"""How a network is trained where nobody says otherwise, by its kind of front end."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Defaults:
    """The flags of a training that depend on the front end.

    Attributes
    ----------
    epochs, batch_size, patience : int
        See `TrainerSettings`.
    learning_rate, front_learning_rate : float
        See there.
    """

    epochs: int
    batch_size: int
    patience: int
    learning_rate: float
    front_learning_rate: float


PRETRAINED = Defaults(20, 8, 5, 1e-3, 1e-5)
"""Of a checkpoint, whose weights are changed slowly, and a back end that begins anew."""

ADAPTED_RATE = 1e-4
"""The learning rate of a front end of which adapters alone are trained."""

RAW = Defaults(50, 24, 10, 1e-4, 1e-4)
"""Of networks on samples; the batch and the rate are those of Jung et al. 2022."""

SPECTRAL = Defaults(50, 32, 10, 3e-4, 3e-4)
"""Of networks on spectra or cepstra; the rate is that of Wang & Yamagishi 2021."""

LAYERS = "last"
SECONDS = 4.0
LOSS = "cross-entropy"
AUGMENTED_SHARE = 0.8
"""Of the windows, that are augmented where kinds are given."""

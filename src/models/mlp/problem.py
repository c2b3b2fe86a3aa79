"""What one network of the MLP is trained on, and what comes of it."""

from dataclasses import dataclass

from torch import Tensor

from src.utils.history import History


@dataclass(frozen=True)
class Problem:
    """The clips that one network learns from, and those that say when to stop.

    Attributes
    ----------
    x, x_val : torch.Tensor
        Standardised vectors, float32 of shape (clips, dim), or of every layer, (clips, layers,
        dim); contiguous.
    y, y_val : torch.Tensor
        1 for bona-fide and 0 for spoof, float32 of shape (clips,).
    weights, weights_val : torch.Tensor
        How much the loss of each clip counts, float32 of shape (clips,): 1 in the mean, where the
        loss shall be one a clip.
    seed : int
        Of initial weights, order of the clips and dropout.
    """

    x: Tensor
    y: Tensor
    weights: Tensor
    x_val: Tensor
    y_val: Tensor
    weights_val: Tensor
    seed: int


@dataclass(frozen=True)
class Trained:
    """A trained network.

    Attributes
    ----------
    weights : dict of str to torch.Tensor
        By their names in `nn.Sequential(Linear, ReLU, Dropout, Linear)`: `0.weight`, `0.bias`,
        `3.weight` and `3.bias`; those of the epoch with the lowest validation loss.
    layer_logits : torch.Tensor or None
        Shape (layers,), whose softmax weighs the layers; None where vectors are of one layer.
    history : History
        Its learning curves.
    """

    weights: dict[str, Tensor]
    layer_logits: Tensor | None
    history: History

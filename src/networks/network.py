"""A network: front end, choice of layers, back end and output layer in a row."""

import torch
from torch import Tensor, nn

from src.networks.back_ends import BACK_ENDS
from src.networks.back_ends.back_end import BackEnd
from src.networks.front_ends import FRONT_ENDS
from src.networks.front_ends.front_end import FrameShape, FrontEnd
from src.networks.heads import HEADS, Head
from src.networks.settings import LAST, NetworkSettings
from src.utils.config import WEIGHTED
from src.utils.errors import ArgumentError


class LayerChoice(nn.Module):
    """Brings the layers of an encoder to one: the last, a given one, or a learned weighted sum.

    The sum's weights are a softmax over the layers, all equal at first (Peters et al. 2018, "Deep
    contextualized word representations", as in SUPERB, Yang et al. 2021).

    Parameters
    ----------
    n_layers : int
        How many there are.
    layers : str
        `last`, `weighted` or a layer's number.
    first : int
        The number of the first one.

    Raises
    ------
    ArgumentError
        When there is no such layer, or only one to weigh.
    """

    def __init__(self, n_layers: int, layers: str, first: int = 0) -> None:
        super().__init__()
        if layers == WEIGHTED and n_layers == 1:
            raise ArgumentError(f"--layers={layers}: the front end gives one layer alone")
        self.weights = nn.Parameter(torch.zeros(n_layers)) if layers == WEIGHTED else None
        self.place = n_layers - 1 if layers in (LAST, WEIGHTED) else int(layers) - first
        if not 0 <= self.place < n_layers:
            raise ArgumentError(
                f"--layers={layers}: the front end has the layers {first} to {first + n_layers - 1}"
            )

    def forward(self, frames: Tensor) -> Tensor:
        """Map frames (batch, layers, frames, width) to (batch, 1, frames, width)."""
        if self.weights is None:
            return frames[:, self.place : self.place + 1]
        shares = self.weights.softmax(dim=0).to(frames.dtype)
        return torch.einsum("l,bltw->btw", shares, frames)[:, None]


class Network(nn.Module):
    """Turns windows of waveforms into vectors and scores.

    Parameters
    ----------
    front_end : FrontEnd
        Makes frames of waveforms.
    layers : LayerChoice or None
        Brings them to one layer; None for a back end that takes all.
    back_end : BackEnd
        Makes one vector of frames.
    head : Head
        Scores the vector.
    """

    def __init__(
        self, front_end: FrontEnd, layers: LayerChoice | None, back_end: BackEnd, head: Head
    ) -> None:
        super().__init__()
        self.front_end, self.layers, self.back_end, self.head = front_end, layers, back_end, head

    @classmethod
    def make(cls, settings: NetworkSettings, is_restored: bool = False) -> "Network":
        """Make a network; what is trained of it has random weights, or its checkpoint's.

        Parameters
        ----------
        settings : NetworkSettings
            What makes it what it is.
        is_restored : bool
            Whether a run's weights will take the place of all that it keeps: a checkpoint is
            loaded for what it does not keep alone.

        Raises
        ------
        ArgumentError
            For unknown names, or parts that do not go together.
        CheckpointError
            When the front end's checkpoint cannot be loaded.
        """
        front_class = FRONT_ENDS.load(settings.front_end)
        make = front_class.restore if is_restored else front_class.make
        front_end = make(settings.front)
        back_class, shape = BACK_ENDS.load(settings.back_end), front_end.shape
        layers = None
        if not back_class.takes_layers:
            layers = LayerChoice(shape.layers, settings.layers, front_end.first_layer)
            shape = FrameShape(shape.kind, 1, shape.width)
        back_end = back_class(shape, settings.back)
        head = HEADS[settings.head](back_end.dim, settings.outputs)
        return cls(front_end, layers, back_end, head)

    def vectors(self, windows: Tensor) -> Tensor:
        """Return vectors, shape (batch, dim), of windows (batch, samples)."""
        frames = self.front_end(windows)
        if self.layers is not None:
            frames = self.layers(frames)
        return self.back_end(frames)

    def forward(self, windows: Tensor) -> Tensor:
        """Return the head's outputs, shape (batch, outputs), of windows (batch, samples)."""
        return self.head(self.vectors(windows))

    def kept_state(self) -> dict[str, Tensor]:
        """Return the parameters and buffers that a run keeps, by name."""
        elsewhere = {f"front_end.{name}" for name in self.front_end.from_elsewhere()}
        state = self.state_dict()
        return {name: value for name, value in state.items() if name not in elsewhere}

    def load_kept_state(self, state: dict[str, Tensor]) -> None:
        """Take over what `kept_state` gave.

        Parameters
        ----------
        state : dict of str to torch.Tensor
            By name.

        Raises
        ------
        ValueError
            When names or shapes are others, or numbers are not finite.
        """
        wanted = self.kept_state()
        for name in sorted(wanted.keys() ^ state.keys()):
            raise ValueError(f"{name} is {'missing' if name in wanted else 'unknown'}")
        for name, value in state.items():
            if value.shape != wanted[name].shape:
                raise ValueError(f"{name} has the shape {tuple(value.shape)}")
            if not torch.isfinite(value).all():
                raise ValueError(f"{name} holds what are no finite numbers")
        self.load_state_dict(state, strict=False)

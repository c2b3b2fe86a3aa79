"""What an MLP does to vectors before its first layer, as a module of torch."""

from typing import Self

import numpy as np
import torch
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler
from torch import nn

from src.models.classifier import Hyperparameters
from src.models.preparation import L2, make_steps, scaling_weights
from src.utils.embeddings.embedding_set import EmbeddingSet

_TENSORS = ("mean", "scale", "component_mean", "components")


class PreparedVectors(nn.Module):
    """Scales vectors, and reduces them to principal components where it has any.

    Of several layers, each layer's vector is scaled for itself.

    Parameters
    ----------
    mean, scale : torch.Tensor
        By which vectors are standardised, float32 of shape (dim,).
    divides_by_length : bool
        Whether each vector is divided by its length before.
    n_layers : int
        How many layers' vectors lie side by side in one.
    component_mean, components : torch.Tensor, optional
        Principal components, float32 of shapes (dim,) and (components, dim).
    """

    mean: torch.Tensor
    scale: torch.Tensor
    component_mean: torch.Tensor | None
    components: torch.Tensor | None

    def __init__(
        self,
        mean: torch.Tensor,
        scale: torch.Tensor,
        divides_by_length: bool = False,
        n_layers: int = 1,
        component_mean: torch.Tensor | None = None,
        components: torch.Tensor | None = None,
    ) -> None:
        super().__init__()
        self.divides_by_length = divides_by_length
        self.n_layers = n_layers
        given = (mean, scale, component_mean, components)
        for name, tensor in zip(_TENSORS, given, strict=True):
            self.register_buffer(name, tensor)

    @classmethod
    def fit(cls, train: EmbeddingSet, hyperparameters: Hyperparameters, seed: int) -> Self:
        """Fit it on training clips.

        Parameters
        ----------
        train : EmbeddingSet
            The clips.
        hyperparameters : dict
            With those of `preparation.DEFAULTS`.
        seed : int
            See `preparation.make_steps`.
        """
        divides = hyperparameters["scaling"] == L2
        shape = len(train), train.x.shape[1]
        x = train.x
        found: dict[str, np.ndarray] = {}
        if divides:
            x = _divided(torch.from_numpy(np.array(x)), train.n_layers).numpy()
        for step in make_steps(hyperparameters, seed, *shape):
            if isinstance(step, StandardScaler):
                x = step.fit_transform(x, sample_weight=scaling_weights(train))
                found |= {"mean": step.mean_, "scale": step.scale_}
            elif isinstance(step, PCA):
                step.fit(x)
                found |= {"component_mean": step.mean_, "components": step.components_}
        # Row behind row, as a file gives them back: products of another order round otherwise.
        tensors = {
            name: torch.from_numpy(np.array(value, np.float32, order="C"))
            for name, value in found.items()
        }
        return cls(divides_by_length=divides, n_layers=train.n_layers, **tensors)

    @classmethod
    def of(
        cls, tensors: dict[str, torch.Tensor], hyperparameters: Hyperparameters, n_layers: int
    ) -> Self:
        """Take its numbers out of those that a run's file keeps.

        Parameters
        ----------
        tensors : dict of str to torch.Tensor
            Of the file; its own are taken out of it.
        hyperparameters : dict
            Of the run.
        n_layers : int
            How many layers' vectors lie side by side.

        Raises
        ------
        KeyError, ValueError
            When they are absent, or do not fit together.
        """
        mean, scale = tensors.pop("mean"), tensors.pop("scale")
        if mean.ndim != 1 or scale.shape != mean.shape or len(mean) % n_layers:
            raise ValueError("its means and deviations do not fit together")
        named = {}
        if hyperparameters["pca"]:
            named = {name: tensors.pop(name) for name in _TENSORS[2:]}
            shapes = [tuple(one.shape[-1:]) for one in named.values()]
            if n_layers > 1 or named["components"].ndim != 2 or shapes != [tuple(mean.shape)] * 2:
                raise ValueError("its principal components do not fit its vectors")
        divides = hyperparameters["scaling"] == L2
        return cls(mean, scale, divides_by_length=divides, n_layers=n_layers, **named)

    @property
    def dim(self) -> int:
        """The length of vectors that it takes."""
        return len(self.mean)

    @property
    def n_inputs(self) -> int:
        """The length of what the network is given of a vector, of a layer where there are many."""
        if self.components is not None:
            return len(self.components)
        return self.dim // self.n_layers

    @property
    def tensors(self) -> dict[str, torch.Tensor]:
        """Its numbers by name, as a run's file keeps them."""
        return dict(self.named_buffers())

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        """Return what a network is given of vectors: (clips, n_inputs), of layers one more axis."""
        if self.divides_by_length:
            vectors = _divided(vectors, self.n_layers)
        vectors = (vectors - self.mean) / self.scale
        if self.n_layers > 1:
            return vectors.reshape(-1, self.n_layers, self.n_inputs)
        if self.components is not None and self.component_mean is not None:
            return (vectors - self.component_mean) @ self.components.T
        return vectors


def _divided(vectors: torch.Tensor, n_layers: int) -> torch.Tensor:
    """Return vectors of which each layer's has the length 1; one of zeros stays as it is."""
    dim = vectors.shape[1]
    layers = vectors.reshape(-1, n_layers, dim // n_layers)
    lengths = layers.norm(dim=2, keepdim=True)
    return (layers / torch.where(lengths == 0, 1.0, lengths)).reshape(-1, dim)

"""The MLP: its hyperparameters, training loop and scores."""

from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from safetensors.torch import save_file
from sklearn.preprocessing import StandardScaler
from torch import nn

from src.models.classifier import Choice, Classifier, Hyperparameters, Range, require_dim
from src.models.mlp.problem import Problem
from src.models.mlp.training import train_together
from src.utils.embeddings.embedding_set import EmbeddingSet
from src.utils.errors import RunError
from src.utils.files import replacing
from src.utils.history import History
from src.utils.tensor_file import first_line, load_tensors

NAME = "model.safetensors"


class ScoringModule(nn.Module):
    """A fitted MLP as one module, from vectors as they are to scores.

    Parameters
    ----------
    network : torch.nn.Module
        From standardised vectors to logits, shape (clips, 1).
    mean, scale : torch.Tensor
        By which vectors are standardised, shape (dim,).
    """

    outputs = ("scores",)
    mean: torch.Tensor
    scale: torch.Tensor

    def __init__(self, network: nn.Module, mean: torch.Tensor, scale: torch.Tensor) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", mean)
        self.register_buffer("scale", scale)

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        """Return scores (clips,) of vectors (clips, dim)."""
        scores: torch.Tensor = self.network((vectors - self.mean) / self.scale).squeeze(1)
        return scores


class MlpClassifier(Classifier):
    """One hidden layer of rectified units with dropout; scores are its logits.

    Trained by Adam on binary cross-entropy, the rarer class weighted up. The learning rate is
    halved when the validation loss stalls; training stops when it has not fallen for
    `patience` epochs, and the weights of its lowest point are kept.
    """

    name = "mlp"
    description = "a multilayer perceptron with one hidden layer"
    defaults: ClassVar[Hyperparameters] = {
        "hidden_size": 256,
        "dropout": 0.38,
        # 3.32e-5 and 50 epochs suit tens of thousands of clips. A set of a thousand makes only
        # seven steps an epoch: measured on one, those end at a validation loss of 0.38 and an
        # EER of 13 %, still falling, and these at 0.11 and 4 %. Early stopping ends larger sets
        # long before the last epoch.
        "learning_rate": 1e-3,
        "epochs": 200,
        "weight_decay": 0.03,
        "batch_size": 128,
        "patience": 10,
    }
    limits: ClassVar[dict[str, Range | Choice]] = {
        "hidden_size": Range(1, 65_536),
        "dropout": Range(0.0, 0.99),
        "learning_rate": Range(1e-30, 1e30),
        "epochs": Range(1, 1_000_000),
        "weight_decay": Range(0.0, 1e6),
        "batch_size": Range(1, 1_000_000),
        "patience": Range(1, 1_000_000),
    }
    search_space: ClassVar[dict[str, Range | Choice]] = {
        "batch_size": Range(16, 256, log=True),
        "learning_rate": Range(1e-5, 1e-2, log=True),
        "dropout": Range(0.2, 0.5),
        "weight_decay": Range(1e-8, 10.0, log=True),
        "hidden_size": Choice((128, 256, 512)),
    }
    default_trials = 100
    _network: nn.Sequential
    _mean: torch.Tensor
    _scale: torch.Tensor

    def fit(self, train: EmbeddingSet, validation: EmbeddingSet) -> History:
        """Train with early stopping (see the class).

        Parameters
        ----------
        train, validation : EmbeddingSet
            See `Classifier.fit`; validation says when to stop, and which epoch is kept.

        Raises
        ------
        AudiosError
            When the loss is never a finite number.
        """
        scaler = StandardScaler().fit(train.x)
        self._mean = torch.tensor(scaler.mean_, dtype=torch.float32)
        self._scale = torch.tensor(scaler.scale_, dtype=torch.float32)
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        x, y = self._standardised(train.x).to(device), torch.tensor(train.y, device=device).float()
        x_val = self._standardised(validation.x).to(device)
        y_val = torch.tensor(validation.y, device=device).float()
        rare = (y == 0).sum() / (y == 1).sum()
        weights, weights_val = (torch.where(labels == 1, rare, 1.0) for labels in (y, y_val))
        problem = Problem(x, y, weights, x_val, y_val, weights_val, self.seed)
        [trained] = train_together([problem], self.hyperparameters)
        with torch.random.fork_rng(devices=[]):
            self._network = self._build(x.shape[1]).eval()
        self._network.load_state_dict(trained.weights)
        return trained.history

    def score(self, x: np.ndarray) -> np.ndarray:
        """Return logits, float64 of shape (clips,), positive for bona-fide.

        Parameters
        ----------
        x : numpy.ndarray
            Vectors, float32 of shape (clips, dim).
        """
        require_dim(x, len(self._mean))
        with torch.inference_mode():
            logits = self._network(self._standardised(x)).squeeze(1)
        return logits.double().numpy()

    def as_module(self) -> ScoringModule:
        """Return the fitted MLP as one module of torch, in evaluation mode."""
        return ScoringModule(self._network, self._mean, self._scale).eval()

    def save(self, folder: Path) -> None:
        """Write weights and scaler as `model.safetensors`."""
        tensors = {**self._network.state_dict(), "mean": self._mean, "scale": self._scale}
        with replacing(folder / NAME) as temporary:
            save_file({key: value.contiguous() for key, value in tensors.items()}, temporary)

    def load(self, folder: Path) -> None:
        """Read `model.safetensors` (see `Classifier.load`)."""
        path = folder / NAME
        try:
            tensors = load_tensors(path)
            mean, scale = tensors.pop("mean"), tensors.pop("scale")
            wanted = (self.hyperparameters["hidden_size"], *mean.shape)
            # Before as many weights are made as the hyperparameters and the file ask for.
            if mean.ndim != 1 or scale.shape != mean.shape or tensors["0.weight"].shape != wanted:
                raise ValueError(f"its parts do not fit a hidden layer of {wanted[0]:,} units")
            network = self._build(len(mean)).eval()
            network.load_state_dict(tensors)
            for name, values in {**tensors, "mean": mean, "scale": scale}.items():
                if values.dtype != torch.float32 or not torch.isfinite(values).all():
                    raise ValueError(f"{name} holds what are no finite numbers of 32 bits")
        except (KeyError, RuntimeError, ValueError) as error:
            raise RunError(
                f"{path} cannot be read as an MLP: {first_line(error)}; train it again"
            ) from error
        self._mean, self._scale, self._network = mean, scale, network

    def _build(self, dim: int) -> nn.Sequential:
        hidden = self.hyperparameters["hidden_size"]
        return nn.Sequential(
            nn.Linear(dim, hidden),
            nn.ReLU(),
            nn.Dropout(self.hyperparameters["dropout"]),
            nn.Linear(hidden, 1),
        )

    def _standardised(self, x: np.ndarray) -> torch.Tensor:
        return (torch.from_numpy(np.ascontiguousarray(x, np.float32)) - self._mean) / self._scale

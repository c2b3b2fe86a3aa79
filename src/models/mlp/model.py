"""The MLP: its hyperparameters, training loop and scores."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn

from src.models import preparation
from src.models.classifier import Choice, Classifier, Hyperparameters, Range, require_dim
from src.models.mlp.problem import Problem
from src.models.mlp.training import train_together
from src.models.mlp.vectors import PreparedVectors
from src.models.preparation import UNWEIGHTED
from src.utils.embeddings.embedding_set import EmbeddingSet
from src.utils.errors import RunError
from src.utils.files import replacing
from src.utils.history import History
from src.utils.tensor_file import first_line, load_tensors

NAME = "model.safetensors"


def _tensor(x: np.ndarray) -> torch.Tensor:
    # A copy, since torch takes no memory that is read-only, as that of a memory map.
    return torch.from_numpy(np.array(x, np.float32))


class ScoringModule(nn.Module):
    """A fitted MLP as one module, from vectors as they are to scores.

    Parameters
    ----------
    prepare : PreparedVectors
        Scales vectors.
    network : torch.nn.Module
        From scaled vectors to logits, shape (clips, 1).
    layer_weights : torch.Tensor, optional
        What the layers' shares are made of by softmax, shape (layers,), where it weighs layers.
    """

    outputs = ("scores",)

    def __init__(
        self,
        prepare: PreparedVectors,
        network: nn.Module,
        layer_weights: torch.Tensor | None = None,
    ) -> None:
        super().__init__()
        self.prepare = prepare
        self.network = network
        self.layer_weights = None if layer_weights is None else nn.Parameter(layer_weights)

    @property
    def learned(self) -> list[nn.Parameter]:
        """What training changes."""
        return [*self.parameters()]

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        """Return scores (clips,) of vectors (clips, dim)."""
        return self.logits(self.prepare(vectors))

    def logits(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return scores (clips,) of prepared vectors.

        Parameters
        ----------
        inputs : torch.Tensor
            As `prepare` gives them.
        """
        if self.layer_weights is not None:
            inputs = torch.einsum("l,nld->nd", self.layer_weights.softmax(dim=0), inputs)
        scores: torch.Tensor = self.network(inputs).squeeze(1)
        return scores


class MlpClassifier(Classifier):
    """One hidden layer of rectified units with dropout; scores are its logits.

    Trained by Adam on binary cross-entropy, the rarer class weighted up. The learning rate is
    halved when the validation loss stalls; training stops when it has not fallen for
    `patience` epochs, and the weights of its lowest point are kept.
    """

    name = "mlp"
    description = "a multilayer perceptron with one hidden layer"
    defaults: ClassVar[Hyperparameters] = preparation.DEFAULTS | {
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
    limits: ClassVar[dict[str, Range | Choice]] = preparation.LIMITS | {
        "hidden_size": Range(1, 65_536),
        "dropout": Range(0.0, 0.99),
        "learning_rate": Range(1e-30, 1e30),
        "epochs": Range(1, 1_000_000),
        "weight_decay": Range(0.0, 1e6),
        "batch_size": Range(1, 1_000_000),
        "patience": Range(1, 1_000_000),
    }
    search_space: ClassVar[dict[str, Range | Choice]] = preparation.SEARCH_SPACE | {
        "batch_size": Range(16, 256, log=True),
        "learning_rate": Range(1e-5, 1e-2, log=True),
        "dropout": Range(0.2, 0.5),
        "weight_decay": Range(1e-8, 10.0, log=True),
        "hidden_size": Choice((128, 256, 512)),
    }
    default_trials = 100
    weighs_layers = True
    _module: ScoringModule
    _history: History

    def fit(self, train: EmbeddingSet, validation: EmbeddingSet) -> History:
        """Train with early stopping (see the class).

        Parameters
        ----------
        train, validation : EmbeddingSet
            See `Classifier.fit`; validation says when to stop, and which epoch is kept.

        Raises
        ------
        ArgumentError
            For principal components of layers that are to be weighed.
        AudiosError
            When the loss is never a finite number.
        """
        self.require_layers(train.layer)
        self.fit_together([self], [(train, validation)])
        return self._history

    @classmethod
    def fit_together(
        cls, models: Sequence[Self], sets: Sequence[tuple[EmbeddingSet, EmbeddingSet]]
    ) -> None:
        """Train several at once (see `Classifier.fit_together` and `train_together`)."""
        pairs = [model._problem(*pair) for model, pair in zip(models, sets, strict=True)]
        found = train_together([problem for _, problem in pairs], models[0].hyperparameters)
        for model, (prepare, _), trained in zip(models, pairs, found, strict=True):
            with torch.random.fork_rng(devices=[]):
                network = model._build(prepare.n_inputs)
            network.load_state_dict(trained.weights)
            model._module = ScoringModule(prepare, network, trained.layer_logits).eval()
            model._history = trained.history

    def _problem(
        self, train: EmbeddingSet, validation: EmbeddingSet
    ) -> tuple[PreparedVectors, Problem]:
        prepare = PreparedVectors.fit(train, self.hyperparameters, self.seed)
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        balance = self._balance(train)
        given, held_out = (
            (
                prepare(_tensor(clips.x)).to(device),
                torch.tensor(clips.y, device=device).float(),
                torch.tensor(clips.weight * balance[clips.y], device=device).float(),
            )
            for clips in (train, validation)
        )
        return prepare, Problem(*given, *held_out, seed=self.seed)

    def score(self, x: np.ndarray) -> np.ndarray:
        """Return logits, float64 of shape (clips,), positive for bona-fide.

        Parameters
        ----------
        x : numpy.ndarray
            Vectors, float32 of shape (clips, dim).
        """
        require_dim(x, self._module.prepare.dim)
        with torch.inference_mode():
            return self._module(_tensor(x)).double().numpy()

    def as_module(self) -> ScoringModule:
        """Return the fitted MLP as one module of torch, in evaluation mode."""
        return self._module.eval()

    def save(self, folder: Path) -> None:
        """Write weights and scaler as `model.safetensors`."""
        module = self._module
        tensors = {**module.network.state_dict(), **module.prepare.tensors}
        if module.layer_weights is not None:
            tensors["layer_weights"] = module.layer_weights.detach()
        with replacing(folder / NAME) as temporary:
            save_file({key: value.contiguous() for key, value in tensors.items()}, temporary)

    def load(self, folder: Path) -> None:
        """Read `model.safetensors` (see `Classifier.load`)."""
        path = folder / NAME
        try:
            tensors = load_tensors(path)
            for name, values in tensors.items():
                if values.dtype != torch.float32 or not torch.isfinite(values).all():
                    raise ValueError(f"{name} holds what are no finite numbers of 32 bits")
            layer_weights = tensors.pop("layer_weights", None)
            if layer_weights is not None and (layer_weights.ndim != 1 or len(layer_weights) < 2):
                raise ValueError("its weights of layers are not one for each of several")
            n_layers = 1 if layer_weights is None else len(layer_weights)
            prepare = PreparedVectors.of(tensors, self.hyperparameters, n_layers)
            wanted = (self.hyperparameters["hidden_size"], prepare.n_inputs)
            # Before as many weights are made as the hyperparameters and the file ask for.
            if tensors["0.weight"].shape != wanted:
                raise ValueError(f"its parts do not fit a hidden layer of {wanted[0]:,} units")
            network = self._build(prepare.n_inputs)
            network.load_state_dict(tensors)
        except (KeyError, RuntimeError, ValueError) as error:
            raise RunError(
                f"{path} cannot be read as an MLP: {first_line(error)}; train it again"
            ) from error
        self._module = ScoringModule(prepare, network, layer_weights).eval()

    def _balance(self, train: EmbeddingSet) -> np.ndarray:
        """Return how much a spoof and a bona-fide clip of weight 1 count."""
        if self.hyperparameters["class_weight"] == UNWEIGHTED:
            return np.ones(2)
        spoof, bona_fide = (train.weight[train.y == label].sum() for label in (0, 1))
        return np.array([1.0, spoof / bona_fide])

    def _build(self, dim: int) -> nn.Sequential:
        hidden = self.hyperparameters["hidden_size"]
        return nn.Sequential(
            nn.Linear(dim, hidden),
            nn.ReLU(),
            nn.Dropout(self.hyperparameters["dropout"]),
            nn.Linear(hidden, 1),
        )

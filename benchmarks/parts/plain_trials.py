"""Trials of classifiers the plain way, as most programs go about them, for comparison."""

import copy
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from torch import nn
from torch.utils.data import DataLoader, Dataset

from src.utils.embeddings.embedding_set import EmbeddingSet
from src.utils.metrics.eer import compute_eer

BATCH = 32

Batches = Iterable[tuple[torch.Tensor, torch.Tensor]]


class ClipFiles(Dataset):
    """Vectors in a file each, read when they are asked for."""

    def __init__(self, folder: Path, clips: EmbeddingSet) -> None:
        self._folder, self._files, self._y = folder, clips.files, clips.y.astype(np.float32)

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, float]:
        vector = np.load(self._folder / f"{self._files[index]}.npy")
        return torch.from_numpy(vector), self._y[index]


@dataclass(frozen=True)
class PlainMlp:
    """The same network by torch's own modules, optimizer and schedule, on batches of 32.

    Attributes
    ----------
    folder : pathlib.Path
        Of a file a clip.
    train, validation : EmbeddingSet
        Which clips there are.
    kept : bool
        Whether files are read once, into a list of batches, rather than in each epoch.
    """

    folder: Path
    train: EmbeddingSet
    validation: EmbeddingSet
    kept: bool

    def __call__(self, settings: dict[str, Any], seed: int) -> tuple[float, int]:
        """Train once, and return the validation EER and the number of epochs."""
        torch.manual_seed(seed)
        labels = torch.from_numpy(self.train.y).float()
        network = nn.Sequential(
            nn.Linear(self.train.x.shape[1], settings["hidden_size"]),
            nn.ReLU(),
            nn.Dropout(settings["dropout"]),
            nn.Linear(settings["hidden_size"], 1),
        )
        loss_of = nn.BCEWithLogitsLoss(pos_weight=(labels == 0).sum() / (labels == 1).sum())
        optimizer = torch.optim.Adam(
            network.parameters(), settings["learning_rate"], weight_decay=settings["weight_decay"]
        )
        schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(
            optimizer, factor=0.5, patience=settings["patience"] // 2
        )
        batches: Batches = DataLoader(ClipFiles(self.folder, self.train), BATCH, shuffle=True)
        held_out: Batches = DataLoader(ClipFiles(self.folder, self.validation), BATCH)
        if self.kept:
            batches, held_out = list(batches), list(held_out)
        lowest, best, weights, epoch = np.inf, 0, {}, 0
        for epoch in range(settings["epochs"]):
            network.train()
            for x, y in batches:
                optimizer.zero_grad()
                loss_of(network(x).squeeze(1), y.float()).backward()
                optimizer.step()
            network.eval()
            with torch.no_grad():
                losses = [float(loss_of(network(x).squeeze(1), y.float())) for x, y in held_out]
            loss = float(np.mean(losses))
            schedule.step(loss)
            if loss < lowest:
                lowest, best, weights = loss, epoch, copy.deepcopy(network.state_dict())
            elif epoch - best >= settings["patience"]:
                break
        network.load_state_dict(weights)
        with torch.no_grad():
            scores = torch.cat([network(x).squeeze(1) for x, _ in held_out]).numpy()
        return compute_eer(scores, self.validation.y)[0], epoch + 1


@dataclass(frozen=True)
class PlainSklearn:
    """A scaler and an estimator of scikit-learn.

    Attributes
    ----------
    kind : type
        Of the estimator.
    fixed : dict
        What is no hyperparameter.
    train, validation : EmbeddingSet
        The clips.
    """

    kind: type[SVC] | type[RandomForestClassifier]
    fixed: dict[str, Any]
    train: EmbeddingSet
    validation: EmbeddingSet

    def __call__(self, settings: dict[str, Any], seed: int) -> tuple[float, int]:
        """Fit once, and return the validation EER; there are no epochs."""
        estimator = self.kind(**settings, **self.fixed, random_state=seed)
        pipeline = make_pipeline(StandardScaler(), estimator).fit(self.train.x, self.train.y)
        of_kind = getattr(pipeline, "decision_function", None)
        scores = (
            of_kind(self.validation.x)
            if of_kind
            else pipeline.predict_proba(self.validation.x)[:, 1]
        )
        return compute_eer(scores, self.validation.y)[0], 0

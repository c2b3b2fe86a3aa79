"""Training YAMNet as a whole, epoch by epoch."""

import logging
from pathlib import Path

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from src.models.adam import Adam
from src.models.yamnet.model import YamnetClassifier, reproducible
from src.models.yamnet.state import Epoch, Progress, damaged
from src.models.yamnet.weights import Weights
from src.utils.dataset.patches import PatchSet
from src.utils.errors import AudiosError
from src.utils.metrics.eer import compute_eer

log = logging.getLogger(__name__)

_UNFOLDED_BY = 256
"""Patches by which batch norms are unfolded (see `YamNet.unfold`)."""


class Trainer:
    """Trains a network with early stopping and a checkpoint after each epoch.

    Adam minimises the class-weighted binary cross-entropy of patches, each with the label of its
    clip. Training stops early when the validation loss has not fallen for `patience` epochs; the
    weights of the epoch with the lowest validation EER, computed over clips, are kept.

    Parameters
    ----------
    model : YamnetClassifier
        The model to train, in place.
    train, validation : PatchSet
        The clips of both splits.
    folder : pathlib.Path
        Where checkpoints are written, and read on resuming.
    """

    def __init__(
        self, model: YamnetClassifier, train: PatchSet, validation: PatchSet, folder: Path
    ) -> None:
        self._model, self._train, self._validation = model, train, validation
        self._folder = folder
        self._labels = train.y[train.clip_of].astype(np.float32)
        spoofs_per_bona_fide = (self._labels == 0).sum() / (self._labels == 1).sum()
        weight = torch.tensor(spoofs_per_bona_fide, dtype=torch.float32, device=model.device)
        self._loss_of = nn.BCEWithLogitsLoss(pos_weight=weight)

    def fit(self, weights: Weights | None) -> Progress:
        """Train from pretrained weights or, for None, random ones, or resume from a checkpoint.

        Afterwards the model has the weights of the best epoch.

        Raises
        ------
        AudiosError
            When the loss is never a finite number.
        CheckpointError
            When the weights do not fit.
        RunError
            When what the folder holds is damaged.
        """
        progress = Progress.read(self._folder)
        settings = self._model.hyperparameters
        with reproducible():
            if not progress.epochs:
                self._begin(weights)
            try:
                optimizer = self._optimizer(progress)
            except (IndexError, KeyError, RuntimeError, ValueError) as error:
                # Of another network, or of its parameters in another order.
                raise damaged(self._folder, error) from error
            while not progress.is_over(settings["epochs"], settings["patience"]):
                if not self._advance(progress, optimizer):
                    break
        if not progress.epochs:
            raise AudiosError(f"YAMNet's loss is not a finite number with {settings}")
        self._model.network.load_state_dict(progress.kept)
        return progress

    def _begin(self, weights: Weights | None) -> None:
        network = self._model.network
        if weights is None:
            return
        weights.fill(network)
        if weights.is_folded:
            order = np.random.default_rng(self._model.seed).permutation(self._train.n_patches)
            seen = self._train.read(np.sort(order[:_UNFOLDED_BY]))
            network.unfold(torch.from_numpy(seen).to(self._model.device))

    def _optimizer(self, progress: Progress) -> torch.optim.Optimizer:
        """Return Adam, with its state and the network's restored from the checkpoint."""
        network = self._model.network
        if progress.epochs:
            network.load_state_dict(progress.network)
        learnt = [value for value in network.parameters() if value.requires_grad]
        optimizer = Adam(learnt, lr=self._model.hyperparameters["learning_rate"])
        for key, value in progress.optimizer.items():
            name, _, number = key.rpartition(".")
            of = learnt[int(number)]
            # The number of steps is a tensor too, but belongs where torch makes it.
            there = value if name == "step" else torch.empty_like(of).copy_(value)
            optimizer.state[of][name] = there
        return optimizer

    def _advance(self, progress: Progress, optimizer: torch.optim.Optimizer) -> bool:
        """Train one more epoch and write it; return False where its loss is not finite."""
        number = len(progress.epochs)
        train_loss = self._train_epoch(number, optimizer)
        epoch = self._validate(train_loss)
        if not np.isfinite([epoch.train_loss, epoch.val_loss]).all():
            return False
        log.info(
            "epoch %d: training loss %.4f, validation loss %.4f, validation EER %.2f %%",
            number + 1,
            epoch.train_loss,
            epoch.val_loss,
            100 * epoch.val_eer,
        )
        progress.epochs.append(epoch)
        progress.network = self._model.network.state_dict()
        if progress.best == number:
            progress.kept = {name: value.clone() for name, value in progress.network.items()}
        progress.optimizer = {
            f"{name}.{place}": value
            for place, of in enumerate(optimizer.param_groups[0]["params"])
            for name, value in optimizer.state[of].items()
        }
        progress.write(self._folder)
        return True

    def _train_epoch(self, number: int, optimizer: torch.optim.Optimizer) -> float:
        """Make one pass over shuffled patches and return their mean loss."""
        model, size = self._model, self._model.hyperparameters["batch_size"]
        # Seeded by the epoch's number, so that a resumed training shuffles as an unbroken one.
        order = np.random.default_rng([model.seed, number]).permutation(self._train.n_patches)
        batches = iter(np.split(order, range(size, len(order), size)))
        model.network.train()
        total = torch.zeros((), dtype=torch.float64, device=model.device)
        label = f"epoch {number + 1} of {model.hyperparameters['epochs']}"
        with tqdm(total=len(order), desc=label, unit="patch", leave=False) as bar:
            for numbers, patches in model.read(self._train, batches):
                labels = torch.from_numpy(self._labels[numbers]).to(model.device)
                optimizer.zero_grad()
                loss = self._loss_of(model.network(patches).squeeze(1), labels)
                loss.backward()
                optimizer.step()
                total += loss.detach() * len(numbers)
                bar.update(len(numbers))
        return float(total) / len(order)

    def _validate(self, train_loss: float) -> Epoch:
        clips = self._validation
        logits = self._model.patch_logits(clips)
        labels = torch.from_numpy(clips.y[clips.clip_of].astype(np.float32))
        loss = self._loss_of(
            torch.from_numpy(logits).float().to(self._model.device), labels.to(self._model.device)
        )
        if not torch.isfinite(loss):
            return Epoch(train_loss, float(loss), 0.0, 1.0)
        scores = clips.means(logits)
        return Epoch(
            train_loss=train_loss,
            val_loss=float(loss),
            val_accuracy=float(((scores >= 0) == clips.y).mean()),
            val_eer=float(compute_eer(scores, clips.y)[0]),
        )

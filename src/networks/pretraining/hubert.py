"""HuBERT's objective: the unit of a masked frame is predicted.

Hsu et al. 2021, "HuBERT: Self-Supervised Speech Representation Learning by Masked Prediction of
Hidden Units" (IEEE/ACM TASLP), section II: a softmax over the cosines between a frame's projection
and an embedding of each unit, on masked frames alone.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import transformers
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, linear, normalize

from src.networks.pretraining.learner import (
    MASK,
    UNITS,
    WINDOWS,
    Examined,
    PretrainingLearner,
    heard_frames,
    heard_samples,
    spread_of,
)

TEMPERATURE = 0.1
MOST_WIDTH = 256
"""Numbers of a unit's embedding, those of base in the paper; narrower encoders have no more than
their own."""


class HubertLearner(PretrainingLearner):
    """A HuBERT that learns to predict units.

    Parameters
    ----------
    model : transformers.HubertModel
        The encoder.
    n_units : int
        How many there are.
    """

    name = "hubert"
    groups = 1

    def __init__(self, model: transformers.HubertModel, n_units: int) -> None:
        super().__init__(model.config)
        self.model = model
        self.codes = n_units
        width = min(MOST_WIDTH, model.config.hidden_size)
        self.projection = nn.Linear(model.config.hidden_size, width)
        self.unit_embeddings = nn.Parameter(torch.randn(self.codes, width))

    @property
    def encoder(self) -> nn.Module:
        """The encoder."""
        return self.model

    @property
    def saved(self) -> Any:
        """The encoder: units are others wherever pretraining goes on."""
        return self.model

    def forward(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the mean cross-entropy of the masked frames of a batch."""
        logits, _ = self._predict(batch)
        return cross_entropy(logits, batch[UNITS][batch[MASK]])

    def examine(self, batch: Mapping[str, Tensor]) -> Examined:
        """Return how it does (see `PretrainingLearner.examine`); uses are of predicted units."""
        logits, frames = self._predict(batch)
        units, picked = batch[UNITS][batch[MASK]], logits.argmax(dim=1)
        return Examined(
            loss=float(cross_entropy(logits, units, reduction="sum")),
            correct=int((picked == units).sum()),
            frames=len(units),
            uses=picked.bincount(minlength=self.codes)[None].cpu().numpy(),
            spread=spread_of(frames),
        )

    def _predict(self, batch: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Return float32 logits (masked, units), and the encoder's frames but those of padding."""
        mask = batch[MASK]
        states = self.model(
            batch[WINDOWS], attention_mask=heard_samples(batch), mask_time_indices=mask
        ).last_hidden_state
        projected = self.projection(states[mask])
        # In bfloat16 cosines near 1 would have steps of 0.004, and logits ten times as much.
        with torch.autocast(projected.device.type, enabled=False):
            cosines = linear(
                normalize(projected.float(), dim=-1), normalize(self.unit_embeddings, dim=-1)
            )
        return cosines / TEMPERATURE, states[heard_frames(batch, self.config)]


def perplexity_of(counts: np.ndarray) -> float:
    """Return how many codes are in use: the exponential of the entropy of their shares.

    Parameters
    ----------
    counts : numpy.ndarray
        How often each occurs, shape (codes,), in sum at least 1.

    Examples
    --------
    >>> round(perplexity_of(np.array([5, 5, 0, 0])), 6)
    2.0
    """
    shares = counts[counts > 0] / counts.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))

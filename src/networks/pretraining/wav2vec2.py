"""Wav2vec 2.0's objective: a masked frame's quantised vector is told from those of other frames.

Baevski et al. 2020, "wav2vec 2.0: A Framework for Self-Supervised Learning of Speech
Representations" (NeurIPS), section 3: a contrastive loss over cosines, and a penalty for codes that
are not used.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
import transformers
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from src.networks.pretraining.learner import (
    MASK,
    NEGATIVES,
    WINDOWS,
    Examined,
    PretrainingLearner,
    heard_frames,
    heard_samples,
    spread_of,
)

GUMBEL_START, GUMBEL_END = 2.0, 0.5
"""Temperatures of the Gumbel softmax, those of base in the paper, whose large model ends at 0.1."""
GUMBEL_SHARE = 0.7
"""Of the training, after which the temperature stays: the paper's factor of 0.999995 an update
reaches the end after 277,000 of 400,000."""


@dataclass(frozen=True)
class Contrast:
    """Masked frames and what they are told from.

    Attributes
    ----------
    logits : torch.Tensor
        float32, shape (masked, 1 + distractors), the positive first: cosines over the temperature.
    is_same : torch.Tensor
        bool, shape (masked, distractors): whether a distractor has the positive's very codes.
    perplexity : torch.Tensor
        Of the codebooks in this batch, summed over them.
    frames : torch.Tensor
        The encoder's projected frames, those of padding left out: shape (frames, width).
    """

    logits: Tensor
    is_same: Tensor
    perplexity: Tensor
    frames: Tensor


class Wav2Vec2Learner(PretrainingLearner):
    """A Wav2Vec2 that learns by contrast.

    Parameters
    ----------
    model : transformers.Wav2Vec2ForPreTraining
        Encoder and quantiser.
    """

    name = "wav2vec2"

    def __init__(self, model: transformers.Wav2Vec2ForPreTraining) -> None:
        super().__init__(model.config)
        self.model = model
        self.groups = model.config.num_codevector_groups
        self.codes = model.config.num_codevectors_per_group

    @property
    def chance(self) -> float:
        """The loss of one that cannot tell frames apart, nats."""
        return math.log(1 + self.config.num_negatives)

    @property
    def encoder(self) -> nn.Module:
        """The encoder without the quantiser."""
        return self.model.wav2vec2

    @property
    def saved(self) -> Any:
        """The whole model: who goes on with pretraining needs its quantiser."""
        return self.model

    def begin_step(self, step: int, steps: int) -> None:
        """Set the Gumbel temperature of a step (see `Learner.begin_step`)."""
        model: Any = self.model
        # It takes any number, but says that it takes whole ones.
        model.set_gumbel_temperature(gumbel_temperature(step, steps))

    def contrast(self, batch: Mapping[str, Tensor]) -> Contrast:
        """Compare each masked frame with its quantised vector and with its distractors'.

        Parameters
        ----------
        batch : mapping of str to torch.Tensor
            Windows, samples, mask and negatives.
        """
        mask = batch[MASK]
        found = self.model(
            batch[WINDOWS], attention_mask=heard_samples(batch), mask_time_indices=mask
        )
        predicted, quantised = found.projected_states, found.projected_quantized_states
        # All cosines within a recording, of which those asked for are taken: far less to compute
        # and to keep than the vectors of every distractor.
        with torch.autocast(predicted.device.type, enabled=False):
            # In bfloat16 cosines near 1 would have steps of 0.004, and logits ten times as much.
            cosines = normalize(predicted.float(), dim=-1) @ normalize(
                quantised.float(), dim=-1
            ).transpose(1, 2)
        positives = cosines.diagonal(dim1=1, dim2=2)[mask]
        others = cosines.gather(2, batch[NEGATIVES])[mask]
        logits = torch.cat([positives[:, None], others], dim=1)
        prints = _fingerprints(quantised)
        theirs = prints[:, None].expand_as(cosines).gather(2, batch[NEGATIVES])
        return Contrast(
            logits=logits / self.config.contrastive_logits_temperature,
            is_same=(theirs == prints[:, :, None])[mask],
            perplexity=found.codevector_perplexity,
            frames=predicted[heard_frames(batch, self.config)],
        )

    def forward(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the loss of a batch: contrastive, a masked frame, and the diversity penalty."""
        contrast = self.contrast(batch)
        logits = contrast.logits.clone()
        # As the authors do: one that is the positive itself is no distractor.
        logits[:, 1:][contrast.is_same] = -math.inf
        total = self.groups * self.codes
        penalty = (total - contrast.perplexity) / total
        return _cost(logits).mean() + self.config.diversity_loss_weight * penalty

    def examine(self, batch: Mapping[str, Tensor]) -> Examined:
        """Return how it does (see `PretrainingLearner.examine`).

        Distractors that are the positive count here: of a codebook that has collapsed the loss is
        at chance, where without them it would be 0.
        """
        chosen: list[Tensor] = []
        layer = self.model.quantizer.weight_proj
        hook = layer.register_forward_hook(lambda _, __, logits: chosen.append(logits))
        try:
            contrast = self.contrast(batch)
        finally:
            hook.remove()
        best = chosen[0].view(*batch[MASK].shape, self.groups, self.codes)[batch[MASK]].argmax(-1)
        uses = torch.stack([one.bincount(minlength=self.codes) for one in best.T])
        is_picked = contrast.logits[:, 0] > contrast.logits[:, 1:].amax(dim=1)
        return Examined(
            loss=float(_cost(contrast.logits).sum()),
            correct=int(is_picked.sum()),
            frames=len(contrast.logits),
            uses=uses.cpu().numpy(),
            spread=spread_of(contrast.frames),
        )


def gumbel_temperature(step: int, steps: int) -> float:
    """Return the temperature of the Gumbel softmax at a step.

    Parameters
    ----------
    step : int
        From 0 on.
    steps : int
        How many there are in all.

    Examples
    --------
    >>> [round(gumbel_temperature(step, 100), 3) for step in (0, 35, 70, 99)]
    [2.0, 1.0, 0.5, 0.5]
    """
    done = min(1.0, step / max(1.0, GUMBEL_SHARE * steps))
    return float(GUMBEL_START * (GUMBEL_END / GUMBEL_START) ** done)


def _cost(logits: Tensor) -> Tensor:
    return cross_entropy(logits, logits.new_zeros(len(logits), dtype=torch.long), reduction="none")


def _fingerprints(vectors: Tensor) -> Tensor:
    """Return a number a vector, equal for equal ones: float64, shape (batch, frames)."""
    width = vectors.shape[-1]
    weights = torch.linspace(1, 2, width, dtype=torch.float64, device=vectors.device).sqrt()
    return (vectors.detach().double() * weights).sum(dim=-1)

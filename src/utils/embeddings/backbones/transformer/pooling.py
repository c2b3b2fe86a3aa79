"""Mean and variance over time of every sequence in a table of frames."""

import torch
from torch import Tensor

from src.utils.embeddings.backbones.transformer.ragged import Ragged


def pool(frames: Tensor, ragged: Ragged, counted: Tensor | None = None) -> Tensor:
    """Return means and population variances of each sequence's own frames.

    Two passes in float32 whatever the frames are in: the variance is of deviations from the
    mean, so channels with a large mean lose nothing.

    Parameters
    ----------
    frames : torch.Tensor
        Shape (rows, channels).
    ragged : Ragged
        How the sequences lie in it.
    counted : torch.Tensor, optional
        Bool of shape (frames,): false at frames that are context only.

    Returns
    -------
    torch.Tensor
        float32 of shape (sequences, 2, channels).
    """
    pooled = []
    for group in ragged.groups:
        values = group.pad(frames).float()
        mask = group.mask
        counts = group.counts
        if counted is not None:
            chosen = group.pad(counted[:, None]).squeeze(2)
            mask = chosen if mask is None else chosen & mask
            counts = mask.sum(1).float()
        per_clip = counts[:, None]
        if mask is not None:
            values = torch.where(mask[:, :, None], values, 0)
        mean = values.sum(1) / per_clip
        deviation = values - mean[:, None]
        if mask is not None:
            deviation = torch.where(mask[:, :, None], deviation, 0)
        pooled.append(torch.stack([mean, deviation.square_().sum(1) / per_clip], dim=1))
    return torch.cat(pooled)

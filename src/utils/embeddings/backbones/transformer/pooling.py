"""Mean and variance over time of every sequence in a table of frames."""

import torch
from torch import Tensor

from src.utils.embeddings.backbones.moments import mean_and_variance
from src.utils.embeddings.backbones.transformer.ragged import Ragged


def pool(frames: Tensor, ragged: Ragged, counted: Tensor | None = None) -> Tensor:
    """Return means and population variances of each sequence's own frames.

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
        mask = group.mask
        counts = group.counts
        if counted is not None:
            chosen = group.pad(counted[:, None]).squeeze(2)
            mask = chosen if mask is None else chosen & mask
            counts = mask.sum(1).float()
        pooled.append(mean_and_variance(group.pad(frames), counts, mask))
    return torch.cat(pooled)

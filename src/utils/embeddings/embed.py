"""Embedding clips together, of which one alone may be at fault."""

import logging
from collections.abc import Sequence

import numpy as np

from src.utils.embeddings.backbones import Backbone
from src.utils.errors import AudioError, AudiosError
from src.utils.faults import one_line

log = logging.getLogger(__name__)

_PROBE_SECONDS = 1.0


def embed_each(backbone: Backbone, prepared: Sequence[np.ndarray]) -> list[np.ndarray | AudioError]:
    """Embed a batch; clips that a backbone fails on together it is given one by one.

    Parameters
    ----------
    backbone : Backbone
        Computes the vectors.
    prepared : sequence of numpy.ndarray
        What `backbone.prepare` gave of each clip, one at least.

    Returns
    -------
    list
        Of each clip its vectors, float32 of shape (layers, stats, dim), or why it has none.

    Raises
    ------
    Exception
        What the backbone raised, where it fails on a sound of our own as well: a device that is
        gone or a fault of the backbone is no clip's.
    """
    found: list[np.ndarray | AudioError]
    try:
        found = list(backbone.embed(prepared))
    except AudiosError:
        raise
    except Exception as error:
        found = [_embed_alone(backbone, clip) for clip in prepared]
        if all(isinstance(one, AudioError) for one in found) and not _works(backbone):
            raise error from None
    return [
        one
        if isinstance(one, AudioError) or np.isfinite(one).all()
        else AudioError("gives a vector that is not finite")
        for one in found
    ]


def _embed_alone(backbone: Backbone, clip: np.ndarray) -> np.ndarray | AudioError:
    try:
        return backbone.embed([clip])[0]
    except AudiosError:
        raise
    except Exception as error:
        log.debug("a clip is set aside", exc_info=error)
        told = f"{type(error).__name__}: {one_line(error)}".removesuffix(": ")
        return AudioError(f"makes the backbone fail ({told})")


def _works(backbone: Backbone) -> bool:
    """Say whether a backbone embeds a second of noise."""
    count = int(_PROBE_SECONDS * backbone.sample_rate)
    noise = np.random.default_rng(0).normal(0, 0.1, count).astype(np.float32)
    try:
        backbone.embed([backbone.prepare(noise)])
    except Exception:
        return False
    return True

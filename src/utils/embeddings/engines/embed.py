"""Embedding clips together, of which one alone may be at fault."""

import logging
import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from src.utils.embeddings.backbones import Backbone
from src.utils.embeddings.engines.engine import Embedded
from src.utils.errors import AudioError, AudiosError
from src.utils.faults import one_line

log = logging.getLogger(__name__)

_PROBE_SECONDS = 1.0
_NOTHING = np.empty((0, 1, 1, 1), np.float32)


def embed_each(backbone: Backbone, prepared: Sequence[np.ndarray]) -> Embedded:
    """Embed a batch; clips that a backbone fails on together it is given one by one.

    Parameters
    ----------
    backbone : Backbone
        Computes the vectors.
    prepared : sequence of numpy.ndarray
        What `backbone.prepare` gave of each clip.

    Returns
    -------
    Embedded
        Whose rows are places among the clips.

    Raises
    ------
    Exception
        What the backbone raised, where it fails on a sound of our own as well: a device that is
        gone or a fault of the backbone is no clip's.
    """
    if not prepared:
        return Embedded([], _NOTHING, {})
    try:
        vectors, rejected = backbone.embed(prepared), {}
    except AudiosError:
        raise
    except Exception as error:
        alone = [_embed_alone(backbone, clip) for clip in prepared]
        rejected = {n: str(one) for n, one in enumerate(alone) if isinstance(one, AudioError)}
        embedded = [one for one in alone if not isinstance(one, AudioError)]
        if not embedded and not _works(backbone):
            raise error from None
        vectors = np.stack(embedded) if embedded else _NOTHING
    rows = np.array([n for n in range(len(prepared)) if n not in rejected], np.int64)
    finite = np.isfinite(vectors).all(axis=(1, 2, 3))
    rejected |= {row: "gives a vector that is not finite" for row in rows[~finite].tolist()}
    return Embedded(rows[finite].tolist(), vectors[finite], rejected)


def embed_vectors(backbone: Backbone, prepared: Sequence[np.ndarray]) -> Embedded:
    """Embed a batch as `embed_each` does, by a backbone that computes one layer.

    Parameters
    ----------
    backbone : Backbone
        Computes the vectors.
    prepared : sequence of numpy.ndarray
        What `backbone.prepare` gave of each clip.

    Returns
    -------
    Embedded
        With vectors of shape (len(rows), dim), as classifiers take them.
    """
    done = embed_each(backbone, prepared)
    # One layer, its statistics side by side (see `EmbeddingStore.load`).
    dim = math.prod(done.vectors.shape[2:])
    return replace(done, vectors=done.vectors[:, 0].reshape(len(done.rows), dim))


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

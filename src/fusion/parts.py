"""What a fusion judges by: its members' vectors side by side, and what scores and places them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from src.fusion.names import FUSION
from src.fusion.weights import Weights
from src.models.classifier import Scorer, require_dim
from src.models.reference import Reference
from src.utils.embeddings.backbones import Backbone
from src.utils.errors import RunError
from src.utils.metrics.calibration import Calibration


class FusedBackbone:
    """Computes the vectors of several backbones, side by side (see `Backbone`).

    Parameters
    ----------
    backbones : sequence of Backbone
        Each computes one layer; all hear recordings at one sample rate.

    Raises
    ------
    RunError
        When they do not.
    """

    name = FUSION

    def __init__(self, backbones: Sequence[Backbone]) -> None:
        rates = {one.sample_rate for one in backbones}
        if len(rates) > 1:
            told = " and ".join(f"{rate:,}" for rate in sorted(rates))
            raise RunError(f"members of one fusion hear recordings at {told} Hz; fuse them apart")
        self._backbones = list(backbones)
        [self.sample_rate] = rates
        self.batch_seconds = min(one.batch_seconds for one in backbones)

    @property
    def leaves_cpu_free(self) -> bool:
        """Whether every backbone computes on a GPU."""
        return all(one.leaves_cpu_free for one in self._backbones)

    def describe(self) -> dict[str, Any]:
        """Return what makes the vectors what they are, as JSON values."""
        return {
            "name": self.name,
            "layers": 1,
            "stats": ["members"],
            "stats_count": 1,
            "dim": sum(map(vector_size, self._backbones)),
            "sample_rate": self.sample_rate,
            "members": [one.describe() for one in self._backbones],
        }

    def prepare(self, waveform: np.ndarray) -> np.ndarray:
        """Return what each backbone prepares of a waveform, object, shape (backbones,)."""
        prepared = np.empty(len(self._backbones), object)
        for place, backbone in enumerate(self._backbones):
            prepared[place] = backbone.prepare(waveform)
        return prepared

    def embed(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        """Embed prepared clips: float32, shape (clips, 1, 1, dim)."""
        parts = []
        for place, backbone in enumerate(self._backbones):
            vectors = backbone.embed([clip[place] for clip in prepared])
            # As classifiers are given them: one layer, its statistics side by side.
            parts.append(vectors[:, 0].reshape(len(prepared), -1))
        return np.concatenate(parts, axis=1)[:, None, None]


def vector_size(backbone: Backbone) -> int:
    """Return how many numbers a backbone makes of a clip at one layer.

    Parameters
    ----------
    backbone : Backbone
        Any.
    """
    about = backbone.describe()
    return int(about["stats_count"]) * int(about["dim"])


@dataclass(frozen=True)
class MemberParts:
    """A member of a fusion, made ready.

    Attributes
    ----------
    label : str
        By which files and messages name it.
    columns : slice
        Which numbers of the vectors side by side are its own.
    scorer : Scorer
        Scores its vectors.
    calibration : Calibration
        Turns its scores into likelihood ratios.
    reference : Reference or None
        Detects vectors far from its training data; None for an older run without one.
    """

    label: str
    columns: slice
    scorer: Scorer
    calibration: Calibration
    reference: Reference | None = None


class FusedScorer:
    """Scores vectors side by side by the weighted ratios of a fusion's members.

    Parameters
    ----------
    members : sequence of MemberParts
        In the order of the weights.
    weights : Weights
        Of the fusion.
    """

    def __init__(self, members: Sequence[MemberParts], weights: Weights) -> None:
        self._members = list(members)
        self._weights = weights
        self._dim = max(member.columns.stop for member in members)
        self.members = tuple(member.label for member in members)

    def llrs(self, x: np.ndarray) -> np.ndarray:
        """Return each member's ratios, float64 of shape (clips, members), for x (clips, dim)."""
        require_dim(x, self._dim)
        found = [
            member.calibration.llrs(member.scorer.score(np.ascontiguousarray(x[:, member.columns])))
            for member in self._members
        ]
        return np.stack(found, axis=1)

    def fuse(self, llrs: np.ndarray) -> np.ndarray:
        """Return fused scores, float64 of shape (clips,), for llrs of shape (clips, members)."""
        return self._weights.fuse(llrs)

    def score(self, x: np.ndarray) -> np.ndarray:
        """Return fused scores, float64 of shape (clips,), for x of shape (clips, dim)."""
        return self.fuse(self.llrs(x))


class FusedReference:
    """Places a clip by the member to whose training data it is least like.

    The distance of a clip is the largest of its distances by members, each in units of that
    member's own limit; the limit is 1. A fused score rests on every member that has a weight: where
    one of them is given what it has never heard, so is the fusion. Each member calls about one in a
    hundred clips like those of its training unfamiliar, and `k` members so call at most `k`.

    Parameters
    ----------
    members : sequence of MemberParts
        Those that have a weight and a reference, at least one.
    """

    limit = 1.0

    def __init__(self, members: Sequence[MemberParts]) -> None:
        self._members = [
            (member.columns, member.reference) for member in members if member.reference is not None
        ]

    def distances(self, x: np.ndarray) -> np.ndarray:
        """Return the distances of `x`, shape (clips, dim), in units of limits: float64 (clips,)."""
        found = [
            reference.distances(x[:, columns]) / reference.limit
            for columns, reference in self._members
        ]
        return np.max(found, axis=0)

"""XLS-R with sensitive layer selection as released (Zhang et al. 2024, SLSforASVspoof-2021-DF)."""

from typing import Any

from src.networks.released.aasist import BACK, HEAD
from src.networks.released.on_encoder import ReleasedOnEncoder
from src.networks.released.released import Shapes, require

_PARTS = {"gate": "fc0", "norm": "first_bn", "out": "fc1"}

_POOL = 3
"""Frames, and numbers of a frame, that are pooled to one before the large linear layer."""


class ReleasedSls(ReleasedOnEncoder):
    """A gated sum of all layers of XLS-R, each as it is before the norm behind them all.

    The published score is the logarithm of the probability of bona-fide; ours are its log odds,
    which rank clips alike.
    """

    name = "sls"
    what = "XLS-R with SLS, Zhang et al. 2024"
    layers = "all"

    def back(self, shapes: Shapes) -> dict[str, Any]:
        """Return the settings of the back end (see `ReleasedOnEncoder.back`)."""
        width = require(shapes, "fc0.weight", 2)[1]
        size, numbers = require(shapes, "fc1.weight", 2)
        frames = _POOL * (numbers // max(width // _POOL, 1))
        return {
            "back_end": "sls",
            "back": {"frames": frames, "first_layer": 1, "size": size},
            "head": "selu",
            "outputs": require(shapes, "fc3.weight", 2)[0],
        }

    def published_back(self, name: str) -> str:
        """Return the published name of a tensor (see `ReleasedOnEncoder.published_back`)."""
        if name.startswith(HEAD):
            return f"fc3.{name.removeprefix(HEAD)}"
        part, _, leaf = name.removeprefix(BACK).partition(".")
        return f"{_PARTS.get(part, part)}.{leaf}"

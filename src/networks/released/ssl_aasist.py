"""AASIST on XLS-R as released by its authors (Tak et al. 2022, TakHemlata/SSL_Anti-spoofing)."""

from typing import Any

from src.networks.released.aasist import BACK, HEAD, UNUSED_NORMS, published_graphs
from src.networks.released.on_encoder import ReleasedOnEncoder
from src.networks.released.released import Shapes, require

_AROUND = {
    "projection.layer": "LL",
    "projection.norm": "first_bn",
    "readout.norm": "first_bn1",
    "readout.widen": "attention.0",
    "readout.wide_norm": "attention.2",
    "readout.narrow": "attention.3",
}


class SslAasist(ReleasedOnEncoder):
    """AASIST on the output of XLS-R; the score is the second of its two outputs."""

    name = "ssl-aasist"
    what = "AASIST on XLS-R, Tak et al. 2022"
    unused = (UNUSED_NORMS,)

    def back(self, shapes: Shapes) -> dict[str, Any]:
        """Return the settings of the back end (see `ReleasedOnEncoder.back`)."""
        require(shapes, "LL.weight", 2)
        require(shapes, "GAT_layer_S.att_proj.weight", 2)
        return {"back_end": "aasist", "back": {"variant": "ssl"}, "outputs": 2}

    def published_back(self, name: str) -> str:
        """Return the published name of a tensor (see `ReleasedOnEncoder.published_back`)."""
        if name.startswith(HEAD):
            return f"out_layer.{name.removeprefix(HEAD)}"
        stem, _, leaf = name.removeprefix(BACK).rpartition(".")
        if stem in _AROUND:
            return f"{_AROUND[stem]}.{leaf}"
        return published_graphs(name.removeprefix(BACK))

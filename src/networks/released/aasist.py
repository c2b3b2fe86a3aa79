"""AASIST and AASIST-L as released by their authors (Jung et al. 2022, clovaai/aasist)."""

import re

from src.networks.back_ends.aasist.back_end import VARIANTS
from src.networks.released.released import (
    PUBLISHED_SAMPLES,
    Released,
    Shapes,
    renamed,
    require,
)
from src.networks.settings import NetworkSettings
from src.networks.windows import Covers
from src.utils.errors import ArgumentError

_WITHIN = {
    "edge": "att_proj",
    "edge_weight": "att_weight",
    "of_neighbours": "proj_with_att",
    "of_itself": "proj_without_att",
    "norm": "bn",
    "enter_one": "proj_type1",
    "enter_two": "proj_type2",
    "to_master": "att_projM",
    "weight_one": "att_weight11",
    "weight_two": "att_weight22",
    "weight_between": "att_weight12",
    "weight_master": "att_weightM",
    "master_of_nodes": "proj_with_attM",
    "master_of_itself": "proj_without_attM",
    "score": "proj",
}
"""What the parts of a graph layer are called."""

_LAYERS = {
    "band_places": "pos_S",
    "among_bands": "GAT_layer_S",
    "among_frames": "GAT_layer_T",
    "pool_bands": "pool_S",
    "pool_frames": "pool_T",
}

_BLOCK = {"first": "conv1", "norm": "bn2", "second": "conv2", "past": "conv_downsample"}

_IN_BRANCH = {"pool_bands": "pool_hS", "pool_frames": "pool_hT", "master": "master"}

UNUSED_NORMS = r"encoder\.\d+\.0\.bn1\..+"
"""The norms before the first convolution of a block, which no published forward pass computes."""

_VARIANTS = ("aasist", "aasist-l")
"""Those on raw waveforms, told apart by the width of their nodes."""

HEAD, BACK = "head.layer.", "back_end."
"""What our names of the output layer and of the back end begin with."""


def published_graphs(name: str) -> str:
    """Return what a tensor of the back end is called in released networks.

    Parameters
    ----------
    name : str
        Ours, without `back_end.`.
    """
    block = re.fullmatch(r"encoder\.(\d+)\.(.+)", name)
    if block:
        return f"encoder.{block[1]}.0.{renamed(block[2], _BLOCK)}"
    branch = re.fullmatch(r"branches\.(\d)\.(\w+)(.*)", name)
    if branch is None:
        first, _, rest = name.partition(".")
        return ".".join([_LAYERS.get(first, first), *([renamed(rest, _WITHIN)] if rest else [])])
    number, part, rest = int(branch[1]) + 1, branch[2], renamed(branch[3], _WITHIN)
    if part in _IN_BRANCH:
        return f"{_IN_BRANCH[part]}{number}{rest}"
    return f"HtrgGAT_layer_ST{number}{1 if part == 'first' else 2}{rest}"


class ReleasedAasist(Released):
    """The network on raw waveforms; the score is the second of its two outputs."""

    name = "aasist"
    what = "AASIST or AASIST-L, Jung et al. 2022"
    # The fixed filters follow from their number.
    unused = (UNUSED_NORMS, r"conv_time\..+")

    def settings(self, shapes: Shapes, checkpoint: str | None = None) -> NetworkSettings:
        """Return the settings of the variant whose nodes are as wide as the file's.

        Parameters
        ----------
        shapes, checkpoint
            See `Released.settings`.
        """
        if checkpoint is not None:
            raise ArgumentError(f"--checkpoint: --kind={self.name} has no encoder")
        if "LL.weight" in shapes:
            raise ValueError("it holds LL.weight, the projection of an encoder's frames")
        width = require(shapes, "GAT_layer_S.att_proj.weight", 2)[0]
        fitting = [name for name in _VARIANTS if VARIANTS[name].nodes[0] == width]
        if not fitting:
            raise ValueError(f"its nodes have {width} numbers, which no variant has")
        return NetworkSettings(
            "raw",
            "aasist",
            samples=PUBLISHED_SAMPLES,
            covers=Covers.FIRST,
            outputs=2,
            back={"variant": fitting[0]},
        )

    def published(self, name: str, shapes: Shapes) -> str:
        """Return the published name of a tensor (see `Released.published`)."""
        if name.startswith(HEAD):
            return f"out_layer.{name.removeprefix(HEAD)}"
        inner = name.removeprefix(BACK)
        norm = "filter_bank.norm."
        if inner.startswith(norm):
            return f"first_bn.{inner.removeprefix(norm)}"
        return published_graphs(inner)

"""XLS-R with Nes2Net-X as released (Liu et al. 2025, Liu-Tianchi/Nes2Net_ASVspoof_ITW)."""

import re
from typing import Any

from src.networks.released.aasist import BACK, HEAD
from src.networks.released.on_encoder import ReleasedOnEncoder
from src.networks.released.released import WHOLE_SAMPLES, Shapes, require
from src.networks.windows import Covers

_NESTED = "Nested_Res2Net_TDNN."
_BLOCKS = "Build_in_Res2Nets"

_IN_BLOCK = {
    "enter": "conv1",
    "enter_norm": "bn1",
    "leave": "conv3",
    "leave_norm": "bn3",
    "inner.convolutions": "convs",
    "inner.norms": "bns",
    "inner.sums": "weighted_sum",
    "gate.squeeze": "se.se.1",
    "gate.excite": "se.se.3",
}

_OUTSIDE = {"norms": "bns", "norm": "bn"}


class ReleasedNes2Net(ReleasedOnEncoder):
    """Nes2Net-X on the output of XLS-R; the score is the second of its two outputs.

    It is given recordings whole, as its authors' demonstration does. How far apart the taps of its
    convolutions are (2) shows in no shape: it is that of the networks for ASVspoof.
    """

    name = "nes2net"
    what = "XLS-R with Nes2Net-X, Liu et al. 2025"
    samples = WHOLE_SAMPLES
    covers = Covers.WHOLE

    def back(self, shapes: Shapes) -> dict[str, Any]:
        """Return the settings of the back end (see `ReleasedOnEncoder.back`)."""
        first = f"{_NESTED}{_BLOCKS}.0"
        width = require(shapes, f"{first}.conv1.weight", 3)[1]
        narrow = require(shapes, f"{first}.se.se.1.weight", 3)[0]
        is_x = f"{first}.weighted_sum.0" in shapes
        return {
            "back_end": "nes2net",
            "back": {
                "variant": "nes2net-x" if is_x else "nes2net",
                "groups": 1 + _count(shapes, rf"{re.escape(_NESTED)}{_BLOCKS}\.\d+\.conv1\.weight"),
                "inner_groups": 1 + _count(shapes, rf"{re.escape(first)}\.convs\.\d+\.weight"),
                "dilation": 2,
                # Of a gate that widens, which no network has, the shape is told when it is loaded.
                "reduction": max(width // narrow, 1),
            },
            "outputs": require(shapes, f"{_NESTED}fc.weight", 2)[0],
        }

    def published_back(self, name: str) -> str:
        """Return the published name of a tensor (see `ReleasedOnEncoder.published_back`)."""
        if name.startswith(HEAD):
            return f"{_NESTED}fc.{name.removeprefix(HEAD)}"
        inner = name.removeprefix(BACK)
        block = re.fullmatch(r"blocks\.(\d+)\.(.+)", inner)
        if block:
            rest = block[2]
            part = next(part for part in _LONGEST_FIRST if rest.startswith(f"{part}."))
            return f"{_NESTED}{_BLOCKS}.{block[1]}.{_IN_BLOCK[part]}{rest.removeprefix(part)}"
        part, _, rest = inner.partition(".")
        return f"{_NESTED}{_OUTSIDE.get(part, part)}.{rest}"


_LONGEST_FIRST = sorted(_IN_BLOCK, key=len, reverse=True)


def _count(shapes: Shapes, pattern: str) -> int:
    return sum(re.fullmatch(pattern, name) is not None for name in shapes)

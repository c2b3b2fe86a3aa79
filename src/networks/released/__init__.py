"""Detectors that others released: their state dicts become networks of ours.

What is known of each is facts: the names and shapes of its tensors, how it is given recordings, and
which output is bona-fide.
"""

from typing import TYPE_CHECKING

from src.utils.registry import Registry

if TYPE_CHECKING:
    from src.networks.released.released import Released

RELEASED: Registry["Released"] = Registry(
    "--kind",
    {
        "aasist": "src.networks.released.aasist:ReleasedAasist",
        "ssl-aasist": "src.networks.released.ssl_aasist:SslAasist",
        "sls": "src.networks.released.sls:ReleasedSls",
        "nes2net": "src.networks.released.nes2net:ReleasedNes2Net",
        "antideepfake": "src.networks.released.antideepfake:AntiDeepfake",
    },
)
"""The kinds of released detectors by the name that `--kind` takes, imported when they are used."""

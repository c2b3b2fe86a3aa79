"""The back ends by name, each imported only when it is used."""

from typing import TYPE_CHECKING

from src.utils.registry import Registry

if TYPE_CHECKING:
    from src.networks.back_ends.back_end import BackEnd

BACK_ENDS: Registry["BackEnd"] = Registry(
    "--back-end",
    {
        "linear": "src.networks.back_ends.linear:Linear",
        "attentive": "src.networks.back_ends.attentive:Attentive",
        "mhfa": "src.networks.back_ends.mhfa:Mhfa",
        "sls": "src.networks.back_ends.sls:Sls",
        "nes2net": "src.networks.back_ends.nes2net:Nes2Net",
        "lcnn": "src.networks.back_ends.lcnn:Lcnn",
        "yamnet": "src.networks.back_ends.yamnet.back_end:Yamnet",
        "aasist": "src.networks.back_ends.aasist.back_end:Aasist",
    },
)
"""What turns frames into one vector, by the name that `--back-end` takes."""

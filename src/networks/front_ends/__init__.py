"""The front ends by name, each imported only when it is used."""

from typing import TYPE_CHECKING

from src.utils.registry import Registry

if TYPE_CHECKING:
    from src.networks.front_ends.front_end import FrontEnd

FRONT_ENDS: Registry["FrontEnd"] = Registry(
    "--front-end",
    {
        "raw": "src.networks.front_ends.raw:Raw",
        "log-mel": "src.networks.front_ends.log_mel:LogMel",
        "lfcc": "src.networks.front_ends.lfcc:Lfcc",
        "wav2vec2": "src.networks.front_ends.pretrained:Wav2Vec2",
        "hubert": "src.networks.front_ends.pretrained:Hubert",
        "wavlm": "src.networks.front_ends.pretrained:WavLM",
        "xlsr": "src.networks.front_ends.pretrained:Xlsr",
        "auto": "src.networks.front_ends.pretrained:Auto",
    },
)
"""What turns waveforms into frames, by the name that `--front-end` takes."""

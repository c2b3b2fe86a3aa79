"""What happens to recordings on their way to a listener, by name."""

from typing import TYPE_CHECKING

from src.utils.registry import Registry

if TYPE_CHECKING:
    # Only for annotations: the names are listed without importing what augments.
    from src.utils.audio.augmentations.augmentation import Augmentation

_ROOM = "src.utils.audio.augmentations"

_MEDIA_CODECS = ("aac", "opus", "mp3", "vorbis")
_TELEPHONE_CODECS = ("amr", "gsm", "mu-law", "a-law", "g721", "g722")

AUGMENTATIONS: Registry["Augmentation"] = Registry(
    "--kind",
    {
        "gain": f"{_ROOM}.level:Gain",
        "white": f"{_ROOM}.coloured_noise:WhiteNoise",
        "aac": f"{_ROOM}.coded:Aac",
        "opus": f"{_ROOM}.coded:Opus",
        "mp3": f"{_ROOM}.coded:Mp3",
        "vorbis": f"{_ROOM}.coded:Vorbis",
        "amr": f"{_ROOM}.coded:Amr",
        "gsm": f"{_ROOM}.coded:Gsm",
        "mu-law": f"{_ROOM}.coded:MuLaw",
        "a-law": f"{_ROOM}.coded:ALaw",
        "g721": f"{_ROOM}.coded:G721",
        "g722": f"{_ROOM}.coded:G722",
        "transcoding": f"{_ROOM}.coded:Transcoding",
        "packet-loss": f"{_ROOM}.network:PacketLoss",
    },
)
"""Every augmentation by the name that `--kind` and `--augment` take."""

FAMILIES: dict[str, tuple[str, ...]] = {
    "noise": ("white",),
    "codec": (*_MEDIA_CODECS, *_TELEPHONE_CODECS),
    "telephone-codec": _TELEPHONE_CODECS,
}
"""Names that stand for several augmentations, of which each clip gets one."""

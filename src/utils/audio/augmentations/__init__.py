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
        "speed": f"{_ROOM}.voice:Speed",
        "tempo": f"{_ROOM}.voice:Tempo",
        "pitch": f"{_ROOM}.voice:Pitch",
        "white": f"{_ROOM}.coloured_noise:WhiteNoise",
        "pink": f"{_ROOM}.coloured_noise:PinkNoise",
        "brown": f"{_ROOM}.coloured_noise:BrownNoise",
        "babble": f"{_ROOM}.babble:Babble",
        "noises": f"{_ROOM}.noise_folder:Noises",
        "room": f"{_ROOM}.room:Room",
        "far-field": f"{_ROOM}.room:FarField",
        "rawboost1": f"{_ROOM}.rawboost:RawBoost1",
        "rawboost2": f"{_ROOM}.rawboost:RawBoost2",
        "rawboost3": f"{_ROOM}.rawboost:RawBoost3",
        "rawboost4": f"{_ROOM}.rawboost:RawBoost4",
        "rawboost5": f"{_ROOM}.rawboost:RawBoost5",
        "rawboost6": f"{_ROOM}.rawboost:RawBoost6",
        "rawboost7": f"{_ROOM}.rawboost:RawBoost7",
        "rawboost8": f"{_ROOM}.rawboost:RawBoost8",
        "clipping": f"{_ROOM}.level:Clipping",
        "gain": f"{_ROOM}.level:Gain",
        "compression": f"{_ROOM}.compression:Compression",
        "band-pass": f"{_ROOM}.band:BandPass",
        "resampling": f"{_ROOM}.band:Resampling",
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
    "noise": ("white", "pink", "brown", "babble"),
    "reverberation": ("room", "far-field"),
    "rawboost": tuple(f"rawboost{mode}" for mode in range(1, 9)),
    "codec": (*_MEDIA_CODECS, *_TELEPHONE_CODECS),
    "telephone-codec": _TELEPHONE_CODECS,
}
"""Names that stand for several augmentations, of which each clip gets one.

Those whose material is not there, such as babble without voices, are left out.
"""

"""What happens to recordings on their way to a listener, by name."""

from typing import TYPE_CHECKING

from src.utils.registry import Registry

if TYPE_CHECKING:
    # Only for annotations: the names are listed without importing what augments.
    from src.utils.audio.augmentations.augmentation import Augmentation

_ROOM = "src.utils.audio.augmentations"

AUGMENTATIONS: Registry["Augmentation"] = Registry(
    "--kind",
    {
        "gain": f"{_ROOM}.level:Gain",
        "white": f"{_ROOM}.coloured_noise:WhiteNoise",
        "pink": f"{_ROOM}.coloured_noise:PinkNoise",
        "brown": f"{_ROOM}.coloured_noise:BrownNoise",
        "babble": f"{_ROOM}.babble:Babble",
        "noises": f"{_ROOM}.noise_folder:Noises",
        "room": f"{_ROOM}.room:Room",
        "far-field": f"{_ROOM}.room:FarField",
    },
)
"""Every augmentation by the name that `--kind` and `--augment` take."""

FAMILIES: dict[str, tuple[str, ...]] = {
    "noise": ("white", "pink", "brown", "babble"),
    "reverberation": ("room", "far-field"),
}
"""Names that stand for several augmentations, of which each clip gets one.

Those whose material is not there, such as babble without voices, are left out.
"""

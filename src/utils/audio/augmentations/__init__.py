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
    },
)
"""Every augmentation by the name that `--kind` and `--augment` take."""

FAMILIES: dict[str, tuple[str, ...]] = {
    "noise": ("white",),
}
"""Names that stand for several augmentations, of which each clip gets one."""

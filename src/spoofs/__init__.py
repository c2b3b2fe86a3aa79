"""Spoofs made of bona-fide recordings: every attack by its name."""

from typing import TYPE_CHECKING

from src.utils.registry import Registry

if TYPE_CHECKING:
    # Only for annotations: the names are listed without importing what makes spoofs.
    from src.spoofs.attack import Attack

ATTACKS: Registry["Attack"] = Registry(
    "--attacks",
    {
        "griffinlim": "src.spoofs.griffin_lim:GriffinLim",
        "lpc": "src.spoofs.lpc:LinearPrediction",
        "mel": "src.spoofs.round_trips:MelRoundTrip",
        "phase": "src.spoofs.round_trips:PhaseReplaced",
        "world": "src.spoofs.world:World",
        "espeak": "src.spoofs.programs:Espeak",
        "festival": "src.spoofs.programs:Festival",
        "flite": "src.spoofs.programs:Flite",
        "pico": "src.spoofs.programs:Pico",
        "piper": "src.spoofs.programs:Piper",
    },
)
"""The attacks by the names that `--attacks` takes; checkpoints and ONNX vocoders come as files."""

WITHOUT_MORE = ("griffinlim", "lpc", "mel", "phase")
"""Those that need nothing but AUDIOS."""

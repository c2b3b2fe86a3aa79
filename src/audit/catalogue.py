"""The nuisances that an audit looks at: how each is called, counted and mended."""

from dataclasses import dataclass

NORMALIZE = "NormalizeDataset"
MATCH = "MatchDataset"


@dataclass(frozen=True)
class Nuisance:
    """One property of a recording that says nothing about how its voice was made.

    Attributes
    ----------
    name : str
        A field of `Nuisances`.
    label : str
        For people.
    pattern : str
        How a value is written.
    remedy : str
        What mends a difference between the classes.
    is_category : bool
        Whether values are names without an order.
    """

    name: str
    label: str
    pattern: str
    remedy: str
    is_category: bool = False


NUISANCES = (
    Nuisance("duration", "duration", "{:.2f} s", f"{MATCH} --duration=match"),
    Nuisance("peak", "peak", "{:.3f}", NORMALIZE),
    Nuisance("rms", "RMS level", "{:.1f} dBFS", NORMALIZE),
    Nuisance("dc_offset", "DC offset", "{:.1e}", MATCH),
    Nuisance("leading_silence", "leading silence", "{:.2f} s", f"{MATCH} --silence=trim"),
    Nuisance("trailing_silence", "trailing silence", "{:.2f} s", f"{MATCH} --silence=trim"),
    Nuisance("silence_ratio", "silence ratio", "{:.1%}", f"{MATCH} --silence=trim"),
    Nuisance("digital_silence", "digital silence", "{:.2%}", f"{MATCH} --noise=match"),
    Nuisance("noise_floor", "noise floor", "{:.1f} dBFS", f"{MATCH} --noise=match"),
    Nuisance("sample_rate", "sample rate", "{:,.0f} Hz", MATCH, is_category=True),
    Nuisance("bandwidth", "bandwidth", "{:,.0f} Hz", f"{MATCH} --low-pass=match"),
    Nuisance("bit_depth", "bit depth", "{:.0f} bit", MATCH, is_category=True),
    Nuisance("clipping", "clipping", "{:.4%}", f"{MATCH} --clipped=reject"),
    Nuisance("format", "file format", "{}", MATCH, is_category=True),
    Nuisance("encoder", "encoder", "{}", MATCH, is_category=True),
    Nuisance("channels", "channels", "{:.0f}", MATCH, is_category=True),
)

BY_NAME = {nuisance.name: nuisance for nuisance in NUISANCES}

"""The nuisances that an audit looks at: how each is called, counted and mended."""

from dataclasses import dataclass

import numpy as np

NORMALIZE = "NormalizeDataset or MatchDataset"
MATCH = "MatchDataset"
_TRIM = f"{MATCH} --silence=trim"
_NOISE = f"{MATCH} --noise=match"


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
    step : float
        Differences below it are rounding, not a nuisance; 0 for names without an order.
    nothing : str
        How the value 0 is written, if not by the pattern.
    unit : str
        What a figure's values are counted in, if in anything.
    """

    name: str
    label: str
    pattern: str
    remedy: str
    step: float = 0.0
    nothing: str = ""
    unit: str = ""

    @property
    def title(self) -> str:
        """What stands above a figure of its values."""
        return f"{self.label} ({self.unit})" if self.unit else self.label

    @property
    def is_category(self) -> bool:
        """Whether values are names without an order."""
        return not self.step

    def coarsen(self, values: np.ndarray) -> np.ndarray:
        """Round numbers to whole steps, so that what cannot be heard nor learnt does not count."""
        return np.round(np.asarray(values, float) / self.step) * self.step

    def describe(self, value: object) -> str:
        """Write a value for people."""
        if not value and self.nothing:
            return self.nothing
        return self.pattern.format(value)


NUISANCES = (
    Nuisance("duration", "duration", "{:.2f} s", f"{MATCH} --duration=match", 0.02, unit="s"),
    Nuisance("peak", "peak", "{:.2f}", NORMALIZE, 0.01),
    Nuisance("rms", "RMS level", "{:.1f} dBFS", NORMALIZE, 0.1, unit="dBFS"),
    Nuisance("dc_offset", "DC offset", "{:.4f}", MATCH, 1e-4, unit="log10"),
    Nuisance("leading_silence", "leading silence", "{:.2f} s", _TRIM, 0.02, unit="s"),
    Nuisance("trailing_silence", "trailing silence", "{:.2f} s", _TRIM, 0.02, unit="s"),
    Nuisance("silence_ratio", "silence ratio", "{:.0%}", f"{MATCH} --silence=shorten", 0.01),
    Nuisance("digital_silence", "digital silence", "{:.1%}", _NOISE, 0.001, unit="share"),
    Nuisance("noise_floor", "noise floor", "{:.0f} dBFS", _NOISE, 0.5, unit="dBFS"),
    Nuisance("sample_rate", "sample rate", "{:,.0f} Hz", MATCH, unit="Hz"),
    Nuisance("bandwidth", "bandwidth", "{:,.0f} Hz", f"{MATCH} --low-pass=match", 50.0, unit="kHz"),
    Nuisance("bit_depth", "bit depth", "{:.0f} bit", MATCH, nothing="lossy or float"),
    Nuisance("clipping", "clipping", "{:.3%}", f"{MATCH} --clipped=reject", 1e-5, unit="share"),
    Nuisance("format", "file format", "{}", MATCH),
    Nuisance("encoder", "encoder", "{}", MATCH, nothing="not named"),
    Nuisance("channels", "channels", "{:.0f}", MATCH),
)

BY_NAME = {nuisance.name: nuisance for nuisance in NUISANCES}

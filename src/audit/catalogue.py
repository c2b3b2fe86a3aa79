"""The nuisances that an audit measures: their names, units and remedies.

A nuisance is a confounder in the statistician's sense: a property of the recording (its level, its
file format) that goes along with the class though it is no trace of synthesis, so that a detector
may learn it in place of the voice.
"""

from dataclasses import dataclass

import numpy as np

NORMALIZE = "NormalizeDataset or MatchDataset"
MATCH = "MatchDataset"
_TRIM = f"{MATCH} --silence=trim"
_NOISE = f"{MATCH} --noise=match"


@dataclass(frozen=True)
class Nuisance:
    """A potential confounder: a property of a recording, not of how its voice was made.

    Attributes
    ----------
    name : str
        A field of `Nuisances`.
    label : str
        Its name as people read it.
    pattern : str
        Format string of a value.
    remedy : str
        The stage, with its flag, that removes a difference between the classes.
    step : float
        Resolution: smaller differences count as none; 0 for a categorical variable.
    nothing : str
        Text of the value 0 (or an empty one), where the pattern does not serve.
    unit : str
        Unit of the values on the axis of a plot, empty where there is none.
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
        """Title of a plot of its values."""
        return f"{self.label} ({self.unit})" if self.unit else self.label

    @property
    def is_category(self) -> bool:
        """Whether the variable is categorical: names without an order."""
        return not self.step

    def coarsen(self, values: np.ndarray, shift: float = 0.0) -> np.ndarray:
        """Round values to a grid of `step`, so that inaudible differences do not count.

        Parameters
        ----------
        values : array_like
            Of recordings.
        shift : float
            How far the grid is moved, in steps. Two values that hardly differ lie in different
            bins where an edge happens to run between them, whatever the step; so of several grids
            that one counts which parts the classes least (see `find_shortcuts`).
        """
        return (np.round(np.asarray(values, float) / self.step - shift) + shift) * self.step

    def describe(self, value: object) -> str:
        """Format a value with its unit."""
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
    # The spectrum that it is read from is smoothed over nine bins, which are 140 to 210 Hz.
    Nuisance(
        "bandwidth", "bandwidth", "{:,.0f} Hz", f"{MATCH} --low-pass=match", 200.0, unit="kHz"
    ),
    Nuisance("bit_depth", "bit depth", "{:.0f} bit", MATCH, nothing="lossy or float"),
    Nuisance("clipping", "clipping", "{:.3%}", f"{MATCH} --clipped=reject", 1e-5, unit="share"),
    Nuisance("format", "file format", "{}", MATCH),
    Nuisance("encoder", "encoder", "{}", MATCH, nothing="not named"),
    Nuisance("channels", "channels", "{:.0f}", MATCH),
    Nuisance("bit_rate", "bit rate", "{:,.0f} bit/s", MATCH, 1000.0, "lossless", unit="bit/s"),
    Nuisance("original_rate", "rate before encoding", "{:,.0f} Hz", MATCH, nothing="not told"),
)

BY_NAME = {nuisance.name: nuisance for nuisance in NUISANCES}

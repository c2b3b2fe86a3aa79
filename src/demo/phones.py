"""The phones of the stand-in speech: targets of the source and of the vocal tract."""

from dataclasses import dataclass

REST = (500.0, 1500.0, 2500.0)
"""Formants of a neutral tube, in Hz, held in pauses."""


@dataclass(frozen=True, slots=True)
class Phone:
    """A speech sound with steady articulatory targets.

    Attributes
    ----------
    formants : tuple of float
        First three formants in Hz, for an adult male vocal tract.
    milliseconds : float
        Usual duration at the reference speaking rate.
    voice, breath, noise : float
        Strength of the glottal pulses, of aspiration through the whole tract, and of noise
        made at a narrowing in the mouth.
    centre, width : float
        Resonance of that noise and its bandwidth, in Hz.
    nasal : float
        Opening of the nasal tract, 0 to 1.
    """

    formants: tuple[float, float, float] = REST
    milliseconds: float = 60.0
    voice: float = 0.0
    breath: float = 0.0
    noise: float = 0.0
    centre: float = 4000.0
    width: float = 3000.0
    nasal: float = 0.0


# Rounded F1 and F2 of a male speaker of Brazilian Portuguese, after the survey of Escudero,
# Boersma, Rauber and Bion (2009), "A cross-dialect acoustic description of vowels", J. Acoust.
# Soc. Am. 126(3); F3 are everyday textbook values. They are a shape to aim at, not data.
VOWELS: dict[str, Phone] = {
    "i": Phone((290, 2200, 2850), 95, voice=0.85),
    "e": Phone((360, 2000, 2600), 105, voice=0.95),
    "E": Phone((520, 1830, 2550), 120, voice=1.0),
    "a": Phone((680, 1330, 2450), 125, voice=1.0),
    "O": Phone((530, 930, 2450), 120, voice=1.0),
    "o": Phone((370, 810, 2400), 105, voice=0.95),
    "u": Phone((310, 760, 2350), 95, voice=0.85),
    "an": Phone((500, 1350, 2450), 125, voice=0.9, nasal=0.8),
    "en": Phone((400, 1950, 2600), 120, voice=0.9, nasal=0.7),
    "on": Phone((410, 850, 2400), 120, voice=0.9, nasal=0.8),
}
VOWEL_WEIGHTS: tuple[float, ...] = (2.0, 2.5, 1.0, 4.0, 0.8, 2.5, 1.6, 1.0, 0.7, 0.6)

_LIPS, _TEETH, _PALATE, _VELUM = (
    (300.0, 900.0, 2200.0),
    (300.0, 1750.0, 2600.0),
    (280.0, 2000.0, 2700.0),
    (280.0, 2100.0, 2400.0),
)


def _stop(
    locus: tuple[float, float, float], bar: float, centre: float, width: float, burst: float
) -> tuple[Phone, ...]:
    """Build a plosive: a closure, a burst and a short breath."""
    voiced = bar > 0.0
    return (
        Phone((200.0, *locus[1:]), 50 if voiced else 65, voice=bar),
        Phone(locus, 12, voice=bar, noise=burst, centre=centre, width=width),
        Phone(locus, 8 if voiced else 20, voice=0.3 * voiced, breath=0.0 if voiced else 0.35),
    )


CONSONANTS: dict[str, tuple[Phone, ...]] = {
    "p": _stop(_LIPS, 0.0, 900, 1800, 0.35),
    "t": _stop(_TEETH, 0.0, 4200, 2500, 0.45),
    "k": _stop(_VELUM, 0.0, 2000, 900, 0.45),
    "b": _stop(_LIPS, 0.14, 900, 1800, 0.2),
    "d": _stop(_TEETH, 0.14, 4200, 2500, 0.25),
    "g": _stop(_VELUM, 0.14, 2000, 900, 0.25),
    "f": (Phone(_LIPS, 90, noise=0.10, centre=6500, width=6000),),
    "s": (Phone(_TEETH, 100, noise=0.27, centre=6200, width=2000),),
    "S": (Phone(_PALATE, 100, noise=0.29, centre=3400, width=1400),),
    "h": (Phone(REST, 70, breath=0.5),),
    "v": (Phone(_LIPS, 65, voice=0.3, noise=0.06, centre=6500, width=6000),),
    "z": (Phone(_TEETH, 75, voice=0.25, noise=0.13, centre=6200, width=2000),),
    "Z": (Phone(_PALATE, 75, voice=0.25, noise=0.14, centre=3400, width=1400),),
    "m": (Phone((250, 1100, 2200), 70, voice=0.5, nasal=1.0),),
    "n": (Phone((250, 1500, 2450), 65, voice=0.5, nasal=1.0),),
    "l": (Phone((350, 1250, 2700), 60, voice=0.55),),
    "r": (Phone((450, 1450, 2300), 25, voice=0.2),),
}
CONSONANT_WEIGHTS: tuple[float, ...] = (
    2.6,
    4.2,
    3.6,
    1.2,
    4.0,
    1.2,
    1.2,
    3.5,
    1.0,
    1.4,
    1.6,
    1.4,
    0.7,
    3.8,
    3.4,
    2.6,
    3.4,
)  # in the order of CONSONANTS

CODAS: tuple[str, ...] = ("s", "r", "n", "l")

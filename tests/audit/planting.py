"""Corpora whose classes differ in nothing, or in one planted nuisance."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
from scipy.signal import firwin, oaconvolve

from src.utils.dataset.dataset import Dataset
from src.utils.dataset.generate import generate_tables

SPEAKERS = 28

_SPOKEN: dict[str, np.ndarray] = {}
"""What has been said already; making it takes longer than writing it."""


@dataclass(frozen=True)
class Clip:
    """A recording to be written: how it is spoken, and what is done to its sound and file.

    `sound` and `patch` take the waveform or the path, and random numbers of the clip's own.
    """

    speaker: str
    label: str
    take: int
    speech: dict[str, Any] = field(default_factory=dict)
    rate: int = 16_000
    suffix: str = "wav"
    subtype: str | None = "PCM_16"
    sound: Callable[[np.ndarray, np.random.Generator], np.ndarray] | None = None
    patch: Callable[[Path], None] | None = None

    @property
    def file(self) -> str:
        return f"{self.label}/{self.speaker}-{self.take}.{self.suffix}"

    def say(self, **changes: Any) -> "Clip":
        return replace(self, speech=self.speech | changes)

    def write(self, folder: Path, make_speech: Callable[..., np.ndarray]) -> None:
        chance = np.random.default_rng(self.speech["seed"] + 1)
        key = repr(self.speech)
        if key not in _SPOKEN:
            _SPOKEN[key] = make_speech(**self.speech)
        wave = _SPOKEN[key]
        if self.sound:
            wave = self.sound(wave, chance)
        if self.rate != 16_000:
            wave = soxr.resample(wave, 16_000, self.rate)
        path = folder / self.file
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, wave, self.rate, subtype=self.subtype)
        if self.patch:
            self.patch(path)


def balanced(takes: int = 2, seed: int = 2) -> list[Clip]:
    """Draw both classes from the same distributions, so many takes of each speaker and class."""
    chance = np.random.default_rng(seed)
    clips = []
    for number in range(SPEAKERS):
        pitch = float(chance.uniform(90, 220))
        for label in ("bona-fide", "spoof"):
            for take in range(takes):
                lead, pause, trail = chance.uniform(0.04, 0.16, 3)
                spoken = {
                    "words": tuple(chance.uniform(0.3, 0.55, 2)),
                    "lead": lead,
                    "pause": pause,
                    "trail": trail,
                    "level": float(chance.uniform(-32, -26)),
                    "floor": float(chance.uniform(-68, -58)),
                    "seed": int(chance.integers(1 << 31)),
                    "pitch": pitch,
                }
                clips.append(Clip(f"s{number:02d}", label, take, spoken))
    return clips


def write_corpus(
    folder: Path, clips: list[Clip], make_speech: Callable[..., np.ndarray]
) -> Dataset:
    """Write recordings and their tables."""
    folder.mkdir(parents=True)
    for clip in clips:
        clip.write(folder, make_speech)
    rows = [f"{clip.file},{clip.label},{clip.speaker}" for clip in clips]
    (folder / "metadata.csv").write_text("\n".join(["file,label,speaker", *rows]) + "\n")
    generate_tables(folder)
    return Dataset.open(folder)


# --- What may be planted: each takes a clip of either class and returns one to be written


def _spoofs(change: Callable[[Clip], Clip]) -> Callable[[Clip], Clip]:
    return lambda clip: change(clip) if clip.label == "spoof" else clip


def _sounding(change: Callable[[np.ndarray, np.random.Generator], np.ndarray]) -> Callable:
    return _spoofs(lambda clip: replace(clip, sound=change))


def _peak(clip: Clip) -> Clip:
    """Peaks of two narrow ranges; the crest factor differs by more, so that RMS tells nothing."""
    low = 0.43 if clip.label == "spoof" else 0.38
    return replace(
        clip, sound=lambda wave, chance: wave / np.abs(wave).max() * chance.uniform(low, low + 0.04)
    )


def _low_passed(wave: np.ndarray, _: np.random.Generator) -> np.ndarray:
    kernel = firwin(255, 5000, fs=16_000, window=("kaiser", 9.0))
    return oaconvolve(wave, kernel, mode="same")


def _zeroed(wave: np.ndarray, _: np.random.Generator) -> np.ndarray:
    """Zeros for 30 ms: too few to be the noise floor."""
    return np.r_[np.zeros(480, wave.dtype), wave[480:]]


def _clipped(clip: Clip) -> Clip:
    if int(clip.speaker[1:]) % 4 == 0:  # some stay, so that the class does not vanish with them
        return clip
    return replace(clip, sound=lambda wave, _: wave.clip(*(np.abs(wave).max() * np.r_[-0.6, 0.6])))


def patch_vendor(path: Path) -> None:
    """Put another name of the same length into a FLAC's comment block."""
    content = path.read_bytes()
    at = content.index(b"reference libFLAC")
    path.write_bytes(content[:at] + b"somebody's encode" + content[at + 17 :])


def patch_software(path: Path) -> None:
    """Put an ISFT chunk in front of a WAV's samples."""
    content = path.read_bytes()
    chunk = b"LIST" + (4 + 8 + 8).to_bytes(4, "little") + b"INFOISFT\x08\0\0\0vocoder\0"
    at = content.index(b"data")
    whole = content[:at] + chunk + content[at:]
    path.write_bytes(whole[:4] + (len(whole) - 8).to_bytes(4, "little") + whole[8:])


def _as_flac(clip: Clip) -> Clip:
    patch = patch_vendor if clip.label == "spoof" else None
    return replace(clip, suffix="flac", patch=patch)


PLANTED: dict[str, tuple[str, Callable[[Clip], Clip]]] = {
    # What is planted: the nuisance that must show it, and how a clip is changed.
    "duration": (
        "duration",
        _spoofs(lambda c: c.say(words=tuple(word + 0.2 for word in c.speech["words"]))),
    ),
    "peak": ("peak", _peak),
    "level": ("rms", _sounding(lambda wave, _: 1.8 * wave)),
    "dc offset": ("dc_offset", _sounding(lambda wave, _: wave + np.float32(0.01))),
    "leading silence": ("leading_silence", _spoofs(lambda c: c.say(lead=c.speech["lead"] + 0.15))),
    "trailing silence": (
        "trailing_silence",
        _spoofs(lambda c: c.say(trail=c.speech["trail"] + 0.15)),
    ),
    "pauses": ("silence_ratio", _spoofs(lambda c: c.say(pause=c.speech["pause"] + 0.3))),
    "digital silence": ("digital_silence", _sounding(_zeroed)),
    "noise floor": ("noise_floor", _spoofs(lambda c: c.say(floor=c.speech["floor"] - 10))),
    "sample rate": ("sample_rate", _spoofs(lambda c: replace(c, rate=22_050))),
    "low-pass": ("bandwidth", _sounding(_low_passed)),
    "8 bits in 16": (
        "bit_depth",
        _sounding(lambda wave, _: np.round(wave * 128).astype(np.float32) / 128),
    ),
    "24 bits": ("bit_depth", _spoofs(lambda c: replace(c, subtype="PCM_24"))),
    "clipping": ("clipping", _spoofs(_clipped)),
    "flac": ("format", _spoofs(lambda c: replace(c, suffix="flac"))),
    "ogg": ("format", _spoofs(lambda c: replace(c, suffix="ogg", subtype="VORBIS"))),
    "flac vendor": ("encoder", _as_flac),
    "wav software": ("encoder", _spoofs(lambda c: replace(c, patch=patch_software))),
    "channels": ("channels", _sounding(lambda wave, _: np.stack([wave, wave], axis=1))),
}

"""A speech-like voice by source and filter, spoken by speakers that do not exist.

The chain is that of Klatt (1980), "Software for a cascade/parallel formant synthesizer",
J. Acoust. Soc. Am. 67(3): glottal pulses and aspiration through a cascade of resonators, mouth
noise through a branch of its own, then a microphone and a room.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from src.demo.glottis import glottal_flow
from src.demo.level import set_rms
from src.demo.recording import record
from src.demo.score import FRAME_SECONDS, Score, compose
from src.demo.tract import mouth_response, tract_response
from src.utils.audio.frames import count, moving_filter

SAMPLE_RATE = 16_000
"""Samples per second of every recording of the stand-in corpus."""

SPEECH_RMS = 0.05
"""Root mean square of what `speak` returns (-26 dB of full scale)."""

_NAMES = {
    "F": [
        "Ana",
        "Beatriz",
        "Camila",
        "Daniela",
        "Elisa",
        "Fernanda",
        "Gabriela",
        "Helena",
        "Isabel",
        "Joana",
        "Karina",
        "Larissa",
        "Mariana",
        "Natalia",
        "Olivia",
        "Patricia",
        "Raquel",
        "Sofia",
        "Tatiana",
        "Vanessa",
    ],
    "M": [
        "Andre",
        "Bruno",
        "Carlos",
        "Diego",
        "Eduardo",
        "Felipe",
        "Gustavo",
        "Henrique",
        "Igor",
        "Joao",
        "Leonardo",
        "Marcelo",
        "Nelson",
        "Otavio",
        "Paulo",
        "Rafael",
        "Sergio",
        "Tiago",
        "Vinicius",
        "Wagner",
    ],
}


@dataclass(frozen=True, slots=True)
class Speaker:
    """A made-up speaker and the made-up place where they are recorded.

    Attributes
    ----------
    name : str
        First name, plain ASCII.
    id : str
        Gender and running number, such as ``F001``.
    gender : str
        ``F`` or ``M``.
    f0 : float
        Usual fundamental frequency in Hz.
    tract_scale : float
        Factor on all formants; above 1 for a vocal tract shorter than the reference.
    open_quotient : float
        Part of the glottal cycle in which the glottis is open, 0 to 1.
    breathiness : float
        Aspiration noise that accompanies the voice.
    jitter, shimmer : float
        Relative irregularity of periods and of amplitudes.
    rate : float
        Syllables per second.
    tilt : float
        Slope of the recording channel in dB per octave around 1 kHz.
    noise_db : float
        Room noise relative to the speech, in dB.
    reverberation : float
        Reverberation time of the room in seconds.
    room : int
        Seed of the echo pattern of the room.
    """

    name: str
    id: str
    gender: str
    f0: float
    tract_scale: float
    open_quotient: float
    breathiness: float
    jitter: float
    shimmer: float
    rate: float
    tilt: float
    noise_db: float
    reverberation: float
    room: int


def make_speakers(n: int, seed: int) -> list[Speaker]:
    """Draw speakers, women and men by turns.

    Speaker `k` depends on the seed and on `k` alone: asking for more keeps the first ones.

    Parameters
    ----------
    n : int
        How many.
    seed : int
        Seed of the cast.

    Returns
    -------
    list of Speaker
        Speakers ``F001``, ``M002``, ``F003`` and so on.

    Raises
    ------
    ValueError
        If `n` is below one.
    """
    if n < 1:
        raise ValueError(f"at least one speaker is needed, not {n}")
    return [_speaker(index, seed) for index in range(n)]


def _speaker(index: int, seed: int) -> Speaker:
    """Draw one speaker."""
    rng = np.random.default_rng([seed, index])
    gender = "FM"[index % 2]
    woman = gender == "F"
    names = _NAMES[gender]
    return Speaker(
        name=names[(index // 2) % len(names)],
        id=f"{gender}{index + 1:03d}",
        gender=gender,
        f0=float(rng.uniform(180, 235) if woman else rng.uniform(92, 135)),
        tract_scale=float(rng.normal(1.16 if woman else 1.0, 0.025)),
        open_quotient=float(rng.uniform(0.62, 0.74) if woman else rng.uniform(0.5, 0.65)),
        breathiness=float(rng.uniform(0.03, 0.10) if woman else rng.uniform(0.015, 0.06)),
        jitter=float(rng.uniform(0.004, 0.012)),
        shimmer=float(rng.uniform(0.03, 0.08)),
        rate=float(rng.uniform(4.4, 6.0)),
        tilt=float(rng.uniform(-1.5, 1.5)),
        noise_db=float(rng.uniform(-48, -40)),
        reverberation=float(rng.uniform(0.12, 0.35)),
        room=int(rng.integers(2**31)),
    )


def speak(
    speaker: Speaker,
    seconds: float,
    rng: np.random.Generator,
    sample_rate: int = SAMPLE_RATE,
) -> NDArray[np.float32]:
    """Let a speaker babble: phrases of syllables with pauses between them.

    Parameters
    ----------
    speaker : Speaker
        Who speaks, and where.
    seconds : float
        Duration of the recording.
    rng : numpy.random.Generator
        Decides what is said and how.
    sample_rate : int
        Samples per second, a multiple of 200 and at least 16 000 (the formants need the band).

    Returns
    -------
    ndarray of float32, shape (samples,)
        Recording of ``round(seconds * sample_rate)`` samples with a root mean square of
        `SPEECH_RMS` and no sample beyond full scale.

    Raises
    ------
    ValueError
        If the recording is shorter than half a second, or the rate does not fit.
    """
    if not seconds >= 0.5:
        raise ValueError(f"a recording lasts at least half a second, not {seconds}")
    if sample_rate < 16_000 or sample_rate % 200:
        raise ValueError(f"sample rate {sample_rate} is below 16000 or no multiple of 200")
    samples = round(seconds * sample_rate)
    hop = round(FRAME_SECONDS * sample_rate)
    score = compose(count(samples, hop), speaker.rate, rng)

    speech = _voice(speaker, score, samples, hop, sample_rate, rng)
    hiss = rng.standard_normal(samples, dtype=np.float32)
    speech += moving_filter(hiss, mouth_response(score, hop, sample_rate), hop)
    recording = record(
        speech,
        sample_rate,
        speaker.tilt,
        speaker.reverberation,
        speaker.room,
        speaker.noise_db,
        rng,
    )
    return set_rms(recording, SPEECH_RMS)


def _voice(
    speaker: Speaker,
    score: Score,
    samples: int,
    hop: int,
    sample_rate: int,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Send pulses and aspiration through the vocal tract."""
    time, knots = np.arange(samples), np.arange(len(score.pitch)) * hop

    def fine(track: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.interp(time, knots, track)

    mood = rng.normal(1.0, 0.03)  # nobody takes up the same pitch twice
    corner = 4500.0 - 20_000.0 * speaker.breathiness
    pulses, flow = glottal_flow(
        fine(score.pitch) * speaker.f0 * mood,
        sample_rate,
        speaker.open_quotient,
        speaker.jitter,
        speaker.shimmer,
        corner,
        rng,
    )
    voice = fine(score.voice)
    # Air rushes loudest while the glottis is open, so the aspiration pulsates with the voice.
    aspiration = speaker.breathiness * voice * (0.3 + 0.7 * flow) + 0.25 * fine(score.breath)
    source = pulses * voice + aspiration * rng.standard_normal(samples)
    tract = tract_response(score, speaker.tract_scale, hop, sample_rate)
    return moving_filter(source, tract, hop)

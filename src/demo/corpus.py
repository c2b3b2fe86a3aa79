"""Writing the stand-in corpus in the folder layout of CETUC."""

import csv
import io
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from src.demo.attacks import ATTACKS, SAMPLE_RATE
from src.demo.level import rms, set_rms
from src.demo.recording import room_noise
from src.demo.voice import Speaker, make_speakers, speak
from src.utils.audio.writing import write_waveform
from src.utils.files import remove_partials, write_text

BONA_FIDE_FOLDER, SPOOF_FOLDER, SPOOF_SUFFIX = "real_voices", "fake_voices", "_Fake"
"""Names that the CETUC layout prescribes."""

README = """\
SYNTHETIC STAND-IN CORPUS
=========================

Every recording in this folder was computed. There is no real voice in it: the "bona-fide"
clips are babble from a formant synthesizer, spoken by speakers that do not exist, and the
"spoof" clips are the same babble after a simple vocoder (see attacks.csv).

It exists so that the whole pipeline can be run and checked without any download.
METRICS MEASURED ON IT SAY NOTHING ABOUT REAL DEEPFAKES, nor about real voices. Do not quote
them as results, and do not use a detector trained on it.

Layout (that of CETUC):
  real_voices/<Name>_<ID>/<ID>-0001.wav        bona-fide
  fake_voices/<Name>_<ID>_Fake/<ID>-0001.wav   spoof of the clip with the same number
  attacks.csv                                  file,attack: one line per spoof

16 kHz, mono, 16-bit PCM. The last speaker has no spoofs, as that layout allows.
"""

_VOICE, _ATTACK, _NOISE = range(3)  # random streams of one clip
_LEVEL_DB = (-29.0, -23.0)  # root mean square of a clip, relative to full scale
_NOISE_DB = (-38.0, -31.0)  # noise added at the end, relative to the clip


@dataclass(frozen=True, slots=True)
class _Clip:
    """A bona-fide recording to make, and its spoof where it has one."""

    speaker: Speaker
    index: tuple[int, int]
    bona_fide: str
    spoof: str | None
    attack: str

    @property
    def files(self) -> list[str]:
        """POSIX paths relative to the folder."""
        return [self.bona_fide] + ([self.spoof] if self.spoof else [])


def make_corpus(
    folder: Path,
    n_speakers: int = 12,
    clips_per_speaker: int = 8,
    seconds: tuple[float, float] = (2.0, 3.5),
    seed: int = 7,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Make the stand-in corpus, or the files still missing from it.

    Each clip has random streams of its own, seeded by the seed, the speaker and the number of
    the clip. The same arguments give the same bytes (on one machine with one set of libraries),
    however many workers there are and however often the work was interrupted. A file that is
    there under its final name is complete and stays as it is; a folder made with other
    arguments is therefore not to be reused. The corpus is complete once this function has
    returned.

    Parameters
    ----------
    folder : Path
        Where the corpus goes; made if missing.
    n_speakers : int
        Speakers, women and men by turns; the last one has no spoofs.
    clips_per_speaker : int
        Bona-fide clips of each speaker; each has one spoof by an attack that rotates.
    seconds : tuple of float
        Shortest and longest duration of a clip.
    seed : int
        Seed of everything, not negative.
    progress : callable, optional
        Called from this thread as ``progress(done, total)`` after each bona-fide clip and its
        spoof.

    Returns
    -------
    int
        Number of clips (WAV files) written by this call, 0 if nothing was missing.

    Raises
    ------
    ValueError
        If there are fewer than two speakers, no clips, or the durations make no sense.
    AudiosError
        If a file cannot be written.
    """
    if n_speakers < 2 or clips_per_speaker < 1:
        raise ValueError("a corpus needs two speakers and one clip of each, at least")
    if not 0.5 <= seconds[0] <= seconds[1]:
        raise ValueError(f"durations {seconds} are not in order, or below half a second")
    plan = list(_plan(n_speakers, clips_per_speaker, seed))
    remove_partials(folder)
    # First of all the warning, so that even half a corpus carries it.
    write_text(folder / "README.txt", README)
    written = 0
    # Threads do: the transforms, which are most of the work, release the interpreter lock.
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        jobs = [pool.submit(_make_clip, folder, clip, seconds, seed) for clip in plan]
        try:
            for done, job in enumerate(as_completed(jobs), start=1):
                written += job.result()
                if progress is not None:
                    progress(done, len(plan))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    write_text(folder / "attacks.csv", _attack_table(plan))
    return written


def _plan(n_speakers: int, clips: int, seed: int) -> Iterator[_Clip]:
    """List the clips in the order in which they are made."""
    attacks = list(ATTACKS)
    for who, speaker in enumerate(make_speakers(n_speakers, seed)):
        for number in range(clips):
            place, name = f"{speaker.name}_{speaker.id}", f"{speaker.id}-{number + 1:04d}.wav"
            spoofed = who < n_speakers - 1
            yield _Clip(
                speaker=speaker,
                index=(who, number),
                bona_fide=f"{BONA_FIDE_FOLDER}/{place}/{name}",
                spoof=f"{SPOOF_FOLDER}/{place}{SPOOF_SUFFIX}/{name}" if spoofed else None,
                attack=attacks[(who + number) % len(attacks)],
            )


def _attack_table(plan: list[_Clip]) -> str:
    """Write the table of attacks as CSV text."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["file", "attack"])
    table.writerows([clip.spoof, clip.attack] for clip in plan if clip.spoof)
    return text.getvalue()


def _make_clip(folder: Path, clip: _Clip, seconds: tuple[float, float], seed: int) -> int:
    """Make one clip and its spoof, where they are missing; count what was written."""
    missing = [name for name in clip.files if not (folder / name).exists()]
    if not missing:
        return 0

    def chance(stream: int) -> np.random.Generator:
        return np.random.default_rng([seed, *clip.index, stream])

    rng = chance(_VOICE)
    voice = speak(clip.speaker, rng.uniform(*seconds), rng, SAMPLE_RATE)
    level, noise = (10.0 ** (rng.uniform(*span) / 20.0) for span in (_LEVEL_DB, _NOISE_DB))
    for name in missing:
        if name == clip.bona_fide:
            waveform, hiss = voice, chance(_NOISE)
        else:
            waveform = ATTACKS[clip.attack](voice, chance(_ATTACK))
            hiss = chance(_NOISE + 1)
        write_waveform(folder / name, _finish(waveform, level, noise, hiss), SAMPLE_RATE)
    return len(missing)


def _finish(
    waveform: NDArray[np.float32], level: float, noise: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Add noise and set the level, alike for both kinds of clip.

    The noise comes after the attack and is drawn anew for each file. The pauses of bona-fide
    and spoof then sound alike, and a detector has to listen to the speech.
    """
    loudness = rms(waveform)
    hiss = set_rms(room_noise(len(waveform), rng), noise * loudness)
    return set_rms(waveform + hiss, level)

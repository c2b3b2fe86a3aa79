"""Text to speech by programs on the PATH, with voices and sentences drawn."""

import os
import shutil
import subprocess
from abc import abstractmethod
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

import numpy as np

from src.spoofs.attack import NO_LIMIT, Attack, Material
from src.spoofs.resampling import resampled
from src.spoofs.sentences import OWN, Sentence
from src.utils.audio.augmentations.augmentation import Parameters
from src.utils.audio.io import read_info, read_waveform
from src.utils.errors import ArgumentError, AudioError
from src.utils.files import sha256_file, sha256_text

_SECONDS = 60.0
"""How long a program may take for one sentence."""
_MOST_SENTENCES = 12
_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "ESPEAK_DATA_PATH", "TMPDIR")
"""What of the environment a program is given."""


class Program(Attack):
    """A program that speaks text into a WAV file.

    Sentences are spoken one after the other until they are as long as the source.

    Parameters
    ----------
    material : Material
        The sentences, where they are not to be our own.

    Attributes
    ----------
    programs : tuple of str
        Its names, of which the first that is on the PATH is called.
    remedy : str
        How one comes by it.
    languages : tuple of str
        What it speaks.
    """

    speaks: ClassVar[bool] = True
    programs: ClassVar[tuple[str, ...]]
    remedy: ClassVar[str]
    languages: ClassVar[tuple[str, ...]]
    rates: ClassVar[tuple[float, float]] = (0.85, 1.2)
    """Slowest and fastest, as a share of the usual speed."""

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        found = next(filter(None, map(shutil.which, self.programs)), None)
        if found is None:
            raise ArgumentError(
                f"--attacks={self.name} needs the program {' or '.join(self.programs)} on the "
                f"PATH: {self.remedy}"
            )
        self.program = found
        self._sentences = self._known(material.sentences or OWN)
        if not self._sentences:
            raise ArgumentError(
                f"--attacks={self.name} speaks {', '.join(self.languages)}, and --sentences has "
                f"none of these"
            )
        self._bands: dict[str, float] = {}

    @abstractmethod
    def voices(self, language: str) -> tuple[str, ...]:
        """Return the names of the voices for a language.

        Parameters
        ----------
        language : str
            One of `languages`.
        """

    @abstractmethod
    def command(
        self, text: Path, wav: Path, voice: str, rate: float, pitch: float
    ) -> Sequence[str]:
        """Return the program's arguments.

        Parameters
        ----------
        text : pathlib.Path
            A file with the sentence, which is on stdin as well.
        wav : pathlib.Path
            What to write.
        voice : str
            One of `voices`.
        rate, pitch : float
            Shares of the usual speed and pitch.
        """

    def draw(self, random: np.random.Generator, language: str = "") -> Parameters:
        """Draw the voice, its speed and pitch, and the sentences; see `Attack.draw`."""
        known = [one for one in self._sentences if one.language == language]
        if not known:
            languages = sorted({one.language for one in self._sentences})
            chosen = str(random.choice(languages))
            known = [one for one in self._sentences if one.language == chosen]
        spoken = known[0].language
        count = min(len(known), _MOST_SENTENCES)
        order = random.choice(len(known), count, replace=False)
        return {
            "voice": str(random.choice(self.voices(spoken))),
            "rate": round(float(random.uniform(*self.rates)), 3),
            "pitch": round(float(random.uniform(0.75, 1.3)), 3),
            "text": "\n".join(known[at].text for at in order),
            "language": spoken,
        }

    def highest(self, parameters: Parameters) -> float:
        """Return half the rate that the voice is written at; see `Attack.highest`."""
        voice = str(parameters["voice"])
        if voice not in self._bands:
            try:
                _, rate = self._say(str(parameters["text"]).splitlines()[0], parameters)
            except AudioError:
                return NO_LIMIT  # there will be no spoof
            self._bands[voice] = rate / 2
        return self._bands[voice]

    def check(self) -> None:
        """Speak once; see `Attack.check`."""
        drawn = self.draw(np.random.default_rng(0))
        try:
            self._say(str(drawn["text"]).splitlines()[0], drawn)
        except AudioError as error:
            raise ArgumentError(
                f"--attacks={self.name} does not work here: a sentence {error}"
            ) from error

    def identity(self) -> str:
        """Return the hash of the program; see `Attack.identity`."""
        return f"sha256:{sha256_file(Path(self.program))}"

    def apply(self, waveform: np.ndarray, sample_rate: int, parameters: Parameters) -> np.ndarray:
        """Speak; see `Attack.apply`."""
        parts: list[np.ndarray] = []
        length = 0
        for text in str(parameters["text"]).splitlines():
            spoken, rate = self._say(text, parameters)
            parts.append(resampled(spoken, rate, sample_rate))
            length += len(parts[-1])
            if length >= len(waveform):
                break
        return np.concatenate(parts)

    def _known(self, sentences: Sequence[Sentence]) -> tuple[Sentence, ...]:
        """Return the sentences that it can speak; of an unknown language it takes its first."""
        first = self.languages[0]
        told = (one if one.language else Sentence(one.text, first) for one in sentences)
        return tuple(one for one in told if one.language in self.languages)

    def _say(self, sentence: str, parameters: Parameters) -> tuple[np.ndarray, int]:
        """Return what the program makes of a sentence, and its rate."""
        with TemporaryDirectory(prefix="audios-") as folder:
            text, wav = Path(folder) / "text.txt", Path(folder) / "spoken.wav"
            text.write_text(f"{sentence}\n", encoding="utf-8")
            voice, speed = str(parameters["voice"]), float(parameters["rate"])
            words = self.command(text, wav, voice, speed, float(parameters["pitch"]))
            self._call(words, text, folder)
            if not wav.is_file():
                raise AudioError(f"is not spoken: {self.name} wrote nothing")
            try:
                rate = read_info(wav).sample_rate
                return read_waveform(wav, rate), rate
            except AudioError as error:
                raise AudioError(f"is not spoken: what {self.name} wrote {error}") from error

    def _call(self, words: Sequence[str], text: Path, folder: str) -> None:
        kept = {name: os.environ[name] for name in _VARIABLES if name in os.environ}
        try:
            with text.open("rb") as stream:
                done = subprocess.run(
                    [self.program, *words],
                    stdin=stream,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    timeout=_SECONDS,
                    cwd=folder,
                    env=kept,
                    # Ctrl-C is for this process.
                    process_group=0,
                )
        except subprocess.TimeoutExpired:
            raise AudioError(
                f"is not spoken: {self.name} took longer than {_SECONDS:g} s"
            ) from None
        except OSError as error:
            raise ArgumentError(f"cannot start {self.program}: {error.strerror}") from error
        if done.returncode:
            told = " ".join(done.stderr.decode("utf-8", "replace").split())[:120]
            raise AudioError(f"is not spoken: {self.name} failed ({told or done.returncode})")


class Espeak(Program):
    """eSpeak NG, by formants."""

    name = "espeak"
    about: ClassVar[str] = "text to speech by eSpeak NG"
    programs: ClassVar[tuple[str, ...]] = ("espeak-ng", "espeak")
    remedy: ClassVar[str] = "install espeak-ng by the system's packages"
    languages: ClassVar[tuple[str, ...]] = ("en", "de", "es", "fr", "it", "pt")

    def voices(self, language: str) -> tuple[str, ...]:
        """Return variants of one voice; see `Program.voices`."""
        return tuple(f"{language}+{kind}{n}" for kind, count in _VARIANTS for n in range(1, count))

    def command(
        self, text: Path, wav: Path, voice: str, rate: float, pitch: float
    ) -> Sequence[str]:
        """Return the arguments; see `Program.command`."""
        speed, height = str(round(165 * rate)), str(round(min(99.0, 50 * pitch)))
        return ("-v", voice, "-s", speed, "-p", height, "-w", str(wav), "-f", str(text))


_VARIANTS = (("m", 8), ("f", 5))
"""eSpeak's own: men 1 to 7, women 1 to 4."""


class Festival(Program):
    """Festival, with the voice that is set up."""

    name = "festival"
    about: ClassVar[str] = "text to speech by Festival"
    programs: ClassVar[tuple[str, ...]] = ("text2wave",)
    remedy: ClassVar[str] = "install festival and one of its voices by the system's packages"
    languages: ClassVar[tuple[str, ...]] = ("en",)

    def voices(self, language: str) -> tuple[str, ...]:
        """Return that one; see `Program.voices`."""
        return ("default",)

    def command(
        self, text: Path, wav: Path, voice: str, rate: float, pitch: float
    ) -> Sequence[str]:
        """Return the arguments; see `Program.command`."""
        stretch = f"(Parameter.set 'Duration_Stretch {1 / rate:.3f})"
        return (str(text), "-o", str(wav), "-eval", stretch)


class Flite(Program):
    """Flite, with its built-in voices."""

    name = "flite"
    about: ClassVar[str] = "text to speech by Flite"
    programs: ClassVar[tuple[str, ...]] = ("flite",)
    remedy: ClassVar[str] = "install flite by the system's packages"
    languages: ClassVar[tuple[str, ...]] = ("en",)

    @cached_property
    def _built_in(self) -> tuple[str, ...]:
        listed = subprocess.run(
            [self.program, "-lv"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
        _, _, names = listed.stdout.decode("utf-8", "replace").partition(":")
        return tuple(sorted(set(names.split()))) or ("slt",)

    def voices(self, language: str) -> tuple[str, ...]:
        """Return those it lists; see `Program.voices`."""
        return self._built_in

    def command(
        self, text: Path, wav: Path, voice: str, rate: float, pitch: float
    ) -> Sequence[str]:
        """Return the arguments; see `Program.command`."""
        stretch = f"duration_stretch={1 / rate:.3f}"
        return ("-voice", voice, "--setf", stretch, "-f", str(text), "-o", str(wav))


class Pico(Program):
    """SVOX Pico, one voice a language."""

    name = "pico"
    about: ClassVar[str] = "text to speech by SVOX Pico"
    programs: ClassVar[tuple[str, ...]] = ("pico2wave",)
    remedy: ClassVar[str] = "install libttspico-utils by the system's packages"
    languages: ClassVar[tuple[str, ...]] = ("en", "de", "es", "fr", "it")

    def voices(self, language: str) -> tuple[str, ...]:
        """Return those of the language; see `Program.voices`."""
        return _PICO[language]

    def command(
        self, text: Path, wav: Path, voice: str, rate: float, pitch: float
    ) -> Sequence[str]:
        """Return the arguments; see `Program.command`."""
        words = text.read_text(encoding="utf-8").strip().replace("<", " ")
        percent = f'<speed level="{round(100 * rate)}"><pitch level="{round(100 * pitch)}">'
        spoken = f"{percent}{words}</pitch></speed>"
        return ("-l", voice, "-w", str(wav), "--", spoken)


_PICO = {
    "en": ("en-GB", "en-US"),
    **{"de": ("de-DE",), "es": ("es-ES",), "fr": ("fr-FR",), "it": ("it-IT",)},
}


class Piper(Program):
    """Piper, a neural voice in ONNX (VITS), run by its own program.

    Parameters
    ----------
    material : Material
        The folder of voices, and the sentences.
    """

    name = "piper"
    about: ClassVar[str] = "text to speech by Piper, with the voices of --voices"
    programs: ClassVar[tuple[str, ...]] = ("piper",)
    remedy: ClassVar[str] = "pip install piper-tts, in an environment of its own"
    languages: ClassVar[tuple[str, ...]] = ("en", "de", "es", "fr", "it", "pt")

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        folder = material.voices
        self._models = sorted(folder.glob("*.onnx")) if folder and folder.is_dir() else []
        if not self._models:
            raise ArgumentError(
                "--attacks=piper needs --voices=FOLDER, a folder with voices for piper (NAME.onnx "
                "beside NAME.onnx.json)"
            )
        spoken = {_language_of(model) for model in self._models}
        self._sentences = tuple(one for one in self._sentences if one.language in spoken)
        if not self._sentences:
            raise ArgumentError(
                f"--voices={folder} speaks {', '.join(sorted(spoken))}, of which there are no "
                f"sentences; give some by --sentences=FILE"
            )

    def voices(self, language: str) -> tuple[str, ...]:
        """Return the files for the language; see `Program.voices`."""
        return tuple(one.name for one in self._models if _language_of(one) == language)

    def identity(self) -> str:
        """Return the hash of program and voices; see `Attack.identity`."""
        parts = (super().identity(), *map(sha256_file, self._models))
        return f"sha256:{sha256_text(''.join(parts))}"

    def command(
        self, text: Path, wav: Path, voice: str, rate: float, pitch: float
    ) -> Sequence[str]:
        """Return the arguments; see `Program.command`."""
        model = next(one for one in self._models if one.name == voice)
        stretch = f"{1 / rate:.3f}"
        # Without noise, since its program draws that anew every time.
        still = ("--noise_scale", "0", "--noise_w", "0")
        place = ("--model", str(model.resolve()), "--output_file", str(wav))
        return (*place, "--length_scale", stretch, *still)


def _language_of(model: Path) -> str:
    """Return the language of a voice, by the form of its name: `pt_BR-faber-medium.onnx`.

    >>> _language_of(Path("pt_BR-faber-medium.onnx"))
    'pt'
    """
    return model.name[:2].lower()

"""Verdicts that are kept beside their output while a prediction is under way.

They are kept as soon as nothing that follows could move their last bits (see `Judge.judge`), so
that after a kill the same command takes over what was judged of recordings that are still the same,
and ends with the same output, byte for byte. That appears when all is judged.
"""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

from src.fusion.names import FUSION, member_folders
from src.predict.detector import Detector
from src.predict.verdict import REFUSED, JudgedWindow, Stretch, Verdict
from src.utils.errors import AudiosError
from src.utils.files import PARTIAL, file_identity, locked

FORMAT = 3
"""Raised where a verdict on the same recording changes, or what is kept of it."""

_SYNC_SECONDS = 5.0
"""How much work a power cut may lose; a kill loses none."""
_MODELS = (".safetensors", ".skops", ".onnx", ".data")
_NUMBERS = ("score", "llr", "probability", "duration")

Identity = tuple[str, str]
"""The size and time of a recording, see `files.file_identity`."""


@contextmanager
def claimed(output: Path) -> Iterator[None]:
    """Hold the right to write verdicts into a file; nothing is left beside it afterwards.

    Parameters
    ----------
    output : pathlib.Path
        The file that the verdicts go to.

    Raises
    ------
    AudiosError
        When another process is writing them, or a lock cannot be made.
    """
    lock = output.with_name(f".{output.name}.lock")
    with locked(lock, str(output)):
        if not lock.exists():
            # It was the last one's, which has removed it right now.
            raise AudiosError(f"another process is writing {output}; run again")
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)


def settings_of(
    detector: Detector,
    audio: Path,
    prior: float,
    bandwidths: Any = None,
    stream: int | None = None,
    any_sound: bool = False,
) -> dict[str, Any]:
    """Return what verdicts depend on besides the recording, as JSON values.

    Parameters
    ----------
    detector : Detector
        The trained model.
    audio : pathlib.Path
        The recording or the folder of them.
    prior : float
        Prior probability of bona-fide.
    bandwidths : Bandwidths, optional
        Those of the training recordings.
    stream : int, optional
        Which audio stream is heard.
    any_sound : bool
        Whether what holds no speech is judged too.
    """
    run, reference = detector.run, detector.reference
    folders = [run.folder, *member_folders(run)]
    models = sorted(
        path for folder in folders for path in folder.glob("*") if path.suffix in _MODELS
    )
    about = {
        "format": FORMAT,
        "audio": str(audio.resolve()),
        "run": str(run.folder.resolve()),
        "started": run.manifest.get("started"),
        "models": {str(path.relative_to(run.folder)): file_identity(path) for path in models},
        "fusion": run.settings.get(FUSION),
        "backbone": detector.backbone.describe(),
        "calibration": asdict(detector.calibration),
        "limit": None if reference is None else reference.limit,
        "bandwidths": None if bandwidths is None else asdict(bandwidths),
        "prior": prior,
        "stream": stream,
        "any_sound": any_sound,
    }
    return json.loads(json.dumps(about, default=str))


class Journal:
    """The verdicts that were given so far, in a hidden file beside the output.

    A line holds what was settled at once. One torn by a kill, or damaged, counts as never written;
    what was kept under other settings is dropped.

    Parameters
    ----------
    output : pathlib.Path
        The file that the verdicts go to, which is claimed.
    settings : dict
        As of `settings_of`.

    Raises
    ------
    AudiosError
        When it cannot be written.
    """

    def __init__(self, output: Path, settings: dict[str, Any]) -> None:
        self.path = output.with_name(f".{output.name}{PARTIAL}.jsonl")
        self._known: dict[str, tuple[Identity, Verdict]] = {}
        self._unsettled: list[dict[str, Any]] = []
        lines = self._read(settings)
        with self._told():
            # Written anew, so that what is appended never continues a torn line.
            temporary = self.path.with_name(f"{self.path.name}{PARTIAL}")
            temporary.write_bytes(b"".join([_line(settings), *lines]))
            temporary.replace(self.path)
            self._stream: BinaryIO = self.path.open("ab")
        self._synced = time.monotonic()

    def find(self, file: str, identity: Identity) -> Verdict | None:
        """Return the verdict that was given on a recording, None where it has changed since.

        Parameters
        ----------
        file : str
            As verdicts name it.
        identity : (str, str)
            Its size and time now.
        """
        known, verdict = self._known.get(file, (None, None))
        return verdict if known == identity else None

    def add(self, verdict: Verdict, identity: Identity) -> None:
        """Take note of a verdict; of a refused recording none, which may be read another time.

        Parameters
        ----------
        verdict : Verdict
            As it was given.
        identity : (str, str)
            The recording's size and time before it was read.
        """
        if not verdict.is_refused:
            about = {"bytes": identity[0], "mtime_ns": identity[1]}
            self._unsettled.append(about | asdict(verdict))

    def settle(self) -> None:
        """Keep the verdicts that were taken note of.

        Raises
        ------
        AudiosError
            When they cannot be written.
        """
        with self._told():
            self._stream.write(_line(self._unsettled))
            self._stream.flush()
            if time.monotonic() - self._synced > _SYNC_SECONDS:
                os.fsync(self._stream.fileno())
                self._synced = time.monotonic()
        self._unsettled = []

    def close(self) -> None:
        """Keep what is there for another time."""
        self._stream.close()

    def remove(self) -> None:
        """Remove what is in the output now."""
        self._stream.close()
        self.path.unlink(missing_ok=True)

    def _read(self, settings: dict[str, Any]) -> list[bytes]:
        """Take over what was kept under the same settings, and return its lines."""
        if not self.path.is_file():
            return []
        with self._told("read"):
            first, *lines = self.path.read_bytes().splitlines(keepends=True) or [b""]
        if first != _line(settings):
            return []
        sound = []
        for line in lines:
            try:
                self._known |= _parse(line)
            except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
                continue
            sound.append(line)
        return sound

    @contextmanager
    def _told(self, what: str = "write") -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise AudiosError(f"cannot {what} {self.path}: {error.strerror}") from error


def _line(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True).encode() + b"\n"


def _parse(line: bytes) -> dict[str, tuple[Identity, Verdict]]:
    """Return the verdicts of a line by file; raises where it is not whole."""
    if not line.endswith(b"\n"):
        raise ValueError("torn")
    return dict(map(_entry, json.loads(line)))


def _entry(about: dict[str, Any]) -> tuple[str, tuple[Identity, Verdict]]:
    identity = str(about.pop("bytes")), str(about.pop("mtime_ns"))
    verdict = _verdict(about)
    are_numbers = (isinstance(getattr(verdict, name), float) for name in _NUMBERS)
    are_ratios = all(isinstance(ratio, float) for ratio in dict(verdict.members).values())
    are_texts = (isinstance(text, str) for text in (verdict.file, verdict.verdict))
    if verdict.verdict == REFUSED or not all(are_numbers) or not all(are_texts) or not are_ratios:
        raise ValueError("no verdict")
    return verdict.file, (identity, verdict)


def _verdict(about: dict[str, Any]) -> Verdict:
    windows = [JudgedWindow(**window) for window in about.pop("windows")]
    stretches = tuple(Stretch(**stretch) for stretch in about.pop("stretches"))
    channels = tuple(_verdict(channel) for channel in about.pop("channels"))
    return Verdict(**about, windows=windows, stretches=stretches, channels=channels)

"""Stage 12: verdicts on new recordings by a trained run."""

from collections.abc import Sequence
from contextlib import closing, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tqdm import tqdm

from src.models.trained_on import is_trained_elsewhere
from src.predict.bandwidths import bandwidths_of
from src.predict.detector import Detector
from src.predict.drawing import Drawing, draw_verdicts
from src.predict.journal import Journal, claimed, settings_of
from src.predict.judge import Judge
from src.predict.table import write_verdicts
from src.predict.verdict import REFUSED, Verdict
from src.utils.audio.formats import AUDIO_SUFFIXES
from src.utils.dataset.layouts.tree import find_recordings, name_as_text, why_no_file
from src.utils.dataset.layouts.unread import Aside
from src.utils.errors import AudioError, AudiosError, shorten
from src.utils.files import file_identity, require_unchanged
from src.utils.interrupts import Interrupts
from src.utils.runs import Run
from src.utils.shown_text import visible


class Listener(Protocol):
    """Somebody who is told of verdicts as they are given."""

    def begin(self, names: Sequence[str]) -> None:
        """Hear which recordings will be judged, once, before anything slow.

        Parameters
        ----------
        names : sequence of str
            As verdicts name them.
        """

    def hear(self, verdict: Verdict) -> None:
        """Hear a verdict.

        Parameters
        ----------
        verdict : Verdict
            The next one, in the order in which they are given.
        """


@dataclass(frozen=True)
class Prediction:
    """The verdicts of a run on new recordings.

    Attributes
    ----------
    run : Run
        The training run that judged them.
    prior : float
        Prior probability of bona-fide.
    verdicts : list of Verdict
        In the order of the files.
    n_files : int
        Number of recordings found; more than verdicts where Ctrl-C ended the work.
    notes : list of str
        Checks that could not be made on any recording.
    output : pathlib.Path or None
        The file that the verdicts were written to.
    figures : list of pathlib.Path
        The PNG files that were drawn.
    was_stopped : bool
        Whether Ctrl-C ended the work.
    n_taken_over : int
        How many verdicts had been given before, by a run of the same that was stopped or killed.
    aside : Aside
        How many companions of recordings and hidden files lie in the folder.
    headline : str
        Which detector judged, how good it is and how old, in one line.
    warnings : tuple of str
        What speaks against its verdicts on any recording.
    """

    run: Run
    prior: float
    verdicts: list[Verdict]
    n_files: int
    notes: list[str] = field(default_factory=list)
    output: Path | None = None
    figures: list[Path] = field(default_factory=list)
    was_stopped: bool = False
    n_taken_over: int = 0
    aside: Aside = field(default_factory=Aside)
    headline: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def fault(self) -> str:
        """Why there is no verdict at all, where every recording was refused; else empty."""
        if self.was_stopped or not all(one.is_refused for one in self.verdicts):
            return ""
        return _nothing_judged(self.verdicts)


def predict(
    run: Run,
    audio: Path,
    checkpoint: str | None = None,
    prior: float = 0.5,
    output: Path | None = None,
    drawing: Drawing | None = None,
    stream: int | None = None,
    any_sound: bool = False,
    listener: Listener | None = None,
) -> Prediction:
    """Judge a recording, or every recording below a folder.

    Ctrl-C ends it with what was judged so far. Where there is an output, verdicts are kept beside
    it as they are given, and after a kill or Ctrl-C the same call goes on.

    Parameters
    ----------
    run : Run
        A finished training.
    audio : pathlib.Path
        A file or a folder.
    checkpoint : str, optional
        Folder or hub id of the run's checkpoint (default: where it was in training).
    prior : float
        Prior probability of bona-fide, between 0 and 1.
    output : pathlib.Path, optional
        A file for the verdicts (see `table.check_output`).
    drawing : Drawing, optional
        How many figures to draw, and where.
    stream : int, optional
        Which audio stream, from 0 on, of a file that has several; by default the first.
    any_sound : bool
        Whether what holds no speech is judged too.
    listener : Listener, optional
        Is told of every verdict as it is given.

    Raises
    ------
    AudiosError
        When there is no recording; the output is written even so. When another process writes the
        output.
    CheckpointError
        When the run's backbone cannot be loaded.
    RunError
        When a file of the run is absent or damaged.
    """
    found = _find(audio)
    if not found.files:
        if output is not None and found.refused:
            write_verdicts(output, found.refused)
        raise AudiosError(_nothing_found(audio, found))
    if listener is not None:
        listener.begin([file for file, _ in found.files] + [one.file for one in found.refused])
        for verdict in found.refused:
            listener.hear(verdict)
    with nullcontext() if output is None else claimed(output):
        detector = Detector.load(run, checkpoint)
        known = bandwidths_of(run, detector.backbone.sample_rate)
        journal = None
        if output is not None:
            settings = settings_of(detector, audio, prior, known, stream, any_sound)
            journal = Journal(output, settings)
        judge = Judge(detector, prior, known, stream, any_sound)
        work = _Work(judge, found.files, journal, listener)
        with Interrupts() as interrupts:
            was_stopped = False
            try:
                with interrupts.allowed():
                    work.judge_all()
            except KeyboardInterrupt:
                was_stopped = True
            finally:
                if journal is not None:
                    journal.close()
            verdicts = work.verdicts
            if not was_stopped:
                verdicts = sorted([*verdicts, *found.refused], key=lambda one: one.file)
            if output is not None:
                write_verdicts(output, verdicts)
            if journal is not None and not was_stopped:
                journal.remove()
    figures = []
    if drawing is not None and not was_stopped:
        confidence = detector.calibration.confidence
        figures = draw_verdicts(drawing, verdicts, dict(found.files), confidence, stream)
    return Prediction(
        run=run,
        prior=prior,
        verdicts=verdicts,
        n_files=len(found.files) + len(found.refused),
        notes=_notes(detector, known is not None),
        output=output,
        figures=figures,
        was_stopped=was_stopped,
        n_taken_over=work.n_taken_over,
        aside=found.aside,
    )


@dataclass(frozen=True)
class _Found:
    """What lies at a path: recordings by name, verdicts on what is not read, and the rest."""

    files: list[tuple[str, Path]]
    refused: list[Verdict] = field(default_factory=list)
    aside: Aside = field(default_factory=Aside)


def require_there(audio: Path) -> None:
    """Refuse a path at which there is neither a folder nor a file that can be read.

    Parameters
    ----------
    audio : pathlib.Path
        What was named.

    Raises
    ------
    AudiosError
        Naming it.
    """
    why = "" if audio.is_dir() else why_no_file(audio)
    if why:
        told = f"{audio} {why}" if audio.exists() or audio.is_symlink() else ""
        raise AudiosError(told or f"no file or folder {audio}")


def _find(audio: Path) -> _Found:
    require_there(audio)
    if audio.is_dir():
        problems: dict[str, str] = {}
        aside = Aside()
        files = [(file, audio / file) for file in find_recordings(audio, problems, aside)]
        refused = [Verdict(file, REFUSED, refusal=why) for file, why in problems.items()]
        return _Found(files, refused, aside)
    return _Found([(name_as_text(audio.name), audio)])


def _notes(detector: Detector, is_bandwidth_known: bool) -> list[str]:
    """Return what cannot be told of any recording."""
    number, notes = detector.run.number, []
    if detector.reference is None:
        notes.append(
            f"run {number} keeps no reference, so it cannot be told whether a recording lies "
            f"far outside its training data; train anew to have it"
        )
    if not is_bandwidth_known:
        why = "were elsewhere" if is_trained_elsewhere(detector.run) else "are gone"
        notes.append(
            f"the training recordings of run {number} {why}, so their bandwidth is not known"
        )
    return notes


class _Work:
    """Judging recordings one after the other, but for those that a journal holds verdicts on."""

    def __init__(
        self,
        judge: Judge,
        files: Sequence[tuple[str, Path]],
        journal: Journal | None,
        listener: Listener | None,
    ) -> None:
        self.verdicts: list[Verdict] = []
        self._judge, self._files, self._journal = judge, dict(files), journal
        self._listener = listener
        self._identities = {file: file_identity(path) for file, path in files} if journal else {}
        self._before = {
            file: verdict
            for file, identity in self._identities.items()
            if journal is not None and (verdict := journal.find(file, identity)) is not None
        }

    @property
    def n_taken_over(self) -> int:
        """How many verdicts an earlier run had given."""
        return len(self._before)

    def judge_all(self) -> None:
        """Give every verdict, those that are there already first."""
        for verdict in self._before.values():
            self._add(verdict)
        todo = [(file, path) for file, path in self._files.items() if file not in self._before]
        n_files = len(self._files)
        with tqdm(total=n_files, initial=len(self._before), desc="Predict", unit="clip") as bar:

            def show_progress(file: str, seconds: float, duration: float) -> None:
                text = f"{visible(file)}: {seconds / 60:.0f} of {duration / 60:.0f} min"
                if bar.postfix != text:
                    bar.set_postfix_str(text)

            settle = (lambda: None) if self._journal is None else self._journal.settle
            with closing(self._judge.judge(todo, show_progress, settle)) as stream:
                for verdict in stream:
                    self._add(verdict)
                    self._keep(verdict)
                    bar.set_postfix_str("", refresh=False)
                    bar.update()

    def _add(self, verdict: Verdict) -> None:
        self.verdicts.append(verdict)
        if self._listener is not None:
            # So that what is printed does not run into the bar.
            with tqdm.external_write_mode():
                self._listener.hear(verdict)

    def _keep(self, verdict: Verdict) -> None:
        if self._journal is None:
            return
        identity = self._identities[verdict.file]
        # It holds of what was read, which nobody could tell from what is there another time.
        with suppress(AudioError):
            require_unchanged(self._files[verdict.file], identity)
            self._journal.add(verdict, identity)


def _nothing_found(audio: Path, found: _Found) -> str:
    reasons = {one.file: one.refusal for one in found.refused}
    why = f": {_join_reasons(reasons)}" if reasons else f" ({', '.join(AUDIO_SUFFIXES)})"
    aside = f"; {found.aside.describe()}" if found.aside else ""
    return f"no recording in {audio}{why}{aside}"


def _nothing_judged(verdicts: Sequence[Verdict]) -> str:
    reasons = {one.file: one.refusal for one in verdicts}
    if len(reasons) == 1:
        return _join_reasons(reasons)
    return f"not one of {len(reasons):,} recordings can be judged: {_join_reasons(reasons)}"


def _join_reasons(reasons: dict[str, str]) -> str:
    return shorten((f"{file} {reason}" for file, reason in reasons.items()), 3)

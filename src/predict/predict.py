"""Stage 12: verdicts on new recordings by a trained run."""

import os
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

from src.predict.bandwidths import bandwidths_of
from src.predict.detector import Detector
from src.predict.drawing import Drawing, draw_verdicts
from src.predict.judge import Judge
from src.predict.table import write_verdicts
from src.predict.verdict import REFUSED, Verdict
from src.utils.audio.formats import AUDIO_SUFFIXES
from src.utils.dataset.layouts.tree import find_recordings
from src.utils.errors import AudiosError, shorten
from src.utils.interrupts import Interrupts
from src.utils.runs import Run


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
    """

    run: Run
    prior: float
    verdicts: list[Verdict]
    n_files: int
    notes: list[str] = field(default_factory=list)
    output: Path | None = None
    figures: list[Path] = field(default_factory=list)
    was_stopped: bool = False


def predict(
    run: Run,
    audio: Path,
    checkpoint: str | None = None,
    prior: float = 0.5,
    output: Path | None = None,
    drawing: Drawing | None = None,
) -> Prediction:
    """Judge a recording, or every recording below a folder.

    Ctrl-C ends it with what was judged so far.

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

    Raises
    ------
    AudiosError
        When there is no recording, or not one can be judged; the output is written even so.
    CheckpointError
        When the run's backbone cannot be loaded.
    RunError
        When a file of the run is absent or damaged.
    """
    files, refused = _find(audio)
    detector = Detector.load(run, checkpoint)
    known = bandwidths_of(run, detector.backbone.sample_rate)
    notes = []
    if detector.reference is None:
        notes.append(
            f"run {run.number} keeps no reference, so it cannot be told whether a recording lies "
            f"far outside its training data; train anew to have it"
        )
    if known is None:
        notes.append(
            f"the training recordings of run {run.number} are gone, so their bandwidth is not known"
        )
    judge = Judge(detector, prior, known)
    verdicts: list[Verdict] = []
    with Interrupts() as interrupts:
        was_stopped = False
        try:
            with interrupts.allowed():
                _judge_all(judge, files, verdicts)
        except KeyboardInterrupt:
            was_stopped = True
        else:
            verdicts = sorted([*verdicts, *refused], key=lambda one: one.file)
        if output is not None:
            write_verdicts(output, verdicts)
    n_files = len(files) + len(refused)
    if not was_stopped and all(one.is_refused for one in verdicts):
        raise AudiosError(_nothing_judged(verdicts))
    figures = []
    if drawing is not None and not was_stopped:
        figures = draw_verdicts(drawing, verdicts, dict(files), detector.calibration.confidence)
    return Prediction(run, prior, verdicts, n_files, notes, output, figures, was_stopped)


def _find(audio: Path) -> tuple[list[tuple[str, Path]], list[Verdict]]:
    """Return the name and path of each recording, and verdicts on names that cannot be read."""
    if audio.is_dir():
        problems: dict[str, str] = {}
        files = [(file, audio / file) for file in find_recordings(audio, problems)]
        if not files:
            why = f": {_join_reasons(problems)}" if problems else f" ({', '.join(AUDIO_SUFFIXES)})"
            raise AudiosError(f"no recording in {audio}{why}")
        refused = [Verdict(file, REFUSED, refusal=why) for file, why in problems.items()]
        return files, refused
    if not audio.exists():
        raise AudiosError(f"no file or folder {audio}")
    name = os.fsencode(audio.name).decode("utf-8", "replace")
    return [(name, audio)], []


def _judge_all(judge: Judge, files: Sequence[tuple[str, Path]], verdicts: list[Verdict]) -> None:
    with tqdm(total=len(files), desc="Predict", unit="clip") as bar:

        def show_progress(file: str, seconds: float, duration: float) -> None:
            text = f"{file}: {seconds / 60:.0f} of {duration / 60:.0f} min"
            if bar.postfix != text:
                bar.set_postfix_str(text)

        with closing(judge.judge(files, show_progress)) as stream:
            for verdict in stream:
                verdicts.append(verdict)
                bar.set_postfix_str("", refresh=False)
                bar.update()


def _nothing_judged(verdicts: Sequence[Verdict]) -> str:
    reasons = {one.file: one.refusal for one in verdicts}
    if len(reasons) == 1:
        return _join_reasons(reasons)
    return f"not one of {len(reasons):,} recordings can be judged: {_join_reasons(reasons)}"


def _join_reasons(reasons: dict[str, str]) -> str:
    return shorten((f"{file} {reason}" for file, reason in reasons.items()), 3)

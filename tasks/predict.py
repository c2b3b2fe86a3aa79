"""The task that judges new recordings."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from invoke import Context, Exit

from src import stages
from src.fusion.names import labels_of
from src.utils.errors import ArgumentError, AudiosError
from tasks import arguments, configured
from tasks.flags import AnswerFlags, RunFlags
from tasks.show import answer, say, show
from tasks.task import stage

if TYPE_CHECKING:
    from src.predict.choice import Chosen
    from src.predict.verdict import Verdict
    from src.reports import VerdictLines

FAILED = 3
"""The exit code where `--fail-on` says so; 1 and 2 are errors."""

FAIL_ON = {
    "spoof": {"spoof", "partly-spoof"},
    "partly-spoof": {"partly-spoof"},
    "inconclusive": {"inconclusive"},
    "refused": {"refused"},
}
"""The verdicts that each word of `--fail-on` stands for."""


@stage(
    "audio",
    audio="A recording, or a folder of them, sound or video of any usual format; only read.",
    stream="Which audio stream of a file with several, from 0 on (default: the first).",
    any_sound="Judge also what holds no speech, such as music, instead of refusing it.",
    detector="Judge by this detector: the name of one that comes with AUDIOS (see ListDetectors), "
    "or the folder of an exported one (see ExportModel).",
    run_number="Judge by this run (default: the best tested one, or else the detector that comes "
    "with AUDIOS).",
    study_number="Judge by a trial of this study.",
    checkpoint="Where the run's checkpoint is now, if it was moved.",
    prior="The share of bona-fide recordings you expect, between 0 and 1 (default: 0.5).",
    output="Write the verdicts into this file, .csv or .json (with the curves).",
    plot="Write a figure of each recording into this folder.",
    plot_most="How many figures, the most suspicious recordings first (default: 20).",
    fail_on="End with exit code 3 where a verdict is one of these: spoof (which takes in "
    "partly-spoof), partly-spoof, inconclusive, refused, joined by commas.",
    json="Answer with one JSON document on stdout: the detector, and all of --output=FILE.json.",
    quiet="Answer with the verdict and the file alone, a line each, without progress.",
)
def Predict(
    c: Context,
    run: RunFlags,
    form: AnswerFlags,
    audio: str | None = None,
    checkpoint: str | None = None,
    prior: str = "0.5",
    output: str | None = None,
    plot: str | None = None,
    plot_most: str = "20",
    stream: str | None = None,
    any_sound: bool = False,
    fail_on: str | None = None,
    detector: str | None = None,
    runs: str | None = None,
) -> None:
    """Judge new recordings, by the detector that comes along or a run.

    Bona-fide, spoof, partly-spoof (a stretch of it is, whose seconds are told) or inconclusive,
    with the probability of bona-fide, a line as each is given. Channels that differ are judged
    each, and the worst verdict counts. What holds no speech or cannot be judged is refused with
    the reason, and what is unlike the training data is told.

    Example: fab Predict --audio=interview.m4a
    """
    if not audio:
        raise ArgumentError("--audio is needed: a recording or a folder of them")
    run_number, study_number = run.numbers()
    share = arguments.share("--prior", prior)
    number = None if stream is None else arguments.whole_number("--stream", stream, 0)
    most = arguments.whole_number("--plot-most", plot_most, 1)
    failing = _failing(fail_on)
    file = arguments.optional_path("--output", output)
    from src.reports import document_prediction, report_prediction

    told = _Told(form, share, file)
    prediction = stages.predict.predict(
        arguments.path("--audio", audio),
        configured.folder(c, "runs", runs),
        run.backbone,
        run.classifier,
        run_number,
        study_number,
        checkpoint=checkpoint,
        prior=share,
        output=file,
        plot=arguments.optional_path("--plot", plot),
        plot_most=most,
        stream=number,
        detector=detector,
        any_sound=any_sound,
        choosing=told.choose,
        listener=told,
    )
    if form.json:
        answer(
            form,
            report=lambda: report_prediction(prediction),
            essence=list,
            document=lambda: document_prediction(prediction),
        )
    elif not form.quiet:
        show(report_prediction(prediction))
    if prediction.was_stopped:
        # As any stopped program, so that what is chained behind does not start.
        raise Exit("", 130)
    if any(verdict.verdict in failing for verdict in prediction.verdicts):
        raise Exit("", FAILED)
    if prediction.fault:
        raise AudiosError(prediction.fault)


def _failing(text: str | None) -> set[str]:
    """Return the verdicts that are to end in a failure."""
    if text is None:
        return set()
    words = [word.strip() for word in text.split(",")]
    for word in words:
        arguments.required("--fail-on", word, FAIL_ON)
    return set().union(*(FAIL_ON[word] for word in words))


class _Told:
    """Prints what is told of a prediction while it is made, in the form that is asked for.

    With `--json` nothing is; with `--quiet` the verdicts' words alone.
    """

    def __init__(self, form: AnswerFlags, prior: float, output: Path | None) -> None:
        self._form, self._prior, self._output = form, prior, output
        self._lines: VerdictLines | None = None
        self._members: list[str] = []

    def choose(self, chosen: "Chosen") -> None:
        """Print which detector judges."""
        self._members = labels_of(chosen.run)
        if not (self._form.json or self._form.quiet):
            from src.reports import report_detector

            show(report_detector(chosen, self._prior))

    def begin(self, names: Sequence[str]) -> None:
        """Print the names of the columns."""
        if self._form.json or self._form.quiet:
            return
        from src.reports import VerdictLines
        from src.reports.predict import MANY_VERDICTS

        is_short = bool(self._output) and len(names) > MANY_VERDICTS
        self._lines = VerdictLines(names, is_short, self._members)
        say(self._lines.header, at_once=True)

    def hear(self, verdict: "Verdict") -> None:
        """Print a verdict."""
        if self._lines is not None:
            say(self._lines.line(verdict), at_once=True)
        elif self._form.quiet:
            say(f"{verdict.verdict} {verdict.file}", at_once=True)

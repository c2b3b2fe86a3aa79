"""The task that judges new recordings."""

from invoke import Context, Exit

from src import stages
from src.utils.errors import ArgumentError
from tasks import arguments, configured
from tasks.flags import RunFlags
from tasks.show import show
from tasks.task import stage


@stage(
    "audio",
    audio="A recording, or a folder of them, sound or video of any usual format; only read.",
    stream="Which audio stream of a file with several, from 0 on (default: the first).",
    study_number="Judge by a trial of this study.",
    checkpoint="Where the run's checkpoint is now, if it was moved.",
    prior="The share of bona-fide recordings you expect, between 0 and 1 (default: 0.5).",
    output="Write the verdicts into this file, .csv or .json (with the curves).",
    plot="Write a figure of each recording into this folder.",
    plot_most="How many figures, the most suspicious recordings first (default: 20).",
)
def Predict(
    c: Context,
    run: RunFlags,
    audio: str | None = None,
    checkpoint: str | None = None,
    prior: str = "0.5",
    output: str | None = None,
    plot: str | None = None,
    plot_most: str = "20",
    stream: str | None = None,
    runs: str | None = None,
) -> None:
    """Judge new recordings by a run.

    Bona-fide, spoof or inconclusive, with the probability of bona-fide, and for a recording of
    more than 4 s its most suspicious seconds. What cannot be judged is refused with the reason,
    and what is unlike the training data is told.

    Example: fab Predict --audio=interview.m4a
    """
    if not audio:
        raise ArgumentError("--audio is needed: a recording or a folder of them")
    run_number, study_number = run.numbers()
    share = arguments.share("--prior", prior)
    number = None if stream is None else arguments.whole_number("--stream", stream, 0)
    most = arguments.whole_number("--plot-most", plot_most, 1)
    from src.reports import report_prediction

    prediction = stages.predict.predict(
        arguments.path("--audio", audio),
        configured.folder(c, "runs", runs),
        run.backbone,
        run.classifier,
        run_number,
        study_number,
        checkpoint=checkpoint,
        prior=share,
        output=arguments.optional_path("--output", output),
        plot=arguments.optional_path("--plot", plot),
        plot_most=most,
        stream=number,
    )
    show(report_prediction(prediction))
    if prediction.was_stopped:
        # As any stopped program, so that what is chained behind does not start.
        raise Exit("", 130)

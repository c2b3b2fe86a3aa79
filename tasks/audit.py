"""The tasks on what would make a detector's metrics too good: finding it, and taking it out."""

from invoke import Context

from src import stages
from tasks import arguments, configured
from tasks.flags import AnswerFlags
from tasks.show import answer, show
from tasks.task import stage


@stage()
def AuditDataset(
    c: Context,
    form: AnswerFlags,
    dataset: str | None = None,
    runs: str | None = None,
    seed: str | None = None,
) -> None:
    """Look for shortcuts, leaks, imbalance.

    How well the classes can be told apart without the voice (level, silence, bandwidth, format
    and so on, alone and all together), what train and test have in common, and how much there
    is of everything: as a table here, audit.json and audit.html in a run folder.

    Example: fab AuditDataset --dataset=datasets/normalized
    """
    from src.reports import answers, report_audit

    audit = stages.audit.audit_dataset(
        configured.folder(c, "dataset", dataset),
        configured.folder(c, "runs", runs),
        configured.seed(c, seed),
    )
    answer(
        form,
        report=lambda: report_audit(audit),
        essence=lambda: answers.essence_audit(audit),
        document=lambda: answers.document_audit(audit),
    )


@stage(
    output="The new data set's folder (default: datasets/matched).",
    sample_rate="Of every new recording, in Hz (default: 16000).",
    low_pass="match: cut all off below where nine in ten of the narrower class end; auto, keep.",
    silence="trim both ends, shorten pauses to 0.1 s as well; auto, keep.",
    duration="match: cut to one distribution of lengths in both classes; auto, keep.",
    noise="match: add white noise up to one distribution of noise floors; auto, keep.",
    clipped="reject: leave clipped recordings out; auto, keep.",
    loudness="rms (default), lufs or keep.",
    target="The level: RMS with full scale at 1 (default: 0.05), or LUFS (default: -26).",
    seed="Seed of noise and of where recordings are cut (default: 7).",
)
def MatchDataset(
    c: Context,
    dataset: str | None = None,
    output: str | None = None,
    sample_rate: str = "16000",
    low_pass: str = "auto",
    silence: str = "auto",
    duration: str = "auto",
    noise: str = "auto",
    clipped: str = "auto",
    loudness: str = "rms",
    target: str | None = None,
    seed: str | None = None,
) -> None:
    """Write a copy without the shortcuts.

    Every recording becomes 16-bit mono WAV at one rate and level. What is auto (the default of
    low-pass, silence, duration, noise and clipped) is done where AuditDataset flags it, alone or
    by its part in all together; keep never does it.

    Example: fab MatchDataset --dataset=datasets/release --output=datasets/matched
    """
    rate = arguments.whole_number("--sample-rate", sample_rate, 1)
    level = None if target is None else arguments.number("--target", target)
    from src.reports import report_matching
    from src.utils.dataset.match import MatchSettings

    settings = MatchSettings(
        sample_rate=rate,
        low_pass=low_pass,
        silence=silence,
        duration=duration,
        noise=noise,
        clipped=clipped,
        loudness=loudness,
        target=level,
        seed=configured.seed(c, seed),
    )
    new = configured.output(output, "datasets/matched")
    root = configured.folder(c, "dataset", dataset)
    show(report_matching(stages.audit.match_dataset(root, new, settings)))

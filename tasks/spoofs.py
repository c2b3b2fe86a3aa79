"""The task that makes spoofs of real recordings."""

from invoke import Context

from src import stages
from src.spoofs import ATTACKS, WITHOUT_MORE
from tasks import arguments, configured
from tasks.show import show
from tasks.task import stage


@stage(
    output="The new data set's folder (default: datasets/with-spoofs).",
    attacks=f"Some of {', '.join(ATTACKS)}, joined by commas (default: {','.join(WITHOUT_MORE)}, "
    "or only what --checkpoints and --vocoder name).",
    checkpoints="Codecs and vocoders as local folders or hub ids in Hugging Face layout, joined by "
    "commas: EnCodec, DAC, Mimi, or HiFi-GAN of SpeechT5.",
    vocoder="Vocoders in ONNX, joined by commas; each has its mel settings in FILE.onnx.json.",
    sentences="For text to speech: a text file, a sentence a line (default: sentences of our own).",
    voices="For piper: a folder of voices, NAME.onnx beside NAME.onnx.json.",
    per_clip="Number of spoofs of each real clip, by different attacks (default: 1).",
)
def MakeSpoofs(
    c: Context,
    dataset: str | None = None,
    output: str | None = None,
    attacks: str | None = None,
    checkpoints: str | None = None,
    vocoder: str | None = None,
    sentences: str | None = None,
    voices: str | None = None,
    per_clip: str = "1",
    seed: str | None = None,
) -> None:
    """Make spoofs of real recordings.

    Writes a new data set: the real clips, and vocoded copies of them or text to speech, with the
    level, length, band and format of their source, which they are paired with for the split.
    docs/make-spoofs.md tells of each attack.

    Example: fab MakeSpoofs --dataset=datasets/release --attacks=griffinlim,lpc
    """
    folders = arguments.names("--checkpoints", checkpoints)
    files = tuple(arguments.path("--vocoder", one) for one in arguments.names("--vocoder", vocoder))
    chosen = arguments.names("--attacks", attacks)
    if attacks is None and not folders and not files:
        chosen = WITHOUT_MORE
    count = arguments.whole_number("--per-clip", per_clip, 1)
    text = arguments.optional_path("--sentences", sentences)
    place = arguments.optional_path("--voices", voices)
    from src.reports import report_spoofs
    from src.spoofs.attack import Material
    from src.spoofs.make import SpoofSettings
    from src.spoofs.sentences import read_sentences

    settings = SpoofSettings(
        attacks=chosen,
        checkpoints=folders,
        vocoders=files,
        per_clip=count,
        seed=configured.seed(c, seed),
        material=Material(() if text is None else read_sentences(text), place),
    )
    new = configured.output(output, "datasets/with-spoofs")
    root = configured.folder(c, "dataset", dataset)
    show(report_spoofs(stages.spoofs.make_spoofs(root, new, settings)))

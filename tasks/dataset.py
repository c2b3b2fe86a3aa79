"""The tasks that prepare, list, measure, change and divide the recordings of a data set."""

from invoke import Context

from src import stages
from src.utils.dataset.prepare.corpora import CORPORA
from tasks import arguments, configured
from tasks.flags import CORPUS_NAMES, AugmentationFlags, CorpusFlags, SplitFlags
from tasks.show import show
from tasks.task import stage


@stage(
    "corpus",
    corpus=f"{CORPUS_NAMES}.",
    archives="A folder of downloaded archives or clones, or one archive; only read.",
    checksum="sha256:DIGITS or md5:DIGITS of the archive, in place of a published one.",
)
def PrepareDataset(
    c: Context,
    corpus: str | None = None,
    archives: str | None = None,
    dataset: str | None = None,
    checksum: str | None = None,
) -> None:
    """Unpack a public corpus, checked.

    CETUC and its fakes are fetched by git where they are not given; of the others the archives
    are downloaded by you.

    Example: fab PrepareDataset --corpus=asvspoof2019 --archives=downloads
    """
    from src.reports import report_prepared
    from src.utils.dataset.prepare.checksums import parse_checksum

    name = arguments.required("--corpus", corpus, list(CORPORA))
    given = arguments.optional_path("--archives", archives)
    expected = None if checksum is None else parse_checksum(checksum)
    root = configured.folder(c, "dataset", dataset)
    show(report_prepared(stages.dataset.prepare(root, name, given, expected)))


@stage()
def GenerateDatasetCSV(c: Context, corpus: CorpusFlags, dataset: str | None = None) -> None:
    """List the recordings in two CSV tables.

    Reads public corpora as they are unpacked, the CETUC layout (real_voices/Paula_F026,
    fake_voices/Paula_F026_Fake), a metadata.csv with the columns file (or path) and label, or
    folders named real and fake, for which --speaker-from tells who speaks. DatasetPreparation.md
    shows each, and the formats.

    Example: fab GenerateDatasetCSV --dataset=datasets/release
    """
    from src.reports import report_scan

    root = configured.folder(c, "dataset", dataset)
    scan = stages.dataset.generate_tables(
        root, corpus.layout, *corpus.folders(), corpus.speaker_from
    )
    show(report_scan(scan))


@stage()
def AddDatasetDuration(c: Context, dataset: str | None = None) -> None:
    """Add durations, as heard and not as headers claim.

    Example: fab AddDatasetDuration --dataset=datasets/release
    """
    from src.reports import report_durations

    root = configured.folder(c, "dataset", dataset)
    show(report_durations(stages.dataset.add_durations(root)))


@stage()
def AddDatasetAmplitude(c: Context, dataset: str | None = None) -> None:
    """Add peak amplitudes, on all cores.

    Example: fab AddDatasetAmplitude --dataset=datasets/release
    """
    from src.reports import report_amplitudes

    root = configured.folder(c, "dataset", dataset)
    show(report_amplitudes(stages.dataset.add_amplitudes(root)))


@stage(
    output="The new data set's folder (default: datasets/normalized).",
    method="rms (default) or peak.",
    target_rms="For rms: the level to reach, full scale at 1 (default: 0.1).",
)
def NormalizeDataset(
    c: Context,
    dataset: str | None = None,
    output: str | None = None,
    method: str = "rms",
    target_rms: str = "0.1",
) -> None:
    """Write a copy at one level.

    Loudness then tells nothing; the source is never touched.

    Example: fab NormalizeDataset --dataset=datasets/release --output=datasets/normalized
    """
    target = arguments.number("--target-rms", target_rms)
    from src.reports import report_derived

    new = configured.output(output, "datasets/normalized")
    root = configured.folder(c, "dataset", dataset)
    show(report_derived(stages.dataset.normalize(root, new, method, target)))


@stage(
    output="The new data set's folder (default: datasets/noisy).",
)
def AddNoise(
    c: Context,
    augmentation: AugmentationFlags,
    dataset: str | None = None,
    output: str | None = None,
    seed: str | None = None,
) -> None:
    """Write a copy with noise, codecs, rooms ... (optional).

    Each recording goes through a chain of its own, drawn by the seed and its name from --kind and
    kept in the copy's augmentations.csv. Rate, format and channels stay.

    Example: fab AddNoise --dataset=datasets/normalized --kind=white --snr-db=5..20
    """
    recipe = augmentation.recipe()
    from src.reports import report_derived

    new = configured.output(output, "datasets/noisy")
    root = configured.folder(c, "dataset", dataset)
    show(report_derived(stages.dataset.add_noise(root, new, recipe, configured.seed(c, seed))))


@stage()
def SplitDataset(
    c: Context, split: SplitFlags, dataset: str | None = None, seed: str | None = None
) -> None:
    """Divide the speakers into five splits.

    Pretext train and val, downstream train, val and test.

    Example: fab SplitDataset --dataset=datasets/normalized
    """
    settings = split.settings()
    from src.reports import report_split

    root = configured.folder(c, "dataset", dataset)
    show(report_split(stages.dataset.split(root, settings, configured.seed(c, seed))))

"""The tasks on detectors that others released, and on what makes scores mean something."""

from invoke import Context

from src import stages
from src.networks.released import RELEASED
from src.utils.config import DOWNSTREAM_SPLITS, SPLITS
from src.utils.errors import ArgumentError, choose
from tasks import arguments, configured
from tasks.flags import RunFlags, either
from tasks.show import show
from tasks.task import stage

_, VALIDATION, _ = DOWNSTREAM_SPLITS

_SPLIT = f"The split of the data set that is fitted on (default: {VALIDATION})."


@stage(
    "kind",
    "weights",
    kind=f"What was released: {either(RELEASED)}.",
    weights="The file of its weights: .safetensors, or .pth, .pt, .ckpt or .bin of torch.save; "
    "nothing in it is executed.",
    checkpoint="Hub id or folder of its encoder, where the file holds the back end alone.",
    dataset="A data set whose clips its threshold and calibration are fitted on (default: none; "
    "CalibrateRun does it later).",
    split=_SPLIT,
    source="Where it was published, as its card is to tell it.",
    licence="What it may be used for, as its card is to tell it.",
)
def ImportDetector(
    c: Context,
    kind: str | None = None,
    weights: str | None = None,
    checkpoint: str | None = None,
    dataset: str | None = None,
    split: str = VALIDATION,
    source: str = "",
    licence: str = "",
    runs: str | None = None,
) -> None:
    """Make a run of a detector that others released.

    Its weights become a network that is tested, compared and asked for verdicts as every run is.
    Which clips it was trained on is not known here.

    Example: fab ImportDetector --kind=aasist --weights=AASIST.pth --dataset=datasets/normalized
    """
    chosen = arguments.required("--kind", kind, RELEASED)
    if not weights:
        raise ArgumentError("--weights is needed: the file of the released weights")
    path = arguments.path("--weights", weights)
    clips = arguments.optional_path("--dataset", dataset)
    choose("--split", split, SPLITS)
    from src.networks.released.importing import Origin
    from src.reports import report_imported

    done = stages.released.import_weights(
        chosen,
        path,
        configured.folder(c, "runs", runs),
        checkpoint,
        Origin(source, licence),
        clips,
        split,
    )
    show(report_imported(done.run, done.calibrated))


@stage(
    run_number="Number of the run (default: the newest that fits, or the study's best).",
    study_number="Calibrate a trial of this study.",
    checkpoint="Where the run's checkpoint is now, if it was moved.",
    split=_SPLIT,
)
def CalibrateRun(
    c: Context,
    run: RunFlags,
    dataset: str | None = None,
    split: str = VALIDATION,
    checkpoint: str | None = None,
    runs: str | None = None,
) -> None:
    """Fit a run's threshold and calibration on your clips.

    Its model stays as it is. Clips that it was trained on are refused, and the tests of now are by
    the earlier threshold: test it again.

    Example: fab CalibrateRun --run-number=3 --dataset=datasets/normalized
    """
    run_number, study_number = run.numbers()
    choose("--split", split, SPLITS)
    from src.reports import report_calibrated

    done = stages.released.calibrate(
        configured.folder(c, "dataset", dataset),
        configured.folder(c, "runs", runs),
        split,
        run.backbone,
        run.classifier,
        run_number,
        study_number,
        checkpoint,
    )
    show(report_calibrated(done))

"""The task that exports detectors."""

from invoke import Context

from src import stages
from src.utils.config import EXPORT_FORMATS
from tasks import arguments, configured
from tasks.flags import RunFlags, either
from tasks.show import show
from tasks.task import stage

_ONNX, _ = EXPORT_FORMATS


@stage(
    run_number="Number of the run (default: the newest that fits, or the study's best).",
    study_number="Export a trial of this study.",
    format=f"{either(EXPORT_FORMATS)} (default: {_ONNX}, which Predict takes).",
    output="The folder to write (default: exported-FORMAT in the run's folder).",
    checkpoint="Where the run's checkpoint is now, if it was moved.",
    dataset="A data set whose test clips it is compared on (default: the run's own).",
)
def ExportModel(
    c: Context,
    run: RunFlags,
    format: str = _ONNX,
    output: str | None = None,
    checkpoint: str | None = None,
    dataset: str | None = None,
    embeddings: str | None = None,
    runs: str | None = None,
) -> None:
    """Export a run as ONNX or TorchScript.

    A network with all of its weights, or a classifier of vectors, with calibration and all that a
    verdict needs. It is compared with the run on test clips, and timed.

    Example: fab ExportModel --run-number=3 --output=detectors-of-mine/raw-aasist
    """
    run_number, study_number = run.numbers()
    form = arguments.required("--format", format, EXPORT_FORMATS)
    from src.reports import report_export

    done = stages.export.export(
        configured.folder(c, "embeddings", embeddings),
        configured.folder(c, "runs", runs),
        form,
        arguments.optional_path("--output", output),
        arguments.optional_path("--dataset", dataset),
        run.backbone,
        run.classifier,
        run_number,
        study_number,
        checkpoint,
    )
    show(report_export(done))

"""The task that adapts a training to a case of the user's own."""

from invoke import Context

from src import stages
from src.utils.errors import ArgumentError
from tasks import arguments, configured
from tasks.flags import AnswerFlags, RunFlags
from tasks.show import answer
from tasks.task import stage

CLIPS, FEWEST = 20, 5


@stage(
    "dataset",
    run_number="The run that is adapted (default: the newest that fits, or the study's best).",
    study_number="Adapt a trial of this study.",
    dataset="The folder of a data set of the case, with labels and speakers.",
    clips=f"How many clips of each class are learnt from (default: {CLIPS}); those of all other "
    "speakers measure what it brings.",
    embeddings="Where the vectors of its clips are, or are put (default: adapting/ in the "
    "embeddings' folder of the run).",
    checkpoint="Where the run's checkpoint is now, if it was moved.",
    seed="Seed of the draw of clips, the folds and the intervals (default: 7).",
)
def AdaptModel(
    c: Context,
    run: RunFlags,
    form: AnswerFlags,
    dataset: str | None = None,
    clips: str = str(CLIPS),
    embeddings: str | None = None,
    checkpoint: str | None = None,
    runs: str | None = None,
    seed: str | None = None,
) -> None:
    """Adapt a run to a case of your own.

    A few labelled clips are added to its training, where they weigh more, and it is calibrated on
    them, in folds by speaker. EER before and after is of speakers kept apart, and of the run's own
    test. Where it does not help, no run is made, and the exit code is 1.

    Example: fab AdaptModel --run-number=7 --dataset=datasets/mine --clips=20
    """
    if not dataset:
        raise ArgumentError("--dataset is needed: the folder of a data set of the case")
    run_number, study_number = run.numbers()
    folder = arguments.path("--dataset", dataset)
    n_clips = arguments.whole_number("--clips", clips, FEWEST)
    vectors = arguments.optional_path("--embeddings", embeddings)
    from src.reports import answers, report_adaptation

    done = stages.adaptation.adapt(
        folder,
        configured.folder(c, "runs", runs),
        n_clips,
        run.backbone,
        run.classifier,
        run_number,
        study_number,
        vectors,
        checkpoint,
        configured.seed(c, seed),
    )
    answer(
        form,
        report=lambda: report_adaptation(done),
        essence=lambda: answers.essence_adaptation(done),
        document=lambda: answers.document_adaptation(done),
    )

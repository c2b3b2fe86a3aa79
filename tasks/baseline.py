"""The tasks on the YAMNet baseline, which is trained on recordings and not on vectors."""

from invoke import Context

from src import stages
from src.utils.config import BASELINE, GENDERS, LOG_MEL
from tasks import arguments, configured
from tasks.show import say, show, show_audit
from tasks.task import stage


@stage(
    weights="Where to start: a file (.tflite, .h5 or .pth), package (the file of the package "
    "torch-vggish-yamnet) or none (random; default).",
    epochs="Epochs at most (default: 10).",
    hyperparameters="In place of the defaults: learning_rate=3e-4,batch_size=128,patience=10, or "
    "the hyperparameters.json of a run.",
)
def TrainBaseline(
    c: Context,
    dataset: str | None = None,
    weights: str = "none",
    epochs: str | None = None,
    hyperparameters: str | None = None,
    runs: str | None = None,
    seed: str | None = None,
) -> None:
    """Train the YAMNet baseline.

    A convolutional network on the recordings of the split, all of it trained. Where an equal
    training was broken off, it goes on.

    Example: fab TrainBaseline --dataset=datasets/normalized --epochs=10
    """
    recipe = arguments.recipe(hyperparameters, LOG_MEL, BASELINE)
    most = None if epochs is None else arguments.whole_number("--epochs", epochs, 1)
    from src.reports import report_baseline

    training = stages.baseline.train(
        configured.folder(c, "dataset", dataset),
        configured.folder(c, "runs", runs),
        weights,
        most,
        recipe.hyperparameters,
        configured.seed(c, seed),
        on_audit=show_audit,
    )
    show(report_baseline(training))


@stage(run_number="Number of the run (default: the newest of the baseline).")
def TestBaseline(
    c: Context,
    dataset: str | None = None,
    run_number: str | None = None,
    gender: str | None = None,
    runs: str | None = None,
) -> None:
    """Test the YAMNet baseline.

    On the recordings of the split's test, with the figures and files of TestModel.

    Example: fab TestBaseline --dataset=datasets/normalized
    """
    number = arguments.optional_number("--run-number", run_number)
    arguments.optional_choice("--gender", gender, GENDERS)
    from src.reports import report_evaluation

    evaluation = stages.baseline.test(
        configured.folder(c, "dataset", dataset),
        configured.folder(c, "runs", runs),
        number,
        gender,
    )
    run = evaluation.run
    say(f"run {run.number}: {run.folder}")
    show(report_evaluation(evaluation))

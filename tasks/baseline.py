"""The tasks on the YAMNet baseline: those of networks, under a short name."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from invoke import Context

from src import stages
from src.utils.config import BASELINE, GENDERS, LOG_MEL
from src.utils.errors import choose
from tasks import arguments, configured
from tasks.network_flags import TrainerFlags
from tasks.networks import one_voice
from tasks.show import say, show, show_audit
from tasks.task import stage


@stage(
    weights="Where to start: a file (.tflite, .h5 or .pth), package (the file of the package "
    "torch-vggish-yamnet) or none (random; default).",
    epochs="Epochs at most (default: 10).",
    hyperparameters="In place of the defaults: learning_rate=3e-4,batch_size=16,patience=10 or any "
    "other of TrainNetwork's, or the hyperparameters.json of a run.",
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

    TrainNetwork --front-end=log-mel --back-end=yamnet, by defaults of its own, on windows of
    3.375 s, and from published weights if you have them. Where an equal training was broken off, it
    goes on.

    Example: fab TrainBaseline --dataset=datasets/normalized --epochs=10
    """
    recipe = arguments.recipe(hyperparameters, LOG_MEL, BASELINE)
    given = _trainer_values(recipe.hyperparameters)
    if epochs is not None:
        given["epochs"] = arguments.whole_number("--epochs", epochs, 1)
    if weights == "none":
        say("starting from random weights; pretrained ones take far less data (--weights=FILE)")
    with one_voice():
        done = stages.baseline.train(
            configured.folder(c, "dataset", dataset),
            configured.folder(c, "runs", runs),
            weights,
            given,
            configured.seed(c, seed),
            on_audit=show_audit,
        )
    if done.is_main:
        from src.reports import report_networks

        show(report_networks(done))


def _trainer_values(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return values of `TrainerSettings`, of text or of the file of a run."""
    names = [field.name for field in fields(TrainerFlags)]
    known = {name: value for name, value in given.items() if name != "loss"}
    for name in known:
        choose("--hyperparameters", name, names)
    texts = {name: str(value) for name, value in known.items()}
    return TrainerFlags(**texts).given()


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

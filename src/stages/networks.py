"""Networks trained end to end from recordings, by one process or by several together."""

from collections.abc import Callable
from pathlib import Path

from src.audit.summary import Audited, find_audit
from src.models.lookup import is_network, training_by_number
from src.networks.choice import NetworkChoice
from src.networks.train import NetworkRecipe, NetworkTrainings, train_network
from src.networks.trainer.processes import Processes
from src.networks.trainer.tracking import require_tracker
from src.results.report import write_report
from src.utils.dataset.dataset import Dataset
from src.utils.errors import ArgumentError


def train(
    dataset: Path,
    runs: Path,
    choice: NetworkChoice,
    seed: int = 7,
    n_seeds: int = 1,
    start_from: int | None = None,
    workers: int | None = None,
    log_to: str | None = None,
    on_audit: Callable[[Audited | None], None] | None = None,
) -> NetworkTrainings:
    """Train a network, into a run folder a seed, each with its page.

    Parameters
    ----------
    dataset : pathlib.Path
        The data set's folder.
    runs : pathlib.Path
        The runs folder.
    choice : NetworkChoice
        What is trained, and how.
    seed, n_seeds : int
        The first seed, and how many there are from it on. Where there are several, a training that
        is already there is not made again.
    start_from : int, optional
        The number of the run whose network goes on.
    workers, log_to
        See `train_network`.
    on_audit : callable, optional
        Called, before the training, with what the newest audit says of the recordings.

    Raises
    ------
    ArgumentError
        When what is chosen does not go together.
    AudiosError
        As `train_network` does.
    """
    if log_to is not None:
        require_tracker(log_to)
    start = None if start_from is None else training_by_number(runs, start_from)
    if start is not None and not is_network(start):
        raise ArgumentError(f"--start-from={start_from} is no network: it was trained on vectors")
    recipe, source = choice.recipe(start), Dataset.open(dataset)
    return train_recipe(recipe, source, runs, seed, n_seeds, workers, log_to, on_audit)


def train_recipe(
    recipe: NetworkRecipe,
    source: Dataset,
    runs: Path,
    seed: int = 7,
    n_seeds: int = 1,
    workers: int | None = None,
    log_to: str | None = None,
    on_audit: Callable[[Audited | None], None] | None = None,
) -> NetworkTrainings:
    """Train a network as `train` does, by a recipe.

    Parameters
    ----------
    recipe : NetworkRecipe
        What is trained, and how.
    source : Dataset
        The data set.
    runs, seed, n_seeds, workers, log_to, on_audit
        See `train`.
    """
    processes = Processes.join()
    if on_audit is not None and processes.is_main:
        on_audit(find_audit(runs, str(source.audio.resolve())))
    trainings = []
    for number in range(seed, seed + n_seeds):
        done = train_network(source, runs, recipe, number, n_seeds > 1, workers, log_to, processes)
        if processes.is_main:
            write_report(done.run, runs)
        trainings.append(done)
    processes.leave()
    return NetworkTrainings(trainings, processes.is_main)

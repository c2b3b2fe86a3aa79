"""The tasks on networks, which are trained end to end from recordings."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from invoke import Context, Exit

from src import stages
from src.utils.errors import AudiosError
from tasks import arguments, configured
from tasks.network_flags import NetworkFlags, TrainerFlags, WindowFlags, network_choice
from tasks.show import show, show_audit
from tasks.task import stage

_PATIENCE = 3.0
"""Seconds for the main process to tell what all fail of."""


@contextmanager
def one_voice() -> Iterator[None]:
    """Let the main one of several processes alone tell what all of them fail of."""
    try:
        yield
    except AudiosError as error:
        if os.environ.get("RANK", "0") != "0":
            from src.networks.trainer.processes import is_told_elsewhere

            if is_told_elsewhere(error):
                # The launcher ends all once one has failed, and the main one is to be heard first.
                time.sleep(_PATIENCE)
                raise Exit("", error.exit_code) from error
        raise


@stage(
    augment="Augment training windows, anew in each epoch: kinds as those of AddNoise --kind, "
    "joined by commas.",
    seeds="How many trainings, by as many seeds from --seed on (default: 1); tells their mean and "
    "spread.",
    start_from="Number of a run whose network is trained further, in place of a new one.",
    workers="Processes that read windows, 0 for none (default: what suits the machine).",
    log_to="Tell losses and metrics to tensorboard or mlflow, too.",
)
def TrainNetwork(
    c: Context,
    network: NetworkFlags,
    trainer: TrainerFlags,
    windows: WindowFlags,
    start_from: str | None = None,
    workers: str | None = None,
    log_to: str | None = None,
    dataset: str | None = None,
    runs: str | None = None,
    seed: str | None = None,
    seeds: str | None = None,
) -> None:
    """Train a network end to end.

    On the recordings of the split: a front end, a back end and an output layer, all of it trained.
    Where an equal training was broken off, it goes on. By accelerate launch, several GPUs or
    machines train together.

    Example: fab TrainNetwork --front-end=raw --back-end=aasist --augment=rawboost --workers=2
    """
    with one_voice():
        choice = network_choice(network, trainer, windows)
        done = stages.networks.train(
            configured.folder(c, "dataset", dataset),
            configured.folder(c, "runs", runs),
            choice,
            configured.seed(c, seed),
            1 if seeds is None else arguments.whole_number("--seeds", seeds, 1),
            arguments.optional_number("--start-from", start_from),
            arguments.optional_number("--workers", workers),
            log_to,
            on_audit=show_audit,
        )
    if done.is_main:
        from src.reports import report_networks

        show(report_networks(done))

"""Losses and metrics of a training, told to programs that draw them while it runs."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from src.networks.trainer.processes import Processes
from src.utils.errors import ArgumentError, choose

if TYPE_CHECKING:
    from src.networks.trainer.trainer import Log

log = logging.getLogger(__name__)

TENSORBOARD = "tensorboard"

TRACKERS = {TENSORBOARD: "tensorboard", "mlflow": "mlflow-skinny"}
"""By the name that `--log-to` takes, the package that it needs."""


def require_tracker(log_to: str) -> None:
    """Fail where `--log-to` names no tracker, or one whose package is not there.

    Parameters
    ----------
    log_to : str
        The name.

    Raises
    ------
    ArgumentError
        Naming what to install.
    """
    choose("--log-to", log_to, TRACKERS)
    if find_spec(log_to) is None:
        raise ArgumentError(
            f"--log-to={log_to} needs the package {TRACKERS[log_to]}: "
            f"pip install -r requirements-tracking.txt"
        )


@contextmanager
def tracked(log_to: str | None, folder: Path, processes: Processes) -> Iterator["Log | None"]:
    """Give a function that is told losses and metrics, or None where nobody asks for it.

    Parameters
    ----------
    log_to : str or None
        A name of `TRACKERS`. TensorBoard reads the folder `tensorboard` of the run; MLflow is where
        `MLFLOW_TRACKING_URI` says, or in `mlflow.db` of the folder it is called in.
    folder : pathlib.Path
        Of the run.
    processes : Processes
        The main one alone speaks.

    Yields
    ------
    callable or None
    """
    if log_to is None or not processes.is_main:
        yield None
        return
    require_tracker(log_to)
    from accelerate.tracking import MLflowTracker, TensorBoardTracker

    tracker = (
        TensorBoardTracker(TENSORBOARD, logging_dir=folder)
        if log_to == TENSORBOARD
        else MLflowTracker("AUDIOS", run_name=folder.name)
    )
    tracker.start()
    if log_to != TENSORBOARD:
        import mlflow

        log.info("MLflow keeps losses and metrics in %s", mlflow.get_tracking_uri())

    def tell(values: Mapping[str, float], step: int) -> None:
        tracker.log(dict(values), step)

    try:
        yield tell
    finally:
        tracker.finish()

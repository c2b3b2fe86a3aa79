"""Self-supervised pretraining, on the split that is there for it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from src.audit.summary import Audited, find_audit
from src.networks.pretraining.pretrain import Pretraining, pretrain_backbone
from src.networks.pretraining.settings import PretrainingSettings
from src.networks.pretraining.start import Start
from src.networks.trainer.processes import Processes
from src.networks.trainer.settings import TrainerSettings
from src.networks.trainer.tracking import require_tracker
from src.results.report import write_report
from src.utils.config import PRETEXT_SPLITS
from src.utils.dataset.dataset import Dataset
from src.utils.errors import ArgumentError

FROM_SCRATCH: dict[str, Any] = {"learning_rate": 5e-4, "weight_decay": 0.01, "schedule": "linear"}
GOING_ON: dict[str, Any] = FROM_SCRATCH | {"learning_rate": 5e-5}
"""Settings of the trainer that fit a pretraining, where no others are asked for."""
MASK_SHARES = {"wav2vec2": 0.065, "hubert": 0.08}
"""The share of frames that a masked span begins at, as in the papers."""


def pretrain(
    dataset: Path,
    runs: Path,
    backbone: str,
    checkpoint: str | None = None,
    config: str | None = None,
    splits: tuple[str, str] = PRETEXT_SPLITS,
    pretraining: dict[str, Any] | None = None,
    trainer: dict[str, Any] | None = None,
    seed: int = 7,
    workers: int | None = None,
    log_to: str | None = None,
    on_audit: Callable[[Audited | None], None] | None = None,
) -> Pretraining | None:
    """Pretrain a backbone, into a run folder with its page and its checkpoint.

    Parameters
    ----------
    dataset : pathlib.Path
        The data set's folder.
    runs : pathlib.Path
        The runs folder.
    backbone : {'wav2vec2', 'hubert'}
        What is pretrained, each by its own objective.
    checkpoint : str, optional
        What it goes on from: a folder or a hub id.
    config : str, optional
        What it begins with from random weights: a name of `SIZES`, or a file of settings.
    splits : tuple of str
        What it is trained on, and what it is validated on.
    pretraining, trainer : dict, optional
        Settings by name that replace the defaults, of `PretrainingSettings` and `TrainerSettings`.
    seed : int
        Of everything random.
    workers, log_to
        See `train_network`.
    on_audit : callable, optional
        Called, before the pretraining, with what the newest audit says of the recordings.

    Returns
    -------
    Pretraining or None
        None in all processes but the main one of those that were launched together.

    Raises
    ------
    ArgumentError
        When neither or both of checkpoint and config are given.
    AudiosError
        As `pretrain_backbone` does.
    """
    if (checkpoint is None) == (config is None):
        raise ArgumentError(
            "--config=tiny, small, base, large or a file begins from random weights, and "
            "--checkpoint=FOLDER goes on from others: give one of the two"
        )
    if log_to is not None:
        require_tracker(log_to)
    if checkpoint is not None:
        start, usual = Start.of_checkpoint(backbone, checkpoint), GOING_ON
    else:
        start, usual = Start.of_config(backbone, str(config)), FROM_SCRATCH
    asked = PretrainingSettings(**{"mask_share": MASK_SHARES[backbone]} | (pretraining or {}))
    changes = TrainerSettings(**usual | (trainer or {}))
    source, processes = Dataset.open(dataset), Processes.join()
    if on_audit is not None and processes.is_main:
        on_audit(find_audit(runs, str(source.audio.resolve())))
    done = pretrain_backbone(
        source,
        runs,
        start,
        asked,
        changes,
        splits,
        seed,
        workers=workers,
        log_to=log_to,
        processes=processes,
    )
    if processes.is_main:
        write_report(done.run, runs)
    processes.leave()
    return done if processes.is_main else None

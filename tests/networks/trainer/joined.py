"""What each of two processes does that train together; what came out is written for the test."""

import json
import sys
from contextlib import suppress
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch

from src.networks.trainer import trainer as trainer_module
from src.networks.trainer.processes import Processes, is_told_elsewhere
from src.networks.trainer.settings import TrainerSettings
from src.networks.trainer.trainer import Trainer
from src.utils.errors import AudiosError
from tests.networks.trainer.toys import ToyExamples, ToyLearner, ToyValidator

SETTINGS = {"learning_rate": 0.05, "front_learning_rate": 0.05, "max_norm": 0.0}


def train(
    folder: Path, batch_size: int, epochs: int, n_examples: int, processes: Processes | None
) -> ToyLearner:
    """Train what draws nothing, so that it matters alone what is learnt from."""
    folder.mkdir(exist_ok=True)
    learner = ToyLearner(dropout=0.0)
    settings = TrainerSettings(batch_size=batch_size, epochs=epochs, patience=epochs, **SETTINGS)
    trainer = Trainer(learner, settings, 7, processes, workers=0)
    trainer.fit(ToyExamples(n_examples), ToyValidator(), folder)
    return learner


def losses_of_one_broken_off(folder: Path, processes: Processes) -> list[float]:
    """Return the losses of an epoch: of one in one go, and of one broken off and gone on with."""
    settings = TrainerSettings(batch_size=4, epochs=1, **SETTINGS)

    def fit(learner: ToyLearner, name: str) -> float:
        (folder / name).mkdir(exist_ok=True)
        trainer = Trainer(learner, settings, 7, processes, workers=0)
        progress = trainer.fit(ToyExamples(22, (3,)), ToyValidator(), folder / name)
        return progress.epochs[0].train_loss

    often = {"_AGREE_STEPS": 1, "STATE_SECONDS": 0.0, "_STATE_SHARE": 1e9}
    with patch.multiple(trainer_module, **often):
        with suppress(InterruptedError):
            fit(_Breaking(dropout=0.0), "broken")
        # Before the other reads it, the main one has to have written the state.
        processes.wait()
        return [fit(ToyLearner(dropout=0.0), name) for name in ("unbroken", "broken")]


class _Breaking(ToyLearner):
    """Ends before the third step."""

    def begin_step(self, step: int, steps: int) -> None:
        if step == 2:
            raise InterruptedError


def _fail() -> None:
    raise AudiosError("the disk is full")


def main(folder: Path) -> None:
    """Train with the other process, share out and fail together."""
    torch.set_num_threads(1)
    processes = Processes.join()
    # One step, whose gradient is left behind it.
    gradient = train(folder / "step", 4, 1, 8, processes).front.weight.grad
    learner = train(folder / "whole", 4, 3, 22, processes)
    told = {"count": processes.count, "agreed": processes.agree(processes.number)}
    told["losses"] = losses_of_one_broken_off(folder, processes)
    told["gathered"] = processes.gather(f"process {processes.number}")
    try:
        processes.by_main(_fail)
    except AudiosError as error:
        told |= {"error": str(error), "is_told_elsewhere": is_told_elsewhere(error)}
    out = folder / f"process{processes.number}"
    np.savez(
        out.with_suffix(".npz"),
        gradient=gradient.numpy(),
        **{name: value.numpy() for name, value in learner.state_dict().items()},
    )
    out.with_suffix(".json").write_text(json.dumps(told))
    processes.leave()


if __name__ == "__main__":
    main(Path(sys.argv[1]))

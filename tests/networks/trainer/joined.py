"""What each of two processes does that train together; what came out is written for the test."""

import json
import sys
from pathlib import Path

import numpy as np
import torch

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

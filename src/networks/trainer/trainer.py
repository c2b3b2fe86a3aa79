"""The one trainer of all networks: epochs, early stopping, and a state that outlives a kill."""

import logging
import math
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from src.models.adam import Adam
from src.networks.trainer.batches import Plan, Reader
from src.networks.trainer.learner import Examples, Learner, Validator
from src.networks.trainer.live_line import LiveLine
from src.networks.trainer.optimizer import clip_gradients, make_optimizer, set_rates
from src.networks.trainer.processes import Processes
from src.networks.trainer.settings import TrainerSettings
from src.networks.trainer.state import Epoch, Progress, Tensors, damaged
from src.utils.memory import freed_memory_kept

log = logging.getLogger(__name__)

STATE_SECONDS = 300.0
"""After which the state is written in the midst of an epoch."""

_STATE_SHARE = 0.05
"""Of the time, that writing states may take; large networks write them more rarely."""

_AGREE_STEPS = 50
"""Steps after which several processes agree whether it is time for it."""

_LOG_STEPS = 20
"""Steps after which the loss is logged."""

Log = Callable[[Mapping[str, float], int], None]
"""Given what was measured, by name, and the number of steps done."""


class Trainer:
    """Trains a learner with AdamW, early stopping and a state from which a killed one resumes.

    A training that was killed and goes on gives the same bytes on a CPU as one that was not: which
    examples a step is made of, and what is drawn in it, is seeded by its number.

    Parameters
    ----------
    learner : Learner
        What is trained, in place; it is moved to the device of the process.
    settings : TrainerSettings
        How.
    seed : int
        Of the order of examples, and of what the learner draws.
    processes : Processes, optional
        This one and those that train with it (default: those that were launched together).
    workers : int, optional
        Worker processes that read examples (see `Reader`).
    log : callable, optional
        Told of losses and metrics, in the main process.
    """

    def __init__(
        self,
        learner: Learner,
        settings: TrainerSettings,
        seed: int = 7,
        processes: Processes | None = None,
        workers: int | None = None,
        log: Log | None = None,
    ) -> None:
        self._processes = Processes.join() if processes is None else processes
        self._learner = learner.to(self._processes.device)
        self._settings, self._seed, self._workers = settings, seed, workers
        self._log = log if log is not None and self._processes.is_main else _forget

    def fit(self, examples: Examples, validator: Validator, folder: Path) -> Progress:
        """Train, or go on with a training of this folder; every process calls it.

        Afterwards the learner has the weights of the best epoch. The state stays in the folder,
        until `Progress.remove`.

        Parameters
        ----------
        examples : Examples
            What is learnt from.
        validator : Validator
            Measures the learner after each epoch.
        folder : pathlib.Path
            Where the state is written, and read on resuming; the same for all processes.

        Raises
        ------
        AudiosError
            When the loss is never a finite number, or no example can be read.
        RunError
            When what the folder holds is damaged.
        """
        progress = self._read(folder)
        optimizer = make_optimizer(self._learner, self._settings)
        if progress.has_begun:
            try:
                self._restore(progress, optimizer)
            except (IndexError, KeyError, RuntimeError, ValueError) as error:
                # Of another network, or of its parameters in another order.
                raise damaged(folder, error) from error
        training = _Training(self, optimizer, examples, validator, folder)
        training.require_same_steps(progress)
        with _global_generators_kept(), _reproducible(), freed_memory_kept():
            while not progress.is_over(self._settings.epochs, self._settings.patience):
                if not training.advance(progress):
                    break
            training.close()
        if not progress.epochs:
            raise self._processes.failure(
                f"the loss is not a finite number with {self._settings.describe()}; try a lower "
                f"--learning-rate"
            )
        _load(self._learner, progress.best_weights)
        return progress

    def _read(self, folder: Path) -> Progress:
        """Read the state, which must be the same one in all processes."""
        progress = Progress.read(folder)
        mine = (len(progress.epochs), progress.step)
        if len(set(self._processes.gather(mine))) > 1:
            raise self._processes.failure(
                f"the processes find different states in {folder}: --runs must be a folder that "
                f"all machines share"
            )
        return progress

    def _restore(self, progress: Progress, optimizer: Adam) -> None:
        if progress.epochs:
            # Only to find out now whether they are whole: they are needed at the very end.
            _load(self._learner, progress.best_weights)
        _load(self._learner, progress.weights)
        trained = _trained(optimizer)
        for key, value in progress.optimizer.items():
            number, _, name = key.partition(".")
            of = trained[int(number)]
            # The number of steps is a tensor too, but belongs where torch makes it.
            there = value if name == "step" else torch.empty_like(of).copy_(value)
            optimizer.state[of][name] = there


class _Training:
    """One call of `fit`."""

    def __init__(
        self,
        trainer: Trainer,
        optimizer: Adam,
        examples: Examples,
        validator: Validator,
        folder: Path,
    ) -> None:
        self._learner, self._settings = trainer._learner, trainer._settings
        self._processes, self._seed, self._log = trainer._processes, trainer._seed, trainer._log
        self._optimizer, self._validator, self._folder = optimizer, validator, folder
        self._plan = Plan(len(examples), self._settings, self._seed, self._processes)
        self._reader = Reader(examples, trainer._workers, self._processes.device)
        self._connected = self._processes.connect(self._learner)
        self._steps = self._plan.steps * self._settings.epochs
        self._line = LiveLine(self._plan.steps, self._settings.epochs, self._processes.is_main)
        self._written, self._writing = time.monotonic(), 0.0

    def require_same_steps(self, progress: Progress) -> None:
        """Fail where a training goes on by more or fewer processes, whose steps are others."""
        before, progress.steps = progress.steps, self._plan.steps
        if before not in (0, self._plan.steps):
            raise self._processes.failure(
                f"the training in {self._folder} has {before} steps an epoch, and by "
                f"{self._processes.count} processes there are {self._plan.steps}: launch as many "
                f"as before, or remove its folder"
            )

    def close(self) -> None:
        """End the line."""
        self._line.close()

    def advance(self, progress: Progress) -> bool:
        """Finish the next epoch and write it; return False where its loss is not finite."""
        number = len(progress.epochs)
        self._line.begin(number, progress.step)
        self._train(progress, number)
        train_loss = progress.loss_sum / self._plan.n_seen
        self._processes.share(self._learner.buffers())
        self._learner.eval()
        # In float32, as what is trained will score: rounded scores would choose another epoch.
        with torch.no_grad():
            measured = self._processes.agree(self._validator.measure(self._learner))
        if not all(map(math.isfinite, (train_loss, measured.loss))):
            if self._processes.is_main:
                log.warning("the loss of epoch %d is not a finite number: it ends", number + 1)
            return False
        progress.epochs.append(Epoch(train_loss, measured, progress.n_unread))
        progress.step, progress.loss_sum, progress.n_unread = 0, 0.0, 0
        self._tell(number, progress.epochs[-1])
        progress.weights = _kept(self._learner)
        if progress.best == number:
            progress.best_weights = {k: v.cpu().clone() for k, v in progress.weights.items()}
        self._write(progress)
        return True

    def _train(self, progress: Progress, number: int) -> None:
        """Make one pass over the examples, from the step on that was reached."""
        self._learner.train()
        planned = list(self._plan.epoch(number, progress.step))
        read = self._reader.read(number, [batch for _, batches in planned for batch in batches])
        # The main process goes on with the sums that were read, so that they are rounded alike.
        is_main, before = self._processes.is_main, (progress.loss_sum, progress.n_unread)
        loss_sum, n_unread = before if is_main else (0.0, 0)
        device = self._processes.device
        done = _Done(torch.tensor(loss_sum, dtype=torch.float64, device=device), n_unread)
        for n_examples, batches in planned:
            step = number * self._plan.steps + progress.step
            self._begin(step)
            for place, numbers in enumerate(batches):
                batch, n_unread = next(read)
                is_last = place + 1 == len(batches)
                share = len(numbers) * self._processes.count / n_examples
                done.loss = self._learn(batch, share, is_last)
                done.loss_sum += done.loss * len(numbers)
                done.n_unread += n_unread
            clip_gradients(self._learner, self._settings.max_norm)
            self._optimizer.step()
            progress.step += 1
            self._line.advance(done.loss)
            if step % _LOG_STEPS == 0:
                rate = max(group["lr"] for group in self._optimizer.param_groups)
                self._log({"training loss": float(done.loss), "learning rate": rate}, step)
            if progress.step < self._plan.steps and self._is_due(progress.step):
                self._sum(progress, done)
                if math.isfinite(progress.loss_sum):
                    progress.weights = _kept(self._learner)
                    self._write(progress)
        self._sum(progress, done)

    def _sum(self, progress: Progress, done: "_Done") -> None:
        """Put into the progress what all processes have summed in this epoch."""
        found = self._processes.gather((float(done.loss_sum), done.n_unread))
        losses, unread = zip(*found, strict=True)
        progress.loss_sum, progress.n_unread = sum(losses), sum(unread)

    def _begin(self, step: int) -> None:
        """Seed what is drawn in a step, and set its learning rates."""
        seeds = np.random.SeedSequence([self._seed, step, self._processes.number])
        one, two, three = seeds.generate_state(3).tolist()
        torch.manual_seed(one)
        # Masks and negatives of pretrained encoders are drawn from numpy's own generator.
        np.random.seed(two)  # noqa: NPY002
        random.seed(three)
        self._learner.begin_step(step, self._steps)
        set_rates(self._optimizer, self._settings, step, self._steps)
        self._optimizer.zero_grad()

    def _learn(self, batch: Mapping[str, Tensor], share: float, is_last: bool) -> Tensor:
        """Add the gradient of a batch, weighted by its share of a step; return its mean loss."""
        with nullcontext() if is_last else self._processes.not_yet(self._connected):
            with self._autocast():
                loss = self._connected(batch)
            (loss * share).backward()
        return loss.detach()

    def _autocast(self) -> torch.autocast:
        device = self._processes.device.type
        wanted = self._settings.precision
        is_half = wanted == "bfloat16" or (
            wanted == "auto" and device == "cuda" and torch.cuda.is_bf16_supported()
        )
        return torch.autocast(device, torch.bfloat16, enabled=is_half)

    def _is_due(self, step: int) -> bool:
        """Say whether it is time to write the state in the midst of an epoch."""
        if self._processes.count > 1 and step % _AGREE_STEPS:
            return False
        wait = max(STATE_SECONDS, self._writing / _STATE_SHARE)
        return self._processes.agree(time.monotonic() - self._written >= wait)

    def _write(self, progress: Progress) -> None:
        if self._processes.is_main:
            start = time.monotonic()
            progress.optimizer = {
                f"{number}.{name}": value
                for number, of in enumerate(_trained(self._optimizer))
                for name, value in self._optimizer.state[of].items()
            }
            progress.write(self._folder)
            self._writing = time.monotonic() - start
        self._written = time.monotonic()

    def _tell(self, number: int, epoch: Epoch) -> None:
        measured = epoch.measured
        told = {"loss": measured.loss, "accuracy": measured.accuracy, "EER": measured.eer}
        told |= dict(measured.more)
        known = {name: value for name, value in told.items() if value is not None}
        self._line.measured(measured)
        values = {f"validation {name}": value for name, value in known.items()}
        values["training loss of the epoch"] = epoch.train_loss
        self._log(values, (number + 1) * self._plan.steps)
        if not self._processes.is_main:
            return
        log.info(
            "epoch %d: training loss %.4f, %s",
            number + 1,
            epoch.train_loss,
            ", ".join(_named(name, value) for name, value in known.items()),
        )
        if epoch.n_unread:
            log.warning(
                "%d examples could not be read or augmented; others took their place",
                epoch.n_unread,
            )


@dataclass
class _Done:
    """What this process has done of an epoch; the main one's sums are also of what it resumes."""

    loss_sum: Tensor
    n_unread: int = 0
    loss: Tensor = field(default_factory=lambda: torch.zeros(()))


def _named(name: str, value: float) -> str:
    if name in ("EER", "accuracy"):
        return f"validation {name} {value:.2%}"
    return f"validation {name} {value:.4f}"


def _trained(optimizer: Adam) -> list[Tensor]:
    return [one for group in optimizer.param_groups for one in group["params"]]


def _kept(learner: Learner) -> Tensors:
    """Return what a training changes: trained parameters, and buffers such as running means."""
    fixed = {name for name, one in learner.named_parameters() if not one.requires_grad}
    state = learner.state_dict()
    return {name: value.detach() for name, value in state.items() if name not in fixed}


def _load(learner: Learner, weights: Tensors) -> None:
    """Take over what `_kept` gave."""
    wanted = _kept(learner)
    for name in sorted(wanted.keys() ^ weights.keys()):
        raise ValueError(f"{name} is {'missing' if name in wanted else 'unknown'}")
    learner.load_state_dict(weights, strict=False)


@contextmanager
def _global_generators_kept() -> Iterator[None]:
    """Leave the libraries' own generators of random numbers as they were."""
    numpy_state, python_state = np.random.get_state(), random.getstate()  # noqa: NPY002
    with torch.random.fork_rng():
        try:
            yield
        finally:
            np.random.set_state(numpy_state)  # noqa: NPY002
            random.setstate(python_state)


@contextmanager
def _reproducible() -> Iterator[None]:
    """Make cuDNN use deterministic algorithms only."""
    with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True):
        yield


def _forget(values: Mapping[str, float], step: int) -> None:
    """Log nothing."""

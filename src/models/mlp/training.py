"""Training of the MLP: whole tensors on the device, several networks at once."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from threading import Event

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from src.models.classifier import Hyperparameters
from src.models.mlp.batches import Batches, Clips
from src.models.mlp.course import Course
from src.models.mlp.networks import Networks
from src.models.mlp.problem import Problem, Trained
from src.utils.errors import AudiosError

NAMES = ("0.weight", "0.bias", "3.weight", "3.bias")


def train_together(problems: Sequence[Problem], settings: Hyperparameters) -> list[Trained]:
    """Train a network on each problem: folds of a cross-validation, or seeds of one training.

    Each comes out as it would alone. On a GPU all are stepped together, one axis of each array
    being the networks; on CPUs each is trained by one thread, as many at once as torch has threads.

    Parameters
    ----------
    problems : sequence of Problem
        All on one device, of vectors of one length. Those of one `x` share its memory.
    settings : dict
        Hyperparameters of `MlpClassifier`.

    Raises
    ------
    AudiosError
        When the loss of one is never a finite number.
    """
    if problems[0].x.is_cuda:
        return train_as_one(problems, settings)
    with _one_thread() as threads, ThreadPoolExecutor(min(threads, len(problems))) as pool:
        stopped = Event()
        try:
            found = pool.map(lambda one: train_as_one([one], settings, stopped), problems)
            return [trained for [trained] in found]
        finally:
            stopped.set()


@contextmanager
def _one_thread() -> Iterator[int]:
    """Let torch use one core a call within, and yield how many threads it had."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield before
    finally:
        torch.set_num_threads(before)


@torch.no_grad()
def train_as_one(
    problems: Sequence[Problem], settings: Hyperparameters, stopped: Event | None = None
) -> list[Trained]:
    """Train networks whose steps are computed together.

    Parameters
    ----------
    problems, settings
        See `train_together`.
    stopped : threading.Event, optional
        Ends the training after an epoch when it is set; for whoever does not want it any more.

    Raises
    ------
    AudiosError
        When the loss of one is never a finite number.
    """
    # Those with the most batches first, so that the networks of every step are the first so many.
    order = sorted(range(len(problems)), key=lambda i: -len(problems[i].x))
    courses = [Course(settings) for _ in problems]
    chances = [torch.Generator().manual_seed(one.seed) for one in problems]
    first = problems[0].x
    networks = Networks(
        first.shape[-1],
        settings["hidden_size"],
        first.shape[1] if first.ndim == 3 else 0,
        [chances[i] for i in order],
        settings["dropout"],
        settings["weight_decay"],
        first.device,
    )
    clips = Clips(problems)
    labels = [one.y_val.cpu().numpy() for one in problems]
    while order and not (stopped and stopped.is_set()):
        rates = tuple(courses[i].rate for i in order)
        batches = Batches(clips, order, chances, settings["batch_size"])
        losses = _make_pass(networks, clips.x, batches, rates)
        going = []
        for number, (i, loss) in enumerate(zip(order, losses, strict=True)):
            logits = networks.logits(number, problems[i].x_val)
            val_loss = binary_cross_entropy_with_logits(
                logits, problems[i].y_val, problems[i].weights_val
            )
            if courses[i].goes_on(
                loss,
                float(val_loss),
                logits.double().cpu().numpy(),
                labels[i],
                partial(networks.weights, number),
            ):
                going.append(number)
        if len(going) < len(order):
            order = [order[number] for number in going]
            networks.keep(going)
    return [_told(course, settings) for course in courses]


def _told(course: Course, settings: Hyperparameters) -> Trained:
    if not course.kept:
        raise AudiosError(f"the MLP's loss is not a finite number with {settings}")
    weights, logits = course.kept[: len(NAMES)], course.kept[len(NAMES) :]
    named = dict(zip(NAMES, weights, strict=True))
    return Trained(named, logits[0] if logits else None, course.history())


def _make_pass(
    networks: Networks, x: Tensor, batches: Batches, rates: tuple[float, ...]
) -> list[float]:
    """Make a step with each batch, and return the mean loss a clip of each network."""
    logits = torch.zeros_like(batches.labels)
    for batch, out in zip(batches, logits, strict=True):
        # Where some have no clips left, or fewer, only a part of the logits is found.
        whole = out.shape == batch.labels.shape
        found = out if whole else torch.empty_like(batch.labels)
        networks.step(x, batch, rates, found)
        if not whole:
            out[: found.shape[0], : found.shape[1]] = found
    losses = binary_cross_entropy_with_logits(
        logits, batches.labels, batches.weights, reduction="none"
    )
    counts = torch.tensor(batches.counts, device=x.device)
    found_losses: list[float] = (losses.sum((0, 2, 3)) / counts).tolist()
    return found_losses

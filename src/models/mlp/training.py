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
    clips = _Clips(problems)
    labels = [one.y_val.cpu().numpy() for one in problems]
    while order and not (stopped and stopped.is_set()):
        rates = tuple(courses[i].rate for i in order)
        batches = _Batches(clips, order, chances, settings["batch_size"])
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


class _Clips:
    """The training clips of all problems in one array; those of one `x` are there once.

    Parameters
    ----------
    problems : sequence of Problem
        In the order of their numbers.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.counts = [len(one.x) for one in problems]
        arrays = {id(one.x): one.x for one in problems}
        starts, begin = {}, 0
        for key, array in arrays.items():
            starts[key] = begin
            begin += len(array)
        self.starts = [starts[id(one.x)] for one in problems]
        whole = [array.flatten(1) for array in arrays.values()]
        self.x = whole[0] if len(whole) == 1 else torch.cat(whole)
        self.labels = [one.y for one in problems]
        self.weights = [one.weights for one in problems]


class _Batches:
    """The batches of one pass of each network over its own shuffled clips.

    Where a network has fewer clips than others, its batch is filled up by clips that count nothing.

    Parameters
    ----------
    clips : _Clips
        Of all problems.
    order : list of int
        The problems that are trained on, those of the most clips first.
    chances : list of torch.Generator
        Of each problem, in the order of their numbers.
    size : int
        Clips a batch.
    """

    def __init__(
        self, clips: _Clips, order: list[int], chances: list[torch.Generator], size: int
    ) -> None:
        self.counts = [clips.counts[i] for i in order]
        self.size = min(size, self.counts[0])
        steps = -(-self.counts[0] // self.size)
        shape, device = (len(order), steps * self.size), clips.x.device
        rows = torch.zeros(shape, dtype=torch.int64, device=device)
        labels, weights = (torch.zeros(shape, device=device) for _ in range(2))
        lengths = torch.ones(shape, device=device)
        for number, (i, count) in enumerate(zip(order, self.counts, strict=True)):
            shuffled = torch.randperm(count, generator=chances[i]).to(device)
            rows[number, :count] = shuffled + clips.starts[i]
            labels[number, :count] = clips.labels[i][shuffled]
            weights[number, :count] = clips.weights[i][shuffled]
            whole = count - count % size
            lengths[number, :whole], lengths[number, whole:] = size, max(count - whole, 1)
        self.rows = self._by_step(rows)
        self.labels, self.weights, self.shares = (
            self._by_step(values)[..., None] for values in (labels, weights, weights / lengths)
        )

    def _by_step(self, values: Tensor) -> Tensor:
        """Return values (networks, clips) in the shape (steps, networks, batch)."""
        return values.unflatten(1, (-1, self.size)).transpose(0, 1).contiguous()

    def sizes(self, step: int) -> list[int]:
        """Return how many clips each network has at a `step`, of those that have any."""
        left = [count - step * self.size for count in self.counts]
        return [min(count, self.size) for count in left if count > 0]


def _make_pass(
    networks: Networks, x: Tensor, batches: _Batches, rates: tuple[float, ...]
) -> list[float]:
    """Make a step with each batch, and return the mean loss a clip of each network."""
    logits = torch.zeros_like(batches.labels)
    arrays = (batches.rows, batches.labels, batches.shares, logits)
    for step, (rows, labels, shares, out) in enumerate(zip(*arrays, strict=True)):
        sizes = batches.sizes(step)
        active, clips = len(sizes), sizes[0]
        rows, labels, shares = (one[:active, :clips] for one in (rows, labels, shares))
        whole = out.shape[:2] == (active, clips)
        said = out if whole else torch.empty_like(labels)
        networks.step(x, rows, sizes, labels, shares, rates, said)
        if not whole:
            out[:active, :clips] = said
    losses = binary_cross_entropy_with_logits(
        logits, batches.labels, batches.weights, reduction="none"
    )
    counts = torch.tensor(batches.counts, device=x.device)
    found_losses: list[float] = (losses.sum((0, 2, 3)) / counts).tolist()
    return found_losses

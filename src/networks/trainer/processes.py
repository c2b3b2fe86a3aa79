"""The processes that train one network together, started by `accelerate launch`, or this one."""

import os
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar, cast

import torch
from torch import Tensor, nn

from src.networks.trainer.learner import Learner
from src.utils.errors import AudiosError

if TYPE_CHECKING:
    from accelerate import Accelerator

Value = TypeVar("Value")

_LONGEST_WAIT = timedelta(hours=12)
"""For what the main process does alone, such as decoding a corpus."""


class SharedError(AudiosError):
    """An expected failure of all processes at once, which the main one tells."""


def launched_number() -> int:
    """Return this process' number among those that a launcher started; 0 without one."""
    return int(os.environ.get("RANK", 0))


def is_told_elsewhere(error: AudiosError) -> bool:
    """Say whether an error is of all processes, and the main one tells it.

    Parameters
    ----------
    error : AudiosError
        What this process fails of.
    """
    # Before they have joined, all of them check the same flags.
    is_of_all = isinstance(error, SharedError) or not torch.distributed.is_initialized()
    return launched_number() > 0 and is_of_all


class Processes:
    """A process and those that train the same network, on this machine or on others.

    Parameters
    ----------
    accelerator : accelerate.Accelerator
        What connects them.

    Attributes
    ----------
    number, count : int
        The number of the process, from 0 on, and how many there are.
    is_main : bool
        Whether this is the one that writes and speaks.
    device : torch.device
        Where this process computes.
    """

    def __init__(self, accelerator: "Accelerator") -> None:
        self._accelerator = accelerator
        self.number, self.count = accelerator.process_index, accelerator.num_processes
        self.is_main = self.number == 0
        self.device = accelerator.device

    @classmethod
    def join(cls) -> "Processes":
        """Connect with the others, if a launcher started some."""
        from accelerate import Accelerator, InitProcessGroupKwargs

        patient = InitProcessGroupKwargs(timeout=_LONGEST_WAIT)
        return cls(
            Accelerator(
                cpu=not torch.cuda.is_available(),
                mixed_precision="no",
                kwargs_handlers=[patient],
            )
        )

    def failure(self, text: str) -> AudiosError:
        """Return the error for what every process fails of, of which the main one tells.

        Parameters
        ----------
        text : str
            The message.
        """
        return AudiosError(text) if self.is_main else SharedError(text)

    def by_main(self, function: Callable[[], Value]) -> Value:
        """Return in all processes what a function gives in the main one, which alone calls it.

        Parameters
        ----------
        function : callable
            Takes nothing; what it gives can be pickled.

        Raises
        ------
        AudiosError
            In all processes, when it raises one there.
        """
        if self.count == 1:
            return function()
        found: Value | None = None
        error: AudiosError | None = None
        if self.is_main:
            try:
                found = function()
            except AudiosError as fault:
                error = fault
        value, text = self.agree((found, None if error is None else str(error)))
        if error is not None:
            raise error
        if text is not None:
            raise SharedError(text)
        return cast("Value", value)

    def agree(self, value: Value) -> Value:
        """Return the main process' value in all of them.

        Parameters
        ----------
        value : object
            This process'; only the main one's counts. It can be pickled.
        """
        if self.count == 1:
            return value
        from accelerate.utils import broadcast_object_list

        return broadcast_object_list([value])[0]

    def gather(self, value: Value) -> list[Value]:
        """Return the values of all processes, in their order.

        Parameters
        ----------
        value : object
            This process'; it can be pickled.
        """
        if self.count == 1:
            return [value]
        from accelerate.utils import gather_object

        return gather_object([value])

    def share(self, tensors: Iterable[Tensor]) -> None:
        """Give tensors the values that they have in the main process, in place.

        Parameters
        ----------
        tensors : iterable of torch.Tensor
            The same ones in all processes, on `device`.
        """
        if self.count > 1:
            for one in tensors:
                torch.distributed.broadcast(one, 0)

    def wait(self) -> None:
        """Wait until all are here."""
        self._accelerator.wait_for_everyone()

    def connect(self, learner: Learner) -> nn.Module:
        """Return a learner as a module whose gradients are averaged over all processes.

        Parameters
        ----------
        learner : Learner
            On `device`. Its weights become those of the main process.
        """
        if self.count == 1 or not any(one.requires_grad for one in learner.parameters()):
            return learner
        on_gpu = self.device.type == "cuda"
        module = nn.SyncBatchNorm.convert_sync_batchnorm(learner) if on_gpu else learner
        return nn.parallel.DistributedDataParallel(
            module,
            device_ids=[self.device] if on_gpu else None,
            find_unused_parameters=not learner.reaches_all,
        )

    @staticmethod
    def not_yet(module: nn.Module) -> AbstractContextManager[Any]:
        """Return a context in which gradients are summed and not yet averaged.

        Parameters
        ----------
        module : torch.nn.Module
            As `connect` gave it.
        """
        if isinstance(module, nn.parallel.DistributedDataParallel):
            return module.no_sync()
        return nullcontext()

    def leave(self) -> None:
        """Part from the others, at the end of all that is done together."""
        if self.count > 1:
            self.wait()
            self._accelerator.end_training()

"""The processes that train one network together, started by `accelerate launch`, or this one."""

import os
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from accelerate import Accelerator

Value = TypeVar("Value")

_LONGEST_WAIT = timedelta(hours=12)
"""For what the main process does alone, such as decoding a corpus."""


def launched_number() -> int:
    """Return this process' number among those that a launcher started; 0 without one."""
    return int(os.environ.get("RANK", 0))


class Processes:
    """This process and those that train the same network, on this machine or on others.

    Parameters
    ----------
    accelerator : accelerate.Accelerator
        What connects them.

    Attributes
    ----------
    number, count : int
        The number of this process, from 0 on, and how many there are.
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
        from accelerate import Accelerator, DistributedDataParallelKwargs, InitProcessGroupKwargs

        # A pretrained encoder has parameters that not every batch reaches.
        unused = DistributedDataParallelKwargs(find_unused_parameters=True)
        patient = InitProcessGroupKwargs(timeout=_LONGEST_WAIT)
        return cls(
            Accelerator(
                cpu=not torch.cuda.is_available(),
                mixed_precision="no",
                kwargs_handlers=[unused, patient],
            )
        )

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

    def connect(self, module: nn.Module) -> nn.Module:
        """Return a module whose gradients are averaged over all processes.

        Parameters
        ----------
        module : torch.nn.Module
            On `device`. Its weights become those of the main process.
        """
        if self.count == 1 or not any(one.requires_grad for one in module.parameters()):
            return module
        if self.device.type == "cuda":
            module = nn.SyncBatchNorm.convert_sync_batchnorm(module)
        return self._accelerator.prepare_model(module)

    def not_yet(self, module: nn.Module) -> AbstractContextManager[Any]:
        """Return a context in which gradients are summed and not yet averaged.

        Parameters
        ----------
        module : torch.nn.Module
            As `connect` gave it.
        """
        return nullcontext() if self.count == 1 else self._accelerator.no_sync(module)

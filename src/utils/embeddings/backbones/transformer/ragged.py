"""Sequences of different lengths in one table of frames, without padding between them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

ALIGNMENT = 16
"""Padded lengths are a multiple of this, as attention on GPUs needs the rows of its masks to be."""


@dataclass(frozen=True)
class Group:
    """Sequences that are looked at together where frames depend on each other.

    Attributes
    ----------
    start, stop : int
        Their rows in the table.
    index : torch.Tensor or None
        int64 of shape (sequences, longest): the row of every padded frame; None for a single
        sequence, which is a slice.
    places : torch.Tensor or None
        int64 of shape (stop - start,): where each row lies among the padded frames in turn; None
        likewise.
    mask : torch.Tensor or None
        Bool of shape (sequences, longest), true at real frames; None when all are real.
    counts : torch.Tensor
        float32 of shape (sequences,): the lengths.
    longest : int
        Frames of a padded sequence.
    """

    start: int
    stop: int
    index: Tensor | None
    places: Tensor | None
    mask: Tensor | None
    counts: Tensor
    longest: int

    def pad(self, frames: Tensor) -> Tensor:
        """Copy the group's frames out of the table into a batch padded to its longest sequence.

        Parameters
        ----------
        frames : torch.Tensor
            The table, shape (rows, channels).

        Returns
        -------
        torch.Tensor
            Shape (sequences, longest, channels). Padding repeats a sequence's last frame, and is
            to be masked.
        """
        if self.index is None:
            return frames[None, self.start : self.stop]
        return frames[self.index]

    def unpad_into(self, padded: Tensor, frames: Tensor) -> None:
        """Copy a padded batch back to the group's rows of the table, without its padding.

        Parameters
        ----------
        padded : torch.Tensor
            Shape (sequences, longest, channels).
        frames : torch.Tensor
            The table, shape (rows, channels); changed in place.
        """
        if self.places is None:
            frames[self.start : self.stop] = padded[0]
        else:
            frames[self.start : self.stop] = padded.flatten(0, 1)[self.places]


class Ragged:
    """How sequences lie in a table of frames, one behind the other.

    Linear layers and normalisations see the whole table, in which no frame is padding; only
    where frames of a sequence meet (attention, convolution, statistics) it is taken apart.

    Parameters
    ----------
    lengths : sequence of int
        Frames of each sequence.
    device : torch.device
        Where the table lies.
    one_by_one : bool
        Take sequences apart singly, which costs no padding and no copy: right for CPUs. Else
        all at once, padded to the longest: few large kernels, right for GPUs.
    """

    ROWS = 64
    """The table's rows are a multiple of this, so that few shapes of matrices ever occur: oneDNN
    compiles a kernel for each new one, which takes a millisecond."""

    def __init__(self, lengths: Sequence[int], device: torch.device, one_by_one: bool) -> None:
        self.lengths = list(lengths)
        self._ends = np.cumsum(self.lengths)
        self.n_frames = int(self._ends[-1])
        self.n_rows = round_up(self.n_frames, self.ROWS) if one_by_one else self.n_frames
        self._device = device
        self.groups = list(self._singles() if one_by_one else self._together())

    def _singles(self) -> Iterator[Group]:
        for end, length in zip(self._ends.tolist(), self.lengths, strict=True):
            counts = to_device(torch.tensor([float(length)]), self._device)
            yield Group(end - length, end, None, None, None, counts, length)

    def _together(self) -> Iterator[Group]:
        lengths = torch.tensor(self.lengths)
        starts = torch.from_numpy(self._ends) - lengths
        longest = round_up(max(self.lengths), ALIGNMENT)
        steps = torch.arange(longest)
        mask = steps < lengths[:, None]
        index = starts[:, None] + torch.minimum(steps, lengths[:, None] - 1)
        places = mask.flatten().nonzero().squeeze(1)
        full = bool(mask.all())
        yield Group(
            0,
            self.n_frames,
            to_device(index, self._device),
            to_device(places, self._device),
            None if full else to_device(mask, self._device),
            to_device(lengths.float(), self._device),
            longest,
        )

    def table(self, frames: Tensor) -> Tensor:
        """Append rows of zeros that make frames the table.

        Parameters
        ----------
        frames : torch.Tensor
            Shape (n_frames, channels).

        Returns
        -------
        torch.Tensor
            Shape (n_rows, channels).
        """
        missing = self.n_rows - len(frames)
        return frames if not missing else functional.pad(frames, (0, 0, 0, missing))


def to_device(values: Tensor, device: torch.device) -> Tensor:
    """Copy to a device without waiting for it.

    Parameters
    ----------
    values : torch.Tensor
        On the CPU.
    device : torch.device
        Where the copy is to lie.
    """
    if device.type == "cpu":
        return values
    return values.pin_memory().to(device, non_blocking=True)


def round_up(count: int, multiple: int) -> int:
    """Return the smallest multiple that is not below `count`.

    Parameters
    ----------
    count : int
        Not negative.
    multiple : int
        What the result is to be divisible by.
    """
    return -(-count // multiple) * multiple

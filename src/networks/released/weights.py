"""Files of released weights: measured before they are loaded, and nothing in them is executed."""

from collections.abc import Mapping
from pathlib import Path

import torch

from src.networks.network import Network
from src.networks.released import RELEASED
from src.networks.released.released import Shapes
from src.networks.trained import TrainedNetwork
from src.utils.errors import ArgumentError, AudiosError, CheckpointError
from src.utils.tensor_file import first_line, load_tensors
from src.utils.torch_file import load_torch

MOST_BYTES = 1 << 34
"""The largest file that is read; those of encoders of two thousand million parameters have 9 GB."""

SAFETENSORS = ".safetensors"
SUFFIXES = (SAFETENSORS, ".pth", ".pt", ".ckpt", ".bin")
"""What the names of files end in that are read; all but the first are of `torch.save`."""

_IN_PARALLEL = "module."
"""What names begin with where a network was trained on several GPUs by `DataParallel`."""


def read_weights(path: Path) -> dict[str, torch.Tensor]:
    """Return the tensors of a file by their published names, on the CPU.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Raises
    ------
    ArgumentError
        When its name ends in nothing that is known.
    CheckpointError
        When it is absent, damaged, too large, or holds more than plain weights.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise ArgumentError(f"--weights={path} does not end in {', '.join(SUFFIXES)}")
    if not path.is_file():
        raise CheckpointError(f"no file of weights at {path}")
    try:
        if path.suffix.lower() == SAFETENSORS:
            found = load_tensors(path, most_bytes=MOST_BYTES)
        else:
            found = load_torch(path, MOST_BYTES)
    except ValueError as error:
        raise CheckpointError(f"{path} cannot be read as weights: {error}") from error
    return {name.removeprefix(_IN_PARALLEL): tensor for name, tensor in found.items()}


def network_of(
    kind: str, tensors: Mapping[str, torch.Tensor], path: Path, checkpoint: str | None = None
) -> TrainedNetwork:
    """Make the network that released weights are of.

    Parameters
    ----------
    kind : str
        A name of `RELEASED`.
    tensors : mapping of str to torch.Tensor
        By their published names.
    path : pathlib.Path
        Where they are from, for messages.
    checkpoint : str, optional
        Folder or hub id of the encoder, where the weights are of the back end alone.

    Raises
    ------
    ArgumentError
        For an unknown kind, or a checkpoint that there is no use for.
    CheckpointError
        When the weights are of another kind, or do not fit.
    """
    released = RELEASED.load(kind)()
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    try:
        _require_numbers(shapes)
        settings = released.settings(shapes, checkpoint)
        network = Network.make(settings)
        wanted = network.kept_state()
        places = released.places(wanted, shapes)
        state = {
            name: released.value(name, tensors[place]).to(wanted[name].dtype)
            for name, place in places.items()
        }
        network.load_kept_state(state)
    except AudiosError:
        raise
    except (KeyError, RuntimeError, ValueError) as error:
        raise CheckpointError(
            f"{path} is no {released.name} ({released.what}): {first_line(error)}; choose another "
            f"--kind, or the file that was published"
        ) from error
    return TrainedNetwork(settings, network)


def _require_numbers(shapes: Shapes) -> None:
    """Fail for a tensor that takes no byte of its file: it would claim any size for a network."""
    for name, shape in shapes.items():
        if 0 in shape:
            raise ValueError(f"its {name} has the shape {shape}, which holds no numbers")

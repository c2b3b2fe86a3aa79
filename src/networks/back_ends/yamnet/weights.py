"""Pretrained weights of YAMNet, from any of the files that they are published in.

    .tflite    Google's, for inference (TensorFlow Lite)
    .h5        Google's, for training (Keras)
    .pth       of the package torch-vggish-yamnet (torch)

Nothing that is read is executed.
"""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import torch

from src.networks.back_ends.yamnet import tflite
from src.networks.back_ends.yamnet.network import YamNet
from src.utils.errors import ArgumentError, CheckpointError
from src.utils.files import sha256_file
from src.utils.tensor_file import first_line
from src.utils.torch_file import load_torch

NONE, PACKAGE = "none", "package"
"""Values of `--weights` that are not a file."""

_PACKAGE = "torch-vggish-yamnet"

MOST_BYTES = 1 << 28
"""The largest file that is read; those of YAMNet have 4 to 15 MB."""
_MOST_PACKED = 4
"""How many times as large as its file an array may be; weights cannot be packed to half."""
_MOST_ITEMS = 10_000
_MOST_DEPTH = 32

Tensors = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Weights:
    """Pretrained weights of YAMNet.

    Attributes
    ----------
    file : str
        Name of the file that they were read from.
    sha256 : str
        Checksum of that file.
    tensors : dict of str to torch.Tensor
        float32, by their names in the state of a `YamNet`.
    is_folded : bool
        Whether the batch norms were folded into the convolutions (see `YamNet.unfold`).
    """

    file: str
    sha256: str
    tensors: Tensors
    is_folded: bool

    def describe(self) -> dict[str, str]:
        """Return name and checksum of the file, for a run's settings."""
        return {"file": self.file, "sha256": self.sha256}

    def fill(self, network: YamNet) -> None:
        """Copy the weights into a network, which may be without the last layer.

        Raises
        ------
        CheckpointError
            When some are missing, of another shape, or not finite.
        """
        if self.is_folded:
            for _, unit in network.units():
                unit.fold()
        state = network.state_dict()
        for name, there in state.items():
            given = self.tensors.get(name)
            is_classifier = name.startswith("classifier.")
            if is_classifier and (given is None or given.shape != there.shape):
                raise CheckpointError(f"{self.file} does not know the classes of AudioSet")
            if given is None:
                if _may_lack(name, self.is_folded):
                    continue
                raise CheckpointError(f"{self.file} lacks the weights {name} of a YAMNet")
            if given.shape != there.shape:
                raise CheckpointError(
                    f"{self.file} is no YAMNet: {name} is of shape {tuple(given.shape)}, not "
                    f"{tuple(there.shape)}"
                )
            if not torch.isfinite(given).all():
                raise CheckpointError(f"{self.file} holds weights that are not finite: {name}")
            there.copy_(given)


def _may_lack(name: str, is_folded: bool) -> bool:
    """Return whether a file may lack an entry of the state, since it is constant."""
    constant = (".norm.weight", ".num_batches_tracked")
    folded = (".running_mean", ".running_var")
    return name.endswith(constant + folded if is_folded else constant)


def load_weights(text: str) -> Weights | None:
    """Load weights from `text`: the path of a file, `package`, or `none` for None.

    Raises
    ------
    ArgumentError
        When the file's suffix is not a known one.
    CheckpointError
        When the file, or the package's, cannot be fetched or read.
    """
    if text == NONE:
        return None
    path = _fetch_package_file() if text == PACKAGE else Path(text).expanduser()
    read = _READERS.get(path.suffix.lower())
    if read is None:
        raise ArgumentError(
            f"--weights={text} is neither {NONE}, {PACKAGE} nor a file that ends in "
            f"{', '.join(_READERS)}"
        )
    if not path.is_file():
        raise CheckpointError(f"no file of weights at {path}")
    tensors = {
        name: tensor.float() for name, tensor in read(path).items() if tensor.is_floating_point()
    }
    return Weights(path.name, sha256_file(path), tensors, read is _read_tflite)


def _fetch_package_file() -> Path:
    """Return the file that the package would load, downloaded if it is not there yet.

    The package itself would unpickle it.
    """
    try:
        from torch_vggish_yamnet.yamnet.model import ckpt_url
    except ImportError as error:
        raise CheckpointError(
            f"--weights={PACKAGE} needs the package {_PACKAGE} (pip install {_PACKAGE}); a file "
            f"of weights needs nothing: --weights=yamnet.tflite"
        ) from error
    path = Path(torch.hub.get_dir()) / "checkpoints" / Path(ckpt_url).name
    if not path.is_file():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            torch.hub.download_url_to_file(ckpt_url, str(path))
        except OSError as error:
            reason = getattr(error, "reason", None) or error.strerror or error
            raise CheckpointError(
                f"cannot fetch {ckpt_url} ({reason}); fetch it on another machine and pass the "
                f"file: --weights={path.name}"
            ) from error
    return path


def _read_pth(path: Path) -> Tensors:
    try:
        state = load_torch(path, MOST_BYTES)
    except ValueError as error:
        raise CheckpointError(f"{path} cannot be read as weights: {error}") from error
    return {_renamed(name): tensor for name, tensor in state.items()}


_UNIT = re.compile(r"layer(\d+)[./](?:fused|conv|(depthwise|pointwise)_conv)")


def _renamed(name: str) -> str:
    """Return a name of ours for `layer2.depthwise_conv.bn.bias`, say."""
    found = _UNIT.match(name)
    if not found:
        return name
    rest = name[found.end() :].lstrip(".").replace("bn.", "norm.")
    return f"layers.{_unit_name(found)}.{rest}"


def _unit_name(found: re.Match[str]) -> str:
    return found[1] if found[2] is None else f"{found[1]}_{found[2]}"


_KERAS = {
    "beta:0": "norm.bias",
    "gamma:0": "norm.weight",
    "moving_mean:0": "norm.running_mean",
    "moving_variance:0": "norm.running_var",
}


def _read_h5(path: Path) -> Tensors:
    tensors: Tensors = {}
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ValueError(f"it has more than {MOST_BYTES:,} bytes")
        with h5py.File(path, "r") as file:
            for place, values in _arrays(file, path.stat().st_size):
                _add_keras(tensors, place, values)
    except Exception as error:  # h5py raises whatever it meets in a damaged file
        raise CheckpointError(f"{path} cannot be read as weights: {first_line(error)}") from error
    return tensors


def _arrays(file: h5py.File, size: int) -> Iterator[tuple[str, np.ndarray]]:
    """Yield each array of numbers with its place; links to elsewhere are not followed."""
    found: list[tuple[str, h5py.Dataset]] = []
    n_items = 0

    def note(place: str, item: object) -> str | None:
        nonlocal n_items
        n_items += 1
        if n_items > _MOST_ITEMS or place.count("/") > _MOST_DEPTH:
            return place  # ends the walk
        if isinstance(item, h5py.Dataset) and item.dtype.kind == "f" and item.shape:
            found.append((place, item))
        return None

    if file.visititems(note) is not None:
        raise ValueError("it holds far more than the weights of a network")
    # What is filled, packed or lies elsewhere may be any number of times as large as the file.
    claimed = sum(item.nbytes for _, item in found)
    if claimed > _MOST_PACKED * size:
        raise ValueError(f"its arrays claim {claimed:,} bytes, of which it has {size:,}")
    for place, item in found:
        if item.external or item.is_virtual:
            raise ValueError(f"{place} takes its numbers from other files")
        if item.dtype.itemsize > np.dtype(np.float64).itemsize:
            raise ValueError(f"{place} holds numbers of {8 * item.dtype.itemsize} bits")
        if item.chunks and math.prod(item.chunks) * item.dtype.itemsize > _MOST_PACKED * size:
            raise ValueError(f"{place} is stored in pieces larger than the file")
        yield place, item[()]


def _add_keras(tensors: Tensors, place: str, values: np.ndarray) -> None:
    """Add an array whose place is `layer2/depthwise_conv/bn/layer2/.../beta:0`, say."""
    kind = place.rpartition("/")[2]
    found = _UNIT.search(place)
    if found is None:
        # The last layer has no name that stays.
        if kind == "kernel:0" and values.ndim == 2:
            tensors["classifier.weight"] = torch.from_numpy(np.ascontiguousarray(values.T))
        elif kind == "bias:0":
            tensors["classifier.bias"] = torch.from_numpy(values)
        return
    name = f"layers.{_unit_name(found)}"
    if kind in _KERAS:
        tensors[f"{name}.{_KERAS[kind]}"] = torch.from_numpy(values)
    elif kind in ("kernel:0", "depthwise_kernel:0") and values.ndim == 4:
        # Height, width, channels and, of a depthwise one, a single output for each of these.
        order = (2, 3, 0, 1) if found[2] == "depthwise" else (3, 2, 0, 1)
        tensors[f"{name}.conv.weight"] = _ordered(values, order)


def _read_tflite(path: Path) -> Tensors:
    operators = tflite.read_operators(path)
    units = [one for one in operators if one.code in (tflite.CONV_2D, tflite.DEPTHWISE_CONV_2D)]
    names = [name for name, _ in YamNet(1, width=0.0).units()]
    if len(units) != len(names):
        raise CheckpointError(
            f"{path} is no YAMNet: it has {len(units)} convolutions, not {len(names)}"
        )
    tensors: Tensors = {}
    for name, unit in zip(names, units, strict=True):
        is_depthwise = name.endswith("_depthwise")
        kernel, bias = _constants(path, unit)
        if is_depthwise != (unit.code == tflite.DEPTHWISE_CONV_2D) or kernel.ndim != 4:
            raise CheckpointError(f"{path} is no YAMNet: convolution {name} is of another kind")
        # 1, height, width, channels; of others outputs, height, width, inputs.
        order = (3, 0, 1, 2) if is_depthwise else (0, 3, 1, 2)
        tensors[f"layers.{name}.conv.weight"] = _ordered(kernel, order)
        tensors[f"layers.{name}.norm.bias"] = torch.from_numpy(bias.copy())
    dense = [one for one in operators if one.code == tflite.FULLY_CONNECTED]
    if dense:
        kernel, bias = _constants(path, dense[-1])
        tensors["classifier.weight"] = torch.from_numpy(kernel.copy())
        tensors["classifier.bias"] = torch.from_numpy(bias.copy())
    return tensors


def _constants(path: Path, operator: tflite.Operator) -> tuple[np.ndarray, np.ndarray]:
    """Return an operator's kernel and offset."""
    if len(operator.constants) < 3:
        raise CheckpointError(f"{path} is no YAMNet: a convolution has no offset")
    kernel, bias = operator.constants[1:3]
    if kernel is None or bias is None or "f" not in (kernel.dtype.kind, bias.dtype.kind):
        raise CheckpointError(f"{path} is no YAMNet: the weights of a layer are not in it")
    return kernel, bias


def _ordered(values: np.ndarray, order: tuple[int, ...]) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(values.transpose(order)))


_READERS: dict[str, Callable[[Path], Tensors]] = {
    ".tflite": _read_tflite,
    ".h5": _read_h5,
    ".pth": _read_pth,
}

"""Models of torch as graphs in ONNX and as TorchScript."""

import json
import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from src.exported.model import Graph
from src.exported.packages import require_packages
from src.networks.heads import Head
from src.networks.network import Network
from src.utils.errors import AudiosError
from src.utils.tensor_file import first_line

_ROWS = 3
"""Of the example that a model is followed on: more than one, which would stand for itself."""

_NEAR = 1e-4
"""Of numbers that are the same but for their last bits."""

_MOST_BYTES = 1_900_000_000
"""Of weights that are kept in the graph's own file, which can be of 2 GiB; above, beside it."""


class WindowsToScores(nn.Module):
    """A network from windows to vectors and scores.

    Parameters
    ----------
    network : Network
        With its weights.
    """

    outputs = ("vectors", "scores")

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, windows: Tensor) -> tuple[Tensor, Tensor]:
        """Return vectors (batch, dim) and scores (batch,) of windows (batch, samples)."""
        vectors = self.network.vectors(windows).float()
        return vectors, self.network.head.score(vectors)


class VectorsToScores(nn.Module):
    """An output layer of a network from vectors to scores.

    Parameters
    ----------
    head : Head
        With its weights.
    """

    outputs = ("scores",)

    def __init__(self, head: Head) -> None:
        super().__init__()
        self.head = head

    def forward(self, vectors: Tensor) -> Tensor:
        """Return scores (batch,) of vectors (batch, dim)."""
        return self.head.score(vectors)


def write_onnx(
    model: nn.Module,
    given: str,
    size: int,
    path: Path,
    about: Mapping[str, str],
    may_vary: bool = False,
) -> bool:
    """Write a model as a graph in ONNX, for batches of any size.

    Parameters
    ----------
    model : torch.nn.Module
        In evaluation mode, on the CPU, with the names of its `outputs`.
    given : str
        The name of its input, float32 of shape (batch, size).
    size : int
        Numbers of a row of its input.
    path : pathlib.Path
        Where it is written to.
    about : mapping of str to str
        What its metadata say.
    may_vary : bool
        Whether rows of other sizes are wanted as well, where the model allows them.

    Returns
    -------
    bool
        Whether rows may also be of other sizes.

    Raises
    ------
    AudiosError
        When the packages are absent, or an operator of the model cannot be told in ONNX.
    """
    require_packages("onnx", "onnxscript")
    example = torch.randn(_ROWS, size, generator=torch.Generator().manual_seed(7)) * 0.1
    n_bytes = sum(value.numel() * value.element_size() for value in model.state_dict().values())
    if may_vary:
        # torch raises a dozen kinds for what depends on the length.
        with suppress(Exception):
            found = _follow(model, given, example, may_vary)
            _tidy(found.model, about)
            found.save(str(path), external_data=n_bytes > _MOST_BYTES)
            if _agrees(model, given, example, path):
                return True
    try:
        found = _follow(model, given, example, False)
    except Exception as error:  # as above
        raise AudiosError(
            f"the model cannot be told in ONNX: {first_line(error)}; --format=torchscript may take "
            f"it"
        ) from error
    _tidy(found.model, about)
    found.save(str(path), external_data=n_bytes > _MOST_BYTES)
    return False


def _follow(model: Any, given: str, example: Tensor, may_vary: bool) -> Any:
    """Return what torch makes of a model for ONNX."""
    any_size = torch.export.Dim.DYNAMIC
    sizes = {0: any_size, 1: any_size} if may_vary else {0: any_size}
    with _unheard(), torch.no_grad():
        program = torch.export.export(model, (example,), dynamic_shapes={given: sizes})
        return torch.onnx.export(
            program,
            dynamo=True,
            input_names=[given],
            output_names=list(model.outputs),
            verbose=False,
        )


def _agrees(model: Any, given: str, example: Tensor, path: Path) -> bool:
    """Say whether a graph computes what its model does of shorter rows."""
    graph, size = Graph(path, given, model.outputs), example.shape[1]
    for shorter in (size // 2 + 1, size - size // 7):
        rows = example[:, :shorter].contiguous()
        with torch.no_grad():
            wanted = model(rows)
        found = graph.run(rows.numpy())
        pairs = zip(wanted, found, strict=True)
        if not all(np.allclose(one.numpy(), other, atol=_NEAR) for one, other in pairs):
            return False
    return True


def _tidy(model: Any, about: Mapping[str, str]) -> None:
    """Take away what tells of the machine and of the code's lines, and say what it is."""
    for node in model.graph.all_nodes():
        node.metadata_props.clear()
        node.doc_string = None
        for value in node.outputs:
            value.metadata_props.clear()
    for value in (*model.graph.inputs, *model.graph.initializers.values()):
        value.metadata_props.clear()
    model.graph.metadata_props.clear()
    model.metadata_props.clear()
    model.metadata_props.update(about)


def write_torchscript(model: nn.Module, size: int, path: Path, about: Mapping[str, str]) -> Any:
    """Write a model as TorchScript, and return it as it is there.

    Parameters
    ----------
    model, size, path, about
        See `write_onnx`.

    Raises
    ------
    AudiosError
        When the model cannot be followed.
    """
    example = torch.randn(_ROWS, size, generator=torch.Generator().manual_seed(7)) * 0.1
    with _unheard(), torch.no_grad():
        try:
            traced = torch.jit.trace(model, (example,), check_trace=False)
        except Exception as error:  # torch raises a dozen kinds
            raise AudiosError(
                f"the model cannot be told in TorchScript: {first_line(error)}; --format=onnx may "
                f"take it"
            ) from error
        torch.jit.save(traced, str(path), _extra_files={"about.json": json.dumps(dict(about))})
    return traced


@contextmanager
def _unheard() -> Iterator[None]:
    """Silence what torch says of itself: of TorchScript, and of packages that nobody needs."""
    log = logging.getLogger("torch.onnx")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)

"""An exported detector at work: what makes vectors of waveforms, and what scores vectors."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from src.exported.about import NETWORK_FILE, REMEDY, SCORER_FILE, SUFFIXES, read_about
from src.models.classifier import require_dim
from src.models.lookup import NETWORK
from src.networks.windows import Covers, cut_windows, mean_vectors
from src.utils.config import ONNX
from src.utils.errors import CheckpointError, RunError
from src.utils.onnx_file import files_of, open_graph
from src.utils.runs import Run
from src.utils.tensor_file import first_line

_WHAT = "the exported model"
_FLOATS = "tensor(float)"


class Graph:
    """A graph in ONNX with one input of float32.

    Parameters
    ----------
    path : pathlib.Path
        Of the file.
    given : str
        The name of its input, of two axes.
    outputs : tuple of str
        The names of its outputs.

    Raises
    ------
    RunError
        When it cannot be loaded, or takes or gives other things.
    """

    def __init__(self, path: Path, given: str, outputs: tuple[str, ...]) -> None:
        self._path, self._given, self._outputs = path, given, outputs
        try:
            files_of(path, _WHAT)
            self._session = open_graph(path, _WHAT)
        except CheckpointError as error:
            raise RunError(f"{error}; {REMEDY}") from error
        inputs = [(one.name, one.type, len(one.shape)) for one in self._session.get_inputs()]
        there = [one.name for one in self._session.get_outputs()]
        if inputs != [(given, _FLOATS, 2)] or there != list(outputs):
            raise RunError(f"{path} is no model that was exported here; {REMEDY}")

    def run(self, values: np.ndarray) -> list[np.ndarray]:
        """Return its outputs.

        Parameters
        ----------
        values : numpy.ndarray
            float32, of two axes.

        Raises
        ------
        RunError
            When it does not take them.
        """
        given = np.ascontiguousarray(values, np.float32)
        try:
            found: list[np.ndarray] = self._session.run(list(self._outputs), {self._given: given})
        except Exception as error:  # onnxruntime raises a dozen kinds
            raise RunError(f"{self._path} does not compute: {first_line(error)}") from error
        return found


class ExportedNetwork:
    """Computes the vectors of recordings as the network did that was exported (see `Backbone`).

    Parameters
    ----------
    path : pathlib.Path
        Its file.
    settings : dict
        Of the run: what it says in place of a backbone, and of its network.
    windows : dict
        What `export.json` says of windows.
    dim : int
        Numbers of a vector.
    """

    batch_seconds = 60.0
    leaves_cpu_free = False

    def __init__(
        self, path: Path, settings: dict[str, Any], windows: dict[str, Any], dim: int
    ) -> None:
        self._graph = Graph(path, "windows", ("vectors", "scores"))
        self._about = settings["backbone"] | {NETWORK: settings[NETWORK]}
        self._samples, self._covers = windows["samples"], Covers(windows["covers"])
        self._path, self._dim = path, dim
        self.name = str(settings["backbone"]["name"])
        self.sample_rate = int(windows["sample_rate"])

    def describe(self) -> dict[str, Any]:
        """Return what makes the vectors what they are, but for the weights, as JSON values."""
        return dict(self._about)

    def prepare(self, waveform: np.ndarray) -> np.ndarray:
        """Return the windows of a float32 waveform, shape (windows, samples)."""
        return cut_windows(waveform, self._samples, self._covers)

    def embed(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        """Embed prepared clips: float32, shape (clips, 1, 1, dim)."""
        return mean_vectors(prepared, self._vectors)[:, None, None]

    def _vectors(self, windows: np.ndarray) -> np.ndarray:
        vectors = self._graph.run(windows)[0]
        if vectors.shape != (len(windows), self._dim):
            raise RunError(f"{self._path} gives no vectors of {self._dim:,} numbers; {REMEDY}")
        return vectors


class ExportedScorer:
    """Scores vectors as the model did that was exported (see `Scorer`).

    Parameters
    ----------
    path : pathlib.Path
        Its file.
    dim : int
        Numbers of a vector.
    """

    def __init__(self, path: Path, dim: int) -> None:
        self._graph, self._dim, self._path = Graph(path, "vectors", ("scores",)), dim, path

    def score(self, x: np.ndarray) -> np.ndarray:
        """Return real-valued scores, float64 of shape (clips,), for x of shape (clips, dim)."""
        require_dim(x, self._dim)
        [scores] = self._graph.run(x)
        if scores.shape != (len(x),):
            raise RunError(f"{self._path} gives no score for each vector; {REMEDY}")
        return scores.astype(np.float64)


def load_exported(run: Run) -> tuple[ExportedNetwork | None, ExportedScorer]:
    """Load an exported detector: its network, if it is one of a network, and what scores vectors.

    Parameters
    ----------
    run : Run
        As `open_exported` gives it.

    Raises
    ------
    AudiosError
        When a file of it is absent, damaged or of a format that is not taken back.
    """
    about = read_about(run.folder)
    scorer = ExportedScorer(run.folder / f"{SCORER_FILE}{SUFFIXES[ONNX]}", about["dim"])
    if about["windows"] is None:
        return None, scorer
    if NETWORK not in run.settings:
        raise RunError(f"{run.folder} is damaged: its manifest is of no network; {REMEDY}")
    path = run.folder / f"{NETWORK_FILE}{SUFFIXES[ONNX]}"
    network = ExportedNetwork(path, run.settings, about["windows"], about["dim"])
    return network, scorer

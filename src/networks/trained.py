"""A trained network: its file, and the vectors and scores of recordings."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np
import torch
from safetensors.torch import save_file

from src.networks.front_ends import FRONT_ENDS
from src.networks.network import Network
from src.networks.settings import NetworkSettings
from src.networks.windows import cut_windows, mean_vectors
from src.utils.errors import CheckpointError, RunError
from src.utils.files import replacing
from src.utils.run_manifest import require_training
from src.utils.runs import MANIFEST, Run
from src.utils.tensor_file import first_line, load_tensors

NAME = "model.safetensors"


def default_device() -> torch.device:
    """Return where this process computes: on a GPU if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


class TrainedNetwork:
    """A network that scores recordings.

    The vector of a recording is the mean of its windows' vectors, and its score is that vector's.

    Parameters
    ----------
    settings : NetworkSettings
        What makes the network what it is.
    network : Network
        With its weights.
    """

    def __init__(self, settings: NetworkSettings, network: Network) -> None:
        self.settings = settings
        self.network = network.eval()

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.network.parameters()).device

    @classmethod
    def of(cls, run: Run, checkpoint: str | None = None) -> Self:
        """Load the network of a training run.

        Parameters
        ----------
        run : Run
            A finished training of a network.
        checkpoint : str, optional
            Folder or hub id of its front end's checkpoint (default: where it was in training).

        Raises
        ------
        ArgumentError
            When a checkpoint is given for a front end that loads none.
        CheckpointError
            When the front end's checkpoint cannot be loaded, or is another than in training.
        RunError
            When a file of the run is absent or damaged.
        """
        require_training(run.manifest, run.folder / MANIFEST)
        settings = NetworkSettings.of(run)
        if checkpoint is not None:
            front_class = FRONT_ENDS.load(settings.front_end)
            settings = replace(settings, front=front_class.moved(settings.front, checkpoint))
        path = run.folder / NAME
        try:
            network = Network.make(settings, is_restored=True)
            network.load_kept_state(load_tensors(path))
        except CheckpointError:
            raise
        except (KeyError, RuntimeError, ValueError) as error:
            raise RunError(f"{path} cannot be read: {first_line(error)}; train it again") from error
        return cls(settings, network.to(default_device()))

    def save(self, folder: Path) -> None:
        """Write the weights that a run keeps into its folder, as `model.safetensors`.

        Parameters
        ----------
        folder : pathlib.Path
            Of the run.
        """
        state = {k: v.detach().cpu().contiguous() for k, v in self.network.kept_state().items()}
        with replacing(folder / NAME) as temporary:
            save_file(state, temporary)

    def prepare(self, waveform: np.ndarray) -> np.ndarray:
        """Return the windows of a recording, float32 of shape (windows, samples).

        Parameters
        ----------
        waveform : numpy.ndarray
            float32, shape (n,), at the front end's sampling rate.
        """
        return cut_windows(waveform, self.settings.samples, self.settings.covers)

    def vectors(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        """Return the vector of each recording, float32 of shape (recordings, dim).

        Parameters
        ----------
        prepared : sequence of numpy.ndarray
            What `prepare` gave of each.
        """

        def compute(windows: np.ndarray) -> np.ndarray:
            given = torch.from_numpy(windows).to(self.device)
            return self.network.vectors(given).float().cpu().numpy()

        with torch.inference_mode():
            return mean_vectors(prepared, compute)

    def score(self, x: np.ndarray) -> np.ndarray:
        """Return real-valued scores, float64 of shape (recordings,), of vectors.

        Parameters
        ----------
        x : numpy.ndarray
            float32, shape (recordings, dim).
        """
        with torch.inference_mode():
            scores = self.network.head.score(torch.from_numpy(x).to(self.device))
        return scores.double().cpu().numpy()

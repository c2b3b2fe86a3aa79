"""Any vocoder in ONNX: a graph from mel bands to a waveform, and its mel settings beside it."""

from pathlib import Path
from threading import Lock
from typing import ClassVar

import numpy as np

from src.spoofs.attack import Attack, Material
from src.spoofs.mel_settings import MelSettings, compute_mel, read_mel_settings
from src.spoofs.named import named_after
from src.spoofs.resampling import resampled
from src.utils.audio.augmentations.augmentation import Parameters
from src.utils.errors import AudioError, CheckpointError
from src.utils.files import sha256_file, sha256_text
from src.utils.onnx_file import files_of, open_graph

_LONGER = 1.5
"""Times the length of its input that a vocoder's output may have."""
_TRIED_FRAMES = 32
_WHAT = "the vocoder"


class OnnxVocoder(Attack):
    """A vocoder in ONNX.

    Parameters
    ----------
    material : Material
        Not used.
    path : pathlib.Path
        The graph; its settings are in the file of the same name and `.json` behind it, or in place
        of `.onnx`.

    Raises
    ------
    CheckpointError
        When graph or settings cannot be read, or do not go together.
    """

    about: ClassVar[str] = "a vocoder in ONNX"

    def __init__(self, material: Material, path: Path) -> None:
        super().__init__(material)
        self.name = named_after("onnx", path.name)
        self.path = path
        if not path.is_file():
            raise CheckpointError(f"no vocoder {path}; --vocoder takes a file in ONNX")
        files = files_of(path, _WHAT)
        beside = path.with_name(f"{path.name}.json")
        described = beside if beside.is_file() else path.with_suffix(".json")
        self.mel: MelSettings = read_mel_settings(described)
        self._identity = sha256_text("".join(map(sha256_file, (*files, described))))
        # One thread, so that sums have one order; several clips are worked on at once anyway.
        self._session = open_graph(path, _WHAT, threads=1)
        inputs = self._session.get_inputs()
        if len(inputs) != 1 or inputs[0].type != "tensor(float)":
            raise CheckpointError(
                f"the vocoder {path} takes {len(inputs)} inputs ({inputs[0].type}), not the mel "
                f"bands alone as float32"
            )
        self._input = inputs[0].name
        self._rank = len(inputs[0].shape)
        # One clip at a time, since much memory goes into one.
        self._lock = Lock()
        self._try()

    def draw(self, random: np.random.Generator, language: str = "") -> Parameters:
        """Draw nothing; see `Attack.draw`."""
        return {}

    def highest(self, parameters: Parameters) -> float:
        """Return half the vocoder's rate; see `Attack.highest`."""
        return self.mel.sample_rate / 2

    def identity(self) -> str:
        """Return the hash of graph, weights and settings; see `Attack.identity`."""
        return f"sha256:{self._identity}"

    def apply(self, waveform: np.ndarray, sample_rate: int, parameters: Parameters) -> np.ndarray:
        """Make speech of the mel bands of a clip; see `Attack.apply`."""
        bands = compute_mel(resampled(waveform, sample_rate, self.mel.sample_rate), self.mel)
        made = self._run(bands)
        if not np.isfinite(made).all():
            raise AudioError(f"becomes infinite in the vocoder {self.path.name}")
        return resampled(made, self.mel.sample_rate, sample_rate)

    def _run(self, bands: np.ndarray) -> np.ndarray:
        given = bands if self.mel.layout == "bands-first" else bands.T
        given = given.reshape((1,) * (self._rank - 2) + given.shape)
        with self._lock:
            made: np.ndarray = self._session.run(None, {self._input: np.ascontiguousarray(given)})[
                0
            ]
        return made.reshape(-1).astype(np.float32)

    def _try(self) -> None:
        """Run it once, so that what does not fit is told before any clip is read."""
        bands = np.full((self.mel.n_mels, _TRIED_FRAMES), np.log(1e-3), np.float32)
        try:
            made = self._run(bands)
        except Exception as error:  # onnxruntime raises a dozen kinds
            reason = " ".join(str(error).split())[:200]
            raise CheckpointError(
                f"the vocoder {self.path} does not run on {self.mel.n_mels} bands "
                f"({self.mel.layout}): {reason}"
            ) from error
        expected = _TRIED_FRAMES * self.mel.hop_length
        if not expected / _LONGER <= len(made) <= expected * _LONGER:
            raise CheckpointError(
                f"the vocoder {self.path} makes {len(made):,} samples of {_TRIED_FRAMES} frames, "
                f"not {expected:,}: hop_length={self.mel.hop_length} is not its own"
            )

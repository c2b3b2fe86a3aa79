"""Writing the models of a detector into a folder, each kind by what knows it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from src.exported.about import NETWORK_FILE, SCORER_FILE, SUFFIXES
from src.exported.sklearn_models import write_sklearn
from src.exported.torch_models import (
    VectorsToScores,
    WindowsToScores,
    write_onnx,
    write_torchscript,
)
from src.models.classifier import Scorer
from src.models.mlp.model import MlpClassifier
from src.models.sklearn_classifier import SklearnClassifier
from src.networks.trained import TrainedNetwork
from src.networks.windows import mean_vectors
from src.utils.config import ONNX, TORCHSCRIPT
from src.utils.errors import ArgumentError

Embed = Callable[[Sequence[np.ndarray]], np.ndarray]
"""Maps what was prepared of clips to their vectors, float32 of shape (clips, dim)."""
Score = Callable[[np.ndarray], np.ndarray]
"""Maps vectors to scores, float64 of shape (clips,)."""


@dataclass(frozen=True)
class Written:
    """Models that were written.

    Attributes
    ----------
    is_any_length : bool
        Whether its network takes windows of any length; false where there is none.
    embed : callable or None
        What a model in TorchScript computes, which is loaded by no one here; None for classifiers
        of vectors, and for ONNX, which is loaded as it is used.
    score : callable or None
        As `embed`, of vectors.
    """

    is_any_length: bool = False
    embed: Embed | None = None
    score: Score | None = None


def write_models(
    scorer: Scorer, dim: int, folder: Path, form: str, about: Mapping[str, str]
) -> Written:
    """Write what scores vectors, and the network where there is one.

    Parameters
    ----------
    scorer : Scorer
        A `TrainedNetwork` on the CPU, or a fitted classifier of vectors.
    dim : int
        Numbers of a vector.
    folder : pathlib.Path
        Where files are written to.
    form : str
        A name of `SUFFIXES`.
    about : mapping of str to str
        What the metadata of the files say.

    Raises
    ------
    ArgumentError
        For a format that there is not of this kind.
    AudiosError
        When packages are absent, or the model cannot be told in the format.
    """
    suffix = SUFFIXES[form]
    scoring = folder / f"{SCORER_FILE}{suffix}"
    if isinstance(scorer, TrainedNetwork):
        network, samples = scorer.network, scorer.settings.samples
        path, whole = folder / f"{NETWORK_FILE}{suffix}", WindowsToScores(network).eval()
        head = VectorsToScores(network.head).eval()
        if form == TORCHSCRIPT:
            traced = write_torchscript(whole, samples, path, about)
            return Written(
                embed=_embedding(traced),
                score=_scoring(write_torchscript(head, dim, scoring, about)),
            )
        is_any_length = write_onnx(whole, "windows", samples, path, about, may_vary=True)
        write_onnx(head, "vectors", dim, scoring, about)
        return Written(is_any_length)
    if isinstance(scorer, MlpClassifier):
        return _write_module(scorer.as_module(), dim, scoring, form, about)
    if isinstance(scorer, SklearnClassifier):
        if form != ONNX:
            raise ArgumentError(
                f"--format={form}: {scorer.name} is a model of scikit-learn; --format={ONNX} takes "
                f"it"
            )
        write_sklearn(scorer.pipeline, scoring, about, scorer.certain)
        return Written()
    raise ArgumentError(f"--format={form}: a {type(scorer).__name__} cannot be exported")


def _write_module(
    module: nn.Module, dim: int, path: Path, form: str, about: Mapping[str, str]
) -> Written:
    if form == TORCHSCRIPT:
        return Written(score=_scoring(write_torchscript(module, dim, path, about)))
    write_onnx(module, "vectors", dim, path, about)
    return Written()


def _embedding(traced: Any) -> Embed:
    def compute(windows: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            vectors: np.ndarray = traced(torch.from_numpy(windows))[0].numpy()
        return vectors

    return lambda prepared: mean_vectors(prepared, compute)


def _scoring(traced: Any) -> Score:
    def score(x: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            scores: np.ndarray = traced(torch.from_numpy(x)).double().numpy()
        return scores

    return score
